"""The patients' sequences sorted into two folders, as links into the dataset."""

from pathlib import Path

import pandas as pd


def link_sequences(
    dataset: Path, slices: pd.DataFrame, patients: pd.DataFrame, folder: Path
) -> None:
    """Link every patient's slices under Positive/NNN or Negative/NNN.

    A slice that is a file is called after its number, ``k.jpg``; a file of several slices keeps
    its name.

    Parameters
    ----------
    dataset
        The dataset's root.
    slices, patients
        As `tables.SLICES` and `tables.PATIENTS`.
    folder
        Where the two folders shall stand.
    """
    hemorrhage = patients.set_index("patient_id")["hemorrhage"]
    for name in ("Positive", "Negative"):
        (folder / name).mkdir(parents=True)
    for path, own in slices.groupby("path", sort=False):
        first = own.iloc[0]
        group = "Positive" if hemorrhage[first["patient_id"]] else "Negative"
        suffix = Path(path).suffix.lower().replace(".jpeg", ".jpg")
        name = f"{first['slice_number']}{suffix}" if len(own) == 1 else Path(path).name
        link = folder / group / first["patient_id"] / name
        link.parent.mkdir(exist_ok=True)
        link.symlink_to(dataset.absolute() / path)
