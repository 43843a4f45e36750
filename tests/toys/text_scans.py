"""A reader as a user would add one: a file ``ID.scan`` a scan, its label and then a slice a line.

A slice is a number, and looks like a square in this grey on black.
"""

from pathlib import Path

import numpy as np

from ctseq.readers.contents import FLAGS, Contents, File


def recognises(folder, links_into=()):
    """Return in words how the format is recognised."""
    return "its files *.scan" if [*Path(folder).glob("*.scan")] else ""


def list_contents(folder, table=None, target="hemorrhage", links_into=()):
    """List the scans and their labels."""
    files, labels = [], []
    for path in sorted(Path(folder).glob("*.scan")):
        label, *slices = path.read_text().split()
        numbers = range(1, len(slices) + 1)
        ranks = [(number, number, 5.0 * number) for number in numbers]
        files.append(File(path.name, "scan", path.stem, path.stem, slices=ranks))
        flags = [int(label) if flag == target else None for flag in FLAGS]
        labels.append((path.name, 1, path.stem, path.stem, None, *flags, "", ""))
    return Contents(files, labels, "scan")


def open_sequence(folder, slices, windows=None):
    """Return a function from the index of a slice to its pixels."""
    (path,) = set(slices["path"])
    lines = (Path(folder) / path).read_text().split()

    def pixels(index):
        picture = np.zeros((24, 24), np.uint8)
        picture[6:18, 6:18] = int(lines[slices["slice_number"].iloc[index]])
        return picture

    return pixels
