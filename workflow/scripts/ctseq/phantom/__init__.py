"""Synthetic head CTs, written in any layout that the readers know."""
