"""The scripts that fit, predict and evaluate: every family, on the same phantom patients."""

import json
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from safetensors.numpy import load_file, save_file

import evaluate
import fit
import predict
from ctseq.cache.tables import ROWS
from ctseq.core.errors import InputError
from ctseq.core.tables import read_table, typed, write_table
from ctseq.evidence.metrics import METRICS
from ctseq.families.features import read_features
from ctseq.families.registry import FAMILIES, Family
from ctseq.families.tables import ATTENTION, HISTORY
from ctseq.intake.tables import SCANS, SLICES
from ctseq.phantom.patients import draw_patients
from ctseq.replicates.tables import PREDICTIONS, SCORES, SLICE_PREDICTIONS, SPLIT
from featured import MODELS, TRAINING, encoder_of, model_of

pytestmark = [pytest.mark.numerical, pytest.mark.usefixtures("small_forest")]

THOROUGH = TRAINING | {
    "learning_rate": [1e-3, 1e-2], "epochs": 4, "patience": 4, "loss": "weighted",
    "sampling": "balanced", "augmentation": {"mirror": True},
}  # fmt: skip
N_TRAIN, N_TEST, N_SLICES = 24, 12, 4
IDS = [f"{number:03d}" for number in range(N_TRAIN + N_TEST)]
# A row of features a slice of a scan in the order of the body, in two shards: the first 10 scans.
SHARDS = {"1-of-2": slice(0, 10 * N_SLICES), "2-of-2": slice(10 * N_SLICES, None)}


@pytest.fixture(scope="module")
def inputs(tmp_path_factory):
    """Write what a run reads: phantom patients, and how many of a slice's pixels are how dense.

    Clotted blood has 50 to 90 HU and brain 20 to 45, so these features tell them apart.
    """
    folder = tmp_path_factory.mktemp("inputs")
    drawn = draw_patients(patients=len(IDS), positive=len(IDS) // 2, image_size=64,
                          slices=(N_SLICES, N_SLICES), seed=1)  # fmt: skip
    seen = [slice_ for patient in drawn for slice_ in patient.draw()]
    counts = np.array([np.histogram(hu, [0, 20, 35, 50, 65, 80, 100])[0] for hu, _ in seen])
    features = (counts - counts.mean(axis=0)) / counts.std(axis=0)
    bleeds = np.array([any(mask.any() for mask in masks.values()) for _, masks in seen])
    write_dataset(folder, bleeds.reshape(len(IDS), N_SLICES))
    return SimpleNamespace(
        **{name: folder / f"{name}.csv" for name in ("slices", "scans", "split")},
        **write_features(folder, "dense", features),
    )


def write_dataset(folder, positive):
    """Write the tables of scans whose slices are positive, and a split of their patients."""
    slices = pd.DataFrame({"scan_id": np.repeat(IDS, N_SLICES)})
    slices["patient_id"], slices["path"] = slices["scan_id"], slices.index.astype(str)
    slices["slice_number"] = [*range(1, N_SLICES + 1)] * len(IDS)
    slices["target"] = positive.astype(int).ravel()
    scans = pd.DataFrame({"scan_id": IDS, "patient_id": IDS})
    scans["target"], scans["n_slices"] = positive.any(axis=1).astype(int), N_SLICES
    split = pd.DataFrame({"patient_id": IDS, "subset": "train"})
    split.loc[N_TRAIN:, "subset"] = "test"
    for name, rows, table in (
        ("slices", slices, SLICES), ("scans", scans, SCANS), ("split", split, SPLIT),
    ):  # fmt: skip
        write_table(typed(rows, table), folder / f"{name}.csv", table)


def write_features(folder, encoder, features, *, mirrored=None, first=None):
    """Write an encoder's features and description as its scripts do, and return their paths.

    Mirrored features are the same, if there are no others, and slices all, if not the `first`.
    """
    rows = pd.DataFrame({"scan_id": np.repeat(IDS, N_SLICES)})
    rows["patient_id"] = rows["scan_id"]
    rows["slice_number"] = [*range(1, N_SLICES + 1)] * len(IDS)
    folder.mkdir(exist_ok=True)
    paths = {"descriptions": [folder / f"{encoder}.json"], "rows": []}
    paths["descriptions"][0].write_text(json.dumps(encoder_of(features.shape[1])))
    for shard, own in SHARDS.items():
        kept = (rows[own]["slice_number"] <= (first or N_SLICES)).to_numpy()
        paths["rows"].append(folder / f"{encoder}-{shard}.csv")
        write_table(rows[own][kept], paths["rows"][-1], ROWS)
        mirrored = features if mirrored is None else mirrored
        for name, values in (("features", features), ("mirrored", mirrored)):
            path = folder / f"{encoder}-{name}-{shard}.safetensors"
            save_file({"features": np.ascontiguousarray(values[own][kept], np.float32)}, path)
            paths.setdefault(name, []).append(path)
    return paths


def run(inputs, folder, model, folds=3):
    """Fit and evaluate one model, as its rules do."""
    names = {"history": "csv", "scores": "csv", "attention": "csv", "summary": "json"}
    out = SimpleNamespace(**{name: folder / f"{name}.{kind}" for name, kind in names.items()})
    out.fitted = folder / "fitted"
    fit.main(inputs, out, model=model, replicate=1, folds=folds, repeats=1, seed=5)
    results = [folder / name for name in ("predictions.csv", "slices.csv", "metrics.json")]
    evaluate.main(
        SimpleNamespace(scores=out.scores, scans=inputs.scans, slices=inputs.slices),
        *results,
        sequence_rule=model.get("sequence_rule"),
        threshold="chosen" if folds else 0.5,
    )
    return out, results


def thorough(model):
    """Return a model's settings that choose among learning rates, by weighted losses."""
    if "training" not in model:
        return model | {"weighted": True}
    solved = solver_of(model) == "exact"
    return model | {"training": model["training"] | {"loss": "weighted"} if solved else THOROUGH}


def solver_of(model):
    """Return how a model's head learns; None of scikit-learn's classifiers."""
    return model["training"]["solver"] if "training" in model else None


def predicted(inputs, out, model, folder, **changed):
    """Predict all scans from what was stored, and return the scores and their file."""
    names = ("features", "rows", "descriptions")
    paths = {name: getattr(inputs, name) for name in names} | changed
    predict.main(SimpleNamespace(fitted=out.fitted, **paths), folder / "external.csv", model=model)
    return read_table(folder / "external.csv", SCORES), folder / "external.csv"


@pytest.mark.parametrize("name", MODELS)
def test_every_model_is_scored_on_test_patients_from_what_is_stored(inputs, tmp_path, name):
    model = thorough(MODELS[name])
    out, (predictions, slices, metrics) = run(inputs, tmp_path, model)
    called = read_table(predictions, PREDICTIONS)
    assert called["scan_id"].tolist() == IDS[N_TRAIN:]
    values = json.loads(metrics.read_text())
    assert values["roc_auc"] >= 0.8
    assert values.keys() == {*METRICS, "threshold"}
    assert (called["predicted"] == (called["probability"] >= values["threshold"])).all()
    scores = read_table(out.scores, SCORES)
    rows_a_scan = N_SLICES if "labels" in model else 1
    assert (scores["subset"] == "held_out").sum() == N_TRAIN * rows_a_scan
    assert len(read_table(slices, SLICE_PREDICTIONS)) == (
        0 if rows_a_scan == 1 else N_TEST * N_SLICES
    )
    assert read_table(out.history, HISTORY).empty == (solver_of(model) != "adamw")
    weighs = model["family"] in ("attention", "smooth")
    assert read_table(out.attention, ATTENTION).empty != weighs
    # Predicting again, all patients now, writes the same lines of the tested ones.
    everyone, path = predicted(inputs, out, model, tmp_path)
    assert everyone["scan_id"].drop_duplicates().tolist() == IDS
    again = [line for line in path.read_text().splitlines()[1:] if line[:3] in IDS[N_TRAIN:]]
    first = [line for line in out.scores.read_text().splitlines() if ",test," in line]
    assert [line.replace(",external,", ",test,") for line in again] == first


def test_without_inner_folds_the_test_patients_choose(inputs, tmp_path):
    out, (_, _, metrics) = run(inputs, tmp_path, MODELS["linear"], folds=None)
    assert set(read_table(out.scores, SCORES)["subset"]) == {"test"}
    assert json.loads(metrics.read_text())["threshold"] == 0.5
    kept = read_table(out.history, HISTORY).query("kept == 1")
    assert kept["epoch"].tolist() == [json.loads(out.summary.read_text())["epoch"]]
    assert set(load_file(out.fitted / "arrays.safetensors")) == {"weight", "bias"}


def test_a_new_family_goes_through_both_scripts(inputs, tmp_path, monkeypatch):
    monkeypatch.setitem(FAMILIES, "nearest", Family("nearest_mean", "nearest mean"))
    model = model_of("nearest")
    out, (_, _, metrics) = run(inputs, tmp_path, model)
    assert json.loads(metrics.read_text())["roc_auc"] >= 0.7
    scores, _ = predicted(inputs, out, model, tmp_path)
    assert set(scores["subset"]) == {"external"}
    assert len(scores) == len(IDS) * N_SLICES


@pytest.fixture(scope="module")
def two(inputs, tmp_path_factory):
    """Return inputs by two encoders: what `inputs` has, and noise."""
    noise = np.random.default_rng(3).normal(5, 40, (len(IDS) * N_SLICES, 2))
    other = write_features(tmp_path_factory.mktemp("two"), "noise", noise)
    both = {name: [*getattr(inputs, name), *paths] for name, paths in other.items()}
    return SimpleNamespace(**vars(inputs) | both)


@pytest.mark.parametrize("family", ["linear", "attention", "logistic"])
def test_encoders_are_joined_and_joined_again(two, tmp_path, family):
    model = thorough(MODELS[family])
    out, (_, _, metrics) = run(two, tmp_path, model)
    assert json.loads(metrics.read_text())["roc_auc"] >= 0.8
    facts = json.loads((out.fitted / "fitted.json").read_text())
    assert [encoder["width"] for encoder in facts["encoders"]] == [6, 2]
    assert load_file(out.fitted / "arrays.safetensors")["encoders.mean"].shape == (8,)
    scores, _ = predicted(two, out, model, tmp_path)
    tested = read_table(out.scores, SCORES).query("subset == 'test'")
    same = scores[scores["patient_id"].isin(IDS[N_TRAIN:])]["probability"]
    assert same.tolist() == tested["probability"].tolist()


def test_shards_mirrored_images_and_first_slices_of_joined_encoders_stay_in_their_places(
    inputs, tmp_path
):
    """Features say of themselves what they are: thousands the encoder, halves the view."""
    number = np.arange(len(IDS) * N_SLICES)[:, None]
    every = [(width, 1000.0 * width + number + np.zeros(width)) for width in (2, 3)]
    paths = [
        write_features(tmp_path, f"of-{width}", values, mirrored=values + 0.5, first=2)
        for width, values in every
    ]
    both = {name: [*paths[0][name], *paths[1][name]] for name in paths[0]}
    own = SimpleNamespace(**vars(inputs) | both)
    found = read_features(own)
    kept = found.rows["slice_number"].le(2).to_numpy()
    assert (found.views, len(found.rows), kept.all()) == (2, len(IDS) * 2, True)
    rows = np.flatnonzero(np.arange(len(number)) % N_SLICES < 2)
    for vectors, (_, values) in zip(found.vectors, every, strict=True):
        expected = np.concatenate([values[rows], values[rows] + 0.5])
        np.testing.assert_array_equal(vectors[np.arange(len(expected))], expected)
    out, _ = run(own, tmp_path, thorough(MODELS["gru"]))
    scale = load_file(out.fitted / "arrays.safetensors")["encoders.mean"]
    train = rows[rows < N_TRAIN * N_SLICES]
    by_hand = [train.mean() + 0.25 + 1000 * width for width, _ in every]
    np.testing.assert_allclose(scale, np.repeat(by_hand, [2, 3]), rtol=1e-6)
    # Mirrored images are learned from alone: `predicted` has none.
    scores, _ = predicted(own, out, thorough(MODELS["gru"]), tmp_path)
    tested = read_table(out.scores, SCORES).query("subset == 'test'")["probability"]
    assert scores["probability"].tolist()[N_TRAIN:] == tested.tolist()


def test_encoders_of_other_rows_are_not_joined(inputs, tmp_path):
    noise = np.zeros((len(IDS) * N_SLICES, 2))
    other = write_features(tmp_path, "noise", noise, first=2)
    both = {name: [*getattr(inputs, name), *paths] for name, paths in other.items()}
    with pytest.raises(InputError, match=r"dense and noise have not .*encoders\.noise\.first_sl"):
        run(SimpleNamespace(**vars(inputs) | both), tmp_path, MODELS["linear"])


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"width": 7}, r"dense are 288 rows of 6 numbers, where 2 x 144 of 7 are expected"),
        ({"settings": {"sees": "sequence"}}, r"288 rows of 6 numbers that are not each a scan"),
    ],
)
def test_features_that_their_description_does_not_fit_are_refused(
    inputs, tmp_path, changed, message
):
    path = tmp_path / "dense.json"
    path.write_text(json.dumps(encoder_of(6) | changed))
    found = SimpleNamespace(**vars(inputs) | {"descriptions": [path]})
    with pytest.raises(InputError, match=message):
        run(found, tmp_path, MODELS["linear"])


def test_a_model_predicts_by_its_own_encoder_and_settings_alone(inputs, tmp_path):
    model = MODELS["linear"]
    out, _ = run(inputs, tmp_path, model, folds=None)
    path = tmp_path / "dense.json"
    path.write_text(json.dumps(encoder_of(6, weights_sha256="a" * 64)))
    with pytest.raises(InputError, match="its weights_sha256 is 0+6, and theirs a+"):
        predicted(inputs, out, model, tmp_path, descriptions=[path])
    with pytest.raises(InputError, match="fitted with other settings .* labels differ"):
        predicted(inputs, out, model | {"labels": "scan"}, tmp_path)


def in_bfloat16(path, folder):
    """Copy features, as if they had been computed in bfloat16."""
    copied = folder / path.name
    save_file(load_file(path), copied, metadata={"precision": "bfloat16"})
    return copied


@pytest.mark.parametrize("view", ["features", "mirrored"])
def test_features_of_several_precisions_are_not_learned_from_together(inputs, tmp_path, view):
    first, second = getattr(inputs, view)
    mixed = SimpleNamespace(**vars(inputs) | {view: [first, in_bfloat16(second, tmp_path)]})
    words = r"encoder dense were computed in bfloat16 and float32, .*\. Set encoders\.dense\.extrac"
    with pytest.raises(InputError, match=words):
        read_features(mixed)


def test_a_model_predicts_from_features_of_its_own_precision_alone(inputs, tmp_path):
    model = MODELS["linear"]
    out, _ = run(inputs, tmp_path, model, folds=None)
    stored = json.loads((out.fitted / "fitted.json").read_text())
    assert [one["precision"] for one in stored["encoders"]] == ["float32"]
    reduced = [in_bfloat16(path, tmp_path) for path in inputs.features]
    with pytest.raises(InputError, match="its precision is float32, and theirs bfloat16"):
        predicted(inputs, out, model, tmp_path, features=reduced)


@pytest.mark.parametrize(
    ("name", "table", "missing"),
    [
        ("scans", SCANS, "scan_id 030"),
        ("slices", SLICES, "scan_id 030, slice_number 1"),
    ],
)
def test_scores_without_a_label_are_an_error(inputs, tmp_path, name, table, missing):
    run(inputs, tmp_path, MODELS["linear"], folds=None)
    fewer = read_table(getattr(inputs, name), table).query("patient_id != '030'")
    write_table(fewer, tmp_path / "fewer.csv", table)
    tables = {"scans": inputs.scans, "slices": inputs.slices, name: tmp_path / "fewer.csv"}
    found = SimpleNamespace(scores=tmp_path / "scores.csv", **tables)
    with pytest.raises(InputError, match=f"{name}.csv has no row of {missing}, which"):
        evaluate.main(found, *[tmp_path / "x"] * 3, sequence_rule="any", threshold=0.5)


def test_attention_is_told_for_each_slice_of_test_scans(inputs, tmp_path):
    out, _ = run(inputs, tmp_path, MODELS["attention"])
    weights = read_table(out.attention, ATTENTION)
    assert weights["scan_id"].nunique() == N_TEST
    assert weights["slice_number"].tolist() == [1, 2, 3, 4] * N_TEST
    np.testing.assert_allclose(weights.groupby("scan_id")["weight"].sum(), 1.0, rtol=1e-6)
