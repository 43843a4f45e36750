"""Train one replicate's head that sees all slices of a patient together."""

import logging

from ctseq.core.logs import rule_log
from ctseq.families.frozen import read_features, write_learned
from ctseq.families.sequence_heads import learn_sequence
from ctseq.replicates.splits import read_split


def main(inputs, outputs, **settings):
    """Write the head, its history and scores, the chosen settings, and the slices' attention."""
    learned = learn_sequence(read_features(inputs), read_split(inputs.split), **settings)
    write_learned(learned, outputs)
    logging.getLogger("ctseq").info("Chosen: %s.", learned.summary)


if "snakemake" in globals():
    with rule_log(snakemake.log[0]):
        main(snakemake.input, snakemake.output, **snakemake.params)
