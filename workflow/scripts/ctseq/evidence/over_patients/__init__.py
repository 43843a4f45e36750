"""Analyses that take a patient, with its pooled test predictions, as one observation."""
