"""What the published figures do not support, and one's own values beside them."""

import dataclasses
import html
import re

import numpy as np
import pandas as pd
import pytest

from ctseq.encoders.registry import ENCODER_TYPES, SIGHTS, EncoderType, Sight
from ctseq.evidence.published import no_information_rate, precision_differences, recompute
from ctseq.families.registry import FAMILIES, Family
from ctseq.report.page import template
from ctseq.report.paper import against_paper, claims, corrected
from published import PUBLISHED
from reports import study_of


def section_of(published, name, context):
    """Return a section's text, as its template writes it without tables and figures."""
    given = {"config": published.config, "labels": published.labels, "tables": {}, "figures": {}}
    return html.unescape(template(f"sections/{name}.html.j2").render(**given, **context(published)))


def said_of(published):
    """Return what the page says that does not follow: title to text."""
    said = section_of(published, "claims", claims)
    return dict(re.findall(r"<li><strong>(.*?)\.</strong> (.*?)</li>", said))


def test_own_values_stand_beside_those_of_the_same_name_or_kind():
    metrics = pd.DataFrame(
        [(model, r, metric, v) for model in ("vivit", "swin") for metric in
         ("accuracy", "recall", "precision") for r, v in ((1, 0.5), (2, np.nan), (3, 0.7))],
        columns=["model", "replicate", "metric", "value"],
    )  # fmt: skip
    study = study_of({"vivit": "ViViT", "swin": "Swin"}, metrics=metrics)
    table = against_paper(study)
    own = ["0.40", "0.72", "0.00", "0.64", "0.70", "0.84"]
    assert table.rows[0] == ["ViViT", "ViViT", "Accuracy", *own]
    assert table.rows[4][:5] == ["Swin", "ConvNeXt", "Recall (sensitivity)", "0.40", "0.13"]


def test_what_sees_neither_slices_nor_sequences_stands_beside_nothing(monkeypatch):
    monkeypatch.setitem(SIGHTS, "volume", Sight("the volume", "scan", (), "volume"))
    monkeypatch.setitem(FAMILIES, "toy", Family("toys.toy", "a toy", ("volume",)))
    monkeypatch.setitem(ENCODER_TYPES, "toy", EncoderType("toys.toy", "a toy", ("volume",), False))
    given = {"encoders": {"toy": {"type": "toy", "sees": "volume"}}}
    given["models"] = {"third": {"encoder": "toy", "family": "toy"}}
    table = against_paper(study_of({"a": "A", "b": "B", "third": "Third"}, given=given))
    assert {row[0] for row in table.rows} == {"A", "B"}


def test_what_does_not_follow_is_computed():
    cells = recompute(PUBLISHED.printed, PUBLISHED.comparison)
    stray = cells[cells["follows"] == 0]
    assert stray["quantity"].tolist() == ["t", "power", "power"]
    said = said_of(PUBLISHED)
    assert (
        "1.00, 1.00 and 0.54 (accuracy, recall, precision) follow only with alpha = 0.5"
        in (said["Power"])
    )
    assert said["Power"].endswith("they are 0.98, 1.00 and 0.07.")
    assert "4.2054, which rounds to 4.21; 4.20 is printed" in said["A rounding"]
    assert "replicates 3 and 8" in said["“Corrupted” precisions"]
    assert "Without them it is 0.84, above ViViT's 0.73" in said["“Corrupted” precisions"]
    assert (
        "the difference in accuracy, the primary metric here, is no longer significant (p < .001 "
        "becomes p = .087)"
    ) in said["Significance"]
    assert said["Significance"].endswith(
        "each by itself and without adjustment: recall is still significant (p < .001 becomes "
        "p = .003); precision is not significant either way (p = .68 becomes p = .86)."
    )
    assert said["Pairing"].startswith("In 6 of 10 replicates")


def test_what_the_paper_leaves_out_stands_beside_what_it_prints():
    said = said_of(PUBLISHED)
    assert said["“Corrupted” precisions"].endswith(
        "So the sign of the difference (ViViT minus ConvNeXt) is the choice of a policy: 0.06 "
        "with 0 (p = .86 by the corrected test), −0.11 without them (p = .58)."
    )
    assert (
        "Specificity is 0.79 (ViViT) and 0.97 (ConvNeXt): a difference of −0.18 (95 % interval "
        "−0.42 to 0.06, p = .14)."
    ) in said["Recall alone"]
    assert (
        "is 0.71 (ViViT) and 0.55 (ConvNeXt): a difference of 0.16 (95 % interval 0.05 to 0.26, "
        "p = .005)."
    ) in said["Recall alone"]
    assert said["Accuracy without its floor"] == (
        "46 of the 82 patients have no hemorrhage: calling nobody positive is right in 0.56. "
        "Beside that stand accuracies of 0.72 (ViViT) and 0.60 (ConvNeXt)."
    )


def test_the_sign_of_the_difference_in_precision():
    found = precision_differences(PUBLISHED.metrics, PUBLISHED.config)
    assert found["zero"]["estimate"] == pytest.approx(0.058, abs=5e-4)
    assert found["exclude"]["estimate"] == pytest.approx(-0.110, abs=5e-4)
    assert [found[policy]["n"] for policy in ("zero", "exclude")] == [20, 18]


def test_the_no_information_rate():
    sizes = PUBLISHED.config["splits"]["sizes"]
    patients = PUBLISHED.config["dataset"]
    assert sizes["n_train"] + sizes["n_test"] == patients["patients"]
    assert no_information_rate(82, patients["positive"]) == pytest.approx(46 / 82)
    assert no_information_rate(10, 7) == 0.7


def test_a_level_is_said_where_it_is_exceeded():
    seen = section_of(PUBLISHED, "corrected", corrected)
    assert "it calls one in up to" in seen
    levels = PUBLISHED.levels
    once = levels["statistic"].isin(["recall", "specificity"]) & (levels["shared_splits"] == 0)
    levels = levels[once & (levels["procedure"] == "difference")].assign(tuned=0.01, knn=0.0714)
    levels.loc[levels["statistic"] == "recall", "knn"] = 0.066
    seen = section_of(dataclasses.replace(PUBLISHED, levels=levels), "corrected", corrected)
    assert "it calls one in up to 6.6 % (sensitivity) and 7.1 % (specificity), where 5 %" in seen
    silent = levels.assign(knn=0.06, ridge=0.05, logistic=0.05)
    silent = section_of(dataclasses.replace(PUBLISHED, levels=silent), "corrected", corrected)
    assert "simulated" not in silent


def test_a_study_whose_tables_follow_is_not_accused():
    follows = recompute(PUBLISHED.printed, PUBLISHED.comparison)
    honest = dataclasses.replace(PUBLISHED, printed=follows.assign(printed=follows["recomputed"]))
    found = claims(honest)
    assert found["n_follow"] == found["n_printed"] == 42
    assert not {"Power", "A rounding"} & set(said_of(honest))
