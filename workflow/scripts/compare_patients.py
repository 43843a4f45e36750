"""Describe what the models predict for their test patients, replicate by replicate."""

from ctseq.core.lines import restored
from ctseq.core.logs import rule_log
from ctseq.core.tables import read_table, write_table
from ctseq.evidence.over_patients.analyses import OVER_PATIENTS
from ctseq.evidence.over_patients.participants import with_subtypes
from ctseq.evidence.over_patients.tested import tested_of
from ctseq.evidence.over_replicates.design import design_of_splits
from ctseq.evidence.tables import POOLED_PREDICTIONS
from ctseq.intake.tables import SCANS, SLICES
from ctseq.replicates.splits import read_split


def main(predictions, scans, slices, splits, tables, settings):
    """Write each of `tables`, name to path, from predictions.csv and the dataset's tables."""
    tested = tested_of(
        read_table(predictions, POOLED_PREDICTIONS),
        with_subtypes(read_table(scans, SCANS), read_table(slices, SLICES)),
        design_of_splits([read_split(path) for path in splits]),
        settings,
    )
    made = {name: OVER_PATIENTS[name].compute(tested) for name in tables}
    for name, path in tables.items():
        write_table(made[name], path, OVER_PATIENTS[name].table)


if "snakemake" in globals():
    with rule_log(snakemake.log[0]):
        predictions, scans, slices, *splits = snakemake.input
        main(
            predictions, scans, slices, splits, {**snakemake.output}, restored(snakemake.params[1:])
        )
