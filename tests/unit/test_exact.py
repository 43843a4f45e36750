"""Linear heads that are solved: the minimum that scikit-learn finds, chosen inside, and stored."""

import dataclasses

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss
from sklearn.preprocessing import StandardScaler

from ctseq.families.inputs import Inputs
from ctseq.families.learning import fit as fit_model
from ctseq.families.learning import predict as predict_model
from ctseq.families.trained import logistic
from ctseq.families.trained.exact import STRENGTHS
from ctseq.families.trained.linear import fit, predict
from ctseq.families.trained.logistic import solve
from ctseq.replicates.tasks import tabulate_scores
from featured import SOLVED, labelled, model_of, problem, split_of

pytestmark = pytest.mark.numerical


def by_scikit_learn(features, labels, strength, class_weight=None):
    return LogisticRegression(
        C=strength, tol=1e-12, max_iter=10_000, solver="newton-cholesky", class_weight=class_weight
    ).fit(features, labels)


def rows_of(n, width, *, signal=1.0, seed=0):
    """Return standardised features that are correlated, and labels, of which a third are 1."""
    rng = np.random.default_rng(seed)
    labels = (np.arange(n) % 3 == 0).astype(int)
    features = rng.normal(size=(n, width)) + rng.normal(size=(n, 1))
    features[:, 0] += signal * labels
    return StandardScaler().fit_transform(features), labels


@pytest.mark.parametrize("class_weight", [None, "balanced"])
@pytest.mark.parametrize(
    ("n", "width", "signal"), [(40, 60, 1.0), (90, 12, 1.0), (40, 3, 50.0), (60, 60, 0.0)]
)
def test_minima_are_those_of_scikit_learn(n, width, signal, class_weight):
    """With more features than rows, more rows than features, and classes that one separates."""
    features, labels = rows_of(n, width, signal=signal)
    share = labels.mean()
    counts = np.ones(n)
    if class_weight:
        counts = np.where(labels == 1, 0.5 / share, 0.5 / (1 - share))
    for strength, (weight, bias) in zip(
        STRENGTHS, solve(features, labels, counts, STRENGTHS), strict=True
    ):
        peer = by_scikit_learn(features, labels, strength, class_weight)
        found = 1 / (1 + np.exp(-(features @ weight + bias)))
        np.testing.assert_allclose(found, peer.predict_proba(features)[:, 1], rtol=0, atol=1e-6)
        np.testing.assert_allclose(weight, peer.coef_[0], rtol=1e-4, atol=1e-6)


def test_many_rows_are_solved_with_a_factor_of_the_curvature(monkeypatch):
    """As with conjugate gradients alone, which take long where features are much alike."""
    rng = np.random.default_rng(0)
    features = rng.normal(size=(300, 120)) @ np.diag(np.arange(1, 121) ** -1.0)
    features = StandardScaler().fit_transform(features @ rng.normal(size=(120, 120)))
    labels = (features[:, 0] + rng.normal(size=300) > 0.5).astype(int)
    made = []
    factorise = logistic._Problem._factorise
    monkeypatch.setattr(
        logistic._Problem,
        "_factorise",
        lambda problem, curvature: [made.append(1), factorise(problem, curvature)],
    )
    for strength, (weight, bias) in zip(
        STRENGTHS, solve(features, labels, np.ones(300), STRENGTHS), strict=True
    ):
        peer = by_scikit_learn(features, labels, strength)
        found = 1 / (1 + np.exp(-(features @ weight + bias)))
        np.testing.assert_allclose(found, peer.predict_proba(features)[:, 1], rtol=0, atol=1e-6)
    assert made


def test_the_penalty_is_of_the_weights_alone():
    """Without any weight, the intercept gives the share of positive rows."""
    features, labels = rows_of(30, 5)
    [(weight, bias)] = solve(features, labels, np.ones(30), [1e-9])
    assert np.abs(weight).max() < 1e-7
    assert 1 / (1 + np.exp(-bias)) == pytest.approx(1 / 3, abs=1e-7)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_what_is_no_number_is_an_error_and_no_endless_search(value):
    features, labels = rows_of(8, 3)
    features[2, 1] = value
    with pytest.raises(ValueError, match="no finite numbers"):
        solve(features, labels, np.ones(8), [0.1])


@pytest.mark.parametrize("label", [0, 1])
def test_one_class_alone_has_a_finite_answer(label):
    features, _ = rows_of(8, 3)
    labels = np.full(8, label)
    for weight, bias in solve(features, labels, np.ones(8), [0.1, 10]):
        assert not weight.any()
        assert 1 / (1 + np.exp(-bias)) == pytest.approx([0.1, 0.9][label])


def learned(features, task, **changed):
    inputs = Inputs(features, None, 0.02)
    settings = model_of("linear", training=SOLVED | changed)
    found = fit(inputs, task, settings, seed=3, replicate=1)
    tested = Inputs(features[task.outer.held_out], None, 0.02)
    return found, predict(found.fitted, tested).probability


@pytest.mark.parametrize("loss", ["cross_entropy", "weighted"])
def test_the_strength_is_chosen_on_held_out_rows_and_every_fit_standardises_its_own(loss):
    features, task = problem()
    labels = task.labels.copy()
    labels[1::4] = 0
    task = dataclasses.replace(task, labels=labels)
    class_weight = "balanced" if loss == "weighted" else None
    found, tested = learned(features, task, loss=loss)

    def expected(fit, strength):
        scaler = StandardScaler().fit(features[fit.train].astype(float))
        rows = [scaler.transform(features[own].astype(float)) for own in (fit.train, fit.held_out)]
        peer = by_scikit_learn(rows[0], labels[fit.train], strength, class_weight)
        return peer.predict_proba(rows[1])[:, 1]

    truth = np.concatenate([labels[fit.held_out] for fit in task.inner])
    share = labels[task.outer.train].mean()
    counts = np.where(truth == 1, 0.5 / share, 0.5 / (1 - share)) if class_weight else None
    losses = [
        log_loss(
            truth,
            np.concatenate([expected(fit, strength) for fit in task.inner]),
            sample_weight=counts,
        )
        for strength in STRENGTHS
    ]
    # The first that none is better than by more than rounding could explain.
    best = next(n for n, loss in enumerate(losses) if loss <= min(losses) + 1e-4)
    assert 0 < best < len(STRENGTHS) - 1
    assert found.summary == {"C": STRENGTHS[best]}
    assert found.history is None
    for fit_, held_out in zip(task.inner, found.held_out, strict=True):
        peers = expected(fit_, found.summary["C"])
        np.testing.assert_allclose(held_out, peers, rtol=0, atol=1e-6)
    peers = expected(task.outer, found.summary["C"])
    np.testing.assert_allclose(tested, peers, rtol=0, atol=1e-6)


def test_a_constant_feature_changes_nothing():
    features, task = problem()
    wider = np.column_stack([features, np.full(len(features), 7, np.float32)])
    (plain, tested), (found, same) = learned(features, task), learned(wider, task)
    assert found.summary == plain.summary
    assert not found.fitted.arrays["weight"][:, -1].any()
    np.testing.assert_allclose(same, tested, rtol=0, atol=1e-6)


def test_test_rows_and_seeds_decide_nothing():
    features, task = problem()
    found, _ = learned(features, task)
    features[task.outer.held_out] *= -9
    other, _ = learned(features, task)
    for name, values in found.fitted.arrays.items():
        np.testing.assert_array_equal(other.fitted.arrays[name], values)
    np.testing.assert_array_equal(other.held_out, found.held_out)


def test_a_fold_without_a_class_does_not_stop_it():
    features, task = problem()
    inner = [*task.inner]
    negative = inner[0].train[task.labels[inner[0].train] == 0]
    inner[0] = dataclasses.replace(inner[0], train=negative)
    found, _ = learned(features, dataclasses.replace(task, inner=inner))
    assert found.held_out[0] == pytest.approx(1 / (len(negative) + 2))


def test_logistic_regression_is_the_same_solver():
    data = labelled(24)
    split, options = split_of(data), {"folds": 3, "repeats": 2, "seed": 0, "replicate": 1}
    scores = []
    for family in ("linear", "logistic"):
        model = model_of(family, pool="max", training=SOLVED)
        task, found = fit_model(data, split, model, **options)
        tested, _ = predict_model(found.fitted, data.features, patients={*split["patient_id"]})
        scores.append(tabulate_scores(task, tested, found.held_out))
        assert len(task.inner) == 6
    assert scores[0].equals(scores[1])
    train = split.loc[split["subset"] == "train", "patient_id"]
    held_out = scores[0].loc[scores[0]["subset"] == "held_out", "patient_id"]
    assert sorted(held_out) == sorted(train)  # once each, though held out twice
