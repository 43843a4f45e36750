"""Draw a model's mean confusion matrix."""

from ctseq.figures.replicates import confusion_matrix
from ctseq.figures.style import save
from ctseq.runlog import rule_log
from ctseq.tables import METRICS, read_table


def main(metrics, svg, png, *, model, label):
    """Write the figure."""
    save(confusion_matrix(read_table(metrics, METRICS), model=model, label=label), svg, png)


if "snakemake" in globals():
    with rule_log(snakemake.log[0]):
        main(
            snakemake.input.metrics,
            *snakemake.output,
            model=snakemake.wildcards.model,
            label=snakemake.params.label,
        )
