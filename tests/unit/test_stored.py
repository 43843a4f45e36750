"""Fitted models on disk: the same bytes, the same predictions, and no code in them."""

import json
import os
import subprocess
import sys
import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import skops.io
from sklearn.preprocessing import FunctionTransformer

from ctseq.core.errors import InputError
from ctseq.families.classical import CLASSIFIERS, TRUSTED
from ctseq.families.contract import Fitted
from ctseq.families.learning import predict
from ctseq.families.registry import FAMILIES, Family
from ctseq.families.stored import check_settings, read_fitted, write_fitted
from featured import MODELS, fitted_to, labelled, model_of, split_of

pytestmark = [pytest.mark.numerical, pytest.mark.usefixtures("small_forest")]

# Files by which Python objects are pickled, or that hold such.
PICKLES = (".pkl", ".pickle", ".joblib", ".pt", ".pth", ".bin")


@pytest.fixture(scope="module")
def data():
    return labelled(widths=(5, 3))


def contents(folder):
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


def stored(data, model, folder):
    fitted = fitted_to(data, split_of(data), MODELS[model])
    write_fitted(fitted, folder)
    return fitted


@pytest.mark.parametrize("model", MODELS)
def test_what_is_read_predicts_the_same_and_is_written_as_the_same_bytes(data, model, tmp_path):
    fitted = stored(data, model, tmp_path / "a")
    read = read_fitted(tmp_path / "a")
    for expected, found in zip(
        predict(fitted, data.features), predict(read, data.features), strict=True
    ):
        pd.testing.assert_frame_equal(expected, found, check_exact=True)
    stored(data, model, tmp_path / "b")
    assert contents(tmp_path / "a") == contents(tmp_path / "b")
    assert not [name for name in contents(tmp_path / "a") if name.endswith(PICKLES)]


@pytest.mark.parametrize("model", ["attention", "forest-max", "mlp"])
def test_another_process_writes_and_predicts_the_same(data, model, tmp_path):
    fitted = stored(data, model, tmp_path / "here")
    scores, _ = predict(fitted, data.features)
    program = """
import sys
sys.path[:0] = sys.argv[1:4]
import test_stored
from ctseq.families.classical import CLASSIFIERS
CLASSIFIERS["forest"].classifier.set_params(n_estimators=20)
test_stored.predicted_elsewhere(*sys.argv[4:])
"""
    here = Path(__file__).parent
    paths = [here.parents[1] / "workflow/scripts", here, here.parent]
    command = [sys.executable, "-c", program, *paths, model, tmp_path / "here", tmp_path]
    subprocess.run(command, check=True, env=os.environ | {"PYTHONHASHSEED": "7"})
    assert contents(tmp_path / "here") == contents(tmp_path / "there")
    assert scores.to_csv() == (tmp_path / "scores.csv").read_text()


def predicted_elsewhere(model, fitted, folder):
    data = labelled(widths=(5, 3))
    stored(data, model, Path(folder) / "there")
    scores, _ = predict(read_fitted(fitted), data.features)
    scores.to_csv(Path(folder) / "scores.csv")


def test_only_classifiers_need_types_to_be_trusted():
    assert {*TRUSTED} <= {*CLASSIFIERS}
    assert all(name.startswith("sklearn.") for own in TRUSTED.values() for name in own)


def test_a_type_that_no_classifier_has_is_not_loaded(data, tmp_path):
    stored(data, "svm", tmp_path / "fitted")
    with (tmp_path / "fitted/estimators.skops").open("wb") as file:
        skops.io.dump({"classifier": FunctionTransformer(subprocess.getoutput)}, file)
    with pytest.raises(InputError, match=r"estimators.skops holds types that no svm has"):
        read_fitted(tmp_path / "fitted")


def test_the_types_of_one_family_are_not_anothers(data, tmp_path):
    for model in ("forest", "svm"):
        stored(data, model, tmp_path / model)
    forest = (tmp_path / "forest/estimators.skops").read_bytes()
    (tmp_path / "svm/estimators.skops").write_bytes(forest)
    with pytest.raises(InputError, match="types that no svm has, and was not loaded"):
        read_fitted(tmp_path / "svm")


def changed_facts(folder, **changes):
    path = folder / "fitted.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


def test_what_cannot_be_read_says_why_and_what_to_do(data, tmp_path):
    folder = tmp_path / "fitted"
    with pytest.raises(InputError, match="fitted holds no fitted model: it has no fitted.json"):
        read_fitted(folder)
    stored(data, "linear", folder)
    changed_facts(folder, version=1)
    with pytest.raises(InputError, match="is of version 1, and this is version 2. Delete the"):
        read_fitted(folder)
    changed_facts(folder, version=2, settings={"family": "oracle"})
    with pytest.raises(InputError, match="is of the family 'oracle', which is not among linear"):
        read_fitted(folder)
    changed_facts(folder, settings={"family": "linear"})
    (folder / "arrays.safetensors").write_bytes(b"no")
    with pytest.raises(InputError, match="arrays.safetensors cannot be read"):
        read_fitted(folder)


def test_a_damaged_classifier_says_what_to_do(data, tmp_path):
    stored(data, "svm", tmp_path)
    (tmp_path / "estimators.skops").write_bytes(b"no")
    with pytest.raises(InputError, match="estimators.skops cannot be read: .* fit the model again"):
        read_fitted(tmp_path)


def test_another_version_of_scikit_learn_is_refused(data, tmp_path):
    stored(data, "svm", tmp_path)
    path = tmp_path / "estimators.skops"
    with zipfile.ZipFile(path) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    from sklearn import __version__

    files["schema.json"] = files["schema.json"].replace(__version__.encode(), b"0.1.2")
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    with pytest.raises(InputError, match=f"by scikit-learn 0.1.2, and this is {__version__}"):
        read_fitted(tmp_path)


def test_other_settings_are_named():
    fitted = Fitted({"family": "svm", "weighted": False, "pool": "max"})
    check_settings(fitted, dict(fitted.settings), "here")
    with pytest.raises(InputError, match="here was fitted with other settings .* pool differ"):
        check_settings(fitted, {"family": "svm", "weighted": False, "pool": "mean"}, "here")


def test_half_a_model_is_never_left(data, tmp_path):
    fitted = stored(data, "linear", tmp_path / "fitted")
    before = contents(tmp_path / "fitted")
    broken = replace(fitted, arrays=fitted.arrays | {"what": np.array([object()])})
    with pytest.raises(Exception, match="object"):
        write_fitted(broken, tmp_path / "fitted")
    assert contents(tmp_path / "fitted") == before
    assert [path.name for path in tmp_path.iterdir()] == ["fitted"]


def test_others_may_read_what_is_stored(data, tmp_path):
    (tmp_path / "plain").touch()
    stored(data, "linear", tmp_path / "fitted")
    modes = {path.stat().st_mode for path in (tmp_path / "fitted").iterdir()}
    assert modes == {(tmp_path / "plain").stat().st_mode}


def test_facts_and_arrays_of_a_new_family_are_stored_like_any(data, tmp_path, monkeypatch):
    monkeypatch.setitem(FAMILIES, "nearest", Family("nearest_mean", "nearest mean"))
    fitted = fitted_to(data, split_of(data), model_of("nearest"))
    write_fitted(fitted, tmp_path / "fitted")
    read = read_fitted(tmp_path / "fitted")
    assert read.facts == fitted.facts
    np.testing.assert_array_equal(read.arrays["means"], fitted.arrays["means"])
