"""Readers of dataset layouts, one module each."""
