"""Draw one replicate's split of the patients."""

from ctseq.core.logs import rule_log
from ctseq.core.tables import read_table, write_table
from ctseq.intake.tables import SCANS
from ctseq.replicates.splits import draw_split
from ctseq.replicates.tables import SPLIT


def main(scans, split, *, replicate, seed, **settings):
    """Write the split of one replicate, drawn by a scheme with the settings of that scheme."""
    known = read_table(scans, SCANS)
    write_table(draw_split(known, settings, replicate=replicate, seed=seed), split, SPLIT)


if "snakemake" in globals():
    with rule_log(snakemake.log[0]):
        main(*snakemake.input, *snakemake.output, **snakemake.params)
