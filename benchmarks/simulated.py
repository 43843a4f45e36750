"""Simulated studies of two learners that are equally good by construction.

A patient has two blocks of independent standard normal features. The label says whether their
equally weighted sum plus standard normal noise is above a cut. A study takes as many patients of
either class as CT-ICH has, in proportion: what is simulated are studies of that prevalence. Each
learner sees one block, so the two are exchangeable and their expected metrics equal, while each new
set of patients makes one of them look better by chance, in all replicates alike.
"""

from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
from learners import LEARNERS

PREVALENCE = 36 / 82  # of CT-ICH
N_FEATURES = 20
# Variance of the label's systematic part, where its noise has variance 1.
SIGNAL = 0.5
SCHEMES = ("random", "stratified", "repeated_kfold")
_BATCH = 50  # studies fitted at once: up to 100 MB


@dataclass(frozen=True)
class Design:
    """How a simulated study draws its replicates.

    Attributes
    ----------
    scheme
        One of `SCHEMES`.
    replicates, n_patients
        Their numbers.
    test_proportion
        Of a random split; rounded half up, in each class apart where stratified.
    folds
        Of a repetition of k-fold.
    shared_splits
        Whether both learners see the same splits.
    train_share
        The share of each replicate's training patients, in each class, that it trains on.
    """

    scheme: str
    replicates: int
    n_patients: int
    test_proportion: float = 0.3
    folds: int = 5
    shared_splits: bool = True
    train_share: float = 1.0

    def __post_init__(self) -> None:
        if self.scheme not in SCHEMES:
            raise ValueError(f"scheme {self.scheme!r}; known are {SCHEMES}")
        if self.replicates < 2 or self.n_patients < 40:
            raise ValueError("at least 2 replicates and 40 patients")
        if not 0 < self.test_proportion < 1 or self.folds < 2:
            raise ValueError("0 < test_proportion < 1 and at least 2 folds")
        if not 0 < self.train_share <= 1:
            raise ValueError("0 < train_share <= 1")


@dataclass(frozen=True)
class Studies:
    """Simulated studies.

    Attributes
    ----------
    truth
        Labels, shape (studies, patients), bool.
    tested
        The test subset of each replicate, shape (studies, learners, replicates, patients), bool.
    probability, predicted
        Of every patient in every replicate, of the same shape; those of test patients count.
    """

    truth: np.ndarray
    tested: np.ndarray
    probability: np.ndarray
    predicted: np.ndarray

    @property
    def test_train_ratio(self) -> np.ndarray:
        """n_test / n_train of each study, the mean over replicates, shape (studies,)."""
        n_test = self.tested.sum(axis=-1)
        return (n_test / (self.tested.shape[-1] - n_test)).mean(axis=(1, 2))

    def only(self, studies: int | None, replicates: int | None) -> "Studies":
        """Return the first studies with their first replicates; None is all."""
        parts = (self.tested, self.probability, self.predicted)
        return Studies(self.truth[:studies], *(own[:studies, :, :replicates] for own in parts))


def simulate(design: Design, learner: str, *, runs: int, seed: int | list[int]) -> Studies:
    """Simulate studies of two equally good learners of one kind.

    Parameters
    ----------
    learner
        A name of `LEARNERS`.
    runs
        Number of studies, each with patients of its own.
    """
    if runs < 1:
        raise ValueError("runs must be at least 1")
    rng = np.random.default_rng(seed)
    fit = LEARNERS[learner]
    batches = []
    for start in range(0, runs, _BATCH):
        X, truth = draw_patients(rng, min(_BATCH, runs - start), design.n_patients)
        tested, left_out = [], []
        for _own in range(1 if design.shared_splits else 2):
            tested.append(draw_splits(rng, design, truth))
            left_out.append(tested[-1] | spared(rng, truth, tested[-1], design.train_share))
        pairs = [(tested[k], left_out[k]) for k in (0, -1)]
        fitted = [fit(X[:, k], truth, out, rng=rng) for k, (_, out) in enumerate(pairs)]
        predicted = [p >= threshold[..., None] for p, threshold in fitted]
        probability = [p for p, _ in fitted]
        parts = ([test for test, _ in pairs], probability, predicted)
        batches.append([truth, *(np.stack(part, 1) for part in parts)])
    return Studies(*map(np.concatenate, zip(*batches, strict=True)))


def draw_patients(
    rng: np.random.Generator, studies: int, n_patients: int
) -> tuple[np.ndarray, np.ndarray]:
    """Draw features, shape (studies, 2, patients, features), and labels, (studies, patients).

    Every study has the same number of positive patients, in random order.
    """
    # So many that too few of a class are among them once in 1e9 studies.
    drawn = 3 * n_patients
    X = rng.standard_normal((studies, 2, drawn, N_FEATURES), dtype=np.float32)
    score = np.float32(np.sqrt(SIGNAL / (2 * N_FEATURES))) * X.sum(axis=(1, 3))
    cut = NormalDist(sigma=np.sqrt(SIGNAL + 1)).inv_cdf(1 - PREVALENCE)
    truth = score + rng.standard_normal(score.shape, dtype=np.float32) > cut
    n_positive = _rounded(PREVALENCE * n_patients)
    taken = (truth & (np.cumsum(truth, axis=1) <= n_positive)) | (
        ~truth & (np.cumsum(~truth, axis=1) <= n_patients - n_positive)
    )
    patients = np.nonzero(taken)[1].reshape(studies, n_patients)
    X = np.take_along_axis(X, patients[:, None, :, None], axis=2)
    return X, np.take_along_axis(truth, patients, axis=1)


def draw_splits(rng: np.random.Generator, design: Design, truth: np.ndarray) -> np.ndarray:
    """Draw which patients each replicate tests on, shape (studies, replicates, patients).

    As `ctseq.replicates.splits` draws them for one study.
    """
    studies, n_patients = truth.shape
    shape = (studies, design.replicates, n_patients)
    if design.scheme == "random":
        return _ranks(rng.random(shape)) < _rounded(design.test_proportion * n_patients)
    n_positive = truth.sum(axis=-1)[:, None, None]
    classes = ~truth[:, None]  # positive patients come first
    if design.scheme == "stratified":
        rank = _ranks(rng.random(shape) + classes)
        of_positive, of_negative = (
            _rounded(design.test_proportion * n) for n in (n_positive, n_patients - n_positive)
        )
        rank_in_class = rank - n_positive * classes
        return rank_in_class < np.where(classes, of_negative, of_positive)
    repetitions = -(-design.replicates // design.folds)
    rank = _ranks(rng.random((studies, repetitions, n_patients)) + classes)
    names = _ranks(rng.random((studies, repetitions, design.folds)))
    fold = np.take_along_axis(names, rank % design.folds, axis=-1)
    tested = fold[:, :, None] == np.arange(design.folds)[:, None]
    return tested.reshape(studies, -1, n_patients)[:, : design.replicates]


def spared(
    rng: np.random.Generator, truth: np.ndarray, tested: np.ndarray, share: float
) -> np.ndarray:
    """Draw who of a replicate's training patients is not trained on, of the shape of `tested`.

    As `ctseq.evidence.further.trainings` draws them for one study.
    """
    if share == 1:
        return np.zeros_like(tested)
    order = rng.random(tested.shape)
    positive = np.broadcast_to(truth[:, None], tested.shape)
    out = np.zeros_like(tested)
    for member in (positive & ~tested, ~positive & ~tested):
        kept = _rounded(share * member.sum(axis=-1, keepdims=True))
        out |= member & (_ranks(np.where(member, order, 2.0)) >= kept)
    return out


def _rounded(number):
    return np.asarray(number + 0.5).astype(int)


def _ranks(values: np.ndarray) -> np.ndarray:
    return values.argsort(axis=-1).argsort(axis=-1)
