"""Comparison of models: over replicates, and over patients."""
