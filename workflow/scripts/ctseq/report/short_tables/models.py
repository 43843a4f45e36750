"""Models and encoders in one table each, however many there are; cards have a table a model."""

from ctseq.core.words import listed
from ctseq.encoders.registry import ENCODER_TYPES
from ctseq.report.described.encoders import (
    checkpoint_words,
    pooling_words,
    preprocessing_words,
    slices_seen,
    window_words,
)
from ctseq.report.described.models import SEQUENCE_RULES, members_words, taught
from ctseq.report.study import Conducted
from ctseq.report.tables import Table
from ctseq.study.encoders import Encoder

# Of a hash: as many as tell two apart. Cards and encoders/<name>.json have all of them.
_DIGITS = 12
_NONE = "\N{EN DASH}"


def overview(study: Conducted) -> Table:
    """Return what each model is: checkpoint, what learns, from whose label, how slices combine."""
    columns = {
        "Checkpoint": lambda model: listed(checkpoint_words(study, one) for one in model.encoders),
        "Slices seen": lambda model: listed(
            dict.fromkeys(slices_seen(study, one) for one in model.encoders)
        ),
        "Learned by": lambda model: model.about.words,
        "Label of": lambda model: f"the {taught(study, model)}",
        "Slices combined by": lambda model: (
            SEQUENCE_RULES[model.sequence_rule] if model.slicewise else model.pool or ""
        ),
        "Members": members_words,
        "Order of slices": lambda model: "shuffled, as a control" if model.shuffled else "",
    }
    models = study.resolved.models.values()
    made = {title: [cell(model) for model in models] for title, cell in columns.items()}
    kept = {title: cells for title, cells in made.items() if any(cells)}
    rows = [
        [model.label, *(cells[at] or _NONE for cells in kept.values())]
        for at, model in enumerate(models)
    ]
    notes = []
    if any("tiny" in cell for cell in made["Checkpoint"]):
        notes.append("tiny: small, pretrained on other synthetic patients.")
    return Table("", ["", *kept], rows, notes, frozenset(range(1, 1 + len(kept))))


def encoder_table(study: Conducted) -> Table:
    """Return which weights each encoder has, and whence."""
    rows = []
    for name, encoder in study.resolved.encoders.items():
        known = study.encoders[name]
        commit, digest = known["commit"], known["weights_sha256"]
        rows.append(
            [
                name,
                _architecture(known["architecture"], encoder),
                encoder.subfolder or _NONE,
                f"{encoder.revision}, {commit[:_DIGITS]}…" if commit else _NONE,
                f"{digest[:_DIGITS]}…" if digest else _NONE,
                pooling_words(known) or _NONE,
                study.precisions.get(name, _NONE),
            ]
        )
    header = ["Encoder", "Architecture", "Subfolder", "Revision, commit", "SHA-256 of the weights"]
    return _without_empty("Encoders", [*header, "Pooling", "Computed in"], rows)


def _architecture(name: str | None, encoder: Encoder) -> str:
    """Return the name of an architecture; without a checkpoint, which tells more, in words too."""
    words = ENCODER_TYPES[encoder.type].words
    return name if name and encoder.checkpoint else ": ".join(filter(None, [name, words]))


def preparations(study: Conducted) -> Table:
    """Return how slices are prepared, a row for all encoders that share it."""
    shared: dict[tuple[str, str], list[str]] = {}
    for name, encoder in study.resolved.encoders.items():
        window = window_words(encoder.window or study.resolved.dataset.window)
        words = preprocessing_words(study.encoders[name])
        shared.setdefault((window, words), []).append(name)
    rows = [[listed(names), *own] for own, names in shared.items()]
    header = ["Encoder", "Window, level/width", "Preprocessing"]
    return Table("Preprocessing", header, rows, words=frozenset({1, 2}))


def _without_empty(title: str, header: list[str], rows: list[list[str]]) -> Table:
    """Return a table of words without the columns in which no row has any."""
    kept = [at for at in range(len(header)) if any(row[at] != _NONE for row in rows)]
    cells = [[row[at] for at in kept] for row in rows]
    return Table(title, [header[at] for at in kept], cells, words=frozenset(range(1, len(kept))))
