"""Errors, files, tables, logs and seeds, which all packages use."""
