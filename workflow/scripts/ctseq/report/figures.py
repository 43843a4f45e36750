"""Figures as a page shows them: inside it, with their captions."""

import base64
import mimetypes
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import jinja2

from ctseq.evidence.metrics import METRICS
from ctseq.study.comparison import model_labels

# Between the width of one column of a journal, 88 mm, and that of a page, 180 mm, in points.
_WIDE_PT = 300


@dataclass(frozen=True)
class Figure:
    """A figure: the stem of its file's name, its caption, its picture, and if it is narrow."""

    name: str
    caption: str
    data_uri: str
    narrow: bool = False

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
    labels = model_labels(config)
    texts = {Path(path).stem: Path(path).read_text(encoding="utf-8") for path in captions}
    found: list[Figure] = []
    for path in map(Path, paths):
        figure = _figure(path, texts, labels, params)
        # What a caption says of the first of its kind need not be read again.
        _, _, value = path.stem.partition("-")
        title = METRICS[value].title if value in METRICS else labels.get(value, "")
        if title and figure.kind in {one.kind for one in found}:
            figure = replace(figure, caption=f"{title}.")
        found.append(figure)
    return found


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
    content = path.read_bytes()
    encoded = base64.b64encode(content).decode("ascii")
    return Figure(path.stem, caption, f"data:{media};base64,{encoded}", _narrow(path, content))


def _narrow(path: Path, content: bytes) -> bool:
    """Tell whether a figure is as wide as a column; pictures of pixels are."""
    width = re.search(rb'<svg[^>]* width="([\d.]+)pt"', content)
    return path.suffix != ".svg" or (width is not None and float(width[1]) < _WIDE_PT)
