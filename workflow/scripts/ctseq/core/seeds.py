"""Streams of a replicate's randomness: each choice is seeded by study, replicate and one of these.

A choice so changes no other: training longer draws no other folds. The split itself has the seed
without a stream.
"""

HEAD = 1  # weights of a new head
ORDER = 2  # order of the training rows
AUGMENTATION = 3  # changes of training images
INNER = 4  # inner folds of the training patients
MODEL = 5  # what is random in a model itself, such as dropout
