"""Train one replicate's head that sees a patient's slices together."""

import logging

import pandas as pd

from ctseq.cache.features import read_views
from ctseq.cache.tables import ROWS
from ctseq.core.files import read_json
from ctseq.core.logs import rule_log
from ctseq.core.tables import read_tables, write_table
from ctseq.encoders.sequences import ordered_slices
from ctseq.families.run_files import write_run
from ctseq.families.sequence_heads import SEQUENCE_HEADS, sequence_inputs, slice_attention
from ctseq.families.tables import ATTENTION
from ctseq.families.tuning import choose_and_train
from ctseq.replicates.tasks import read_task


def main(inputs, outputs, *, head, shuffle_seed, training, folds, **seeds):
    """Write the head, its history, its scores, what was chosen, and how slices are weighed."""
    slices = read_tables(inputs.rows, ROWS)
    sequences = ordered_slices(slices, shuffle_seed=shuffle_seed)
    rows = pd.DataFrame({"patient_id": list(sequences), "slice_number": pd.NA})
    features, views = read_views(inputs)
    # The slices of another view stand behind those of the first.
    members = [seen + view * len(slices) for view in range(views) for seen in sequences.values()]
    heads_inputs = sequence_inputs(features, members, head=head)
    task = read_task(inputs, rows, labels="patient", views=views, folds=folds, **seeds)
    trained = choose_and_train(
        SEQUENCE_HEADS[head],
        heads_inputs,
        task,
        std=read_json(inputs.description)["initializer_range"],
        training=training,
        **seeds,
    )
    write_run(trained, outputs)
    scored = task.outer.held_out
    weights = slice_attention(head, trained.parameters, [part[scored] for part in heads_inputs])
    seen = [slices.iloc[members[patient]] for patient in scored]
    _write_attention(weights, seen, outputs.attention)
    logging.getLogger("ctseq").info("Chosen: %s.", trained.summary)


def _write_attention(weights, seen, path):
    """Write the weights of the slices that each patient's head saw, in anatomical order."""
    parts = [rows.assign(weight=weight) for rows, weight in zip(seen, weights, strict=False)]
    table = pd.concat(parts) if parts else pd.DataFrame(columns=list(ATTENTION.columns))
    write_table(table.sort_values(["patient_id", "slice_number"]), path, ATTENTION)


if "snakemake" in globals():
    with rule_log(snakemake.log[0]):
        main(
            snakemake.input,
            snakemake.output,
            replicate=int(snakemake.wildcards.replicate),
            **snakemake.params,
        )
