"""What the published figures do not support, computed from the published replicates."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from ctseq.core.words import listed
from ctseq.evidence.power import two_sample_power
from ctseq.figures.names import metric_name
from ctseq.report.numbers import number, p_value
from ctseq.report.tables import Table

# The level with which the printed powers follow, found by trying.
POWER_ALPHA = 0.5
_HOPELESS = 0.1  # a power below this is next to none
# What the paper's tables print: quantity to file in ``comparison/paper/`` and column.
_PRINTED = {
    "shapiro_p": ("normality", "p"),
    "levene_p": ("variances", "p"),
    "t": ("t_test", "statistic"),
    "t_p": ("t_test", "p"),
    "power": ("t_test", "power"),
    "mann_whitney_u": ("mann_whitney", "statistic"),
    "mann_whitney_p": ("mann_whitney", "p"),
    "min": ("ranges", "minimum"),
    "max": ("ranges", "maximum"),
    "mean": ("means", "mean"),
}


@dataclass(frozen=True)
class Published:
    """The published study, as printed and as analysed here.

    Attributes
    ----------
    study
        ``resources/published/study.yaml``.
    printed
        ``resources/published/tables.csv``.
    metrics
        `tables.METRICS` of the published replicates.
    comparison
        Stem of ``comparison/**.csv`` to table.
    """

    study: Mapping[str, Any]
    printed: pd.DataFrame
    metrics: pd.DataFrame
    comparison: Mapping[str, pd.DataFrame]

    @property
    def labels(self) -> dict[str, str]:
        """Model to its label."""
        return {name: model["label"] for name, model in self.study["models"].items()}


@dataclass(frozen=True)
class Claim:
    """One thing that does not follow: a word or two, and a few sentences."""

    title: str
    text: str


@dataclass(frozen=True)
class Claims:
    """All of them, and how many of the printed numbers follow."""

    n_printed: int
    n_follow: int
    claims: Sequence[Claim]


def recomputed(published: Published) -> pd.DataFrame:
    """Recompute every printed number.

    Returns
    -------
    DataFrame
        ``tables.csv`` with columns recomputed and follows (0 or 1, at the printed rounding).
    """
    cells = []
    for cell in published.printed.itertuples():
        table, column = _PRINTED[cell.quantity]
        rows = published.comparison[table]
        rows = rows[rows["metric"] == cell.metric]
        if "model" in rows:
            rows = rows[rows["model"] == cell.model]
        cells.append(float(rows[column].iloc[0]))
    frame = published.printed.assign(recomputed=cells)
    same = [f"{a:.2f}" == f"{b:.2f}" for a, b in zip(frame["printed"], cells, strict=True)]
    return frame.assign(follows=[int(cell) for cell in same])


def claims(published: Published) -> Claims:
    """List what does not follow from the published replicates, or not from their design."""
    cells = recomputed(published)
    stray = cells[cells["follows"] == 0]
    found = [
        *_power(published, cells[cells["quantity"] == "power"]),
        *_roundings(stray[stray["quantity"] != "power"]),
        *_undefined(published),
        _corrected(published),
        _pairing(published),
        Claim(
            "Recipe",
            "The text says that only the final layer was trained; the program optimises every "
            "weight. It keeps the epoch that scored best on the same patients it then reports, "
            "and its video model, as run, does not see the order of slices beyond pairs.",
        ),
    ]
    return Claims(len(cells), int(cells["follows"].sum()), found)


def printed_table(published: Published) -> Table:
    """Tabulate every printed number beside the recomputed one."""
    rows = [
        [
            cell.table,
            published.labels.get(cell.model, ""),
            metric_name(cell.metric),
            cell.quantity.replace("_", " "),
            number(cell.printed, 2),
            number(cell.recomputed, 4),
            "yes" if cell.follows else "no",
        ]
        for cell in recomputed(published).itertuples()
    ]
    header = ["Table", "Model", "Metric", "Quantity", "Printed", "Recomputed", "Follows"]
    notes = [f"Power is recomputed with alpha = {published.study['comparison']['alpha']:g}."]
    return Table("Every printed number", header, rows, notes, frozenset({1, 2, 3}))


def _power(published: Published, cells: pd.DataFrame) -> list[Claim]:
    tests = published.comparison["t_test"].set_index("metric").loc[list(cells["metric"])]
    lax = [
        two_sample_power(row.cohens_d, row.n_a, row.n_b, alpha=POWER_ALPHA)
        for row in tests.itertuples()
    ]
    printed = [number(value, 2) for value in cells["printed"]]
    if printed != [number(value, 2) for value in lax] or cells["follows"].all():
        return []
    stated = [number(value) for value in cells["recomputed"]]
    text = (
        f"The printed powers {listed(printed)} ({', '.join(cells['metric'])}) follow only with "
        f"alpha = {POWER_ALPHA:g}. With the stated alpha = "
        f"{published.study['comparison']['alpha']:g} they are {listed(stated)}"
    )
    hopeless = list(cells.loc[cells["recomputed"] < _HOPELESS, "metric"])
    if hopeless:
        text += (
            f": for {listed(hopeless)}, the study had next to no chance to find a difference of "
            "the size it saw"
        )
    return [Claim("Power", text + ".")]


def _roundings(cells: pd.DataFrame) -> list[Claim]:
    return [
        Claim(
            "A rounding",
            f"The {cell.quantity.replace('_', ' ')} of {cell.metric} in Table {cell.table} is "
            f"{number(cell.recomputed, 4)}, which rounds to {number(cell.recomputed, 2)}; "
            f"{number(cell.printed, 2)} is printed.",
        )
        for cell in cells.itertuples()
    ]


def _undefined(published: Published) -> list[Claim]:
    found = []
    rows = published.metrics[published.metrics["metric"] == "precision"]
    defined = rows.groupby("model")["value"].mean()
    for model, label in published.labels.items():
        of_model = rows[rows["model"] == model]
        gaps = of_model.loc[of_model["value"].isna(), "replicate"].astype(str).tolist()
        if not gaps:
            continue
        others = [
            f"{published.labels[other]}'s {number(defined[other], 2)}"
            for other in published.labels
            if other != model
        ]
        side = "above" if defined[model] > defined.drop(model).max() else "beside"
        text = (
            f"The {len(gaps)} {label} precisions so called are 0/0: in replicates {listed(gaps)} "
            f"it calls no patient positive. They are undefined, not lost, and were counted as 0, "
            f"which gives a mean of {number(of_model['value'].fillna(0).mean(), 2)}. Without them "
            f"it is {number(defined[model], 2)}, {side} {listed(others)}."
        )
        found.append(Claim("“Corrupted” precisions", text))
    return found


def _corrected(published: Published) -> Claim:
    naive = published.comparison["t_test"].set_index("metric")["p"]
    tests = published.comparison["resampled_t"]
    alpha = published.study["comparison"]["alpha"]
    parts = []
    for row in tests.itertuples():
        before, after = naive[row.metric] < alpha, row.p < alpha
        verdict = {
            (True, True): "still significant",
            (True, False): "no longer significant",
            (False, False): "not significant either way",
            (False, True): "significant only then",
        }[bool(before), bool(after)]
        parts.append(
            f"in {row.metric} the difference is {verdict} ({_p(naive[row.metric])} becomes "
            f"{_p(row.p)}; {_p(row.p_adjusted)} after Holm's adjustment)"
        )
    return Claim(
        "Significance",
        "The paper's tests take replicates for independent. Once the test is corrected for "
        f"overlapping training sets, {'; '.join(parts)}.",
    )


def _pairing(published: Published) -> Claim:
    rows = published.metrics.pivot(index=["model", "replicate"], columns="metric", values="value")
    positives = (rows["tp"] + rows["fn"]).unstack("model")
    differ = int((positives.max(axis=1) != positives.min(axis=1)).sum())
    return Claim(
        "Pairing",
        f"In {differ} of {len(positives)} replicates the models' test patients have "
        "different numbers of positives. The models do not share splits, so part of the "
        "difference is one of patients.",
    )


def _p(p: float) -> str:
    text = p_value(p)
    return f"p {text}" if text.startswith("<") else f"p = {text}"
