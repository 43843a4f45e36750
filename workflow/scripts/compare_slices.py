"""Measure how well the models' slice scores and attention point to the positive slices."""

from pathlib import Path

import pandas as pd

from ctseq.core.lines import restored
from ctseq.core.logs import rule_log
from ctseq.core.tables import read_table, write_table
from ctseq.evidence.over_replicates.design import design_of_splits
from ctseq.evidence.over_slices.analyses import OVER_SLICES
from ctseq.evidence.over_slices.localization import Pointed, within_scans
from ctseq.families.tables import ATTENTION
from ctseq.intake.tables import SLICES
from ctseq.replicates.splits import read_split
from ctseq.replicates.tables import SLICE_PREDICTIONS


def main(slices, splits, scores, attention, tables, *, models, alpha):
    """Write each of `tables`, name to path, from the slices' labels and every run's scores."""
    labels = read_table(slices, SLICES)
    runs = [(path, SLICE_PREDICTIONS, "probability") for path in scores]
    runs += [(path, ATTENTION, "weight") for path in attention]
    scans = pd.concat([_scans(*run, labels) for run in runs])
    design = design_of_splits([read_split(path) for path in splits])
    pointed = Pointed(models, scans, design, alpha)
    for name, path in tables.items():
        write_table(OVER_SLICES[name].compute(pointed), path, OVER_SLICES[name].table)


def _scans(path, table, column, labels):
    # runs/<model>/replicate-<replicate>/<file>
    run = Path(path).parent
    scores = read_table(path, table).rename(columns={column: "score"})
    return within_scans(scores[["scan_id", "slice_number", "score"]], labels).assign(
        model=run.parent.name,
        replicate=int(run.name.removeprefix("replicate-")),
        scored_by={"weight": "attention"}.get(column, column),
    )


if "snakemake" in globals():
    with rule_log(snakemake.log[0]):
        files = snakemake.input
        main(
            *(files.slices, files.splits, files.scores, files.attention),
            {**snakemake.output},
            **restored(snakemake.params[1:]),
        )
