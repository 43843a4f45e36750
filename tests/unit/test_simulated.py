"""The simulated studies behind resources/levels.csv: patients, splits, learners and metrics."""

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.neighbors import KNeighborsClassifier

from ctseq.evidence.further.trainings import fewer_patients
from ctseq.evidence.metrics import classification_metrics, comparable_metrics
from ctseq.replicates.aggregation import choose_threshold
from ctseq.replicates.splits import random_split, repeated_kfold_split

sys.path.append(str(Path(__file__).parents[2] / "benchmarks"))

from batch_metrics import THRESHOLDS, batch_metrics  # noqa: E402
from learners import LEARNERS, youden_thresholds  # noqa: E402
from simulated import Design, draw_patients, draw_splits, simulate, spared  # noqa: E402

pytestmark = pytest.mark.filterwarnings("error")

RNG = np.random.default_rng(4)
X, TRUTH = draw_patients(RNG, 3, 82)
TESTED = draw_splits(RNG, Design("random", 4, 82), TRUTH)


def test_a_study_has_the_datasets_share_of_positive_patients():
    features, truth = draw_patients(np.random.default_rng(0), 200, 82)
    assert features.shape == (200, 2, 82, 20)
    assert (truth.sum(axis=1) == 36).all()
    # In random order: a patient's place says nothing.
    assert truth.mean(axis=0) == pytest.approx(np.full(82, 36 / 82), abs=0.15)
    scores = features.sum(axis=-1)
    of_blocks = [np.corrcoef(scores[:, block].ravel(), truth.ravel())[0, 1] for block in (0, 1)]
    assert of_blocks == pytest.approx([0.32, 0.32], abs=0.04)  # and both blocks equally much


@pytest.mark.parametrize("n_patients", [41, 82])
@pytest.mark.parametrize("scheme", ["random", "stratified", "repeated_kfold"])
def test_splits_have_the_sizes_of_the_workflows(scheme, n_patients):
    """Whatever is drawn, the sizes of both classes in the test subsets are the same."""
    rng = np.random.default_rng(1)
    _, truth = draw_patients(rng, 2, n_patients)
    tested = draw_splits(rng, Design(scheme, 7, n_patients), truth)
    ids = [f"{k:03d}" for k in range(n_patients)]
    patients = pd.DataFrame({"patient_id": ids, "target": truth[0].astype(int)})
    sizes = []
    for replicate in range(1, 8):
        options = {"replicate": replicate, "seed": 3}
        if scheme == "repeated_kfold":
            split = repeated_kfold_split(patients, folds=5, **options)
        else:
            stratify = scheme == "stratified"
            split = random_split(patients, test_proportion=0.3, stratify=stratify, **options)
        own = (split["subset"] == "test").to_numpy()
        sizes.append([own.sum(), (own & truth[0]).sum()])
    found = np.stack([tested[0].sum(axis=-1), (tested[0] & truth[0]).sum(axis=-1)], axis=-1)
    if scheme == "random":
        assert (found[:, 0] == np.array(sizes)[:, 0]).all()
        assert np.ptp(found[:, 1]) > 0
    elif scheme == "stratified":
        assert (found == sizes).all()
    else:
        assert sorted(found[:5].tolist()) == sorted(sizes[:5])
        assert (tested[:, :5].sum(axis=1) == 1).all()  # a repetition tests everyone once
    assert (tested[0] != tested[1]).any()


def scikit_learns(learner, train, y):
    if learner == "knn":
        return KNeighborsClassifier(7).fit(train, y).predict_proba
    if learner == "logistic":
        model = LogisticRegression(fit_intercept=False, solver="newton-cholesky", tol=1e-8)
        return model.fit(train, y).predict_proba
    model = Ridge(1.0, fit_intercept=False).fit(train, np.where(y, 1, -1))
    return lambda rows: np.clip((model.predict(rows)[:, None] + 1) / 2, 0, 1)


@pytest.mark.parametrize("learner", ["ridge", "knn", "logistic"])
def test_learners_are_scikit_learns(learner):
    probability, threshold = LEARNERS[learner](X[:, 0], TRUTH, TESTED)
    assert (threshold == 0.5).all()
    for study in range(3):
        for replicate, test in enumerate(TESTED[study]):
            predict = scikit_learns(learner, X[study, 0, ~test], TRUTH[study, ~test])
            expected = predict(X[study, 0, test])[:, -1]
            found = probability[study, replicate, test]
            assert found == pytest.approx(expected, abs=2e-5)


def test_the_tuned_learner_chooses_inside_the_training_patients():
    rng = np.random.default_rng(2)
    probability, _ = LEARNERS["tuned"](X[:, 0], TRUTH, TESTED, rng=rng)
    for study in range(3):
        test = TESTED[study, 0]
        fits = [
            np.clip(
                (Ridge(penalty, fit_intercept=False)
                 .fit(X[study, 0, ~test], np.where(TRUTH[study, ~test], 1, -1))
                 .predict(X[study, 0, test]) + 1) / 2, 0, 1)
            for penalty in (1, 10, 100, 1000)
        ]  # fmt: skip
        errors = [np.abs(probability[study, 0, test] - fit).max() for fit in fits]
        assert min(errors) < 2e-5
    # Labels of test patients decide nothing.
    one = TESTED[:, :1]
    fitted = [
        LEARNERS["tuned"](X[:, 0], y, one, rng=np.random.default_rng(2))
        for y in (TRUTH, TRUTH ^ one[:, 0])
    ]
    for own, other in zip(*fitted, strict=True):
        assert own == pytest.approx(other, abs=1e-5)


def test_thresholds_are_the_workflows():
    rng = np.random.default_rng(3)
    probability = rng.integers(0, 12, (6, 5, 40)) / 11
    truth = rng.random((6, 40)) < 0.4
    out = rng.random(probability.shape) < 0.3
    found = youden_thresholds(np.where(out, np.nan, probability), truth)
    for study in range(6):
        for replicate in range(5):
            used = ~out[study, replicate]
            expected = choose_threshold(truth[study, used], probability[study, replicate, used])
            assert found[study, replicate] == pytest.approx(expected)


@pytest.mark.parametrize("steps", [3, 1000])  # with and without many ties
def test_metrics_are_the_workflows(steps):
    rng = np.random.default_rng(steps)
    shape = (8, 5, 30)
    truth, tested = rng.random(shape) < 0.4, rng.random(shape) < 0.4
    truth[0] = True  # a class is missing
    probability = rng.integers(0, steps + 1, shape) / steps
    predicted = probability >= 0.6
    found = batch_metrics(truth, tested, probability, predicted)
    assert {*comparable_metrics()} <= {*found}
    for place in np.ndindex(*shape[:2]):
        used = tested[place]
        y, p, called = truth[place][used], probability[place][used], predicted[place][used]
        for name, value in classification_metrics(y, p, called).items():
            if name in found:
                assert found[name][place] == pytest.approx(value, nan_ok=True), name
        for threshold in THRESHOLDS:
            tp, fp = np.sum(y & (p >= threshold)), np.sum(~y & (p >= threshold))
            net = (tp - fp * threshold / (1 - threshold)) / used.sum()
            assert found[f"net_benefit_{threshold:g}"][place] == pytest.approx(net)


@pytest.mark.parametrize("learner", [*LEARNERS])
def test_the_learners_are_equally_good_and_the_seed_decides(learner):
    design = Design("random", 5, 82)
    studies = simulate(design, learner, runs=200, seed=3)
    right = np.where(studies.tested, studies.predicted == studies.truth[:, None, None], np.nan)
    accuracy = np.nanmean(right, axis=(2, 3))
    error = np.std(accuracy[:, 0] - accuracy[:, 1]) / np.sqrt(200)
    assert abs(np.diff(accuracy.mean(axis=0))[0]) < 4 * error
    assert 0.52 < accuracy.mean() < 0.62  # each learns what half of the features tell
    one, again, other = (simulate(design, learner, runs=2, seed=seed) for seed in (1, 1, 2))
    assert (one.probability == again.probability).all()
    assert (one.probability != other.probability).any()
    first = studies.only(7, 3)
    assert first.tested.shape == (7, 2, 3, 82)
    assert (first.predicted == studies.predicted[:7, :, :3]).all()
    assert first.test_train_ratio == pytest.approx([25 / 57] * 7)


def test_models_share_their_splits_or_not():
    for shared in (True, False):
        studies = simulate(Design("random", 5, 82, shared_splits=shared), "ridge", runs=2, seed=1)
        assert (studies.tested[:, 0] == studies.tested[:, 1]).all() == shared


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("bootstrap", 10, 82), "scheme 'bootstrap'"),
        (("random", 1, 82), "at least 2 replicates"),
        (("random", 10, 20), "40 patients"),
        (("random", 10, 82, 1.0), "test_proportion < 1"),
        (("repeated_kfold", 10, 82, 0.3, 1), "2 folds"),
    ],
)
def test_designs_are_checked(arguments, message):
    with pytest.raises(ValueError, match=message):
        Design(*arguments)


@pytest.mark.parametrize("share", [0.25, 0.5])
def test_a_share_of_the_training_patients_is_the_workflows(share):
    left_out = spared(np.random.default_rng(5), TRUTH, TESTED, share)
    assert not (left_out & TESTED).any()
    ids = [f"{k:03d}" for k in range(82)]
    patients = pd.DataFrame({"patient_id": ids, "target": TRUTH[0].astype(int)})
    for test, out in zip(TESTED[0], left_out[0], strict=True):
        subset = np.where(test, "test", "train").astype(object)
        split = pd.DataFrame({"patient_id": ids, "subset": subset})
        part = fewer_patients(split, patients, share=share, seed=[1])
        expected = (part["subset"] == "train").to_numpy()
        kept = ~test & ~out
        for label in (True, False):
            own = TRUTH[0] == label
            assert (kept & own).sum() == (expected & own).sum()
    assert (left_out[0, 0] != left_out[0, 1]).any()


def test_fewer_patients_teach_less():
    design = Design("random", 5, 82)
    all_of_them, few = (
        simulate(replace(design, train_share=share), "ridge", runs=40, seed=1)
        for share in (1, 0.25)
    )
    areas = [
        batch_metrics(own.truth[:, None, None], own.tested, own.probability, own.predicted)[
            "roc_auc"
        ].mean()
        for own in (all_of_them, few)
    ]
    assert areas[0] > areas[1] + 0.03
    assert (few.tested.sum(axis=-1) == 25).all()
