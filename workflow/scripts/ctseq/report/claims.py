"""What the published figures do not support, in sentences."""

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from ctseq.core.words import listed
from ctseq.evidence.printed import (
    POWER_ALPHA,
    recompute,
    replicates_of_other_patients,
    undefined_precisions,
)
from ctseq.report.numbers import number, p_value
from ctseq.report.study import Published

_HOPELESS = 0.1  # a power below this is next to none


@dataclass(frozen=True)
class Claim:
    """One thing that does not follow: a word or two, and a few sentences."""

    title: str
    text: str


@dataclass(frozen=True)
class Claims:
    """All such things, and how many of the printed numbers follow."""

    n_printed: int
    n_follow: int
    claims: Sequence[Claim]


def claims(published: Published) -> Claims:
    """Return what does not follow from the published replicates, or not from their design."""
    cells = recompute(published.printed, published.comparison)
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


def _power(published: Published, cells: pd.DataFrame) -> list[Claim]:
    printed = [number(value, 2) for value in cells["printed"]]
    lax = [number(value, 2) for value in cells["lax_power"]]
    if printed != lax or cells["follows"].all():
        return []
    stated = [number(value) for value in cells["recomputed"]]
    text = (
        f"The printed powers {listed(printed)} ({', '.join(cells['metric'])}) follow only with "
        f"alpha = {POWER_ALPHA:g}. With the stated alpha = "
        f"{published.config['comparison']['alpha']:g} they are {listed(stated)}"
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
    precisions = undefined_precisions(published.metrics)
    means = precisions["mean_defined"]
    for model, label in published.labels.items():
        gaps = precisions.loc[model, "replicates"]
        if not gaps:
            continue
        others = [
            f"{published.labels[other]}'s {number(means[other], 2)}"
            for other in published.labels
            if other != model
        ]
        side = "above" if means[model] > means.drop(model).max() else "beside"
        text = (
            f"The {len(gaps)} {label} precisions so called are 0/0: in replicates "
            f"{listed(map(str, gaps))} it calls no patient positive. They are undefined, not lost, "
            "and were counted as 0, which gives a mean of "
            f"{number(precisions.loc[model, 'mean_as_zero'], 2)}. Without them it is "
            f"{number(means[model], 2)}, {side} {listed(others)}."
        )
        found.append(Claim("“Corrupted” precisions", text))
    return found


def _corrected(published: Published) -> Claim:
    naive = published.comparison["t_test"].set_index("metric")["p"]
    tests = published.comparison["resampled_t"]
    alpha = published.config["comparison"]["alpha"]
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
    differ, total = replicates_of_other_patients(published.metrics)
    return Claim(
        "Pairing",
        f"In {differ} of {total} replicates the models' test patients have "
        "different numbers of positives. The models do not share splits, so part of the "
        "difference is one of patients.",
    )


def _p(p: float) -> str:
    text = p_value(p)
    return f"p {text}" if text.startswith("<") else f"p = {text}"
