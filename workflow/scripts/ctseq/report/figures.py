"""The study's figures, as a page shows them."""

import base64
import mimetypes
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jinja2


@dataclass(frozen=True)
class Figure:
    """A figure of the study: the stem of its file's name, its caption and its picture."""

    name: str
    caption: str
    data_uri: str


def read_figure(
    path: Path, *, captions: Path, labels: Mapping[str, str], params: Mapping[str, Any]
) -> Figure:
    """Read a picture with the caption that ``snakemake --report`` shows as well.

    Parameters
    ----------
    path
        An SVG or PNG file. ``metric-recall`` takes its caption from ``metric.rst``.
    captions
        Folder of the captions, templates over ``snakemake.wildcards`` and ``snakemake.params``.
    labels
        Model to label.
    params
        What the rules that draw the figures have for `params` and a caption mentions.
    """
    kind, _, value = path.stem.partition("-")
    template = jinja2.Environment(undefined=jinja2.StrictUndefined, autoescape=False).from_string(  # noqa: S701 (plain text; the page escapes it)
        (captions / f"{kind}.rst").read_text(encoding="utf-8")
    )
    known = {
        "wildcards": {"metric": value, "model": value, "part": value},
        "params": {**params, "label": labels.get(value)},
    }
    caption = " ".join(template.render(snakemake=known).split())
    media = mimetypes.types_map[path.suffix]
    encoded = base64.b64encode(path.read_bytes()).decode("ascii")
    return Figure(path.stem, caption, f"data:{media};base64,{encoded}")
