"""Finished studies, looked at before any rule runs: their files, and what they were made with."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from ctseq.core.errors import InputError, fail_on
from ctseq.study.config import resolved_config

# Kind of file to its path in a study's folder. The configuration is written last.
_FILES = {
    "configs": "config.yaml",
    "metrics": "metrics.csv",
    "verdicts": "comparison/verdict.csv",
}
# What differs where `finished_config` finds none that this version reads.
OTHER_VERSION = "its config.yaml is one of another version"


def finished_config(
    results: str | Path, schema: Mapping[str, Any], *, metrics: Sequence[str]
) -> dict[str, Any] | None:
    """Return the configuration that the results in a folder were made with, with its defaults.

    It is None if another version of the workflow wrote it, with keys that this one does not know.
    """
    made = yaml.safe_load(Path(results, _FILES["configs"]).read_text(encoding="utf-8"))
    try:
        return resolved_config(made, schema, metrics=metrics)
    except InputError:
        return None


def finished_files(studies: Sequence[str], results: Path) -> dict[str, list[Path]]:
    """Return the files of studies, by name, in the folder `results` that their comparison reads.

    Returns
    -------
    dict
        ``configs``, ``metrics`` and ``verdicts``, a path for each study, and ``splits``, a path for
        each replicate, study by study.

    Raises
    ------
    InputError
        If there are fewer than two studies, or if one lacks a file.
    """
    if len(studies) < 2:
        raise InputError(
            f"compare_studies names {', '.join(studies) or 'no study'}; it takes two finished "
            "ones or more, such as\n"
            "  snakemake compare_studies --config 'compare_studies=[ct-ich, recommended]'"
        )
    found = {kind: [results / study / name for study in studies] for kind, name in _FILES.items()}
    lacking = {
        study: next((path for path in paths if not path.is_file()), None)
        for study, *paths in zip(studies, *found.values(), strict=True)
    }
    found["splits"] = []
    for study in (study for study, path in lacking.items() if path is None):
        config = yaml.safe_load((results / study / "config.yaml").read_text(encoding="utf-8"))
        if "compare" not in config:
            raise InputError(
                f"Study {study} was made by an earlier version, whose tables are of another form: "
                "run it again, then compare."
            )
        numbers = range(1, config["replicates"] + 1)
        splits = [results / study / f"splits/replicate-{number:02d}.csv" for number in numbers]
        lacking[study] = next((path for path in splits if not path.is_file()), None)
        found["splits"] += splits
    fail_on(
        [f"study {study} lacks {path}" for study, path in lacking.items() if path],
        title="compare_studies names studies that are not finished",
        cure="Run each to its report first, with the file that says `study: NAME`:\n"
        "  snakemake --configfile FILE",
    )
    return found
