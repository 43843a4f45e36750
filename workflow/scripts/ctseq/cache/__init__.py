"""Packed pixels and features on disk."""
