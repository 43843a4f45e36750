"""Draw one metric of all models and replicates."""

from ctseq.figures.replicates import metric_boxplot
from ctseq.figures.style import save
from ctseq.runlog import rule_log
from ctseq.tables import METRICS, read_table


def main(metrics, svg, png, *, metric, labels, shared_splits):
    """Write the figure."""
    rows = read_table(metrics, METRICS)
    drawn = metric_boxplot(rows, metric=metric, labels=labels, shared_splits=shared_splits)
    save(drawn, svg, png)


if "snakemake" in globals():
    with rule_log(snakemake.log[0]):
        main(
            snakemake.input.metrics,
            *snakemake.output,
            metric=snakemake.wildcards.metric,
            **snakemake.params,
        )
