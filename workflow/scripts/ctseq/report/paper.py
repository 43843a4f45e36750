"""What the paper prints, beside what follows from its replicates and what a study here finds."""

from typing import Any

from ctseq.evidence.metrics import METRICS
from ctseq.evidence.published import (
    PRINTED_ALPHA,
    no_information_rate,
    precision_differences,
    recompute,
    replicates_of_other_patients,
    undefined_precisions,
)
from ctseq.report.levels import levels_of
from ctseq.report.numbers import number
from ctseq.report.study import Published, Study
from ctseq.report.tables import Table
from ctseq.report.verdict_tables import verdict_tables


def claims(published: Published) -> dict[str, Any]:
    """Return what does not follow from the published replicates, or not from their design."""
    cells = recompute(published.printed, published.comparison)
    powers = cells[cells["quantity"] == "power"]
    printed, recomputed = (
        powers[name].map("{:.2f}".format) for name in ("printed", "power_at_printed_alpha")
    )
    only_so = printed.equals(recomputed) and not powers["follows"].all()
    stray = cells[(cells["follows"] == 0) & (cells["quantity"] != "power")]
    return {
        "n_printed": len(cells),
        "n_follow": int(cells["follows"].sum()),
        "powers": powers.to_dict("records") if only_so else [],
        "alpha": published.alpha,
        "printed_alpha": PRINTED_ALPHA,
        "stray": stray.to_dict("records"),
        "precisions": _undefined(published),
        "tests": _tests(published),
        "primary": published.config["comparison"]["primary"],
        "printed_metrics": list(dict.fromkeys(cells["metric"])),
        "no_information": _no_information(published),
        "pairing": replicates_of_other_patients(published.metrics),
    }


def corrected(published: Published) -> dict[str, Any]:
    """Return what the corrected analysis says of its variance, its level and its verdicts."""
    return {
        "overlap": number(published.comparison["resampled_t"]["overlap"].iloc[0]),
        "beyond": {
            METRICS[name].words: level.high
            for name, level in levels_of(published).items()
            if level.exceeds
        },
        "verdicts": verdict_tables(published),
    }


def _tests(published: Published) -> dict[str, dict[str, Any]]:
    """Return the corrected test of each metric, with the paper's p and both models' means."""
    comparison = published.comparison
    naive = comparison["t_test"].set_index("metric")["p"]
    means = comparison["means"].set_index(["metric", "model"])["mean"]
    return {
        test["metric"]: test
        | {
            "naive": naive[test["metric"]],
            "means": {
                label: means[test["metric"], model] for model, label in published.labels.items()
            },
        }
        for test in comparison["resampled_t"].to_dict("records")
    }


def _no_information(published: Published) -> dict[str, Any]:
    """Return the accuracy of a rule that looks at no image."""
    n, n_positive = (published.config["dataset"][key] for key in ("patients", "positive"))
    rate = no_information_rate(n, n_positive)
    return {"n": n, "n_most": max(n_positive, n - n_positive), "rate": rate}


def _undefined(published: Published) -> list[dict[str, Any]]:
    """Return the models with undefined precisions, with the other models' means.

    And the tests that counting them as 0, or leaving them out, lead to.
    """
    rows = undefined_precisions(published.metrics)
    rows = rows.loc[list(published.labels)].rename(index=published.labels)
    tests = precision_differences(published.metrics, published.config)
    return [
        {"label": label, "others": rows["mean_defined"].drop(label), "tests": tests, **row}
        for label, row in rows.iterrows()
        if row["replicates"]
    ]


def printed_table(published: Published) -> Table:
    """Tabulate every printed number beside the recomputed one."""
    rows = [
        [
            cell.table,
            published.labels.get(cell.model, ""),
            METRICS[cell.metric].title,
            cell.quantity.replace("_", " "),
            number(cell.printed),
            number(cell.recomputed, 4),
            "yes" if cell.follows else "no",
        ]
        for cell in recompute(published.printed, published.comparison).itertuples()
    ]
    header = ["Table", "Model", "Metric", "Quantity", "Printed", "Recomputed", "Follows"]
    notes = [f"Power is recomputed with alpha = {published.alpha:g}."]
    title = "Printed numbers beside recomputed ones"
    return Table(title, header, rows, notes, frozenset({1, 2, 3}))


def against_paper(study: Study) -> Table:
    """Tabulate a study's means, minima and maxima beside the printed ones (Tables V and VI).

    A model is compared with the paper's of its name, or with that which sees what it sees; one that
    sees something else is left out. Undefined values are counted as the paper does, as 0: the
    columns compare like with like.
    """
    theirs = study.published.config["models"]
    seeing = {model["sees"]: name for name, model in theirs.items()}
    printed = study.published.printed.set_index(["model", "metric", "quantity"])["printed"]
    values = study.metrics.set_index(["model", "metric"])["value"].fillna(0)
    rows = []
    for model, label in study.labels.items():
        sees = {encoder.sees for encoder in study.resolved.models[model].encoders}
        alike = seeing.get(*sees) if len(sees) == 1 else None
        other = model if model in theirs else alike
        if other is None:
            continue
        for metric in dict.fromkeys(study.published.printed["metric"]):
            row = [label, theirs[other]["label"], METRICS[metric].title]
            for quantity in ("mean", "min", "max"):
                own = values.loc[[(model, metric)]].agg(quantity)
                row += [number(own), number(printed[other, metric, quantity])]
            rows.append(row)
    header = ["Model", "Beside the paper's", "Metric"]
    for quantity in ("Mean", "Min.", "Max."):
        header += [f"{quantity}, ours", f"{quantity}, printed"]
    return Table("This study beside the paper's Tables V and VI", header, rows, [
        "Undefined values are counted as 0 on both sides here, as the paper does."
    ], frozenset({1, 2}))  # fmt: skip
