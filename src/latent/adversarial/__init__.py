"""Models that learn from an opponent instead of a likelihood."""
