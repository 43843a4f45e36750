"""What the published figures do not support, and one's own values beside them."""

import dataclasses
import html
import re
from types import SimpleNamespace

import numpy as np
import pandas as pd

from ctseq.evidence.published import recompute
from ctseq.report.page import render_published
from ctseq.report.paper import against_paper, claims
from published import PUBLISHED


def said_of(published):
    """Return what the page says that does not follow: title to text."""
    page = html.unescape(render_published(published))
    return dict(re.findall(r"<li><strong>(.*?)\.</strong> (.*?)</li>", page))


def test_own_values_stand_beside_those_of_the_same_name_or_kind():
    metrics = pd.DataFrame(
        [(model, r, metric, v) for model in ("vivit", "swin") for metric in
         ("accuracy", "recall", "precision") for r, v in ((1, 0.5), (2, np.nan), (3, 0.7))],
        columns=["model", "replicate", "metric", "value"],
    )  # fmt: skip
    table = against_paper(
        SimpleNamespace(
            config={"models": {"vivit": {"kind": "video"}, "swin": {"kind": "image"}}},
            labels={"vivit": "ViViT", "swin": "Swin"},
            metrics=metrics,
            published=PUBLISHED,
        )
    )
    own = ["0.40", "0.72", "0.00", "0.64", "0.70", "0.84"]
    assert table.rows[0] == ["ViViT", "ViViT", "Accuracy", *own]
    assert table.rows[4][:5] == ["Swin", "ConvNeXt", "Recall (sensitivity)", "0.40", "0.13"]


def test_what_does_not_follow_is_computed():
    cells = recompute(PUBLISHED.printed, PUBLISHED.comparison)
    stray = cells[cells["follows"] == 0]
    assert stray["quantity"].tolist() == ["t", "power", "power"]
    said = said_of(PUBLISHED)
    assert (
        "1.00, 1.00 and 0.54 (accuracy, recall, precision) follow only with alpha = 0.5"
        in (said["Power"])
    )
    assert "0.978, 1.000 and 0.069: for precision" in said["Power"]
    assert "4.2054, which rounds to 4.21; 4.20 is printed" in said["A rounding"]
    assert "replicates 3 and 8" in said["“Corrupted” precisions"]
    assert "Without them it is 0.84, above ViViT's 0.73" in said["“Corrupted” precisions"]
    assert "in accuracy the difference is no longer significant" in said["Significance"]
    assert "p = .087" in said["Significance"]
    assert (
        "in recall the difference is still significant (p < .001 becomes p = .003"
        in (said["Significance"])
    )
    assert said["Pairing"].startswith("In 6 of 10 replicates")


def test_a_study_whose_tables_follow_is_not_accused():
    follows = recompute(PUBLISHED.printed, PUBLISHED.comparison)
    honest = dataclasses.replace(PUBLISHED, printed=follows.assign(printed=follows["recomputed"]))
    found = claims(honest)
    assert found["n_follow"] == found["n_printed"] == 42
    assert not {"Power", "A rounding"} & set(said_of(honest))
