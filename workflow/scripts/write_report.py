"""Write the report: everything the study found, in one page."""

from pathlib import Path

import pandas as pd
import yaml

from ctseq.core.files import atomic_write, read_json
from ctseq.core.logs import rule_log
from ctseq.core.tables import read_table
from ctseq.evidence.published import RUNS, compare_published, published_metrics
from ctseq.evidence.tables import METRICS
from ctseq.report import facts
from ctseq.report.claims import Published
from ctseq.report.figures import read_figure
from ctseq.report.page import Study, render


def main(inputs, outputs, *, config, published, benchmarks):
    """Write the page, and the configuration beside it; names are those of the rule."""
    captions = Path(inputs.captions[0]).parent
    labels = {name: model["label"] for name, model in config["models"].items()}
    params = {"alpha": config["comparison"]["alpha"], "shared_splits": True}
    study = Study(
        config=config,
        summary=read_json(inputs.summary),
        models=dict(zip(config["models"], map(read_json, inputs.models), strict=True)),
        metrics=read_table(inputs.metrics, METRICS),
        summaries=_by_model(inputs.summaries, config["models"]),
        comparison={Path(path).stem: pd.read_csv(path) for path in inputs.comparison},
        published=_published(inputs.runs, inputs.printed, published),
        figures=[
            read_figure(Path(path), captions=captions, labels=labels, params=params)
            for path in inputs.figures
        ],
        costs=facts.costs(Path(benchmarks)),
        versions=facts.versions([Path(path) for path in inputs.environments]),
        revision=facts.git_revision(Path.cwd()),
    )
    spelled = yaml.safe_dump(config, sort_keys=False, allow_unicode=True)
    for path, text in ((outputs.report, render(study)), (outputs.config, spelled)):
        with atomic_write(path) as unfinished:
            unfinished.write_text(text, encoding="utf-8")


def _by_model(paths, models):
    """Read one summary a run, listed by model and then by replicate."""
    summaries = list(map(read_json, paths))
    n_replicates = len(summaries) // len(models)
    return {
        model: summaries[place * n_replicates : (place + 1) * n_replicates]
        for place, model in enumerate(models)
    }


def _published(runs, printed, study):
    n_test = study["splits"]["sizes"]["n_test"]
    metrics = published_metrics(read_table(runs, RUNS), n_test=n_test)
    return Published(study, pd.read_csv(printed), metrics, compare_published(metrics, study))


if "snakemake" in globals():
    with rule_log(snakemake.log[0]):
        main(snakemake.input, snakemake.output, **snakemake.params)
