"""Sensitivity and specificity in groups of scans, with the number of patients in each."""

from collections.abc import Iterator

import numpy as np
import pandas as pd

from ctseq.evidence.notes import Code, note
from ctseq.evidence.over_patients.shares import share_of_scans
from ctseq.evidence.over_patients.tested import Tested
from ctseq.evidence.rows import table_with_notes
from ctseq.readers.subtypes import SUBTYPES

# Of four patients, no 95 % interval is narrower than .49, which is half of all there could be.
FEWEST = 5
_AGES = {"<50": (0, 50), "50-69": (50, 70), ">=70": (70, np.inf)}
_TITLES = {
    "all": "All patients",
    "subtype": "{}",
    "sex": "{}",
    "age_years": "Age {}",
    "n_slices": "{} slices",
    "spacing_mm": "Slices {} mm apart",
}
_SEXES = {"F": "women", "M": "men"}


def decisions(tested: Tested) -> tuple[np.ndarray, np.ndarray]:
    """Return which decisions were right, and which scans each replicate tested on.

    Shapes (models, replicates, scans) and (replicates, scans), bool, in the order of
    `Tested.scans`; no decision is right on a scan that was not tested on.
    """
    place = pd.Series(range(len(tested.scans)), index=tested.scans["scan_id"])
    right = np.zeros((len(tested.models), len(tested.sets), len(place)), bool)
    seen = np.zeros(right.shape[1:], bool)
    for number, own in enumerate(tested.sets):
        at = place[own.scan_ids].to_numpy()
        right[:, number, at] = own.predicted == own.truth
        seen[number, at] = True
    return right, seen


def subgroups_table(tested: Tested) -> pd.DataFrame:
    """Return every model's sensitivity and specificity in all groups that have test scans.

    They are shares of scans, each of which counts once (`share_of_scans`); `n` is their number.
    A difference between groups or models is described, and not tested. Of a group of fewer than
    `FEWEST` patients only the numbers are told.
    """
    (right, seen), scans = decisions(tested), tested.scans
    patients, was_tested = pd.factorize(scans["patient_id"])[0], seen.any(axis=0)
    labels = {"sensitivity": scans["target"] == 1}
    labels["specificity"] = ~labels["sensitivity"]
    rows = []
    for attribute, groups in _attributes(scans, was_tested):
        for group, member in groups.items():
            for measure, label in labels.items():
                chosen = (member & label & was_tested).to_numpy()
                names = {"attribute": attribute, "group": group, "measure": measure}
                for model, own in zip(tested.models, right, strict=True):
                    given = own[:, chosen], seen[:, chosen], patients[chosen]
                    found = _row(*given, **tested.corrected)
                    rows += [{"model": model, **names, **found}] * bool(chosen.any())
    return table_with_notes(rows)


def title_of(attribute: str, group: str) -> str:
    """Return the title of a group, at axes and in tables."""
    words = _SEXES.get(group, group).replace("<=", "up to ").replace("<", "below ")
    if words.startswith(">="):
        words = f"{words[2:]} or more"
    words = words.replace(">", "more than ").replace("-", " to ")
    title = _TITLES[attribute].format(words)
    return title[:1].upper() + title[1:]


def _row(
    right: np.ndarray, seen: np.ndarray, patients: np.ndarray, **options: float
) -> dict[str, object]:
    counts, notes = {"n": len(patients), "n_patients": len(set(patients))}, ()
    share = np.nan, np.nan, np.nan
    if counts["n_patients"] < FEWEST:
        notes = (note(Code.FEW_PATIENTS, needed=FEWEST),)
    else:
        share = share_of_scans(right, seen, patients, **options)
    return dict(zip(("estimate", "low", "high"), share, strict=True)) | counts | {"notes": notes}


def _attributes(
    scans: pd.DataFrame, was_tested: np.ndarray
) -> Iterator[tuple[str, dict[str, pd.Series]]]:
    """Yield each attribute with its groups that have test scans, and which their members are.

    Of attributes other than the subtype, those with one group are left out: it is that of all.
    """
    yield "all", {"all": pd.Series(True, index=scans.index)}
    age = scans["age_years"]
    groups = {
        "subtype": {name: scans[name] == 1 for name in SUBTYPES},
        "sex": {sex: scans["sex"] == sex for sex in "FM"},
        "age_years": {name: (age >= low) & (age < high) for name, (low, high) in _AGES.items()},
        # Slices are whole, and so is what parts them.
        "n_slices": _halves(scans["n_slices"], np.floor(scans["n_slices"].median())),
        "spacing_mm": _halves(scans["spacing_mm"], scans["spacing_mm"].median()),
    }
    for attribute, members in groups.items():
        found = {name: member for name, member in members.items() if (member & was_tested).any()}
        if len(found) > 1 or attribute == "subtype":
            yield attribute, found


def _halves(values: pd.Series, middle: float) -> dict[str, pd.Series]:
    return {f"<={middle:g}": values <= middle, f">{middle:g}": values > middle}
