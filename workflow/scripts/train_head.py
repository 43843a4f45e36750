"""Train one replicate's final layer on cached features."""

import logging

from ctseq.cache.features import read_views
from ctseq.cache.tables import ROWS
from ctseq.core.files import read_json
from ctseq.core.logs import rule_log
from ctseq.core.tables import read_tables
from ctseq.families.heads import LINEAR
from ctseq.families.tuning import tune_head, write_head
from ctseq.replicates.tasks import read_task


def main(inputs, outputs, *, labels, training, folds, **seeds):
    """Write the head, the history of its training, its scores, and the chosen settings."""
    features, views = read_views(inputs)
    rows = read_tables(inputs.rows, ROWS)
    trained = tune_head(
        LINEAR,
        [features],
        read_task(inputs, rows, labels=labels, views=views, folds=folds, **seeds),
        std=read_json(inputs.description)["initializer_range"],
        training=training,
        **seeds,
    )
    write_head(trained, outputs)
    logging.getLogger("ctseq").info("Chosen: %s.", trained.summary)


if "snakemake" in globals():
    with rule_log(snakemake.log[0]):
        main(snakemake.input, snakemake.output, **snakemake.params)
