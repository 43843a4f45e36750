"""Streams of random numbers: a seed is the study's seed, the replicate's number and one of these.

Separate streams keep random choices independent: longer training leaves the folds unchanged. The
split itself is seeded without a stream.
"""

HEAD = 1  # weights of a new head
ORDER = 2  # order of the training rows
AUGMENTATION = 3  # changes of training images
INNER = 4  # inner folds of the training patients
MODEL = 5  # randomness inside a model, such as dropout
SLICES = 6  # order of the slices that the control `shuffle_slices` shows
FEWER = 7  # training patients that a learning curve leaves out
ADAPTERS = 8  # weights of new low-rank adapters
