"""Draw every figure that there are tables for, as SVG and as PNG."""

from pathlib import Path

import pandas as pd

from ctseq.core.files import read_json
from ctseq.core.logs import rule_log
from ctseq.core.tables import read_table
from ctseq.evidence.reading import read_analyses
from ctseq.evidence.tables import METRICS
from ctseq.families.tables import HISTORY
from ctseq.figures.registry import figure_files
from ctseq.figures.style import save


def main(inputs, outputs, **settings):
    """Write the figures; `inputs` has files by the names of tables in `figures.registry`."""
    tables = {name: _read(name, paths) for name, paths in inputs.items()}
    files = figure_files(settings, tables).items()
    for (file, figure), svg, png in zip(files, outputs.svg, outputs.png, strict=True):
        save(figure.drawn(file, tables, settings), svg, png)


def _read(name, paths):
    if name == "summary":
        return read_json(paths)
    if name == "histories":
        return read_histories(paths)
    if name == "metrics":
        return read_table(paths, METRICS)
    [table] = read_analyses([paths]).values()
    return table


def read_histories(paths):
    """Return the histories of runs, ``runs/<model>/replicate-<replicate>/``, in one table."""
    runs = [(path, Path(path).parent) for path in paths]
    return pd.concat(
        read_table(path, HISTORY).assign(
            model=run.parent.name, replicate=int(run.name.removeprefix("replicate-"))
        )
        for path, run in runs
    )


if "snakemake" in globals():
    with rule_log(snakemake.log[0]):
        main(snakemake.input, snakemake.output, **snakemake.params)
