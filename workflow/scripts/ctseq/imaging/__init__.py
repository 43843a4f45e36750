"""Windows, preprocessing and augmentation of slices."""
