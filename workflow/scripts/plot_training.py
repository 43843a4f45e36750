"""Draw the training of every replicate."""

from itertools import product

import pandas as pd

from ctseq.core.logs import rule_log
from ctseq.core.tables import read_table
from ctseq.families.tables import HISTORY
from ctseq.figures.style import save
from ctseq.figures.training import training_curves


def main(histories, svg, png, *, labels):
    """Write the figure."""
    rows = read_histories(histories, models=list(labels))
    # Where several learning rates were tried, the one that was chosen.
    kept = rows["peak_rate"].where(rows["kept"] == 1)
    chosen = kept.groupby([rows["model"], rows["replicate"]]).transform("max")
    save(training_curves(rows[rows["peak_rate"] == chosen], labels=labels), svg, png)


def read_histories(paths, *, models):
    """Return all histories in one table; the paths go through the replicates model by model."""
    replicates = range(1, len(paths) // len(models) + 1)
    runs = zip(paths, product(models, replicates), strict=True)
    return pd.concat(
        read_table(path, HISTORY).assign(model=model, replicate=replicate)
        for path, (model, replicate) in runs
    )


if "snakemake" in globals():
    with rule_log(snakemake.log[0]):
        main(snakemake.input.histories, *snakemake.output, **snakemake.params)
