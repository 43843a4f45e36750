"""Compare the models under every protocol of the grid."""

from ctseq.core.logs import rule_log
from ctseq.core.tables import read_table, read_tables, write_table
from ctseq.evidence.further.multiverse import CellRuns, specification, specification_table
from ctseq.evidence.further.tables import CELLS
from ctseq.evidence.over_replicates.design import design_of_splits
from ctseq.intake.tables import SCANS
from ctseq.replicates.splits import draw_split


def main(inputs, table, *, cells, schemes, replicates, seed, axes, **settings):
    """Write the table; `cells` have their choices and the index of their `schemes`' settings."""
    scans = read_table(inputs.scans, SCANS)
    designs = [
        design_of_splits(
            [draw_split(scans, one, replicate=number, seed=seed) for number in replicates]
        )
        for one in schemes
    ]
    given = CellRuns(
        rows=read_tables(inputs.runs, CELLS),
        choices={number: cell["choices"] for number, cell in enumerate(cells, start=1)},
        designs={number: designs[cell["scheme"]] for number, cell in enumerate(cells, start=1)},
        settings=settings,
    )
    write_table(specification_table(given), table, specification(axes))


if "snakemake" in globals():
    with rule_log(snakemake.log[0]):
        main(snakemake.input, snakemake.output.table, **snakemake.params)
