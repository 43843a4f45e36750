"""Splits of the patients, what each replicate learns, and how scores become predictions."""
