"""Write the report: everything the study found, in one page."""

from dataclasses import replace
from pathlib import Path

from ctseq.core.files import atomic_write, write_json
from ctseq.core.lines import restored
from ctseq.core.logs import rule_log
from ctseq.core.tables import read_table
from ctseq.evidence.published import PRINTED, RUNS, compare_published, published_metrics
from ctseq.report import facts
from ctseq.report.figures import read_figures
from ctseq.report.page import render
from ctseq.report.study import Published, Study, conducted
from ctseq.study.made.standing import digests
from ctseq.study.registration import spelled


def main(inputs, outputs, *, config, registered, published, benchmarks):
    """Write the page, and beside it the configuration and the shared data that it stands on.

    Names are those of the rule.
    """
    known = conducted(inputs, config, registered)
    study = Study(
        **known,
        published=_published(inputs.runs, inputs.printed, published, known["levels"]),
        costs=facts.costs([*map(Path, benchmarks)]),
    )
    words = {"target": study.target, "unit": study.unit}
    figures = read_figures(inputs.figures, inputs.captions, config, shared_splits=True, **words)
    page = render(replace(study, figures=figures))
    for path, text in ((outputs.report, page), (outputs.config, spelled(config))):
        with atomic_write(path) as unfinished:
            unfinished.write_text(text, encoding="utf-8")
    write_json(digests(inputs.shared), outputs.standing)


def _published(runs, printed, study, levels):
    metrics = published_metrics(read_table(runs, RUNS), n_test=study["splits"]["sizes"]["n_test"])
    return Published(
        config=study,
        printed=read_table(printed, PRINTED),
        metrics=metrics,
        comparison=compare_published(metrics, study),
        levels=levels,
    )


if "snakemake" in globals():
    with rule_log(snakemake.log[0]):
        main(snakemake.input, snakemake.output, **restored(snakemake.params[1:]))
