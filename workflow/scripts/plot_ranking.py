"""Draw the models' ranks, for three models or more."""

import pandas as pd

from ctseq.core.logs import rule_log
from ctseq.figures.comparison import ranking
from ctseq.figures.style import save


def main(ranks, tests, svg, png, *, labels, alpha):
    """Write the figure."""
    save(ranking(pd.read_csv(ranks), pd.read_csv(tests), labels=labels, alpha=alpha), svg, png)


if "snakemake" in globals():
    with rule_log(snakemake.log[0]):
        main(
            snakemake.input.ranks,
            snakemake.input.tests,
            *snakemake.output,
            **snakemake.params,
        )
