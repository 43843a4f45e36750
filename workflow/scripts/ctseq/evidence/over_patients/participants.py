"""Who the patients are and what was scanned, in all and by subset; replicates of odd splits."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from scipy import stats

from ctseq.evidence.over_patients.tested import Tested
from ctseq.readers.subtypes import SUBTYPES
from ctseq.replicates.splits import positive_patients

# Flags: what the flag is of, and its column and value. All else are numbers.
_FLAGS = {"women": ("sex", "F"), **{name: (name, 1) for name in ("target", *SUBTYPES)}}
_OF_PATIENTS, _OF_SCANS = ("age_years", "women"), ("target", *SUBTYPES, "n_slices", "spacing_mm")
# A split is odd if fewer than one random split in twenty parts the positive patients so unevenly.
# It is not divided by the number of replicates: an odd split is named, and no hypothesis is tested.
ODD = 0.05


def with_subtypes(scans: pd.DataFrame, slices: pd.DataFrame) -> pd.DataFrame:
    """Return the scans with a column a subtype: 1 if any of their slices shows it, else 0.

    It is NaN for scans of which a slice has no label of the subtype.

    Parameters
    ----------
    scans, slices
        `intake.tables.SCANS` and `intake.tables.SLICES`.
    """
    flags = slices[list(SUBTYPES)].astype("float64").groupby(slices["scan_id"])
    shown = flags.max().where(flags.count().eq(flags.size(), axis=0))
    return scans.join(shown, on="scan_id")


def split_p(n_train: int, n_test: int, positive_train: int, positive_test: int) -> float:
    """Return the share of random splits that are as uneven as this one, or more.

    Two-sided hypergeometric tail, the p value of Fisher's exact test: the probability of all
    splits of these sizes that are no more probable than this one.
    """
    table = [[positive_test, n_test - positive_test], [positive_train, n_train - positive_train]]
    return float(stats.fisher_exact(table).pvalue)


def participants_table(tested: Tested) -> pd.DataFrame:
    """Return the characteristics of patients and scans, in all and by subset.

    Age and sex are of patients, who count once, and all else of scans. `value` is that of all or,
    of a subset, the mean over replicates, of which `least` and `most` are the extremes. Shares and
    quartiles are of those in whom a characteristic is known; `missing` counts the others.
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
    subsets = _subsets(tested)
    for own, *scans in zip(tested.sets, subsets["train"], subsets["test"], strict=True):
        sides = [positive_patients(side) for side in scans]
        sizes, positive = ([int(of(side)) for side in sides] for of in (len, sum))
        p = split_p(*sizes, *positive)
        rows.append((own.replicate, *sizes, *positive, p, int(p < ODD)))
    columns = ["replicate", "n_train", "n_test", "positive_train", "positive_test", "p", "odd"]
    return pd.DataFrame(rows, columns=columns)


def _subsets(tested: Tested) -> dict[str, Sequence[pd.DataFrame]]:
    """Return all scans once, and the scans of both subsets of each replicate."""
    scans = tested.scans
    is_test = [scans["scan_id"].isin(own.scan_ids) for own in tested.sets]
    return {
        "all": [scans],
        "train": [scans[~test] for test in is_test],
        "test": [scans[test] for test in is_test],
    }


def _description(scans: pd.DataFrame) -> dict[tuple[str, str], float]:
    """Return the statistics of each characteristic in a group of scans and their patients."""
    patients = scans.drop_duplicates("patient_id")
    found: dict[tuple[str, str], float] = {("patients", "n"): len(patients)}
    found["scans", "n"] = len(scans)
    described = [(name, patients) for name in _OF_PATIENTS]
    described += [(name, scans) for name in _OF_SCANS]
    for name, rows in described:
        column, value = _FLAGS.get(name, (name, None))
        known = rows[column].replace("", np.nan).dropna()
        if name not in _FLAGS:
            quartiles = known.quantile([0.25, 0.5, 0.75]).to_numpy(dtype=float)
            found |= {
                (name, statistic): quartile
                for statistic, quartile in zip(("q1", "median", "q3"), quartiles, strict=True)
            }
        else:
            found[name, "n"] = (known == value).sum() if len(known) else np.nan
            found[name, "share"] = (known == value).mean() if len(known) else np.nan
        found[name, "missing"] = len(rows) - len(known)
    return found
