"""Draw the training of every replicate."""

from ctseq.core.logs import rule_log
from ctseq.figures.replicates import training_curves
from ctseq.figures.style import save
from ctseq.report.histories import read_histories


def main(histories, svg, png, *, labels):
    """Write the figure from one history a run, by model and then by replicate."""
    rows = read_histories(histories, models=list(labels))
    # Where several learning rates were tried, the one that was chosen.
    kept = rows["peak_rate"].where(rows["kept"] == 1)
    chosen = kept.groupby([rows["model"], rows["replicate"]]).transform("max")
    save(training_curves(rows[rows["peak_rate"] == chosen], labels=labels), svg, png)


if "snakemake" in globals():
    with rule_log(snakemake.log[0]):
        main(snakemake.input.histories, *snakemake.output, **snakemake.params)
