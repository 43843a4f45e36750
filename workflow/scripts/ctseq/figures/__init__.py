"""Figures: pure functions from tables to Matplotlib figures, in one style."""
