"""Collect every run's metrics and predictions into one table each, in config's order."""

from pathlib import Path

import pandas as pd

from ctseq.core.errors import fail_on
from ctseq.core.files import read_json
from ctseq.core.logs import rule_log
from ctseq.core.tables import read_table, write_table
from ctseq.evidence.metrics import METRICS as MEASURED
from ctseq.evidence.tables import METRICS, POOLED_PREDICTIONS
from ctseq.replicates.tables import PREDICTIONS


def main(metrics_files, predictions_files, metrics, predictions, *, models, replicates):
    """Write metrics.csv and predictions.csv; runs are known by their folders' names."""
    scored, called = _by_run(metrics_files), _by_run(predictions_files)
    runs = [(model, replicate) for model in models for replicate in replicates]
    fail_on(
        [
            f"model {run[0]}, replicate {run[1]}"
            for run in runs
            if run not in scored.keys() & called
        ],
        title="Runs lack their metrics or predictions",
        cure="Run the workflow again; it makes what is missing.",
    )
    values, rows = [], []
    for model, replicate in runs:
        names = {"model": model, "replicate": int(replicate)}
        values += _values(scored[model, replicate], names)
        rows.append(read_table(called[model, replicate], PREDICTIONS).assign(**names))
    write_table(pd.DataFrame(values), metrics, METRICS)
    write_table(pd.concat(rows), predictions, POOLED_PREDICTIONS)


def _by_run(paths):
    # runs/<model>/replicate-<replicate>/<file>
    runs = ((Path(path).parent, path) for path in paths)
    return {(run.parent.name, run.name.removeprefix("replicate-")): path for run, path in runs}


def _values(path, names):
    measured = read_json(path)
    fail_on(
        [f"{path}: {name}" for name in MEASURED if name not in measured],
        title="Metrics are missing",
        cure="Delete the file and run the workflow again.",
    )
    return [{**names, "metric": name, "value": measured[name]} for name in MEASURED]


if "snakemake" in globals():
    with rule_log(snakemake.log[0]):
        files = snakemake.input
        main(files.metrics, files.predictions, *snakemake.output, **snakemake.params)
