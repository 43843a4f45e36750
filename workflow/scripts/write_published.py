"""Write the page of the published study."""

from dataclasses import replace

from ctseq.core.files import atomic_write
from ctseq.core.lines import restored
from ctseq.core.logs import rule_log
from ctseq.core.tables import read_table
from ctseq.evidence.levels import LEVELS
from ctseq.evidence.published import PRINTED
from ctseq.evidence.reading import read_analyses
from ctseq.evidence.tables import METRICS
from ctseq.report.figures import read_figures
from ctseq.report.page import render_published
from ctseq.report.study import Published


def main(inputs, report, *, study):
    """Write the page; `inputs` has the names of the rule's input."""
    published = Published(
        config=study,
        printed=read_table(inputs.printed, PRINTED),
        metrics=read_table(inputs.metrics, METRICS),
        comparison=read_analyses(inputs.comparison),
        levels=read_table(inputs.levels, LEVELS),
    )
    words = {"target": published.target, "unit": published.unit}
    figures = read_figures(inputs.figures, inputs.captions, study, shared_splits=False, **words)
    page = render_published(replace(published, figures=figures))
    with atomic_write(report) as unfinished:
        unfinished.write_text(page, encoding="utf-8")


if "snakemake" in globals():
    with rule_log(snakemake.log[0]):
        main(snakemake.input, snakemake.output.report, **restored(snakemake.params[1:]))
