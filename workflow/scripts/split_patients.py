"""Draw one replicate's split of the patients."""

from ctseq.runlog import rule_log
from ctseq.splits import SCHEMES
from ctseq.tables import PATIENTS, SPLIT, read_table, write_table


def main(patients, split, *, scheme, **settings):
    """Write the split of one replicate, by the scheme and its own settings."""
    write_table(SCHEMES[scheme](read_table(patients, PATIENTS), **settings), split, SPLIT)


if "snakemake" in globals():
    with rule_log(snakemake.log[0]):
        main(snakemake.input.patients, snakemake.output.split, **snakemake.params)
