"""Fit one replicate's classical classifier to cached features."""

import logging

import numpy as np

from ctseq.classical import fit_classical
from ctseq.features import read_views
from ctseq.files import write_json
from ctseq.fits import replicate_fits, tabulate_scores
from ctseq.labels import labels_of
from ctseq.runlog import rule_log
from ctseq.splits import read_split
from ctseq.tables import PATIENTS, ROWS, SCORES, SLICES, read_table, write_table


def main(inputs, scores, summary, *, replicate, head, labels, weighted, folds, seed):
    """Write the scores and what was chosen."""
    rows, patients = read_table(inputs.rows, ROWS), read_table(inputs.patients, PATIENTS)
    truth = labels_of(rows, read_table(inputs.slices, SLICES), patients, labels=labels)
    views = read_views(inputs)
    # The streams of a replicate, as train_head has them.
    whole, inner = replicate_fits(
        rows,
        patients,
        read_split(inputs.split),
        folds=folds,
        seed=[seed, replicate, 4],
        views=len(views),
    )
    fitted = fit_classical(
        head,
        np.concatenate(views),
        np.tile(truth, len(views)),
        whole,
        inner,
        weighted=weighted,
        # scikit-learn takes 32 bits.
        seed=int(np.random.SeedSequence([seed, replicate, 2]).generate_state(1)[0]),
    )
    held_out = [fit.held_out for fit in inner]
    table = tabulate_scores(
        rows,
        (whole.held_out, fitted.probabilities),
        zip(held_out, fitted.inner, strict=True),
    )
    write_table(table, scores, SCORES)
    write_json(fitted.chosen, summary)
    logging.getLogger("ctseq").info("Chosen: %s.", fitted.chosen)


if "snakemake" in globals():
    with rule_log(snakemake.log[0]):
        main(
            snakemake.input,
            *snakemake.output,
            replicate=int(snakemake.wildcards.replicate),
            **snakemake.params,
        )
