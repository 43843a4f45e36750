"""Reporting checklists and model cards, filled in from what a study knows of itself."""
