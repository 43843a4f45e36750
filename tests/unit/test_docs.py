"""The generated parts of docs/ are those that docs/generate.py writes."""

import html
import re
import subprocess
from pathlib import Path

import pandas as pd
import pytest
import yaml
from catalogue_tables import families_table
from config_tables import config_keys, values_of
from generate import page as generated
from head_tables import heads_table
from level_tables import REASONS, beyond_table, reason_of
from rule_tables import containerfile, rule_graph

from configs import CONFIG, SCHEMA, changed, merged, resolved
from ctseq.core.tables import read_table
from ctseq.encoders.registry import SIGHTS
from ctseq.evidence.levels import LEVELS, beyond_bounds
from ctseq.evidence.metrics import comparable_metrics
from ctseq.families.registry import FAMILIES, Family
from ctseq.readers.formats import FORMATS
from ctseq.replicates.aggregation import SEQUENCE_RULES
from ctseq.study.given.schema import filled, followed, properties
from ctseq.study.study import Study

ROOT = Path(__file__).parents[2]


def test_the_configuration_page_states_every_key():
    page = (ROOT / "docs/configuration.md").read_text("utf-8")
    assert page == generated("configuration"), "Run: make docs"
    assert "| `encoders.<name>.pooling` | `auto`, `cls`, " in page
    assert "| `override.sequence.frames` | whole number from 1 |  |" in page
    for names in (FAMILIES, FORMATS, comparable_metrics()):
        assert f"`{'`, `'.join(names)}`" in page


def test_a_value_is_put_in_words_with_its_bounds():
    assert values_of({"type": "boolean"}) == "`true` or `false`"
    share = {"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 1}
    assert values_of(share) == "number above 0 and below 1"
    own = {"type": ["number", "string"], "if": {"type": "number"}, "then": {"minimum": 2}}
    words = values_of(own | {"else": {"enum": ["chosen"]}})
    assert words == "number from 2, or `chosen`"


def test_config_yaml_names_every_key_of_the_schema():
    text = (ROOT / "config.yaml").read_text("utf-8")
    names = {path.rpartition(".")[2] for path, _, _ in config_keys(SCHEMA, SCHEMA)}
    assert {"subfolder", "first_slices", "focal_gamma"} <= names
    assert [name for name in sorted(names) if not re.search(rf"\b{name}\b", text)] == []


def test_config_yaml_has_the_defaults_of_the_schema():
    required = {name: CONFIG[name] for name in SCHEMA["required"]}
    assert filled(CONFIG, SCHEMA) == filled(required, SCHEMA)
    for catalogue in ("datasets", "encoders", "models"):
        entry = followed(SCHEMA["properties"][catalogue]["additionalProperties"], SCHEMA)
        defaults = {
            name: its["default"] for name, its in properties(entry, SCHEMA) if "default" in its
        }
        for name, its in CONFIG[catalogue].items():
            stated = {key: its[key] for key in its.keys() & defaults.keys()}
            assert stated == {key: defaults[key] for key in stated}, f"{catalogue}.{name}"


def test_the_readmes_five_lines_add_a_model():
    readme = (ROOT / "README.md").read_text("utf-8")
    (lines,) = re.findall(r"```yaml\n(.*?)```", readme.partition("## Add a model")[2], re.S)
    assert len(lines.splitlines()) == 5
    overlay = yaml.safe_load(lines)
    study = Study.of(resolved(merged(CONFIG, overlay)))
    (added,) = overlay["models"]
    assert study.models[added].encoders[0].checkpoint == "facebook/dinov2-small"
    assert study.models[added].about.together
    assert [*study.models] == ["vivit", "convnext", added]


@pytest.mark.parametrize("page", sorted(ROOT.glob("docs/*.md")), ids=lambda page: page.stem)
def test_every_example_of_a_configuration_is_one(page):
    scans_in_hounsfield_units = changed({"datasets.ct-ich.format": "dicom"})
    for lines in re.findall(r"```yaml\n(.*?)```", page.read_text("utf-8"), re.S):
        resolved(merged(scans_in_hounsfield_units, yaml.safe_load(lines)))


def test_the_readme_names_ten_keys():
    readme = (ROOT / "README.md").read_text("utf-8").partition("## Configuration")[2]
    page = (ROOT / "docs/configuration.md").read_text("utf-8")
    keys = re.findall(r"^\| `([\w.<>]+)` \|", readme, re.M)
    assert len(keys) == 10
    assert [key for key in keys if f"| `{key}" not in page] == []


def test_the_picture_of_the_rules_has_the_workflows():
    picture = (ROOT / "docs/rules.svg").read_text("utf-8")
    titles = {html.unescape(title) for title in re.findall("<title>(.*)</title>", picture)}
    lines = rule_graph().splitlines()
    drawn = {line.replace(" -> ", "->") for line in lines if re.fullmatch(r"\w+( -> \w+)?", line)}
    assert titles - {"rules"} == drawn, "Run: make docs"
    assert {"index_dataset", "index_dataset->select_slices", "write_report->all"} <= drawn


def test_the_cluster_page_states_what_the_profile_asks_for():
    page = (ROOT / "docs/cluster.md").read_text("utf-8")
    assert page == generated("cluster"), "Run: make docs"
    assert "| `extract_features` |" in page


def test_the_image_has_the_environments():
    """Each stands where Snakemake looks for it: in a folder named by the MD5 sum of its file."""
    text = (ROOT / "envs/Containerfile").read_text("utf-8")
    assert text == containerfile(), "Run: make docs"
    for path in (ROOT / "envs").glob("*.yaml"):
        digest = subprocess.check_output(["md5sum", path], text=True).split()[0]
        assert f"COPY envs/{path.name} /conda-envs/{digest}/environment.yaml" in text


def test_the_datasets_page_states_the_windows_and_reasons_of_the_code():
    page = (ROOT / "docs/datasets.md").read_text("utf-8")
    assert page == generated("datasets"), "Run: make docs"
    assert "| `brain` | 40 | 120 |" in page
    assert "| `duplicate` | the same image as another patient's |" in page


def test_the_encoders_page_states_every_architecture():
    page = (ROOT / "docs/encoders.md").read_text("utf-8")
    assert page == generated("encoders"), "Run: make docs"
    assert "| `vjepa2` | sequence |  | yes | the mean of its tokens or map |" in page
    assert "| its image processor pads images" in page


def test_what_is_beyond_its_bound_has_a_reason_and_every_reason_is_needed():
    shipped = read_table(ROOT / "resources/levels.csv", LEVELS)
    found = {reason_of(row) for _, row in beyond_bounds(shipped).iterrows()}
    assert found == {*range(1, len(REASONS) + 1)}
    worse = shipped.assign(ridge=0.07)[
        (shipped["procedure"] == "difference") & (shipped["statistic"] == "accuracy")
        & (shipped["shared_splits"] == 1)
    ]  # fmt: skip
    with pytest.raises(ValueError, match="for no reason"):
        beyond_table(worse)


def test_the_statistics_page_states_the_levels_that_ship():
    page = (ROOT / "docs/statistics.md").read_text("utf-8")
    assert page == generated("statistics"), "Run: make docs"
    assert "| 10 random splits of 82 patients |" in page


def test_the_page_of_heads_has_the_comparison_that_ships():
    page = (ROOT / "docs/heads.md").read_text("utf-8")
    assert page == generated("heads"), "Run: make docs"


def test_a_head_is_set_beside_the_best_pipeline():
    row = {"kind": "maximum", "width": 8, "splits": 3, "auc": 0.75, "seconds": 1.25}
    gru = row | {"head": "gru", "strength": "weak", "low": -0.01, "high": 0.2}
    best = row | {"head": "sklearn max", "strength": "middle", "low": 0.0, "high": 0.0}
    table = heads_table(pd.DataFrame([gru, best | {"seconds": 0.5}]))
    assert table.splitlines()[2:] == [
        "| in a few slices, 8 features | gru | 0.750 (-0.010 to +0.200) |  | 3 | 1.2 |",
        "| in a few slices, 8 features | sklearn max |  | 0.750 | 3 | 0.5 |",
    ]


def test_the_training_page_has_every_family_rule_and_protocol():
    page = (ROOT / "docs/training.md").read_text("utf-8")
    assert page == generated("training"), "Run: make docs"
    for family in FAMILIES:
        assert f"| `{family}` |" in page
    for rule in SEQUENCE_RULES:
        assert f"`{rule}`" in page
    for overlay in (ROOT / "config").glob("*.yaml"):
        if overlay.stem not in ("demo", "own-study"):  # no protocols
            assert f" config/{overlay.name}" in page


def test_a_new_family_has_its_line():
    toy = Family("toy", "nearest mean", losses=("focal",), pools=("max",))
    table = families_table({"toy": toy})
    seen = ", ".join(f"`{sees}`" for sees in SIGHTS)
    line = f"| `toy` | nearest mean | each row | {seen} | `focal` | `max` |"
    assert table.splitlines()[-1] == line
