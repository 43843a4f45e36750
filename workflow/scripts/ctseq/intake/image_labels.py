"""Label rows that name an image, such as RSNA 2019's, turned into rows that name a slice."""

import re
from pathlib import PurePosixPath

import pandas as pd

from ctseq.core.errors import InputError


def resolve_images(
    rows: pd.DataFrame, files: pd.DataFrame, slices: pd.DataFrame
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return label rows with scan and slice in place of the image's name.

    Parameters
    ----------
    rows
        As `contents.LABELS`; an image is named by its path, or by its name without suffix.
    files, slices
        As `contents.FILES` and `contents.SLICES`, each scan's slices in order.

    Returns
    -------
    rows : DataFrame
        The rows of patients, scans and slices. Those of an image that holds no slice of its scan,
        such as one of a series that was not chosen, have no slice number; those of an image of no
        scan are left out.
    without_image : DataFrame
        The rows whose image is not there.

    Raises
    ------
    InputError
        If several files have the name.
    """
    by_image = rows["image"] != ""
    if not by_image.any():
        return rows, rows[:0]
    paths = files["path"]
    named = pd.DataFrame(
        {
            "name": pd.concat([paths, paths.map(_without_suffix)], ignore_index=True),
            "path": pd.concat([paths, paths], ignore_index=True),
        }
    ).drop_duplicates()
    # A name that an image shares with its copies means the one that is used.
    copies = named["path"].isin(paths[files["reason"] == "copy"])
    named = named[~copies | ~named["name"].isin(named.loc[~copies, "name"])]
    images = rows.loc[by_image, "image"]
    names = images.where(images.isin(named["name"]), images.map(_without_suffix))
    n_files = names.map(named["name"].value_counts())
    for index in n_files.index[n_files > 1]:
        row = rows.loc[index]
        raise InputError(
            f"{row['path']}, row {row['row']}, names {row['image']!r}, but "
            f"{n_files[index]:.0f} files are called so: write their paths, or label by scan "
            "and slice."
        )
    path = names.map(named.drop_duplicates("name").set_index("name")["path"])
    last = slices.drop_duplicates("path", keep="last").set_index("path")
    scans = files[files["scan_id"] != ""].drop_duplicates("path").set_index("path")
    path_of_slice = path[path.isin(last.index) | path.isin(scans.index)]

    def told(name: str) -> pd.Series:
        return path_of_slice.map(last[name]).fillna(path_of_slice.map(scans[name]))

    found = rows.loc[path_of_slice.index].assign(
        scan_id=told("scan_id"),
        patient_id=told("patient_id"),
        slice_number=path_of_slice.map(last["slice_number"]).astype("Int64"),
    )
    return pd.concat([rows[~by_image], found]).sort_index(), rows.loc[path.index[path.isna()]]


def _without_suffix(path: str) -> str:
    """Return an image's name as label tables may write it: ``IM1`` for ``series/IM1.dcm``."""
    return re.sub(r"\.(dcm|png|jpe?g|tiff?)$", "", PurePosixPath(path).name, flags=re.IGNORECASE)
