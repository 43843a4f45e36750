"""Train one model under every protocol of the grid."""

from ctseq.core.logs import rule_log
from ctseq.core.tables import write_table
from ctseq.evidence.further.tables import CELLS
from ctseq.evidence.further.trainings import train_cells
from ctseq.families.features import read_labelled


def main(inputs, runs, *, name, **settings):
    """Write the metric of all runs of the model `name`."""
    write_table(train_cells(read_labelled(inputs), **settings).assign(model=name), runs, CELLS)


if "snakemake" in globals():
    with rule_log(snakemake.log[0]):
        main(snakemake.input, snakemake.output.runs, **snakemake.params)
