"""Train one replicate's final layer on cached features."""

import logging

from ctseq.cache.features import read_views
from ctseq.cache.tables import ROWS
from ctseq.core.files import read_json
from ctseq.core.logs import rule_log
from ctseq.core.tables import read_tables
from ctseq.families.heads import LINEAR
from ctseq.families.run_files import write_run
from ctseq.families.tuning import choose_and_train
from ctseq.replicates.tasks import read_task


def main(inputs, outputs, *, labels, training, folds, **seeds):
    """Write the head, its history, its scores and what was chosen."""
    features, views = read_views(inputs)
    rows = read_tables(inputs.rows, ROWS)
    trained = choose_and_train(
        LINEAR,
        [features],
        read_task(inputs, rows, labels=labels, views=views, folds=folds, **seeds),
        std=read_json(inputs.description)["initializer_range"],
        training=training,
        **seeds,
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
