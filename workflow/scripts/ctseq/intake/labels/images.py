"""Label rows that name an image, such as RSNA 2019's, turned into rows that name a slice."""

from pathlib import PurePosixPath
from typing import NamedTuple

import numpy as np
import pandas as pd

from ctseq.core.errors import InputError
from ctseq.readers.names import image_path, patient_keys, shared_depth


class Resolved(NamedTuple):
    """Label rows with scan and slice in place of the image's name.

    Attributes
    ----------
    rows
        Those of patients, scans and slices. Rows of an image that holds no slice of its scan, such
        as one of a series that was not chosen, have no slice number.
    without_image
        Those whose image is not there.
    of_no_scan
        Those whose image is there, its path as `file`, and of which nobody knows what scan it is
        of: it is damaged, or is never opened.
    """

    rows: pd.DataFrame
    without_image: pd.DataFrame
    of_no_scan: pd.DataFrame


def resolve_images(rows: pd.DataFrame, files: pd.DataFrame, slices: pd.DataFrame) -> Resolved:
    """Return label rows with scan and slice in place of the image's name.

    Parameters
    ----------
    rows
        As `contents.LABELS`; an image is named by the end of its path: all folders that the row
        names must be the file's, in any letter case. Folders that all rows begin with and no file
        has, such as those of another machine, do not count. A row's scan or patient, if it is here,
        must be the file's.
    files, slices
        As `contents.FILES` and `contents.SLICES`, each scan's slices in order.

    Raises
    ------
    InputError
        If several files have the name.
    """
    by_image = rows["image"] != ""
    if not by_image.any():
        return Resolved(rows, rows[:0], rows[:0].assign(file=""))
    path = _paths(rows[by_image], files)
    last = slices.drop_duplicates("path", keep="last").set_index("path")
    scans = _with_neighbours(files).drop_duplicates("path").set_index("path")
    path_of_slice = path[path.isin(last.index) | path.isin(scans.index)]

    def told(name: str) -> pd.Series:
        return path_of_slice.map(last[name]).fillna(path_of_slice.map(scans[name]))

    found = rows.loc[path_of_slice.index].assign(
        scan_id=told("scan_id"),
        patient_id=told("patient_id"),
        slice_number=path_of_slice.map(last["slice_number"]).astype("Int64"),
    )
    missing = path.isna()
    unknown = ~missing & ~path.index.isin(path_of_slice.index)
    return Resolved(
        pd.concat([rows[~by_image], found]).sort_index(),
        rows.loc[path.index[missing]],
        rows.loc[path.index[unknown]].assign(file=path[unknown]),
    )


def _with_neighbours(files: pd.DataFrame) -> pd.DataFrame:
    """Return the files of known scans, and those that lie in a folder of one scan alone."""
    folders = files["path"].map(lambda path: path.rpartition("/")[0])
    known = files["scan_id"] != ""
    owners = files[known].assign(folder=folders)[["folder", "scan_id", "patient_id"]]
    single = owners.drop_duplicates().drop_duplicates("folder", keep=False).set_index("folder")
    found = single.reindex(folders).set_axis(files.index)
    told = files.assign(**found.where(~known, files[["scan_id", "patient_id"]]))
    return told[told["scan_id"].notna()]


def _paths(rows: pd.DataFrame, files: pd.DataFrame) -> pd.Series:
    """Return the path of the file that each row names, NA of a row whose file is not here."""
    names, ends = _in_one_case(rows["image"].map(image_path), files["path"].map(image_path))
    images = {*np.flatnonzero((files["patient_id"] != "") & (files["reason"] == ""))}
    folders = files["path"].map(lambda path: path.rpartition("/")[0])
    used = {*folders.iloc[[*images]]}
    # Also patients of whom nothing can be used.
    within = files.loc[folders.isin(used) & (files["patient_id"] != ""), "patient_id"]
    if len(used) == 1 < within.nunique():
        # A folder of several patients tells none of them apart, whatever most rows call it.
        alone = names.where(~_in_usual_folder(names), names.map(lambda name: name.split("/")[-1]))
        return _only_ones(rows, _numbers_of_files(alone, ends), files)
    options = []
    # Names without a folder say nothing of those that the others share.
    for dropped in range(shared_depth(names[names.str.contains("/")]) + 1):
        short = names.map(lambda name, n=dropped: name.split("/", n)[-1])
        found = _numbers_of_files(short, ends)
        if (names.str.contains("/") & ~short.str.contains("/")).any():
            # Without a folder, a name may be another patient's. It is not where rows and images are
            # the same in number, each with one of the other, so that the folder meant nothing.
            one = [number for own in found for number in own]
            if not found.map(len).eq(1).all() or set(one) != images or len(one) > len(images):
                continue
        options.append(found)
    # The first of the best: with as few folders dropped as do.
    best = max(options, key=lambda found: found.map(len).gt(0).sum())
    return _only_ones(rows, best, files)


def _in_usual_folder(names: pd.Series) -> pd.Series:
    """Tell which paths lie in the folder that more than half of all lie in."""
    folders = names.map(lambda name: name.rpartition("/")[0])
    counts = folders.value_counts()
    return (folders == counts.index[0]) & (2 * counts.iloc[0] > len(names))


def _in_one_case(names: pd.Series, ends: pd.Series) -> tuple[pd.Series, pd.Series]:
    """Return names in lower case, unless files differ by their letters' case alone."""
    lower = ends.str.casefold()
    if lower.nunique() < ends.nunique():
        return names, ends
    return names.str.casefold(), lower


def _numbers_of_files(names: pd.Series, ends: pd.Series) -> pd.Series:
    """Return for each name the positions of all files whose path, as `ends`, ends with it."""
    found = pd.Series([()] * len(names), names.index, dtype="object")
    depths = names.str.count("/")
    for depth in depths.unique():
        own = names[depths == depth]
        wanted = set(own)
        of_name: dict[str, tuple[int, ...]] = {}
        for number, end in enumerate(ends):
            parts = end.rsplit("/", depth + 1)[-depth - 1 :]
            if len(parts) > depth and (name := "/".join(parts)) in wanted:
                of_name[name] = (*of_name.get(name, ()), number)
        found[own.index] = own.map(lambda name, known=of_name: known.get(name, ()))
    return found


def _only_ones(rows: pd.DataFrame, found: pd.Series, files: pd.DataFrame) -> pd.Series:
    """Return the path of the one file that each row names, NA if it names none."""
    # A column of scans or patients counts if it names any that are here.
    owners = [
        (patient_keys(rows[name]), patient_keys(files[name])) for name in ("scan_id", "patient_id")
    ]
    owners = [(own, of_file) for own, of_file in owners if (own[own != ""]).isin(of_file).any()]
    owned = [(own.tolist(), of_file.tolist()) for own, of_file in owners]
    paths, copies = files["path"].tolist(), (files["reason"] == "copy").tolist()
    taken: list[object] = []
    for at, (image, numbers) in enumerate(zip(rows["image"], found, strict=True)):
        for own, of_file in owned:
            numbers = [n for n in numbers if own[at] in ("", of_file[n])]
        # A name that an image shares with its copies means the one that is used.
        numbers = [n for n in numbers if not copies[n]] or numbers
        if len(numbers) > 1:
            numbers = [n for n in numbers if paths[n] == image] or numbers
        if len(numbers) > 1:
            suffix = PurePosixPath(image).suffix.casefold()
            same = [n for n in numbers if PurePosixPath(paths[n]).suffix.casefold() == suffix]
            numbers = same or numbers
        if len(numbers) > 1:
            row = rows.iloc[at]
            raise InputError(
                f"{row['path']}, row {row['row']}, names {image!r}, but {len(numbers)} files are "
                "called so: write their paths, or label by scan and slice."
            )
        taken.append(paths[numbers[0]] if numbers else pd.NA)
    return pd.Series(taken, rows.index, dtype="object")
