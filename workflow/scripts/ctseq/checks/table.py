"""What a check found, as a table for a terminal of 80 columns."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import zip_longest
from textwrap import wrap
from typing import Any

from ctseq.core.words import duration, listed, size
from ctseq.readers.problems import REASONS

Found = Mapping[str, Any]

_WIDTH = 80
_GAP = "  "


def table(found: Found) -> str:
    """Return what a check found, part by part: data, encoders, models, time and disk."""
    lines = [f"Check of the study {found['study']}: nothing is wrong.", ""]
    lines += [*_datasets(found), "", *_encoders(found), "", *_models(found), "", *_whole(found)]
    return "\n".join(line.rstrip() for line in lines) + "\n"


def summary(found: Found, path: str) -> str:
    """Return what a check found in three lines; `path` is where the whole table stands."""
    own = found["datasets"][0]
    return (
        f"Check: {_patients(own)}, {own['brain_slices']} slices; "
        f"{_number(len(found['models']), 'model')}, {_number(len(found['encoders']), 'encoder')}.\n"
        f"{_takes(found)}\n"
        f"The whole table: {path}\n"
    )


def _datasets(found: Found) -> Iterator[str]:
    rows = [("dataset", "patients", "positive", "scans", "slices", "positive", "a scan")]
    for one in found["datasets"]:
        counts, lengths = (one[key] for key in ("positive_slices", "slices_per_scan"))
        rows.append(
            (
                one["name"],
                *map(str, (one["patients"], one["positive_patients"], one["scans"])),
                str(one["brain_slices"]),
                "not labelled" if counts is None else str(counts),
                f"{lengths['min']} to {lengths['max']}",
            )
        )
    yield from _aligned(rows)
    for one in found["datasets"]:
        for part, reasons in one["left_out"].items():
            told = [f"{REASONS[code].words} ({number})" for code, number in reasons.items()]
            if told:
                yield from _folded(f"Left out of {one['name']}, {part}: {listed(told)}.")
    splits = found["splits"]
    yield from _folded(
        f"{_number(splits['replicates'], 'replicate')}: {_range(splits['train'])} patients to "
        f"learn from, {_range(splits['test'])} to test on, {_range(splits['positive'])} of them "
        "positive."
    )


def _encoders(found: Found) -> Iterator[str]:
    rows = [("encoder", "class", "weights", "file", "time", "disk")]
    for one in found["encoders"]:
        rows.append(
            (
                one["name"],
                one["architecture"],
                _millions(one["parameters"]),
                "-" if one["file_bytes"] is None else size(one["file_bytes"]),
                duration(one["seconds"]) if one["rows"] or one["slices"] else "0, is there",
                size(one["bytes"]) if one["bytes"] else "0",
            )
        )
    yield from _aligned(rows, left=2)
    for one in found["encoders"]:
        if one["short_scans"]:
            yield from _folded(
                f"{one['name']} sees {one['frames']} slices of a scan: it sees some twice in "
                f"{_number(one['short_scans'], 'scan')} with fewer."
            )


def _models(found: Found) -> Iterator[str]:
    rows = [("model", "family", "encoder", "needs, met", "trainings")]
    for one in found["models"]:
        each = f"{one['runs']} of {duration(one['seconds_each'])}"
        rows.append(
            (
                one["name"],
                one["family"],
                ", ".join(one["encoders"]),
                listed(one["needs"]) or "-",
                each if one["runs"] else "0, are there",
            )
        )
    yield from _aligned(rows, left=4)


def _whole(found: Found) -> Iterator[str]:
    yield from _folded(_takes(found))
    timed = [one for one in found["encoders"] if one["row_seconds"] is not None]
    for one in timed:
        yield from _folded(
            f"{one['name']}: one row took {one['row_seconds']:.2g} s on {one['device']} with "
            f"{_number(found['threads'], 'thread')}, and there are {one['rows']}."
        )
    sources = dict.fromkeys(one["seconds_from"] for one in found["models"] if one["runs"])
    if sources:
        yield from _folded(f"Times of trainings are from {listed(sources)}.")


def _takes(found: Found) -> str:
    """Return the sentence on the time and disk that a study will take."""
    parts = found["seconds_of"]
    if not found["seconds"]:
        return "All of it is there: nothing is left to encode or to train."
    return (
        f"It will take about {duration(found['seconds'])}: encoders {duration(parts['encoders'])}, "
        f"trainings {duration(parts['trainings'])}, the rest {duration(parts['rest'])}; and "
        f"{size(found['bytes'])} of {size(found['free_bytes'])} that are free."
    )


def _patients(dataset: Found) -> str:
    return f"{dataset['patients']} patients, {dataset['positive_patients']} positive"


def _millions(parameters: int | None) -> str:
    if parameters is None:
        return "-"
    return f"{parameters / 1e6:.1f} M" if parameters >= 1e5 else f"{parameters:,}"


def _number(count: int, unit: str) -> str:
    return f"{count} {unit}{'s' * (count != 1)}"


def _range(ends: Sequence[int]) -> str:
    low, high = ends
    return str(low) if low == high else f"{low} to {high}"


def _aligned(rows: Sequence[Sequence[str]], *, left: int = 1) -> Iterator[str]:
    """Yield the lines of a table; the first `left` columns are flush left, the others right.

    Where a line would be too long, the widest texts among the former are folded.
    """
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    while sum(widths) + len(_GAP) * (len(widths) - 1) > _WIDTH:
        widest = max(range(left), key=widths.__getitem__)
        if widths[widest] <= 8:  # narrower would be no words
            break
        widths[widest] -= 1
    for row in rows:
        cells = [wrap(text, width) or [""] for text, width in zip(row, widths, strict=True)]
        for texts in zip_longest(*cells, fillvalue=""):
            yield _GAP.join(
                text.ljust(width) if number < left else text.rjust(width)
                for number, (text, width) in enumerate(zip(texts, widths, strict=True))
            )


def _folded(sentence: str) -> list[str]:
    return wrap(sentence, _WIDTH, subsequent_indent=_GAP)
