"""Splits of the patients, what each replicate learns, and scores of its scans."""
