"""Slices decoded and checked: unreadable ones, odd sizes or units, images of two patients."""

import re
from collections import Counter
from collections.abc import Collection, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path, PurePosixPath
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from ctseq.core.errors import InputError
from ctseq.core.progress import progress
from ctseq.imaging.digests import pixel_digest
from ctseq.imaging.hounsfield import Values, measured, not_hounsfield, odd_slices
from ctseq.readers.contents import Pixels
from ctseq.readers.formats import FORMATS
from ctseq.readers.problems import NEVER_OPENED, NOTHING, REASONS, SCAN, SLICE, problem, scan_words
from ctseq.readers.registry import Reader, reader_of


class Decoded(NamedTuple):
    """What is kept of a decoded slice; the fields are those of `decode_slices`."""

    shape: tuple[int, ...] | str
    digest: str = ""
    values: Values | None = None


def decode_slices(
    folder: str | Path, slices: pd.DataFrame, format: str, *, threads: int
) -> pd.DataFrame:
    """Decode every slice, one scan after the other, `threads` slices at a time.

    Returns
    -------
    DataFrame
        The slices with `shape`, (H, W) or in words what is wrong; `digest` of the pixels, empty for
        a slice of a single grey value; and `values`, what they tell of their unit, None for a slice
        of a single value and for formats of pictures.
    """
    reader, hounsfield = reader_of(format), FORMATS[format].hounsfield
    found: list[tuple[int, Decoded]] = []
    scans = slices.groupby("scan_id", sort=False)
    with ThreadPoolExecutor(threads) as pool:
        for _, own in progress(
            scans, total=len(slices), unit="slices", weigh=lambda scan: len(scan[1])
        ):
            found += _decoded(folder, own, reader, pool, hounsfield=hounsfield)
    # A damaged scan is decoded file by file, so not in the order of its slices.
    decoded = [one for _, one in sorted(found, key=lambda pair: pair[0])]
    # Columns of objects: pandas would make numbers or text of some.
    columns = dict(zip(Decoded._fields, zip(*decoded, strict=True), strict=True)) if decoded else {}
    told = {name: columns.get(name, ()) for name in Decoded._fields}
    return slices.assign(
        **{name: pd.Series(list(all_), slices.index, "object") for name, all_ in told.items()}
    )


def _decoded(
    folder: str | Path,
    own: pd.DataFrame,
    reader: Reader,
    pool: ThreadPoolExecutor,
    *,
    hounsfield: bool,
) -> list[tuple[int, Decoded]]:
    """Return a scan's slices, by their index: decoded all at once, or each file by itself."""
    try:
        sequence = reader.open_sequence(folder, own)
    except InputError as error:
        files = [file for _, file in own.groupby("path", sort=False)]
        if len(files) > 1:  # others of its files may be sound
            alone = (_decoded(folder, file, reader, pool, hounsfield=hounsfield) for file in files)
            return [one for file in alone for one in file]
        told = [Decoded(str(error))] * len(own)
    else:
        n = len(own)
        told = list(pool.map(_slice, [sequence] * n, range(n), [hounsfield] * n))
    return list(zip(own.index, told, strict=True))


def _slice(sequence: Pixels, index: int, hounsfield: bool) -> Decoded:
    try:
        pixels = np.ascontiguousarray(sequence(index))
    except InputError as error:
        return Decoded(str(error))
    if (pixels == pixels.flat[0]).all():
        return Decoded(pixels.shape)
    values = measured(pixels) if hounsfield else None
    return Decoded(pixels.shape, pixel_digest(pixels), values)


def unusable_images(slices: pd.DataFrame, folder: str | Path) -> Iterator[dict[str, Any]]:
    """Find unreadable slices, and slices of another size than the scan's others.

    `slices` are as `decode_slices` returns them; messages leave out the dataset's root, `folder`.
    """
    readable = np.array([isinstance(shape, tuple) for shape in slices["shape"]], dtype=bool)
    for file in slices[~readable].itertuples():
        yield problem(
            "unreadable",
            *(SLICE, file.path, file.patient_id, file.slice_number),
            scan_id=file.scan_id,
            detail=file.shape.removeprefix(f"{Path(folder) / file.path} ").rstrip("."),
        )
    slices = slices[readable]
    shapes = slices.groupby("scan_id", sort=False)["shape"]
    # If two shapes are equally common, the first one counts as usual.
    usual = {scan: Counter(own).most_common(1)[0][0] for scan, own in shapes}
    odd = [s != usual[scan] for s, scan in zip(slices["shape"], slices["scan_id"], strict=True)]
    for file in slices[odd].itertuples():
        yield problem(
            "size",
            *(SLICE, file.path, file.patient_id, file.slice_number),
            scan_id=file.scan_id,
            detail=f"{_size(file.shape)}, the others {_size(usual[file.scan_id])}",
        )


def files_not_opened(
    files: pd.DataFrame, slices: pd.DataFrame, named: Collection[str] = ()
) -> Iterator[dict[str, Any]]:
    """Find files that are never opened, though they should be slices.

    They lie beside slices and are called as these are, or are `named` as images by the label table.
    Nobody knows what they show, so nothing else is left out with them.
    """
    beside = {_place_and_kind(path) for path in slices["path"].unique()}
    for file in files[files["reason"].isin(NEVER_OPENED)].itertuples():
        if file.path in named or _place_and_kind(file.path) in beside:
            yield problem("not-opened", NOTHING, file.path, detail=REASONS[file.reason].words)


def other_units(slices: pd.DataFrame) -> Iterator[dict[str, Any]]:
    """Find scans, and slices of others, whose values are no Hounsfield units, by `values`."""
    for scan_id, own in slices.groupby("scan_id", sort=False):
        if words := not_hounsfield(own["values"]):
            first = own.iloc[0]
            found = (SCAN, first["path"], first["patient_id"])
            yield problem("not-hounsfield", *found, scan_id=scan_id, detail=words)
            continue
        for index, words in odd_slices(own["values"]).items():
            odd = own.iloc[index]
            found = (SLICE, odd["path"], odd["patient_id"], odd["slice_number"])
            yield problem("not-hounsfield", *found, scan_id=scan_id, detail=words)


def shared_images(slices: pd.DataFrame) -> Iterator[dict[str, Any]]:
    """Find slices with the same pixels as another patient's, by `digest` and by `key`."""
    owners = slices[slices["digest"] != ""].drop_duplicates(["digest", "key"])
    several = owners.loc[owners.duplicated("digest"), "digest"]
    for _, group in slices[slices["digest"].isin(several)].groupby("digest", sort=False):
        owners = group.drop_duplicates("key")
        for file in group.itertuples():
            other = owners[owners["key"] != file.key].iloc[0]
            yield problem(
                "duplicate",
                *(SLICE, file.path, file.patient_id, file.slice_number),
                scan_id=file.scan_id,
                detail=f"{scan_words(other['scan_id'], other['patient_id'])} "
                f"slice {other['slice_number']}",
            )


def _place_and_kind(path: str) -> tuple[str, str]:
    """Return a file's folder, and the suffix of its name in lower case; numbers are none."""
    found = PurePosixPath(path)
    suffix = found.suffix.casefold()
    return str(found.parent), suffix if re.search("[a-z]", suffix) else ""


def _size(shape: tuple[int, int]) -> str:
    return f"{shape[1]} x {shape[0]}"
