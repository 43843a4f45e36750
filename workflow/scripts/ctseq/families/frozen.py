"""The features of a frozen encoder, and what was learned from them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from safetensors.numpy import save_file

from ctseq.cache.features import map_features
from ctseq.cache.row_arrays import RowArrays, Rows
from ctseq.cache.tables import ROWS
from ctseq.core.files import atomic_write, read_json, write_json
from ctseq.core.tables import read_table, read_tables, write_table
from ctseq.families.tables import ATTENTION, HISTORY
from ctseq.intake.tables import PATIENTS, SLICES
from ctseq.replicates.tables import SCORES


@dataclass(frozen=True)
class Features:
    """What a frozen encoder made of a dataset, and the dataset's labels.

    Attributes
    ----------
    vectors
        float32, shape (views * rows, features).
    views
        Copies of the rows in `vectors`: 2 where mirrored ones follow the originals.
    rows
        `cache.tables.ROWS`: the slice or patient of each row.
    patients, slices
        The dataset's tables; without `slices`, no slice's own label can be learned.
    initializer_range
        Standard deviation of a new final layer's weights, as the encoder's checkpoint has it.
    """

    vectors: Rows
    views: int
    rows: pd.DataFrame
    patients: pd.DataFrame
    slices: pd.DataFrame | None
    initializer_range: float


@dataclass(frozen=True)
class Learned:
    """What was learned from some patients, and how well it does on others.

    Attributes
    ----------
    scores
        `replicates.tables.SCORES` of the test rows and, with inner fits, of every training row by
        a model that did not learn from it.
    summary
        What was chosen, by name: ``peak_rate``, ``epoch`` and the final layer's
        ``relative_weight_change`` of what is trained in epochs, else hyperparameters.
    parameters
        Those of a head, by name.
    history
        `tables.HISTORY`: the epochs at every learning rate.
    attention
        `tables.ATTENTION`: how an attention head weighs the slices of test patients.
    """

    scores: pd.DataFrame
    summary: Mapping[str, float]
    parameters: Mapping[str, np.ndarray] = field(default_factory=dict)
    history: pd.DataFrame | None = None
    attention: pd.DataFrame | None = None


def read_features(inputs: Any) -> Features:
    """Read a model's features, once for any number of trainings.

    `inputs` has paths by name: lists of them, a file a shard, as ``features``, ``rows`` and, if the
    model learns from mirrored images too, ``mirrored``; ``patients``, ``description`` and possibly
    ``slices``. The features are mapped: memory holds those that are asked for.
    """
    views = [name for name in ("features", "mirrored") if hasattr(inputs, name)]
    return Features(
        vectors=RowArrays([map_features(path) for name in views for path in getattr(inputs, name)]),
        views=len(views),
        rows=read_tables(inputs.rows, ROWS),
        patients=read_table(inputs.patients, PATIENTS),
        slices=read_table(inputs.slices, SLICES) if hasattr(inputs, "slices") else None,
        initializer_range=read_json(inputs.description)["initializer_range"],
    )


def write_learned(learned: Learned, outputs: Any) -> None:
    """Write what was learned to the paths ``scores`` and ``summary``.

    Parameters, history and attention, if there are any, go to ``head``, ``history`` and
    ``attention``.
    """
    if learned.parameters:
        with atomic_write(outputs.head) as unfinished:
            save_file(dict(learned.parameters), unfinished)
    if learned.history is not None:
        write_table(learned.history, outputs.history, HISTORY)
    if learned.attention is not None:
        write_table(learned.attention, outputs.attention, ATTENTION)
    write_table(learned.scores, outputs.scores, SCORES)
    write_json(learned.summary, outputs.summary)
