"""Figures as a page shows them: inside it, with their captions."""

import base64
import mimetypes
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jinja2

from ctseq.evidence.metrics import METRICS
from ctseq.study.comparison import model_labels


@dataclass(frozen=True)
class Figure:
    """A figure: the stem of its file's name, its caption and its picture."""

    name: str
    caption: str
    data_uri: str

    @property
    def kind(self) -> str:
        """What it is one of: ``metric-recall`` is a ``metric``."""
        return self.name.partition("-")[0]


def read_figures(
    paths: Sequence[str | Path],
    captions: Sequence[str | Path],
    config: Mapping[str, Any],
    *,
    shared_splits: bool,
    **words: str,
) -> list[Figure]:
    """Read pictures with the captions that ``snakemake --report`` shows as well.

    Parameters
    ----------
    paths
        SVG or PNG files.
    captions
        Templates over ``snakemake.wildcards`` and ``snakemake.params``: ``metric-recall.svg`` takes
        its caption from ``metric.rst``.
    config
        Of the study, for what the captions mention.
    shared_splits
        Whether a replicate is the same split for every model.
    words
        `target` and `unit`: what is looked for, and in what, where captions mention them.
    """
    alpha = config["comparison"]["alpha"]
    params = {**words, "alpha": alpha, "shared_splits": shared_splits}
    texts = {Path(path).stem: Path(path).read_text(encoding="utf-8") for path in captions}
    return [_figure(Path(path), texts, model_labels(config), params) for path in paths]


def _figure(
    path: Path, captions: Mapping[str, str], labels: Mapping[str, str], params: Mapping[str, Any]
) -> Figure:
    kind, _, value = path.stem.partition("-")
    template = jinja2.Environment(undefined=jinja2.StrictUndefined, autoescape=False).from_string(  # noqa: S701 (plain text; the page escapes it)
        captions[kind]
    )
    title = METRICS[value].title if value in METRICS else ""
    known = {
        "wildcards": {"metric": title},
        "params": {**params, "label": labels.get(value)},
    }
    caption = " ".join(template.render(snakemake=known).split())
    media = mimetypes.types_map[path.suffix]
    encoded = base64.b64encode(path.read_bytes()).decode("ascii")
    return Figure(path.stem, caption, f"data:{media};base64,{encoded}")
