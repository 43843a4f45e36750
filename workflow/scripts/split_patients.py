"""Draw one replicate's split of the patients."""

from ctseq.runlog import rule_log
from ctseq.splits import split_patients
from ctseq.tables import PATIENTS, SPLIT, read_table, write_table


def main(patients, split, *, replicate, validation_proportion, stratify, seed):
    """Write the split of one replicate."""
    subsets = split_patients(
        read_table(patients, PATIENTS),
        replicate=replicate,
        validation_proportion=validation_proportion,
        stratify=stratify,
        seed=seed,
    )
    write_table(subsets, split, SPLIT)


if "snakemake" in globals():
    with rule_log(snakemake.log[0]):
        main(snakemake.input.patients, snakemake.output.split, **snakemake.params)
