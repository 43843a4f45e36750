"""Draw each metric of all models and replicates, and each model's mean confusion matrix."""

from ctseq.core.logs import rule_log
from ctseq.core.tables import read_table
from ctseq.evidence.tables import METRICS
from ctseq.figures.replicates import confusion_matrix, metric_boxplot
from ctseq.figures.style import save


def main(table, outputs, *, metrics, labels, shared_splits):
    """Write the figures."""
    rows = read_table(table, METRICS)
    for metric, svg, png in zip(metrics, outputs.metric_svg, outputs.metric_png, strict=True):
        drawn = metric_boxplot(rows, metric=metric, labels=labels, shared_splits=shared_splits)
        save(drawn, svg, png)
    files = zip(outputs.confusion_svg, outputs.confusion_png, strict=True)
    for (model, label), (svg, png) in zip(labels.items(), files, strict=True):
        save(confusion_matrix(rows, model=model, label=label), svg, png)


if "snakemake" in globals():
    with rule_log(snakemake.log[0]):
        main(snakemake.input.metrics, snakemake.output, **snakemake.params)
