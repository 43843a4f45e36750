"""The generated table of docs/training.md that sets heads beside scikit-learn's pipelines."""

from pathlib import Path

import pandas as pd

TABLE = Path(__file__).parents[1] / "resources/heads.csv"
# Kinds of signal, as simulated_features.py draws them, in words.
KINDS = {
    "mean": "in the mean of all slices",
    "maximum": "in a few slices",
    "order": "in the order of the slices alone",
}


def head_tables() -> dict[str, str]:
    """Return the table, by the name that the page has for it."""
    return {"heads": heads_table(pd.read_csv(TABLE))}


def heads_table(rows: pd.DataFrame) -> str:
    """Return the Markdown table of a comparison, as benchmarks/heads.py writes it.

    A line is a head or pipeline, of features of one kind and width; a cell has its mean AUC, and
    the interval of its difference from the best pipeline.
    """
    strengths = [*rows["strength"].drop_duplicates()]
    lines = [f"| where it is | head | {' | '.join(strengths)} | splits | seconds |"]
    lines += ["|---|---|" + "---|" * (len(strengths) + 2)]
    for (kind, width, head), own in rows.groupby(["kind", "width", "head"], sort=False):
        of = own.set_index("strength")
        cells = [_cell(of.loc[name]) if name in of.index else "" for name in strengths]
        splits = sorted({*own["splits"]})
        told = f"{splits[0]}" if len(splits) == 1 else f"{splits[0]} to {splits[-1]}"
        where = f"{KINDS[kind]}, {width} features"
        cells = [where, head, *cells, told, f"{own['seconds'].mean():.1f}"]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def _cell(row: pd.Series) -> str:
    if not row["low"] < row["high"]:  # the best pipeline itself, or one split
        return f"{row['auc']:.3f}"
    return f"{row['auc']:.3f} ({row['low']:+.3f} to {row['high']:+.3f})"
