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
        The folder that gets the two.
    """
    hemorrhage = patients.set_index("patient_id")["hemorrhage"].to_dict()
    for name in ("Positive", "Negative"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    alone = ~slices["path"].duplicated(keep=False)
    for file in slices.assign(alone=alone).drop_duplicates("path").itertuples():
        group = "Positive" if hemorrhage[file.patient_id] else "Negative"
        suffix = Path(file.path).suffix.lower().replace(".jpeg", ".jpg")
        name = f"{file.slice_number}{suffix}" if file.alone else Path(file.path).name
        link = folder / group / file.patient_id / name
        link.parent.mkdir(exist_ok=True)
        link.symlink_to(dataset.absolute() / file.path)
