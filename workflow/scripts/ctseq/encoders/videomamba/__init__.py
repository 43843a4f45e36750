"""VideoMamba in plain PyTorch: a sequence read by a selective scan in both directions."""
