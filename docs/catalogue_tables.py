"""The generated tables of docs/datasets.md and docs/training.md, made from the registries."""

from collections.abc import Mapping

from config_tables import named

from ctseq.families.registry import FAMILIES, Family
from ctseq.imaging.windows import PRESETS
from ctseq.readers.formats import FORMATS
from ctseq.readers.problems import PROBLEMS, UNUSED_FILES, Reason


def dataset_tables() -> dict[str, str]:
    """Return the tables of docs/datasets.md, by the names that the page has for them."""
    windows = ["| preset | level, HU | width, HU |", "|---|---|---|"]
    windows += [f"| `{name}` | {one.level} | {one.width} |" for name, one in PRESETS.items()]
    return {
        "formats": _formats(),
        "windows": "\n".join(windows),
        "files": _reasons(UNUSED_FILES),
        "problems": _reasons(PROBLEMS),
    }


def training_tables() -> dict[str, str]:
    """Return the table of docs/training.md, by the name that the page has for it."""
    return {"families": families_table(FAMILIES)}


def families_table(families: Mapping[str, Family]) -> str:
    """Return the Markdown table of families: name, words, and what they learn from and by."""
    lines = [
        "| `family` | what it is | learns from | of encoders that see | `training.loss` | `pool` |",
        "|---|---|---|---|---|---|",
    ]
    for name, about in families.items():
        cells = [
            f"`{name}`",
            about.words,
            _learned_from(about),
            *(named(values) for values in (about.takes, about.losses, about.pools)),
        ]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def _learned_from(about: Family) -> str:
    if about.combines:
        return "its members' scores of scans"
    return "all slices of a scan" if about.together else "each row"


def _formats() -> str:
    rows = ["| `format` | expects | recognised by | pixels | labels |", "|---|---|---|---|---|"]
    for name, one in FORMATS.items():
        pixels = "Hounsfield units" if one.hounsfield else "grey, in the brain window"
        labels = "its own table" if one.own_labels else "a label table"
        rows.append(f"| `{name}` | {one.expects} | {one.looked_for} | {pixels} | {labels} |")
    return "\n".join(rows)


def _reasons(reasons: Mapping[str, Reason]) -> str:
    rows = ["| code | what | |", "|---|---|---|"]
    rows += [f"| `{code}` | {why.words} | {why.meaning} |" for code, why in reasons.items()]
    return "\n".join(rows)
