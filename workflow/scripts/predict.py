"""Score all scans of a dataset with a model that was fitted before."""

import logging

from ctseq.core.logs import rule_log
from ctseq.core.tables import write_table
from ctseq.families.features import read_features
from ctseq.families.learning import predict
from ctseq.families.stored import check_settings, read_fitted
from ctseq.replicates.tables import SCORES


def main(inputs, scores, *, model, subset="external"):
    """Write the scores, as those of a subset."""
    fitted = read_fitted(inputs.fitted)
    check_settings(fitted, model, inputs.fitted)
    found, _ = predict(fitted, read_features(inputs))
    write_table(found.assign(subset=subset), scores, SCORES)
    logging.getLogger("ctseq").info("%d scans.", found["scan_id"].nunique())


if "snakemake" in globals():
    with rule_log(snakemake.log[0]):
        main(snakemake.input, snakemake.output.scores, **snakemake.params)
