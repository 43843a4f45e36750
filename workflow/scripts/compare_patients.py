"""Compare the models over patients, each with its pooled test predictions."""

from ctseq.core.logs import rule_log
from ctseq.core.tables import read_table, write_table
from ctseq.evidence.over_patients.analyses import OVER_PATIENTS
from ctseq.evidence.over_patients.pooling import pooled_study
from ctseq.evidence.tables import POOLED_PREDICTIONS
from ctseq.intake.tables import PATIENTS


def main(predictions, patients, tables, settings):
    """Write each of `tables`, name to path, from predictions.csv and the list of patients."""
    study = pooled_study(
        read_table(predictions, POOLED_PREDICTIONS), read_table(patients, PATIENTS), settings
    )
    made = {name: OVER_PATIENTS[name].compute(study) for name in tables}
    for name, path in tables.items():
        write_table(made[name], path, OVER_PATIENTS[name].table)


if "snakemake" in globals():
    with rule_log(snakemake.log[0]):
        main(*snakemake.input, {**snakemake.output}, {**snakemake.params})
