"""Input formats, one module each, and the synthetic patients."""
