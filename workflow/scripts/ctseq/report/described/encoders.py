"""What each encoder is, from its settings and its description, in words."""

from collections.abc import Mapping, Sequence
from typing import Any

from ctseq.core.paths import last_part
from ctseq.encoders.registry import ENCODER_TYPES, SIGHTS
from ctseq.report.study import Conducted
from ctseq.study.encoders import TINY, Encoder

_RESAMPLING = {0: "nearest", 1: "Lanczos", 2: "bilinear", 3: "bicubic", 4: "box", 5: "Hamming"}
# Poolings that the configuration has no name for, in words.
_POOLED = {"classifier": "what its classifier reads"}


def checkpoint_words(study: Conducted, encoder: Encoder) -> str:
    """Return the name of an encoder's checkpoint; of a local folder its last part alone."""
    local = study.encoders[encoder.name]["commit"] is None
    if encoder.checkpoint is None or encoder.checkpoint == TINY or not local:
        return encoder.checkpoint or "none"
    return f"a local folder, {last_part(encoder.checkpoint)}"


def slices_seen(study: Conducted, encoder: Encoder) -> str:
    """Return how many slices of a scan an encoder sees, and which."""
    frames = study.encoders[encoder.name]["frames"]
    if frames:
        return f"{frames} ({encoder.frame_sampling})"
    return f"the first {encoder.first_slices}" if encoder.first_slices else "all"


def window_words(window: str | Sequence[str]) -> str:
    """Return one window, or three that become channels, as level and width."""
    return window if isinstance(window, str) else ", ".join(window)


def pooling_words(description: Mapping[str, Any]) -> str | None:
    """Return how an encoder's output becomes one row, from its description; None without any."""
    return _POOLED.get(description["pooling"], description["pooling"])


def preprocessing_words(description: Mapping[str, Any]) -> str:
    """Return the steps of an encoder's preprocessing, from its description."""
    steps = dict(description["preprocessing"])
    if "resample" in steps:
        steps["resample"] = _RESAMPLING.get(steps["resample"], "unknown")
    return "; ".join(f"{spaced(key)} {plain(value)}" for key, value in steps.items())


def encoder_rows(study: Conducted, encoder: Encoder) -> dict[str, str]:
    """Return what an encoder is, title to cell; what it does not have is left out."""
    known = study.encoders[encoder.name]
    rows = {
        "Encoder": f"{encoder.name}: {ENCODER_TYPES[encoder.type].words}",
        "Sees": SIGHTS[encoder.sees].words,
        "Architecture": known["architecture"],
        "Checkpoint": checkpoint_words(study, encoder),
    }
    if encoder.checkpoint == TINY:
        rows["Checkpoint"] += " (small, pretrained on other synthetic patients)"
    elif encoder.checkpoint is not None:
        if encoder.subfolder:
            rows["Subfolder"] = encoder.subfolder
        if known["commit"]:
            rows |= {"Revision": encoder.revision, "Commit": known["commit"]}
    rows |= {
        "SHA-256 of the weights": known["weights_sha256"],
        "Pooling": pooling_words(known),
        "Slices seen": slices_seen(study, encoder),
        "Size": f"{encoder.size} x {encoder.size} pixels, not its own" if encoder.size else None,
        "Window, level/width": window_words(encoder.window or study.resolved.dataset.window),
        "Preprocessing": preprocessing_words(known),
    }
    return {title: cell for title, cell in rows.items() if cell is not None}


def spaced(key: str) -> str:
    """Return a key of the configuration in words."""
    return key.replace("_", " ")


def plain(value: Any) -> str:
    """Return a value of the configuration in words."""
    if isinstance(value, float):
        # A learning rate reads better with its zeros; 12 decimals are more than any has.
        return f"{value:.12f}".rstrip("0").rstrip(".") if 1e-9 < value < 1e-3 else f"{value:g}"
    if isinstance(value, list | tuple):
        sizes = all(isinstance(part, int) for part in value)  # not means or deviations
        parts = (part if isinstance(part, str) else plain(part) for part in value)  # or names
        return (" × " if sizes else ", ").join(parts)
    if isinstance(value, Mapping):
        return ", ".join(f"{spaced(key)} {plain(part)}" for key, part in value.items())
    if value is None or isinstance(value, bool):  # and not 0 or 1, which equal them
        return {None: "none", True: "yes", False: "no"}[value]
    return spaced(str(value))
