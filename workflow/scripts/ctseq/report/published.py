"""What the paper prints, beside what follows from its replicates and what a study here finds."""

from ctseq.evidence.metrics import METRICS
from ctseq.evidence.printed import recompute
from ctseq.report.numbers import number
from ctseq.report.study import Published, Study
from ctseq.report.tables import Table


def printed_table(published: Published) -> Table:
    """Tabulate every printed number beside the recomputed one."""
    rows = [
        [
            cell.table,
            published.labels.get(cell.model, ""),
            METRICS[cell.metric].title,
            cell.quantity.replace("_", " "),
            number(cell.printed, 2),
            number(cell.recomputed, 4),
            "yes" if cell.follows else "no",
        ]
        for cell in recompute(published.printed, published.comparison).itertuples()
    ]
    header = ["Table", "Model", "Metric", "Quantity", "Printed", "Recomputed", "Follows"]
    notes = [f"Power is recomputed with alpha = {published.config['comparison']['alpha']:g}."]
    return Table("Every printed number", header, rows, notes, frozenset({1, 2, 3}))


def against_paper(study: Study) -> Table:
    """Set a study's means, minima and maxima beside the printed ones (Tables V and VI).

    A model stands beside the paper's of its name, or of its kind if the paper has none of that
    name. Undefined values are counted as the paper does, as 0: the columns compare like with like.
    """
    published, models = study.published, study.config["models"]
    theirs = published.config["models"]
    of_kind = {model["kind"]: name for name, model in theirs.items()}
    printed = published.printed.set_index(["model", "metric", "quantity"])["printed"]
    values = study.metrics.set_index(["model", "metric"])["value"].fillna(0)
    rows = []
    for model, label in study.labels.items():
        other = model if model in theirs else of_kind[models[model]["kind"]]
        for metric in published.config["comparison"]["metrics"]:
            row = [label, theirs[other]["label"], METRICS[metric].title]
            for quantity in ("mean", "min", "max"):
                paper = float(printed[other, metric, quantity])
                own = values.loc[[(model, metric)]].agg(quantity)
                row += [number(own, 2), number(paper, 2)]
            rows.append(row)
    header = ["Model", "Beside the paper's", "Metric"]
    for quantity in ("Mean", "Min.", "Max."):
        header += [f"{quantity}, ours", f"{quantity}, printed"]
    return Table("This study beside the paper's Tables V and VI", header, rows, [
        "Undefined values are counted as 0 on both sides here, as the paper does."
    ], frozenset({1, 2}))  # fmt: skip
