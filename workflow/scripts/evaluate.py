"""Evaluate one replicate on the scans of its test patients."""

import logging
import math

from ctseq.core.files import write_json
from ctseq.core.logs import rule_log
from ctseq.core.tables import read_table, write_table
from ctseq.evidence.evaluation import evaluate, predict_slices
from ctseq.intake.tables import SCANS, SLICES
from ctseq.replicates.tables import PREDICTIONS, SCORES, SLICE_PREDICTIONS


def main(inputs, predictions, slice_predictions, metrics, *, sequence_rule, threshold):
    """Write the predictions of scans and of slices, and the metrics of the former."""
    scores = read_table(inputs.scores, SCORES)
    scans = read_table(inputs.scans, SCANS)
    found = evaluate(scores, scans, sequence_rule=sequence_rule, threshold=threshold)
    logging.getLogger("ctseq").info("Threshold: %g.", found.threshold)
    slices = read_table(inputs.slices, SLICES)
    slices = predict_slices(scores, slices, threshold=found.threshold)
    write_table(found.predictions, predictions, PREDICTIONS)
    write_table(slices, slice_predictions, SLICE_PREDICTIONS)
    values = {name: None if math.isnan(value) else value for name, value in found.metrics.items()}
    write_json(values | {"threshold": found.threshold}, metrics)


if "snakemake" in globals():
    with rule_log(snakemake.log[0]):
        main(snakemake.input, *snakemake.output, **snakemake.params)
