"""Label rows brought to what they are about, and to what the labels are asked for."""

import pandas as pd

from ctseq.core.errors import InputError
from ctseq.intake.labels.checks import of_subtypes
from ctseq.readers.names import patient_keys
from ctseq.readers.registry import KEY
from ctseq.readers.subtypes import TARGETS, deciding_flags, flag_of, target_words


def with_targets(rows: pd.DataFrame, target: str, *, key: str = KEY) -> pd.DataFrame:
    """Return label rows with `hemorrhage` as far as they tell, and with their flag for the target.

    They also get `contradiction`: whether hemorrhage and subtypes do not fit, where these decide.

    `key` is where the configuration has the dataset.

    Raises
    ------
    InputError
        If no row knows the target.
    """
    rows = rows.assign(hemorrhage=rows["hemorrhage"].fillna(of_subtypes(rows)))
    rows = rows.assign(target=rows[flag_of(target)], contradiction=_contradicted(rows, target))
    sound = rows[rows["invalid"] == ""]
    if len(sound) and sound["target"].isna().all():
        known = ", ".join(name for name in TARGETS if sound[name].notna().any())
        raise InputError(
            f"{key}.target is {target!r}, but {sound['path'].iloc[0]} says nothing of "
            f"{target_words(target)}; it knows {known or 'no target'}. Set the target to one of "
            "these, or use labels that know it."
        )
    return rows


def _contradicted(rows: pd.DataFrame, target: str) -> pd.Series:
    if "hemorrhage" not in deciding_flags(target):
        return pd.Series(False, rows.index)
    return (of_subtypes(rows) != rows["hemorrhage"]).fillna(False)


def with_units(
    slices: pd.DataFrame, rows: pd.DataFrame, *, labels_of: str
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return slices and label rows with the `unit` by which they find each other.

    It is the canonical key of the patient, where labels are of patients, or else of the scan.
    Slices have the scan's as `scan_key` too. Rows are sorted by it.

    Raises
    ------
    InputError
        If rows name slices by patient and number, and the patient has several scans.
    """
    scan_key = patient_keys(slices["scan_id"])
    unit = slices["key"] if labels_of == "patient" else scan_key
    slices = slices.assign(scan_key=scan_key, unit=unit)
    name = rows["patient_id"]
    if labels_of != "patient":
        name = rows["scan_id"].where(rows["scan_id"] != "", name)
    rows = rows.assign(unit=patient_keys(name))
    if labels_of == "slice":
        several = slices.loc[slices["key"] != scan_key, "key"]
        by_patient = rows["unit"].isin(several) & (rows["scan_id"] == "")
        for row in rows[by_patient].head(1).itertuples():
            raise InputError(
                f"{row.path}, row {row.row}, names a slice by its number, but patient "
                f"{row.patient_id} has several scans: name them in a column scan_id (as in "
                "listing.csv) or StudyInstanceUID, or name the images."
            )
    return slices, rows.sort_values("unit", kind="stable", ignore_index=True)
