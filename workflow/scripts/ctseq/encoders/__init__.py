"""Checkpoints and the frozen models that turn pixels into features."""
