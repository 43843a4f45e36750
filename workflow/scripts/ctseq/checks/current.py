"""Whether what is there of a dataset or an encoder is what a study asks for.

Rules ask this whenever they plan, so this imports no table and no encoder.
"""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from ctseq.intake.tables import INDEX
from ctseq.study.standing import differences


def is_indexed(folder: str | Path, settings: Mapping[str, Any]) -> bool:
    """Tell whether a dataset's index is there, made with these settings from what is there now.

    `folder` is that of what is made of the dataset, and `settings` are the dataset's. A raw dataset
    that is gone cannot have changed.
    """
    recorded, path = Path(folder, "format.json"), Path(settings["path"])
    if not all(recorded.with_name(f"{table}.csv").is_file() for table in INDEX):
        return False
    drawn = settings["phantom"] is not None  # as its settings say, whenever that was
    sources = [] if drawn else [path, path / (settings["labels"] or "")]
    return _is_current(recorded, settings, sources)


def is_described(
    path: str | Path, settings: Mapping[str, Any], sources: Iterable[str] = ()
) -> bool:
    """Tell whether an encoder's description is there, made with these settings and files.

    `sources` are files of a local checkpoint that must not be younger.
    """
    return _is_current(Path(path), settings, map(Path, sources))


def _is_current(recorded: Path, settings: Mapping[str, Any], sources: Iterable[Path]) -> bool:
    if not recorded.is_file() or differences(recorded, settings):
        return False
    made = recorded.stat().st_mtime_ns
    return all(source.stat().st_mtime_ns <= made for source in sources if source.exists())
