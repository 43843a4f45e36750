"""The simulated features that heads are tried on: what is in them, and what is not."""

import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.append(str(Path(__file__).parents[2] / "benchmarks"))

import simulated_features  # noqa: E402
from simulated_features import KINDS, draw_dataset  # noqa: E402

SIZES = {"width": 200, "n_train": 57, "n_test": 25}


def drawn(kind="mean", strength=0.0, seed=3, **sizes):
    return draw_dataset(kind, strength, **SIZES | sizes, seed=seed)


def standardised(data):
    return (data.vectors - data.vectors.mean(0)) / data.vectors.std(0)


@pytest.mark.parametrize("kind", KINDS)
def test_a_seed_draws_the_same_and_another_does_not(kind):
    first, second, other = (drawn(kind, 1.0, seed) for seed in (3, 3, [3, 1]))
    for part in ("scans", "slices", "split"):
        assert getattr(first, part).equals(getattr(second, part))
    assert (first.vectors == second.vectors).all()
    assert first.vectors.dtype == np.float32
    assert not np.array_equal(first.vectors[:30], other.vectors[:30])


def test_scans_are_as_many_and_as_long_as_the_datasets():
    data = drawn(n_train=570, n_test=250, width=1)
    scans = data.scans.assign(trains=data.trains)
    assert scans.groupby("trains")["target"].agg(["size", "sum"]).values.tolist() == [
        [250, 110],  # 36 of 82
        [570, 250],
    ]
    number = np.array([len(own) for own in data.rows])
    assert (number.min(), np.median(number), number.max()) == (19, 30, 40)
    assert np.concatenate(data.rows).tolist() == list(range(len(data.vectors)))
    for own, scan in zip(data.rows[:3], ("000", "001", "002"), strict=True):
        assert set(data.slices["scan_id"].iloc[own]) == {scan}
        assert data.slices["slice_number"].iloc[own].tolist() == [*range(1, len(own) + 1)]
    # In random order: the labels of the first half say nothing.
    assert 0.3 < data.scans["target"][:285].mean() < 0.6


def test_features_have_scales_over_two_decades_and_means_of_their_own():
    data = drawn(width=400)
    deviation, mean = data.vectors.std(0), data.vectors.mean(0)
    assert 0.08 < deviation.min() < 0.15 < 7 < deviation.max() < 13
    assert np.histogram(np.log10(deviation), 4, (-1, 1))[0].min() > 70
    assert (np.abs(mean) > deviation).mean() > 0.5


def test_features_go_along_few_factors():
    variances = np.linalg.svd(standardised(drawn(width=400)), compute_uv=False) ** 2
    share = np.cumsum(variances) / variances.sum()
    assert 0.65 < share[49] < 0.8  # of 50 factors, and of noise a little
    assert share[99] - share[49] < 0.12


def test_neighbouring_slices_are_alike_and_patients_differ():
    data = drawn()
    parts = [standardised(data)[own] for own in data.rows]
    near, far = (np.mean([(p[:-k] * p[k:]).mean() for p in parts]) for k in (1, 12))
    across = np.mean([(a[:19] * b[:19]).mean() for a, b in zip(parts, parts[1:], strict=False)])
    # Between patients .4 of the variance; the rest, as far as it is of factors, .7, at .8 a slice.
    assert near == pytest.approx(0.4 + 0.6 * 0.7 * 0.8, abs=0.04)
    assert far == pytest.approx(0.4 + 0.6 * 0.7 * 0.8**12, abs=0.04)
    assert across == pytest.approx(0, abs=0.05)


@pytest.mark.parametrize("kind", ["mean", "maximum"])
def test_the_slices_that_are_labelled_are_shifted_and_no_others(kind):
    plain, data = drawn(kind), drawn(kind, 1.5)
    change = (data.vectors - plain.vectors) / plain.vectors.std(0)
    lengths = (change**2).mean(1) ** 0.5
    seen = data.slices["target"].to_numpy() == 1
    assert lengths[~seen].max() < 1e-3
    assert lengths[seen].mean() == pytest.approx(1.5, rel=0.1)
    assert data.slices.groupby("scan_id")["target"].max().tolist() == data.scans["target"].tolist()
    for own, target in zip(data.rows, data.scans["target"], strict=True):
        where = np.flatnonzero(seen[own])
        if target:
            # One shift a scan, on neighbouring slices.
            assert np.ptp(change[own][where], axis=0).max() < 1e-3
            assert where[-1] - where[0] == len(where) - 1
            assert len(where) == len(own) if kind == "mean" else 2 <= len(where) <= 6


@pytest.mark.parametrize("kind", ["mean", "maximum"])
def test_lesions_have_a_tenth_in_common_and_other_shifts_all(kind):
    plain, data = drawn(kind, width=2000), drawn(kind, 1.0, width=2000)
    change = (data.vectors - plain.vectors) / plain.vectors.std(0)
    seen = data.slices["target"].to_numpy() == 1
    shifts = np.stack([change[own][seen[own]][0] for own in data.rows if seen[own].any()])
    alike = np.corrcoef(shifts)[np.triu_indices(len(shifts), 1)]
    # The standard error of the tenth is .02: fifty factors, and one common direction.
    expected = {"mean": pytest.approx(1, abs=1e-3), "maximum": pytest.approx(0.1, abs=0.06)}
    assert alike.mean() == expected[kind]


def test_order_is_all_that_tells_scans_of_the_kind_order():
    part, shifts = np.zeros((9, 2)), np.array([[1.0, 0.0], [0.0, 1.0]])
    places = [slice(6, 8), slice(1, 3)]
    positive, labels = simulated_features._shifted("order", part.copy(), 1, shifts, places)
    negative, others = simulated_features._shifted("order", part.copy(), 0, shifts, places)
    assert positive[:, 0].tolist() == [0, 1, 1, 0, 0, 0, 0, 0, 0]
    assert positive[:, 1].tolist() == [0, 0, 0, 0, 0, 0, 1, 1, 0]
    # The same slices, the last one first.
    assert negative.tolist() == positive[::-1].tolist()
    assert labels.tolist() == [1] * 9
    assert others.tolist() == [0] * 9


def test_the_two_stretches_do_not_meet_and_may_be_anywhere():
    rng = np.random.default_rng(0)
    drawn = [sorted(_ends(simulated_features._stretches(rng, 19))) for _ in range(2000)]
    assert all(0 <= a < b < c < d <= 19 for (a, b), (c, d) in drawn)
    assert {b - a for pair in drawn for a, b in pair} == {2, 3, 4, 5, 6}
    # Room before, between and behind is drawn alike.
    rooms = np.mean([(a, c - b - 1, 19 - d) for (a, b), (c, d) in drawn], axis=0)
    assert rooms == pytest.approx(np.full(3, 10 / 3), abs=0.25)


def _ends(stretches):
    return [(own.start, own.stop) for own in stretches]


@pytest.mark.parametrize(
    "options", [{"kind": "median"}, {"strength": -1}, {"n_train": 3}, {"n_test": 3}]
)
def test_what_cannot_be_drawn_is_refused(options):
    with pytest.raises(ValueError, match="known are|at least 4"):
        drawn(**options)
