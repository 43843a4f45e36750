"""The configuration: what is filled in, and what protocols change."""

import copy

import pytest
import yaml

from configs import CONFIG, SCHEMA, changed, merged, resolved
from ctseq.core.errors import InputError
from ctseq.evidence.metrics import comparable_metrics
from ctseq.study.comparison import comparison_settings, contrasts_of
from ctseq.study.config import in_order_of, resolved_config, used_config
from ctseq.study.given.schema import filled
from ctseq.study.study import Study
from studies import ROOT

VIDEO = {"sees": "sequence", "checkpoint": "owner/video"}


@pytest.mark.parametrize("overlay", sorted((ROOT / "config").glob("*.yaml")), ids=lambda p: p.stem)
def test_overlays_fit_the_schema(overlay):
    resolved(merged(CONFIG, yaml.safe_load(overlay.read_text())))


@pytest.mark.parametrize("protocol", ["recommended", "released-code", "order"])
def test_protocols_fit_a_study_that_has_none_of_the_shipped_names(protocol):
    own = {
        "study": "own",
        "datasets": {"ours": {"path": "scans", "format": "dicom"}},
        "dataset": "ours",
        "encoders": {"swin": {"sees": "slice", "checkpoint": "owner/swin"}, "video": VIDEO},
        "models": {"a": {"encoder": "swin", "family": "linear"}, "b": {"family": "logistic"}},
        "compare": ["a", "b"],
    }
    overlay = yaml.safe_load((ROOT / f"config/{protocol}.yaml").read_text())
    study = Study.of(resolved(merged(own, overlay)))
    if protocol == "order":
        assert {model.encoders[0].checkpoint for model in study.models.values()} == {"owner/swin"}
        assert list(study.models) == ["mean", "attention", "gru", "gru-shuffled"]
    else:
        assert list(study.models) == ["a", "b"]
        assert not study.models["b"].finetuned


def test_the_shipped_values_are_the_defaults():
    catalogues = {"study", "datasets", "dataset", "encoders", "models", "compare"}
    bare = {key: CONFIG[key] for key in catalogues}
    defaults = filled(bare, SCHEMA)
    assert {key: CONFIG[key] for key in CONFIG.keys() - catalogues} == {
        key: defaults[key] for key in defaults.keys() - catalogues
    }


def test_a_local_checkpoint_needs_two_keys_and_a_model_one():
    config = changed({"encoders.own": {"sees": "slice", "checkpoint": "my encoder"}})
    config["models"]["own"] = {"encoder": "own", "family": "linear"}
    config["compare"] = ["vivit", "own"]
    model = Study.of(resolved(config)).models["own"]
    (encoder,) = model.encoders
    assert (model.label, model.labels, model.sequence_rule) == ("own", "slice", "any")
    assert (encoder.name, encoder.checkpoint, encoder.revision) == ("own", "my encoder", "main")
    assert (encoder.pooling, encoder.frames, encoder.window) == ("auto", None, None)


def test_what_a_protocol_overrides_has_files_of_its_own():
    config = changed({"override.sequence": {"frames": 18}, "override.slice": {"first_slices": 19}})
    encoders = Study.of(resolved(config)).encoders
    assert list(encoders) == ["vivit-frames-18", "convnext-first-slices-19"]
    assert encoders["vivit-frames-18"].frames == 18
    same = changed({"override.sequence": {"frames": 32}})
    assert list(Study.of(resolved(same)).encoders) == ["vivit", "convnext"]


def two_streams(**model):
    """Return a model of slices joined with their differences."""
    flow = {"sees": "difference", "checkpoint": "tiny"}
    own = {"encoder": ["convnext", "flow"], "family": "linear"} | model
    changes = {"encoders.flow": flow, "models.both": own, "compare": ["convnext", "both"]}
    changes |= {"override.slice": {"first_slices": 19}}
    return Study.of(resolved(changed(changes))).models["both"]


def test_differences_go_with_slices():
    model = two_streams()
    image, flow = model.encoders
    assert (image.name, flow.name) == ("convnext-first-slices-19", "flow-first-slices-19")
    assert flow.checkpoint_folder == "resources/checkpoints/tiny-slice"
    assert (flow.row, model.slicewise, model.sequence_rule) == ("slice", True, "any")
    assert not two_streams(family="gru").slicewise


@pytest.mark.parametrize("family", ["linear", "gru"])
def test_shuffled_slices_have_other_neighbours_and_are_themselves_the_same(family):
    model = two_streams(family=family, shuffle_slices=True)
    assert [model.shuffles(one) for one in model.encoders] == [False, True]
    assert model.encoder_shuffled
    assert not two_streams(family=family).encoder_shuffled


def test_training_of_slices_is_that_of_models_that_learn_them_one_by_one():
    models = ["vivit", "convnext", "gru"]
    config = changed({"training.slices": {"batch_size": 32}, "compare": models})
    trained = [model.training for model in Study.of(resolved(config)).models.values()]
    assert [training["batch_size"] for training in trained] == [10, 32, 10]
    config["models"]["convnext"]["training"] = {"batch_size": 4}
    assert Study.of(resolved(config)).models["convnext"].training["batch_size"] == 4


def test_a_head_learns_scans_unless_the_labels_of_slices_are_asked_for():
    def gru(**changes):
        config = changed({"training.slices": {"batch_size": 32}, "compare": ["vivit", "gru"]})
        config["models"]["gru"] |= changes
        return Study.of(resolved(config)).models["gru"]

    whole, slices = gru(), gru(labels="slice")
    assert (whole.labels, whole.sequence_rule, whole.sees_scans) == ("scan", None, True)
    assert gru(labels="scan") == whole
    assert (slices.labels, slices.sequence_rule, slices.sees_scans) == ("slice", "any", True)
    # Batches are of scans, as those of a head that learns their labels.
    assert slices.training == whole.training
    own = {"labels": "slice", "sequence_rule": "any"}
    assert slices.settings == whole.settings | own
    assert gru(labels="slice", sequence_rule="top_mean").sequence_rule == "top_mean"


def test_settings_of_a_fit_are_those_that_decide_it():
    def settings(**changes):
        own = {"models.convnext": {"encoder": "convnext", "family": "linear"} | changes}
        return Study.of(resolved(changed(own))).models["convnext"].settings

    def focal(gamma):
        return settings(training={"loss": "focal", "focal_gamma": gamma})

    assert settings() != settings(sequence_rule="mean")
    classical = [settings(family="logistic", sequence_rule=rule) for rule in ("any", "mean")]
    assert classical[0] == classical[1]
    assert settings() == settings(training={"focal_gamma": 1.0})
    assert focal(1.0) != focal(2.0)


def test_the_rest_of_the_catalogues_is_no_part_of_a_study():
    used = used_config(resolved())
    assert {name: list(used[name]) for name in ("datasets", "encoders", "models")} == {
        "datasets": ["ct-ich"],
        "encoders": ["vivit", "convnext"],
        "models": ["vivit", "convnext"],
    }
    bone = {"sees": "slice", "checkpoint": "x", "window": "bone"}  # of other datasets than JPGs
    assert used_config(resolved(changed({"encoders.bone": bone, "models.gru.label": "x"}))) == used
    assert Study.of(used) == Study.of(resolved())


def test_a_schema_without_names_gets_them_from_the_tables():
    config = changed({"encoders.vivit.type": "timm"})
    with pytest.raises(InputError, match="encoders.vivit.type is 'timm' but must be one of transf"):
        resolved_config(config, SCHEMA, metrics=comparable_metrics())


@pytest.mark.parametrize(
    "changes",
    [
        {"format": "dicom", "labels": "reads.csv", "window": "bone"},
        {"format": "ct-ich-nifti", "window": ["40/80", "subdural", "bone"]},
        {"format": "auto", "window": {"level": 50, "width": 130}},
        {"window": "40/120"},  # brain, in numbers
    ],
)
def test_windows_and_label_tables_of_other_formats(changes):
    resolved(changed({f"datasets.ct-ich.{key}": value for key, value in changes.items()}))


def test_contrasts_are_by_default_all_with_the_first():
    config = {"compare": ["a", "b", "c"], "comparison": CONFIG["comparison"]}
    assert contrasts_of(config) == [["a", "b"], ["a", "c"]]
    declared = CONFIG["comparison"] | {"contrasts": [["c", "b"]]}
    settings = comparison_settings(config | {"comparison": declared})
    assert settings["contrasts"] == [["c", "b"]]
    assert settings["models"] == ["a", "b", "c"]
    assert set(settings) == {
        "models", "contrasts", "primary", "metrics", "alpha", "undefined", "margins"
    }  # fmt: skip


def test_overlays_do_not_change_the_order():
    merged = {"models": {"b": {"y": 1, "x": [2]}, "c": 3, "a": {}}, "new": 0, "seed": 1}
    defaults = {"seed": 9, "models": {"a": {}, "b": {"x": 0, "z": 0}}}
    assert in_order_of({"replicates": {"b": 1}}, {"replicates": 3}) == {"replicates": {"b": 1}}
    ordered = in_order_of(merged, defaults)
    assert ordered == merged
    assert list(ordered) == ["seed", "models", "new"]
    assert list(ordered["models"]) == ["a", "b", "c"]
    assert list(ordered["models"]["b"]) == ["x", "y"]


def test_checking_changes_nothing():
    before = copy.deepcopy(CONFIG)
    resolved_config(CONFIG, SCHEMA, metrics=comparable_metrics())
    assert before == CONFIG


def test_a_path_that_a_drawn_dataset_does_not_use_is_not_kept():
    drawn = {"format": "phantom", "path": "nowhere"}
    datasets = resolved(changed({"datasets.drawn": drawn}))["datasets"]
    assert "path" not in datasets["drawn"]
    assert datasets["drawn"]["phantom"]["patients"] == 82
    assert "phantom" not in datasets["ct-ich"]
    assert datasets["ct-ich"]["path"] == "data/ct-ich"


def test_settings_that_decide_nothing_are_no_part_of_a_model():
    tuned = {"tuning.patients": "train", "models.pooled": {"family": "linear", "pool": "top"}}
    tuned |= {"models.pooled.encoder": "convnext"}
    tuned["compare"] = ["vivit", "convnext", "gru", "logistic", "pooled"]

    def settings(changes):
        models = Study.of(resolved(changed(tuned | changes))).models
        return {name: model.settings for name, model in models.items()}

    def differing(changes, others=None):
        before, now = settings(others or {}), settings((others or {}) | changes)
        return {name for name in before if before[name] != now[name]}

    linear = {"vivit", "convnext", "pooled"}
    exact = {"training.solver": "exact"}
    assert settings({})["pooled"]["pool"] == "top"
    assert "labels" not in settings({})["pooled"]
    assert differing(exact) == linear
    for key in ("learning_rate", "weight_decay", "epochs", "batch_size", "seeds"):
        assert differing({f"training.{key}": 3}) == linear | {"gru"}, key
        assert differing({f"training.{key}": 3}, exact) == {"gru"}, key
    assert differing({"training.standardise": True}, exact) == {"gru"}
    assert differing({"training.components": 3}) == linear | {"gru"}
    assert differing({"training.components": 3}, exact) == {"gru"}
    assert differing({"training.dropout": 0.5, "training.size": 3}) == {"gru"}
    # Halving needs several settings.
    assert differing({"tuning.halving": True}) == set()
    rates = {"training.learning_rate": [1e-3, 1e-2]}
    assert differing({"tuning.halving": True}, rates | exact) == {"gru"}


def test_folds_are_repeated_only_for_what_chooses_by_them():
    def inner(changes):
        compared = {"compare": ["vivit", "logistic"], "tuning.repeats": 3}
        study = Study.of(resolved(changed(compared | changes)))
        return [study.inner_of(model) for model in study.models.values()]

    thrice = {"folds": 5, "repeats": 3}
    assert inner({}) == [{"folds": None, "repeats": 1}, thrice]
    assert inner({"tuning.patients": "train"}) == [thrice, thrice]


def test_a_list_of_one_is_nothing_to_choose_from():
    lists = {"training.learning_rate": [1e-3], "training.size": [32], "training.dropout": [0.5]}
    changes = {"tuning.patients": "train", "tuning.halving": True, "compare": ["vivit", "gru"]}
    models = Study.of(resolved(changed(lists | changes))).models
    assert [model.n_candidates for model in models.values()] == [1, 1]
    assert not any(model.settings["halving"] for model in models.values())


def test_what_is_solved_chooses_from_no_list():
    changes = {"models.vivit.family": "logistic", "compare": ["vivit", "logistic"]}
    lists = {"training.learning_rate": [1e-3, 1e-2], "training.weight_decay": [0, 1]}
    models = Study.of(resolved(changed(changes | lists))).models  # though test patients choose
    assert [model.n_candidates for model in models.values()] == [1, 1]


def test_settings_that_are_listed_are_counted():
    lists = {"learning_rate": [1e-3, 1e-2], "weight_decay": [0, 0.1, 1], "dropout": [0, 0.5]}
    changes = {f"training.{key}": values for key, values in lists.items()}
    changes |= {"tuning.patients": "train", "compare": ["vivit", "gru", "logistic"]}
    models = Study.of(resolved(changed(changes))).models
    assert [model.n_candidates for model in models.values()] == [6, 12, 1]
