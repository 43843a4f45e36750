"""Sensitivity and specificity in groups of patients, with the number of patients in each."""

from collections.abc import Iterator

import numpy as np
import pandas as pd

from ctseq.evidence.notes import Code, note
from ctseq.evidence.over_patients.shares import share_of_patients
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
    """Return which decisions were right, and which patients each replicate tested on.

    Shapes (models, replicates, patients) and (replicates, patients), bool, in the order of
    `Tested.patients`; no decision is right on a patient that was not tested on.
    """
    place = pd.Series(range(len(tested.patients)), index=tested.patients["patient_id"])
    right = np.zeros((len(tested.models), len(tested.sets), len(place)), bool)
    seen = np.zeros(right.shape[1:], bool)
    for number, own in enumerate(tested.sets):
        at = place[own.patient_ids].to_numpy()
        right[:, number, at] = own.predicted == own.truth
        seen[number, at] = True
    return right, seen


def subgroups_table(tested: Tested) -> pd.DataFrame:
    """Return every model's sensitivity and specificity in all groups that have test patients.

    They are shares of patients, each of whom counts once (`share_of_patients`).
    A difference between groups or models is described, and not tested. Of a group of fewer than
    `FEWEST` patients only the number is told.
    """
    (right, seen), patients = decisions(tested), tested.patients
    was_tested = seen.any(axis=0)
    labels = {"sensitivity": patients["hemorrhage"] == 1}
    labels["specificity"] = ~labels["sensitivity"]
    rows = []
    for attribute, groups in _attributes(patients, was_tested):
        for group, member in groups.items():
            for measure, label in labels.items():
                chosen = (member & label & was_tested).to_numpy()
                names = {"attribute": attribute, "group": group, "measure": measure}
                for model, own in zip(tested.models, right, strict=True):
                    found = _row(own[:, chosen], seen[:, chosen], **tested.corrected)
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


def _row(right: np.ndarray, seen: np.ndarray, **options: float) -> dict[str, object]:
    n, notes = seen.shape[1], ()
    share = np.nan, np.nan, np.nan
    if n < FEWEST:
        notes = (note(Code.FEW_PATIENTS, needed=FEWEST),)
    else:
        share = share_of_patients(right, seen, **options)
    return dict(zip(("estimate", "low", "high"), share, strict=True)) | {"n": n, "notes": notes}


def _attributes(
    patients: pd.DataFrame, was_tested: np.ndarray
) -> Iterator[tuple[str, dict[str, pd.Series]]]:
    """Yield each attribute with its groups that have test patients, and who their members are.

    Of attributes other than the subtype, those with one group are left out: it is that of all.
    """
    yield "all", {"all": pd.Series(True, index=patients.index)}
    age = patients["age_years"]
    groups = {
        "subtype": {name: patients[name] == 1 for name in SUBTYPES},
        "sex": {sex: patients["sex"] == sex for sex in "FM"},
        "age_years": {name: (age >= low) & (age < high) for name, (low, high) in _AGES.items()},
        # Slices are whole, and so is what parts them.
        "n_slices": _halves(patients["n_slices"], np.floor(patients["n_slices"].median())),
        "spacing_mm": _halves(patients["spacing_mm"], patients["spacing_mm"].median()),
    }
    for attribute, members in groups.items():
        found = {name: member for name, member in members.items() if (member & was_tested).any()}
        if len(found) > 1 or attribute == "subtype":
            yield attribute, found


def _halves(values: pd.Series, middle: float) -> dict[str, pd.Series]:
    return {f"<={middle:g}": values <= middle, f">{middle:g}": values > middle}
