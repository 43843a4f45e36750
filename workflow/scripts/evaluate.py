"""Evaluate one replicate on its test patients."""

import logging
import math

import pandas as pd

from ctseq.core.errors import InputError
from ctseq.core.files import write_json
from ctseq.core.logs import rule_log
from ctseq.core.tables import read_table, write_table
from ctseq.evidence.metrics import classification_metrics
from ctseq.intake.tables import PATIENTS, SLICES
from ctseq.replicates.aggregation import choose_threshold, combine_slices
from ctseq.replicates.tables import PREDICTIONS, SCORES, SLICE_PREDICTIONS


def main(inputs, predictions, slice_predictions, metrics, *, sequence_rule, threshold):
    """Write the predictions of patients and of slices, and the metrics of the former."""
    scores = read_table(inputs.scores, SCORES)
    test = scores[scores["subset"] == "test"]
    if threshold == "chosen":
        held_out = scores[scores["subset"] == "held_out"]
        held_out = _by_patient(held_out, inputs.patients, sequence_rule)
        threshold = choose_threshold(
            held_out["hemorrhage"].to_numpy(), held_out["probability"].to_numpy()
        )
        logging.getLogger("ctseq").info("Threshold chosen on training patients: %g.", threshold)

    slices = test.dropna(subset="slice_number")
    slices = _with_labels(slices, inputs.slices, SLICES)
    _write(slices, slice_predictions, SLICE_PREDICTIONS, threshold)

    by_patient = _by_patient(test, inputs.patients, sequence_rule)
    predicted = _write(by_patient, predictions, PREDICTIONS, threshold)
    values = classification_metrics(
        *(predicted[name].to_numpy() for name in ("hemorrhage", "probability", "predicted"))
    )
    values = {name: None if math.isnan(value) else value for name, value in values.items()}
    write_json(values | {"threshold": threshold}, metrics)


def _by_patient(scores, patients, sequence_rule):
    """Return one probability a patient, beside its label."""
    if sequence_rule is not None:
        scores = combine_slices(scores, rule=sequence_rule)
    return _with_labels(scores, patients, PATIENTS)


def _with_labels(scores: pd.DataFrame, path, table):
    """Join scores with the table of their patients or slices, which must have all of them."""
    names = list(table.key)
    joined = scores.merge(read_table(path, table), "left", names, indicator="found")
    missing = joined.loc[joined["found"] == "left_only", names]
    if len(missing):
        first = ", ".join(f"{name} {value}" for name, value in missing.iloc[0].items())
        raise InputError(f"{path} has no row of {first}, which has a score: make both again.")
    return joined


def _write(scores: pd.DataFrame, path, table, threshold):
    """Write scores with the class that the threshold predicts, and return them."""
    predicted = scores.assign(predicted=(scores["probability"] >= threshold).astype(int))
    write_table(predicted, path, table)
    return predicted


if "snakemake" in globals():
    with rule_log(snakemake.log[0]):
        main(snakemake.input, *snakemake.output, **snakemake.params)
