"""Draw how many files, slices and patients were seen, left out and used."""

from ctseq.core.files import read_json
from ctseq.core.logs import rule_log
from ctseq.figures.flow import flow
from ctseq.figures.style import save


def main(summary, svg, png):
    """Write the figure."""
    save(flow(read_json(summary)), svg, png)


if "snakemake" in globals():
    with rule_log(snakemake.log[0]):
        main(snakemake.input.summary, *snakemake.output)
