"""Streams of random numbers, which a replicate's seeds end in after study seed and own number.

Separate streams keep random choices independent: longer training leaves the folds unchanged. The
split itself is seeded without a stream.
"""

HEAD = 1  # weights of a new head
ORDER = 2  # order of the training rows
AUGMENTATION = 3  # changes of training images
INNER = 4  # inner folds of the training patients
MODEL = 5  # randomness inside a model, such as dropout
