"""Write the page of the published study."""

from pathlib import Path

import pandas as pd

from ctseq.core.files import atomic_write
from ctseq.core.logs import rule_log
from ctseq.core.tables import read_table
from ctseq.evidence.tables import METRICS
from ctseq.report.claims import Published
from ctseq.report.figures import read_figure
from ctseq.report.page import render_published


def main(inputs, report, *, study):
    """Write the page; `inputs` has the names of the rule's input."""
    published = Published(
        study=study,
        printed=pd.read_csv(inputs.printed),
        metrics=read_table(inputs.metrics, METRICS),
        comparison={Path(path).stem: pd.read_csv(path) for path in inputs.comparison},
    )
    captions = Path(inputs.captions[0]).parent
    params = {"alpha": study["comparison"]["alpha"], "shared_splits": False}
    figures = [
        read_figure(Path(path), captions=captions, labels=published.labels, params=params)
        for path in inputs.figures
    ]
    with atomic_write(report) as unfinished:
        unfinished.write_text(render_published(published, figures), encoding="utf-8")


if "snakemake" in globals():
    with rule_log(snakemake.log[0]):
        main(snakemake.input, snakemake.output.report, **snakemake.params)
