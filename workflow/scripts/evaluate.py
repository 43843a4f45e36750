"""Evaluate one replicate on its validation patients."""

import math

from safetensors.numpy import load_file

from ctseq.files import write_json
from ctseq.inference import combine_slices, probabilities
from ctseq.metrics import classification_metrics
from ctseq.runlog import rule_log
from ctseq.splits import read_split, rows_of
from ctseq.tables import (
    PATIENTS,
    PREDICTIONS,
    ROWS,
    SLICE_PREDICTIONS,
    SLICES,
    read_table,
    write_table,
)


def main(inputs, predictions, slice_predictions, metrics, *, sequence_rule, threshold):
    """Write the predictions of patients and slices, and the patients' metrics."""
    rows = read_table(inputs.rows, ROWS)
    validation = rows_of(read_split(inputs.split), "validation", rows["patient_id"])
    features = load_file(inputs.features)["features"][validation]
    rows = rows[validation].assign(probability=probabilities(features, **load_file(inputs.head)))

    slices = rows.iloc[:0] if sequence_rule is None else rows
    slices = slices.merge(read_table(inputs.slices, SLICES), on=["patient_id", "slice_number"])
    _write(slices, slice_predictions, SLICE_PREDICTIONS, threshold)

    if sequence_rule is not None:
        rows = combine_slices(rows, rule=sequence_rule, threshold=threshold)
    patients = rows.merge(read_table(inputs.patients, PATIENTS), on="patient_id")
    called = _write(patients, predictions, PREDICTIONS, threshold)
    values = classification_metrics(
        *(called[name].to_numpy() for name in ("hemorrhage", "probability", "predicted"))
    )
    write_json(
        {name: None if math.isnan(value) else value for name, value in values.items()}, metrics
    )


def _write(rows, path, table, threshold):
    called = rows.assign(predicted=(rows["probability"] >= threshold).astype(int))
    write_table(called, path, table)
    return called


if "snakemake" in globals():
    with rule_log(snakemake.log[0]):
        main(snakemake.input, *snakemake.output, **snakemake.params)
