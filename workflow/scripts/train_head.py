"""Train one replicate's final layer on cached features."""

import logging

import numpy as np

from ctseq.choosing import choose_and_train
from ctseq.features import read_views
from ctseq.files import read_json
from ctseq.fits import replicate_fits
from ctseq.heads import LINEAR
from ctseq.labels import labels_of
from ctseq.runlog import rule_log
from ctseq.runs import write_run
from ctseq.splits import read_split
from ctseq.tables import PATIENTS, ROWS, SLICES, read_table
from ctseq.training import Examples


def main(inputs, outputs, *, replicate, labels, training, folds, seed):
    """Write the head, its history, its scores and what was chosen."""
    rows, patients = read_table(inputs.rows, ROWS), read_table(inputs.patients, PATIENTS)
    truth = labels_of(rows, read_table(inputs.slices, SLICES), patients, labels=labels)
    views = read_views(inputs)
    # The streams of a replicate: 1 initial head, 2 batch order, 4 inner folds; 3 augments images.
    whole, inner = replicate_fits(
        rows,
        patients,
        read_split(inputs.split),
        folds=folds,
        seed=[seed, replicate, 4],
        views=len(views),
    )
    features = np.concatenate(views)
    rng = np.random.default_rng(np.random.SeedSequence([seed, replicate, 1]))
    trained = choose_and_train(
        LINEAR,
        Examples([features], np.tile(truth, len(views))),
        rows,
        whole,
        inner,
        initial=LINEAR.initial(
            features.shape[1], read_json(inputs.description)["initializer_range"], rng
        ),
        training=training,
        seed=[seed, replicate, 2],
    )
    write_run(trained, outputs)
    logging.getLogger("ctseq").info("Chosen: %s.", trained.summary)


if "snakemake" in globals():
    with rule_log(snakemake.log[0]):
        main(
            snakemake.input,
            snakemake.output,
            replicate=int(snakemake.wildcards.replicate),
            **snakemake.params,
        )
