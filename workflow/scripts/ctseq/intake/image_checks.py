"""Slices decoded and checked: unreadable ones, odd sizes, images that two patients share."""

from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from hashlib import blake2b
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from ctseq.core.errors import InputError
from ctseq.core.progress import progress
from ctseq.readers.contents import Pixels
from ctseq.readers.problems import SLICE, problem, scan_words
from ctseq.readers.registry import Reader


def decode_slices(
    folder: str | Path, slices: pd.DataFrame, reader: Reader, *, threads: int
) -> pd.DataFrame:
    """Decode every slice, one scan after the other, `threads` slices at a time.

    Returns
    -------
    DataFrame
        The slices with `shape`, (H, W) or in words what is wrong, and `digest` of the pixels,
        empty for a slice of a single grey value.
    """
    decoded: list[tuple[tuple[int, ...] | str, str]] = []
    scans = slices.groupby("scan_id", sort=False)
    with ThreadPoolExecutor(threads) as pool:
        for _, own in progress(
            scans, total=len(slices), unit="slices", weigh=lambda scan: len(scan[1])
        ):
            try:
                sequence = reader.open_sequence(folder, own)
            except InputError as error:
                decoded += [(str(error), "")] * len(own)
            else:
                decoded += pool.map(_shape_and_digest, [sequence] * len(own), range(len(own)))
    return slices.assign(shape=[shape for shape, _ in decoded], digest=[d for _, d in decoded])


def _shape_and_digest(sequence: Pixels, index: int) -> tuple[tuple[int, ...] | str, str]:
    try:
        pixels = np.ascontiguousarray(sequence(index))
    except InputError as error:
        return str(error), ""
    if (pixels == pixels.flat[0]).all():
        return pixels.shape, ""
    # 128 bits are enough that different slices never share them.
    digest = blake2b(pixels.tobytes() + str(pixels.shape).encode(), digest_size=16)
    return pixels.shape, digest.hexdigest()


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


def copied_scans(slices: pd.DataFrame) -> dict[str, str]:
    """Return the scans whose slices all have the pixels of an earlier scan of the same patient.

    Each is given with that earlier one. They stay in one subset with it, so nothing leaks, but they
    would count twice. `slices` are those that nothing else leaves out.
    """
    scans = slices.drop_duplicates("scan_id")
    several = scans.loc[scans.duplicated("patient_id", keep=False), "scan_id"]
    seen: dict[tuple[str, ...], str] = {}
    copies = {}
    of_scan = slices[slices["scan_id"].isin(several)].groupby("scan_id", sort=False)
    for scan_id, own in of_scan:
        pixels = (own["patient_id"].iloc[0], *own["digest"])
        if pixels in seen:
            copies[scan_id] = seen[pixels]
        elif own["digest"].ne("").any():
            seen[pixels] = scan_id
    return copies


def _size(shape: tuple[int, int]) -> str:
    return f"{shape[1]} x {shape[0]}"
