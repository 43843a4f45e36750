"""Score all scans of a dataset by what its members say, with an ensemble that was fitted before."""

import logging

from ctseq.core.logs import rule_log
from ctseq.core.tables import read_table, write_table
from ctseq.families.ensembles.members import score
from ctseq.families.stored import check_settings, read_fitted
from ctseq.replicates.tables import SCORES


def main(inputs, scores, *, model, subset="external"):
    """Write the scores, as those of a subset of the members' ``scores``."""
    fitted = read_fitted(inputs.fitted)
    check_settings(fitted, model, inputs.fitted)
    found = score(fitted, [read_table(path, SCORES) for path in inputs.scores], subset=subset)
    write_table(found.assign(subset=subset), scores, SCORES)
    logging.getLogger("ctseq").info("%d scans.", len(found))


if "snakemake" in globals():
    with rule_log(snakemake.log[0]):
        main(snakemake.input, snakemake.output.scores, **snakemake.params)
