"""Sensitivity and specificity in groups of patients, with the number of patients in each."""

from collections.abc import Iterator

import numpy as np
import pandas as pd

from ctseq.evidence.notes import Code, note
from ctseq.evidence.over_patients.tested import Tested
from ctseq.evidence.rows import check_level, table_with_notes
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


def subgroup_share(right: np.ndarray, *, alpha: float) -> tuple[float, float, float]:
    """Return the share of a group that is called right, with Wilson's interval.

    Wilson 1927 (Journal of the American Statistical Association 22:209-212), with the number of
    patients for n, however often each was tested. The successes are fractional. That is careful:
    a share between 0 and 1 varies less than the coin with this mean that Wilson assumes. The
    interval is about other patients, for models trained as these were.

    Parameters
    ----------
    right
        Of each patient, the share of the replicates that tested the patient in which the model's
        decision was right, shape (patients,).
    alpha
        The interval has level 1 - `alpha`.

    Returns
    -------
    tuple
        Estimate, low and high; NaN without patients.
    """
    from statsmodels.stats.proportion import proportion_confint

    check_level(alpha, "alpha")
    right = np.asarray(right, dtype=float)
    if not ((right >= 0) & (right <= 1)).all():
        raise ValueError("shares must lie between 0 and 1")
    if not len(right):
        return np.nan, np.nan, np.nan
    low, high = proportion_confint(right.sum(), len(right), alpha=alpha, method="wilson")
    return float(right.mean()), float(low), float(high)


def called_right(tested: Tested) -> np.ndarray:
    """Return each patient's share of right decisions over the replicates that tested it.

    Shape (models, patients), in the order of `Tested.patients`; NaN of the never tested.
    """
    place = pd.Series(range(len(tested.patients)), index=tested.patients["patient_id"])
    right = np.zeros((len(tested.models), len(place)))
    times = np.zeros(len(place))
    for own in tested.sets:
        at = place[own.patient_ids].to_numpy()
        right[:, at] += own.predicted == own.truth
        times[at] += 1
    return right / np.where(times > 0, times, np.nan)


def subgroups_table(tested: Tested) -> pd.DataFrame:
    """Return every model's sensitivity and specificity in all groups that have test patients.

    A difference between groups or models is described, and not tested. Of a group of fewer than
    `FEWEST` patients only the number is told.
    """
    right, patients = called_right(tested), tested.patients
    was_tested = ~np.isnan(right).any(axis=0)
    labels = {"sensitivity": patients["hemorrhage"] == 1}
    labels["specificity"] = ~labels["sensitivity"]
    rows = []
    for attribute, groups in _attributes(patients, was_tested):
        for group, member in groups.items():
            for measure, label in labels.items():
                chosen = (member & label & was_tested).to_numpy()
                names = {"attribute": attribute, "group": group, "measure": measure}
                for model, own in zip(tested.models, right, strict=True):
                    found = _row(own[chosen], alpha=tested.settings["alpha"])
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


def _row(right: np.ndarray, *, alpha: float) -> dict[str, object]:
    n, notes = len(right), ()
    share = np.nan, np.nan, np.nan
    if n < FEWEST:
        notes = (note(Code.FEW_PATIENTS, needed=FEWEST),)
    else:
        share = subgroup_share(right, alpha=alpha)
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
