"""Train one replicate's head that sees a patient's slices together."""

import logging

import numpy as np
import pandas as pd

from ctseq.choosing import choose_and_train
from ctseq.features import read_views
from ctseq.files import read_json
from ctseq.fits import replicate_fits
from ctseq.labels import labels_of
from ctseq.runlog import rule_log
from ctseq.runs import write_run
from ctseq.sequence_heads import SEQUENCE_HEADS, sequence_inputs, slice_attention
from ctseq.sequences import arranged
from ctseq.splits import read_split
from ctseq.tables import ATTENTION, PATIENTS, ROWS, read_table, write_table
from ctseq.training import Examples


def main(inputs, outputs, *, replicate, head, shuffle_seed, training, folds, seed):
    """Write the head, its history, its scores, what was chosen, and how slices are weighed."""
    slices, patients = read_table(inputs.rows, ROWS), read_table(inputs.patients, PATIENTS)
    sequences = arranged(slices, shuffle_seed=shuffle_seed)
    rows = pd.DataFrame({"patient_id": list(sequences), "slice_number": pd.NA})
    views = [sequence_inputs(view, sequences, head=head) for view in read_views(inputs)]
    truth = labels_of(rows, slices, patients, labels="patient")
    # The streams of a replicate, as train_head has them.
    whole, inner = replicate_fits(
        rows,
        patients,
        read_split(inputs.split),
        folds=folds,
        seed=[seed, replicate, 4],
        views=len(views),
    )
    inputs_of_all_views = [np.concatenate(parts) for parts in zip(*views, strict=True)]
    kind = SEQUENCE_HEADS[head]
    std = read_json(inputs.description)["initializer_range"]
    rng = np.random.default_rng(np.random.SeedSequence([seed, replicate, 1]))
    trained = choose_and_train(
        kind,
        Examples(inputs_of_all_views, np.tile(truth, len(views))),
        rows,
        whole,
        inner,
        initial=kind.initial(views[0][0].shape[-1], std, rng),
        training=training,
        seed=[seed, replicate, 2],
    )
    write_run(trained, outputs)
    _write_attention(
        slice_attention(head, trained.parameters, [part[whole.held_out] for part in views[0]]),
        [slices.iloc[list(sequences.values())[patient]] for patient in whole.held_out],
        outputs.attention,
    )
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
