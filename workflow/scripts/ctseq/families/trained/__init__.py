"""Families whose heads are trained in epochs on features."""
