"""Draw the primary analysis: differences between models with their intervals."""

import pandas as pd

from ctseq.core.logs import rule_log
from ctseq.core.tables import read_table
from ctseq.evidence.tables import METRICS
from ctseq.figures.comparison import differences
from ctseq.figures.style import save


def main(tests, metrics, svg, png, **settings):
    """Write the figure."""
    rows = read_table(metrics, METRICS)
    save(differences(pd.read_csv(tests), rows, **settings), svg, png)


if "snakemake" in globals():
    with rule_log(snakemake.log[0]):
        main(
            snakemake.input.tests,
            snakemake.input.metrics,
            *snakemake.output,
            **snakemake.params,
        )
