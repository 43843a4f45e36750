"""Families that combine other models' scores: their members are never trained again."""
