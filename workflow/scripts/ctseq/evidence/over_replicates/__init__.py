"""Analyses that take a metric's value in each replicate as one observation."""
