"""The published study, as the report sets it beside one's own."""

from pathlib import Path

import yaml

from ctseq.core.tables import read_table
from ctseq.evidence.levels import LEVELS
from ctseq.evidence.published import PRINTED, RUNS, compare_published, published_metrics
from ctseq.report.study import Published

RESOURCES = Path(__file__).parents[1] / "resources/published"


def published_study():
    study = yaml.safe_load((RESOURCES / "study.yaml").read_text())
    metrics = published_metrics(read_table(RESOURCES / "replicates.csv", RUNS), n_test=25)
    printed = read_table(RESOURCES / "tables.csv", PRINTED)
    comparison = compare_published(metrics, study)
    levels = read_table(RESOURCES.parent / "levels.csv", LEVELS)
    return Published(
        config=study, printed=printed, metrics=metrics, comparison=comparison, levels=levels
    )


PUBLISHED = published_study()
