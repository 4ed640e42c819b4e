"""Ratios of a peer's time to the library's, on the same work, in one run."""
