"""Tables of as many rows as are read, and where the others are."""

from collections.abc import Iterator

import pandas as pd

from ctseq.evidence.metrics import METRICS
from ctseq.report.numbers import count
from ctseq.report.study import Compared

# Nobody reads more of a table on a page. Two models of ten replicates each have fewer, and so have
# the pairs of six models on one metric.
MOST_ROWS = 24


def narrowed(
    frame: pd.DataFrame, study: Compared, file: str, most: int = MOST_ROWS
) -> tuple[list[str], pd.DataFrame]:
    """Return a table of at most `most` rows, and notes that say what is left out.

    Of a longer one, what the answer is about is left: the study's own decisions, the primary
    metric, the contrasts. It has no rows where even these are too many.

    Parameters
    ----------
    frame
        A table of evidence.
    study
        What it is of.
    file
        Where all rows are.
    most
        The number of rows that are read.
    """
    if len(frame) <= most:
        return [], frame
    whole = f"all {count(len(frame))} rows are in {file}"
    for words, own in _narrower(frame, study):
        if 0 < len(own) <= most:
            return [f"{words} alone; {whole}."], own
    return [f"Too long for this page: {whole}."], frame[:0]


def _narrower(frame: pd.DataFrame, study: Compared) -> Iterator[tuple[str, pd.DataFrame]]:
    """Yield what is left of a table that is too long, the most first, with what it is of."""
    words = []
    if "operating_point" in frame:
        words, frame = ["The study's own decisions"], frame[frame["operating_point"] == "decisions"]
        yield words[0], frame
    if "metric" in frame:
        metric = study.config["comparison"]["primary"]
        words, frame = [METRICS[metric].title], frame[frame["metric"] == metric]
        yield words[0], frame
    if {"model_a", "model_b"} <= set(frame):
        verdict, key = study.comparison["verdict"], ["model_a", "model_b"]
        pairs = verdict.loc[verdict["contrast"] == 1, key].drop_duplicates()
        yield ", ".join([*words, "the study's contrasts"]), frame.merge(pairs, on=key)
