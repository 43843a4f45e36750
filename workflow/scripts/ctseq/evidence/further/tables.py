"""Columns of the tables that further trainings write, a row a training and metric."""

from ctseq.core.contracts import Table

_VALUE = {"metric": "text", "value": "float"}

# `seed` is the number that seeds the training; where it is the replicate's, the run is the study's.
SEEDED = Table(
    {"model": "text", "replicate": "int", "seed": "int", **_VALUE},
    key=("model", "replicate", "seed", "metric"),
)
# Of a share that leaves too few patients of a class, a replicate has no rows.
FEWER = Table(
    {"model": "text", "share": "float", "replicate": "int", "n_train": "int", **_VALUE},
    key=("model", "share", "replicate", "metric"),
)
# A cell of the grid of protocols is known by its number.
CELLS = Table(
    {"model": "text", "cell": "int", "replicate": "int", **_VALUE},
    key=("model", "cell", "replicate", "metric"),
)
