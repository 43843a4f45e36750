"""Draw how many files, slices and patients were seen, left out and used."""

from ctseq.figures.flow import flow
from ctseq.figures.style import save
from ctseq.files import read_json
from ctseq.runlog import rule_log


def main(summary, svg, png):
    """Write the figure."""
    save(flow(read_json(summary)), svg, png)


if "snakemake" in globals():
    with rule_log(snakemake.log[0]):
        main(snakemake.input.summary, *snakemake.output)
