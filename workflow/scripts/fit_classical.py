"""Fit one replicate's classical classifier to cached features."""

import logging

from ctseq.core.logs import rule_log
from ctseq.families.classical import learn_classical
from ctseq.families.frozen import read_features, write_learned
from ctseq.replicates.splits import read_split


def main(inputs, outputs, **settings):
    """Write the scores and the chosen hyperparameters."""
    learned = learn_classical(read_features(inputs), read_split(inputs.split), **settings)
    write_learned(learned, outputs)
    logging.getLogger("ctseq").info("Chosen: %s.", learned.summary)


if "snakemake" in globals():
    with rule_log(snakemake.log[0]):
        main(snakemake.input, snakemake.output, **snakemake.params)
