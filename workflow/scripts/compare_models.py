"""Compare the models over replicates: the paper's tables, and the statistics that hold up."""

from ctseq.core.logs import rule_log
from ctseq.core.tables import read_table, write_table
from ctseq.evidence.over_replicates.analyses import OVER_REPLICATES
from ctseq.evidence.over_replicates.design import design_of_splits, design_without_splits
from ctseq.evidence.over_replicates.samples import replicates_of
from ctseq.evidence.tables import METRICS
from ctseq.replicates.splits import read_split


def main(metrics, splits, tables, settings):
    """Write each of `tables`, name to path, from ``metrics.csv`` and the replicates' splits.

    Where every model drew its own splits, `settings` has the subsets' sizes instead.
    """
    if "sizes" in settings:
        design = design_without_splits(**settings["sizes"])
    else:
        design = design_of_splits([read_split(path) for path in splits])
    replicates = replicates_of(read_table(metrics, METRICS), design, settings)
    made = {name: OVER_REPLICATES[name].compute(replicates) for name in tables}
    for name, path in tables.items():
        write_table(made[name], path, OVER_REPLICATES[name].table)


if "snakemake" in globals():
    with rule_log(snakemake.log[0]):
        metrics, *splits = snakemake.input
        main(metrics, splits, {**snakemake.output}, {**snakemake.params})
