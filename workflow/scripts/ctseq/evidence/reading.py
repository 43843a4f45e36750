"""Reading of the analyses' tables; apart from their contracts, which are light to import."""

from collections.abc import Iterable
from pathlib import Path

import pandas as pd

from ctseq.core.tables import read_table
from ctseq.evidence.analyses import ANALYSES


def read_analyses(paths: Iterable[str | Path]) -> dict[str, pd.DataFrame]:
    """Return the tables of analyses, each by its contract, by the stems of their files."""
    contracts = {one.stem: one.table for one in ANALYSES.values()}
    return {Path(path).stem: read_table(path, contracts[Path(path).stem]) for path in paths}
