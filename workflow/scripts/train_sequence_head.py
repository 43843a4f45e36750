"""Train one replicate's head that sees all slices of a patient together."""

import logging

import pandas as pd

from ctseq.cache.features import read_views
from ctseq.cache.tables import ROWS
from ctseq.core.files import read_json
from ctseq.core.logs import rule_log
from ctseq.core.tables import read_tables, write_table
from ctseq.encoders.sequences import ordered_slices
from ctseq.families.sequence_heads import SEQUENCE_HEADS, sequence_inputs, slice_attention
from ctseq.families.tables import ATTENTION
from ctseq.families.tuning import tune_head, write_head
from ctseq.replicates.tasks import read_task


def main(inputs, outputs, *, head, shuffle_seed, training, folds, **seeds):
    """Write the head, its history and scores, the chosen settings, and the slices' attention."""
    slices = read_tables(inputs.rows, ROWS)
    sequences = ordered_slices(slices, shuffle_seed=shuffle_seed)
    rows = pd.DataFrame({"patient_id": list(sequences), "slice_number": pd.NA})
    features, views = read_views(inputs)
    # Mirrored copies of the slices come behind the slices.
    members = [rows + view * len(slices) for view in range(views) for rows in sequences.values()]
    head_inputs = sequence_inputs(features, members, head=head)
    task = read_task(inputs, rows, labels="patient", views=views, folds=folds, **seeds)
    trained = tune_head(
        SEQUENCE_HEADS[head],
        head_inputs,
        task,
        std=read_json(inputs.description)["initializer_range"],
        training=training,
        **seeds,
    )
    write_head(trained, outputs)
    test = task.outer.held_out
    weights = slice_attention(head, trained.parameters, [part[test] for part in head_inputs])
    read = [slices.iloc[members[patient]] for patient in test]
    _write_attention(read, weights, outputs.attention)
    logging.getLogger("ctseq").info("Chosen: %s.", trained.summary)


def _write_attention(slices, weights, path):
    """Write the weight of each patient's slices in anatomical order; without weights, no rows."""
    parts = [rows.assign(weight=weight) for rows, weight in zip(slices, weights, strict=False)]
    table = pd.concat(parts) if parts else pd.DataFrame(columns=list(ATTENTION.columns))
    write_table(table.sort_values(["patient_id", "slice_number"]), path, ATTENTION)


if "snakemake" in globals():
    with rule_log(snakemake.log[0]):
        main(snakemake.input, snakemake.output, **snakemake.params)
