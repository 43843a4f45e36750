"""Split the variance of the models, and of their differences, into its parts."""

from ctseq.core.lines import restored
from ctseq.core.logs import rule_log
from ctseq.core.tables import read_tables, write_table
from ctseq.evidence.further.analyses import FURTHER
from ctseq.evidence.further.tables import SEEDED
from ctseq.evidence.further.variance import SeededRuns


def main(runs, tables, **settings):
    """Write each of `tables`, name to path, from the runs of all models."""
    given = SeededRuns(read_tables(runs, SEEDED), **settings)
    for name, path in tables.items():
        write_table(FURTHER[name].compute(given), path, FURTHER[name].table)


if "snakemake" in globals():
    with rule_log(snakemake.log[0]):
        main(snakemake.input, {**snakemake.output}, **restored(snakemake.params[1:]))
