"""Measure the published confusion matrices."""

from ctseq.published import RUNS, published_metrics
from ctseq.runlog import rule_log
from ctseq.tables import METRICS, read_table, write_table


def main(runs, metrics, *, n_validation):
    """Write the published study's metrics.csv."""
    rows = published_metrics(read_table(runs, RUNS), n_validation=n_validation)
    write_table(rows, metrics, METRICS)


if "snakemake" in globals():
    with rule_log(snakemake.log[0]):
        main(snakemake.input.runs, snakemake.output.metrics, **snakemake.params)
