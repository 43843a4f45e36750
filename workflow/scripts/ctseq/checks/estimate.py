"""The time and disk that a study will take, from one timed row of each encoder that has to run."""

import shutil
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from ctseq.checks.asked import Asked
from ctseq.checks.costs import (
    LOAD_S,
    REST_S,
    Pass,
    decoding_seconds,
    measured_seconds,
    pass_of,
    rows_of_pass,
    thumb_seconds,
    variants_of,
)
from ctseq.checks.current import is_described
from ctseq.checks.datasets import Examined
from ctseq.checks.encoders import checkpoint_size, time_row
from ctseq.families.needs import needs_of
from ctseq.families.registry import FAMILIES


def estimated(
    asked: Asked,
    examined: Mapping[str, Examined],
    described: Mapping[tuple[str, str], Mapping[str, Any]],
    *,
    threads: int,
) -> dict[str, Any]:
    """Return what each encoder and model is and takes, and the whole: part of check.json.

    Parameters
    ----------
    asked
        What the study asks for.
    examined
        Its datasets, by name.
    described
        The descriptions of its encoders, by the names of encoder and dataset.
    threads
        How many a job of an encoder has, and how many trainings run at a time.
    """
    encoders = [_encoder(name, asked, examined, described, threads) for name in asked.encoders]
    of_row = {one["name"]: one["row_seconds"] for one in encoders}
    models = [_model(name, asked, examined, of_row) for name in asked.models]
    # A fine-tuning takes all threads; others take one each.
    trainings = sum(
        one["runs"] * one["seconds_each"] / (1 if one["finetuned"] else threads) for one in models
    )
    passes = sum(one["seconds"] for one in encoders)
    finished = not passes + trainings and Path(asked.results, "report.html").is_file()
    rest = 0.0 if finished else REST_S
    return {
        "encoders": encoders,
        "models": models,
        "seconds": passes + trainings + rest,
        "seconds_of": {"encoders": passes, "trainings": trainings, "rest": rest},
        "bytes": sum(one["bytes"] for one in encoders),
        "free_bytes": shutil.disk_usage(Path.cwd()).free,
        "threads": threads,
    }


def _encoder(
    name: str,
    asked: Asked,
    examined: Mapping[str, Examined],
    described: Mapping[tuple[str, str], Mapping[str, Any]],
    threads: int,
) -> dict[str, Any]:
    """Return what an encoder is, and what its passes take over all datasets."""
    its, description = asked.encoders[name], described[name, asked.own]
    passes = [_pass(asked, one, name, described[name, one.name]) for one in examined.values()]
    rows, slices = sum(one.rows for one in passes), sum(one.slices for one in passes)
    tuned = any(
        its["finetuned"] and name in its["encoders"] and missing_runs(model, asked)
        for model, its in asked.models.items()
    )
    row_seconds, device = None, None
    if rows or tuned:
        row_seconds, device = time_row(description, its["folder"], threads=threads)
    decoding = sum(
        one.slices * decoding_seconds(examined[one.dataset], described[name, one.dataset])
        for one in passes
        if one.slices
    )
    size = checkpoint_size(its["folder"], its["settings"]["subfolder"] or "")
    return {
        "name": name,
        "architecture": description["architecture"],
        "frames": description["frames"],
        "width": description["width"],
        **(asdict(size) if size else {"parameters": None, "file_bytes": None}),
        "short_scans": _short_scans(examined[asked.own], description),
        "rows": rows,
        "slices": slices,
        "row_seconds": row_seconds,
        "device": device,
        "seconds": rows * (row_seconds or 0.0) + decoding / threads + (LOAD_S if rows else 0.0),
        "bytes": sum(one.bytes for one in passes),
    }


def _pass(asked: Asked, dataset: Examined, name: str, description: Mapping[str, Any]) -> Pass:
    path = asked.description(name, dataset.name)
    settings = asked.encoder_settings(name, dataset.name)
    return pass_of(
        dataset,
        asked.datasets[dataset.name]["folder"],
        name,
        description,
        variants=variants_of(
            name,
            asked.models.values(),
            external=dataset.name != asked.own,
            seed=asked.seed,
            replicates=asked.replicates,
        ),
        shards=asked.shards,
        current=is_described(path, settings, asked.encoders[name]["sources"]),
    )


def _short_scans(dataset: Examined, description: Mapping[str, Any]) -> int:
    """Return of how many scans an encoder sees slices twice, since they have fewer than frames."""
    frames = description["frames"] or 0
    return sum(length < frames for length in dataset.lengths.values())


def _model(
    name: str,
    asked: Asked,
    examined: Mapping[str, Examined],
    of_row: Mapping[str, float | None],
) -> dict[str, Any]:
    """Return what a model is, the needs that it has met, and what its trainings take."""
    its = asked.models[name]
    rule = "finetune" if its["finetuned"] else "fit"
    first = its["encoders"][0]
    rows = rows_of_pass(examined[asked.own].lengths.values(), asked.encoders[first]["settings"])
    measured = measured_seconds(Path(asked.results).parent, rule, name)
    by_thumb = thumb_seconds(its, rows=rows, row_seconds=of_row[first])
    return {
        "name": name,
        "family": FAMILIES[its["family"]].words,
        "encoders": list(its["encoders"]),
        "needs": [need.words for need in needs_of(its["family"], its["labels"])],
        "finetuned": its["finetuned"],
        "runs": missing_runs(name, asked),
        "seconds_each": by_thumb if measured is None else measured,
        "seconds_from": "rules of thumb" if measured is None else "earlier runs",
    }


def missing_runs(model: str, asked: Asked) -> int:
    """Return how many replicates of a model have still to be trained."""
    runs = (
        Path(asked.results, "runs", model, f"replicate-{number:02d}")
        for number in range(1, asked.replicates + 1)
    )
    return sum(not (run / "scores.csv").is_file() for run in runs)
