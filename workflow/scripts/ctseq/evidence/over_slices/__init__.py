"""Analyses of the scores and attention that models give the slices of a scan."""
