"""Links to the scans' slices, sorted into a folder of positive and one of negative scans."""

from pathlib import Path

import pandas as pd


def link_sequences(dataset: Path, slices: pd.DataFrame, scans: pd.DataFrame, folder: Path) -> None:
    """Link the slices' files, in the dataset's root, into Positive/NNN or Negative/NNN of `folder`.

    NNN is the scan's id. A file of one slice is named after its number, ``k.jpg``; a file of
    several keeps its name.
    """
    target = scans.set_index("scan_id")["target"].to_dict()
    for name in ("Positive", "Negative"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    alone = ~slices["path"].duplicated(keep=False)
    for file in slices.assign(alone=alone).drop_duplicates("path").itertuples():
        group = "Positive" if target[file.scan_id] else "Negative"
        suffix = Path(file.path).suffix.lower().replace(".jpeg", ".jpg")
        name = f"{file.slice_number}{suffix}" if file.alone else Path(file.path).name
        link = folder / group / file.scan_id / name
        link.parent.mkdir(exist_ok=True)
        link.symlink_to(dataset.absolute() / file.path)
