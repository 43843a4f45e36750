"""Who the patients are, in all and by subset, and replicates whose split is odd."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from scipy import stats

from ctseq.evidence.over_patients.tested import Tested
from ctseq.readers.subtypes import SUBTYPES

# Numbers that patients have, and flags: what the flag is of, and its column and value.
_NUMBERS = ("age_years", "n_slices", "spacing_mm")
_FLAGS = {"women": ("sex", "F"), "hemorrhage": ("hemorrhage", 1)}
_FLAGS |= {name: (name, 1) for name in SUBTYPES}
# A split is odd if fewer than one random split in twenty parts the positive patients so unevenly.
# It is not divided by the number of replicates: an odd split is named, and no hypothesis is tested.
ODD = 0.05


def with_subtypes(patients: pd.DataFrame, slices: pd.DataFrame) -> pd.DataFrame:
    """Return the patients with a column a subtype: 1 if any of their slices shows it, else 0.

    It is NaN for patients of whom a slice has no label of the subtype.

    Parameters
    ----------
    patients, slices
        `intake.tables.PATIENTS` and `intake.tables.SLICES`.
    """
    flags = slices[list(SUBTYPES)].astype("float64").groupby(slices["patient_id"])
    shown = flags.max().where(flags.count().eq(flags.size(), axis=0))
    return patients.join(shown, on="patient_id")


def split_p(n_train: int, n_test: int, positive_train: int, positive_test: int) -> float:
    """Return the share of random splits that are as uneven as this one, or more.

    Two-sided hypergeometric tail, the p value of Fisher's exact test: the probability of all
    splits of these sizes that are no more probable than this one.
    """
    table = [[positive_test, n_test - positive_test], [positive_train, n_train - positive_train]]
    return float(stats.fisher_exact(table).pvalue)


def participants_table(tested: Tested) -> pd.DataFrame:
    """Return the patients' characteristics, in all and by subset.

    `value` is that of all patients or, of a subset, the mean over replicates, of which `least` and
    `most` are the extremes. Shares and quartiles are of the patients in whom a characteristic is
    known; `missing` counts the others.
    """
    rows = []
    for subset, groups in _subsets(tested).items():
        described = pd.DataFrame([_description(group) for group in groups])
        for characteristic, statistic in described:
            values = described[characteristic, statistic]
            row = {"characteristic": characteristic, "statistic": statistic, "subset": subset}
            ends = (values.min(), values.max()) if subset != "all" else (np.nan, np.nan)
            rows.append(row | {"value": values.mean(), "least": ends[0], "most": ends[1]})
    return pd.DataFrame(rows)


def splits_table(tested: Tested) -> pd.DataFrame:
    """Return how each replicate's split parts the positive patients, and whether it is odd."""
    rows = []
    sides = (_subsets(tested)[name] for name in ("train", "test"))
    for own, train, test in zip(tested.sets, *sides, strict=True):
        sizes = len(train), len(test)
        positive = int(train["hemorrhage"].sum()), int(test["hemorrhage"].sum())
        p = split_p(*sizes, *positive)
        rows.append((own.replicate, *sizes, *positive, p, int(p < ODD)))
    columns = ["replicate", "n_train", "n_test", "positive_train", "positive_test", "p", "odd"]
    return pd.DataFrame(rows, columns=columns)


def _subsets(tested: Tested) -> dict[str, Sequence[pd.DataFrame]]:
    """Return all patients once, and the patients of both subsets of each replicate."""
    patients = tested.patients
    is_test = [patients["patient_id"].isin(own.patient_ids) for own in tested.sets]
    return {
        "all": [patients],
        "train": [patients[~test] for test in is_test],
        "test": [patients[test] for test in is_test],
    }


def _description(patients: pd.DataFrame) -> dict[tuple[str, str], float]:
    """Return the statistics of each characteristic in a group of patients."""
    found: dict[tuple[str, str], float] = {("patients", "n"): len(patients)}
    for name in ("age_years", "women", "hemorrhage", *SUBTYPES, "n_slices", "spacing_mm"):
        column, value = _FLAGS.get(name, (name, None))
        known = patients[column].replace("", np.nan).dropna()
        if name in _NUMBERS:
            quartiles = known.quantile([0.25, 0.5, 0.75]).to_numpy(dtype=float)
            found |= {
                (name, statistic): quartile
                for statistic, quartile in zip(("q1", "median", "q3"), quartiles, strict=True)
            }
        else:
            found[name, "n"] = (known == value).sum() if len(known) else np.nan
            found[name, "share"] = (known == value).mean() if len(known) else np.nan
        found[name, "missing"] = len(patients) - len(known)
    return found
