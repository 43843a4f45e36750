"""The generated tables of docs/encoders.md: types, which architectures run, and why not others."""

from transformers.models.auto import modeling_auto

from ctseq.core.words import listed
from ctseq.encoders.architectures import NEEDS, NOT_TAKEN, OF_ONE_SIZE, TAKEN
from ctseq.encoders.registry import ENCODER_TYPES

WORDS = {
    "classifier": "what its classifier reads",
    "pooler": "its own pooler",
    "mean": "the mean of its tokens or map",
}
OF_SEQUENCES = {*modeling_auto.MODEL_FOR_VIDEO_CLASSIFICATION_MAPPING_NAMES, "videoprism"}
OF_CLASSIFIERS = {
    *modeling_auto.MODEL_FOR_VIDEO_CLASSIFICATION_MAPPING_NAMES,
    *modeling_auto.MODEL_FOR_IMAGE_CLASSIFICATION_MAPPING_NAMES,
}


def encoder_tables() -> dict[str, str]:
    """Return the tables, by the names that the page has for them."""
    return {"types": _types(), "taken": _taken(), "refused": _refused()}


def _types() -> str:
    lines = ["| `type` | what it is | may see | `checkpoint` |", "|---|---|---|---|"]
    for name, one in ENCODER_TYPES.items():
        sees, checkpoint = ", ".join(one.sees), "needed" if one.checkpoint else "none"
        lines.append(f"| `{name}` | {one.words} | {sees} | {checkpoint} |")
    return "\n".join(lines)


def _taken() -> str:
    rows = sorted((name, pooling) for pooling, names in TAKEN.items() for name in names)
    header = ["`model_type`", "sees", "`size`", "classifier", "`auto` without one"]
    lines = [f"| {' | '.join(header)} |", "|---" * len(header) + "|"]
    for name, pooling in rows:
        sees = "sequence" if name in OF_SEQUENCES else "slice"
        has_one = "yes" if name in OF_CLASSIFIERS else ""
        any_size = "any" if sees == "slice" and name not in OF_ONE_SIZE else ""
        lines.append(f"| `{name}` | {sees} | {any_size} | {has_one} | {WORDS[pooling]} |")
    return "\n".join(lines)


def _refused() -> str:
    reasons = {reason: [] for reason in NOT_TAKEN.values()}
    for name, reason in NOT_TAKEN.items():
        reasons[reason].append(f"`{name}`")
    lines = ["| why | `model_type` |", "|---|---|"]
    lines += [f"| {reason} | {', '.join(names)} |" for reason, names in reasons.items()]
    lines += [f"| it needs {listed(needed)} | `{name}` |" for name, needed in NEEDS.items()]
    return "\n".join(lines)
