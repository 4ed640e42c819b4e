"""Mixture models, fitted by expectation-maximisation."""
