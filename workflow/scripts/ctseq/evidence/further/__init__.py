"""Analyses that train more than the study: variance parts, learning curve, multiverse."""
