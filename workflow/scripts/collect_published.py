"""Measure the published confusion matrices."""

from ctseq.core.logs import rule_log
from ctseq.core.tables import read_table, write_table
from ctseq.evidence.published import RUNS, published_metrics
from ctseq.evidence.tables import METRICS


def main(runs, metrics, *, n_test):
    """Write the published study's metrics.csv."""
    rows = published_metrics(read_table(runs, RUNS), n_test=n_test)
    write_table(rows, metrics, METRICS)


if "snakemake" in globals():
    with rule_log(snakemake.log[0]):
        main(*snakemake.input, *snakemake.output, **snakemake.params)
