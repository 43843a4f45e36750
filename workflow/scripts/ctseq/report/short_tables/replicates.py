"""What each replicate did, or of many what they did together."""

from ctseq.evidence.metrics import METRICS
from ctseq.report.numbers import count, number
from ctseq.report.replicates import replicate_tables
from ctseq.report.short_tables.rows import MOST_ROWS
from ctseq.report.study import Compared
from ctseq.report.tables import Table


def replicates_shown(study: Compared) -> list[Table]:
    """Return a table a model with a row a replicate, or one with a row a model if there are many.

    The rows that are then left out are those of ``metrics.csv``.
    """
    tables = replicate_tables(study)
    if sum(len(table.rows) for table in tables) <= MOST_ROWS:
        return tables
    name = study.config["comparison"]["primary"]
    values = study.metrics[study.metrics["metric"] == name].groupby("model")["value"]
    ends = ("Lowest", "Median", "Highest")
    rows = [
        [
            label,
            count(len(values.get_group(model))),
            *(number(values.get_group(model).agg(end)) for end in ("min", "median", "max")),
        ]
        for model, label in study.labels.items()
    ]
    title = f"{METRICS[name].title} over the replicates"
    notes = ["Every replicate's counts and metrics are in metrics.csv."]
    return [Table(title, ["", "Replicates", *ends], rows, notes)]
