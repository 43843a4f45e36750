"""The published study, as the report sets it beside one's own."""

from pathlib import Path

import pandas as pd
import yaml

from ctseq.evidence.published import compare_published, published_metrics
from ctseq.report.study import Published

RESOURCES = Path(__file__).parents[1] / "resources/published"


def published_study():
    study = yaml.safe_load((RESOURCES / "study.yaml").read_text())
    metrics = published_metrics(pd.read_csv(RESOURCES / "replicates.csv"), n_test=25)
    printed = pd.read_csv(RESOURCES / "tables.csv")
    comparison = compare_published(metrics, study)
    return Published(config=study, printed=printed, metrics=metrics, comparison=comparison)


PUBLISHED = published_study()
