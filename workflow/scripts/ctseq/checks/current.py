"""Whether what is there of a dataset or an encoder is what a study asks for.

Rules ask this whenever they plan, so this imports no table and no encoder.
"""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from ctseq.intake.tables import INDEX
from ctseq.study.datasets import Dataset, label_files
from ctseq.study.encoders import Encoder, settings_in
from ctseq.study.made.standing import differences
from ctseq.study.study import Study


def is_indexed(folder: str | Path, settings: Mapping[str, Any]) -> bool:
    """Tell whether a dataset's index is there, made with these settings from what is there now.

    `folder` is that of what is made of the dataset, and `settings` are the dataset's. A raw dataset
    that is gone cannot have changed.
    """
    recorded, path = Path(folder, "format.json"), Path(settings["path"])
    if not all(recorded.with_name(f"{table}.csv").is_file() for table in INDEX):
        return False
    drawn = settings["phantom"] is not None  # as its settings say, whenever that was
    sources = [] if drawn else [path, *label_files(path, settings["labels"])]
    return _is_current(recorded, settings, map(Path, sources))


def is_described(
    path: str | Path, settings: Mapping[str, Any], sources: Iterable[str] = ()
) -> bool:
    """Tell whether an encoder's description is there, made with these settings and files.

    `sources` are files of a local checkpoint that must not be younger.
    """
    return _is_current(Path(path), settings, map(Path, sources))


def is_encoded(encoder: Encoder, dataset: Dataset) -> bool:
    """Tell whether an encoder's description for a dataset is there, and what a study asks for."""
    path = dataset.description(encoder.name)
    return is_described(path, settings_in(encoder, dataset), encoder.local_files)


def files_to_check(study: Study) -> list[str]:
    """List the raw datasets and checkpoints that a check reads, if they are here or made here.

    What is missing is for the check to say, before any checkpoint is fetched. What is gone and was
    used before is not needed, and yet listed where the study has its check: Snakemake leaves that
    as it is then, and would make it again for another list.
    """
    found: list[str] = []
    checked = Path(study.results, "check.txt").exists()
    lacking = any(map(_lacks_files, study.datasets.values()))
    for dataset in study.datasets.values():
        indexed = is_indexed(dataset.folder, dataset.settings)
        # A phantom is drawn only where it is not indexed yet.
        wanted = (checked and not dataset.synthetic) if indexed else dataset.synthetic
        if wanted or Path(dataset.path).exists():
            found += [dataset.path, *dataset.label_files]
    for encoder in study.encoders.values():
        folder = encoder.checkpoint_folder
        encoded = all(is_encoded(encoder, dataset) for dataset in study.datasets.values())
        local = folder == encoder.local_folder
        wanted = checked and local if encoded else not (local or lacking)
        if folder and (wanted or Path(folder).exists()):
            found += [folder, *encoder.local_files]
    return found


def _lacks_files(dataset: Dataset) -> bool:
    """Tell whether a dataset has yet to be indexed, and its folder or label table is not there."""
    if dataset.synthetic or is_indexed(dataset.folder, dataset.settings):
        return False
    labels = not dataset.labels or bool(dataset.label_files)
    return not (Path(dataset.path).exists() and labels)


def _is_current(recorded: Path, settings: Mapping[str, Any], sources: Iterable[Path]) -> bool:
    if not recorded.is_file() or differences(recorded, settings):
        return False
    made = recorded.stat().st_mtime_ns
    return all(source.stat().st_mtime_ns <= made for source in sources if source.exists())
