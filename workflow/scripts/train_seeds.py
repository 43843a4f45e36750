"""Train one model on every split with every seed."""

from ctseq.core.logs import rule_log
from ctseq.core.tables import write_table
from ctseq.evidence.further.tables import SEEDED
from ctseq.evidence.further.trainings import train_seeds
from ctseq.families.features import read_labelled
from ctseq.replicates.splits import read_split


def main(inputs, runs, *, name, **settings):
    """Write the metrics of all runs of the model `name`."""
    splits = {number: read_split(path) for number, path in enumerate(inputs.splits, start=1)}
    rows = train_seeds(read_labelled(inputs), splits, **settings)
    write_table(rows.assign(model=name), runs, SEEDED)


if "snakemake" in globals():
    with rule_log(snakemake.log[0]):
        main(snakemake.input, snakemake.output.runs, **snakemake.params)
