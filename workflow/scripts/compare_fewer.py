"""Set the metrics against the number of training patients."""

from ctseq.core.lines import restored
from ctseq.core.logs import rule_log
from ctseq.core.tables import read_table, read_tables, write_table
from ctseq.evidence.further.analyses import FURTHER
from ctseq.evidence.further.learning_curve import FewerRuns
from ctseq.evidence.further.tables import FEWER
from ctseq.evidence.over_replicates.design import design_of_splits
from ctseq.evidence.over_replicates.samples import replicates_of
from ctseq.evidence.tables import METRICS
from ctseq.replicates.splits import read_split


def main(inputs, tables, *, shares, **settings):
    """Write each of `tables`, name to path, from the runs of all models and the study's own."""
    splits = [read_split(path) for path in inputs.splits]
    study = replicates_of(read_table(inputs.metrics, METRICS), design_of_splits(splits), settings)
    sizes = [int((split["subset"] == "train").sum()) for split in splits]
    n_train = dict(zip(study.numbers, sizes, strict=True))
    given = FewerRuns(read_tables(inputs.runs, FEWER), shares, study, n_train)
    for name, path in tables.items():
        write_table(FURTHER[name].compute(given), path, FURTHER[name].table)


if "snakemake" in globals():
    with rule_log(snakemake.log[0]):
        main(snakemake.input, {**snakemake.output}, **restored(snakemake.params[1:]))
