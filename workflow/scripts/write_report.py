"""Write the report: everything the study found, in one page."""

from itertools import islice
from pathlib import Path

from ctseq.core.files import atomic_write, read_json
from ctseq.core.logs import rule_log
from ctseq.core.tables import read_table
from ctseq.evidence.levels import LEVELS
from ctseq.evidence.published import PRINTED, RUNS, compare_published, published_metrics
from ctseq.evidence.reading import read_analyses
from ctseq.evidence.tables import METRICS
from ctseq.replicates.splits import never_tested, read_split
from ctseq.report import facts
from ctseq.report.figures import read_figures
from ctseq.report.page import render
from ctseq.report.study import Published, Study
from ctseq.study.registration import spelled


def main(inputs, outputs, *, config, registered, published, benchmarks):
    """Write the page, and the configuration beside it; names are those of the rule."""
    levels = read_table(inputs.levels, LEVELS)
    summaries = map(read_json, inputs.summaries)  # of all replicates, model by model
    study = Study(
        config=config,
        registered=registered,
        n_never_tested=len(never_tested([read_split(path) for path in inputs.splits])),
        summary=read_json(inputs.summary),
        models=dict(zip(config["models"], map(read_json, inputs.models), strict=True)),
        metrics=read_table(inputs.metrics, METRICS),
        summaries={
            model: list(islice(summaries, config["replicates"])) for model in config["models"]
        },
        comparison=read_analyses(inputs.comparison),
        levels=levels,
        published=_published(inputs.runs, inputs.printed, published, levels),
        figures=read_figures(inputs.figures, inputs.captions, config, shared_splits=True),
        costs=facts.costs(Path(benchmarks)),
        versions=facts.versions([Path(path) for path in inputs.environments]),
        revision=facts.git_revision(Path.cwd()),
    )
    for path, text in ((outputs.report, render(study)), (outputs.config, spelled(config))):
        with atomic_write(path) as unfinished:
            unfinished.write_text(text, encoding="utf-8")


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
        main(snakemake.input, snakemake.output, **snakemake.params)
