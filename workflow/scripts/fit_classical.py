"""Fit one replicate's classical classifier to cached features."""

import logging

from ctseq.cache.features import read_views
from ctseq.cache.tables import ROWS
from ctseq.core.files import write_json
from ctseq.core.logs import rule_log
from ctseq.core.tables import read_tables, write_table
from ctseq.families.classical import fit_classical
from ctseq.replicates.tables import SCORES
from ctseq.replicates.tasks import read_task


def main(inputs, scores, summary, *, head, labels, weighted, folds, **seeds):
    """Write the scores and the chosen hyperparameters."""
    features, views = read_views(inputs)
    rows = read_tables(inputs.rows, ROWS)
    task = read_task(inputs, rows, labels=labels, views=views, folds=folds, **seeds)
    chosen, table = fit_classical(head, features, task, weighted=weighted, **seeds)
    write_table(table, scores, SCORES)
    write_json(chosen, summary)
    logging.getLogger("ctseq").info("Chosen: %s.", chosen)


if "snakemake" in globals():
    with rule_log(snakemake.log[0]):
        main(snakemake.input, *snakemake.output, **snakemake.params)
