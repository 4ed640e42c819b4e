"""Flows: densities by invertible maps."""
