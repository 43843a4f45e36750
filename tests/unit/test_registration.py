"""The configuration that can be registered before there are results, and its digest."""

import hashlib

import pytest
import yaml

from ctseq.core.errors import InputError
from ctseq.evidence.metrics import comparable_metrics
from ctseq.study.comparison import contrasts_of
from ctseq.study.config import resolved_config
from ctseq.study.registration import sha256_of, spelled
from reports import ROOT, SCHEMA, merged
from reports import SHIPPED as CONFIG
from write_registration import main as write_registration

DIGEST = "0123456789abcdef" * 4


def check(registered):
    config = {**CONFIG, "registered": registered}
    resolved_config(config, SCHEMA, metrics=comparable_metrics())


def test_the_digest_is_that_of_the_file(tmp_path):
    config = {"study": "é", "models": {"b": 1, "a": 2}}
    write_registration(tmp_path / "registration.yaml", config=config)
    content = (tmp_path / "registration.yaml").read_bytes()
    assert sha256_of(config) == hashlib.sha256(content).hexdigest()
    assert list(yaml.safe_load(content)["models"]) == ["b", "a"]
    assert "é" in spelled(config)


def test_a_changed_value_or_order_changes_the_digest():
    digests = {
        sha256_of(config) for config in ({"a": 1, "b": 2}, {"a": 1, "b": 3}, {"b": 2, "a": 1})
    }
    assert len(digests) == 3


def test_nothing_or_a_digest_with_its_date_is_registered():
    check({})
    check({"sha256": DIGEST, "date": "2026-02-28"})


@pytest.mark.parametrize(("registered", "message"), [
    ({"sha256": DIGEST}, "'date'"),
    ({"date": "2026-02-28"}, "'sha256'"),
    ({"sha256": "abc", "date": "2026-02-28"}, "registered.sha256"),
    ({"sha256": DIGEST, "date": "2026-02-31"}, "no date of the calendar"),
    ({"sha256": DIGEST, "date": "20260228"}, "no date of the calendar"),
    (yaml.safe_load("{sha256: " + DIGEST + ", date: 2026-02-28}"), "write it in quotes"),
])  # fmt: skip
def test_what_cannot_be_a_registration_is_refused(registered, message):
    with pytest.raises(InputError, match=message):
        check(registered)


def overlaid(*names):
    """Return config.yaml with overlays and all defaults."""
    config = CONFIG
    for name in names:
        config = merged(config, yaml.safe_load((ROOT / f"config/{name}.yaml").read_text("utf-8")))
    return resolved_config(config, SCHEMA, metrics=comparable_metrics())


def test_the_recommended_protocol_answers_by_the_auc_beside_the_papers_metrics():
    config = overlaid("recommended")
    metrics = config["comparison"]["metrics"]
    assert config["comparison"]["primary"] == metrics[0] == "roc_auc"
    assert {"accuracy", "recall", "precision", "specificity", "brier"} < set(metrics)
    assert config["replicates"] % config["splits"]["folds"] == 0
    assert config["replicates"] // config["splits"]["folds"] == 4


def test_the_order_study_contrasts_a_head_with_itself_first():
    config = overlaid("recommended", "order")
    assert contrasts_of(config)[0] == ["gru", "gru-shuffled"]
    assert {name for pair in contrasts_of(config) for name in pair} <= set(config["compare"])
