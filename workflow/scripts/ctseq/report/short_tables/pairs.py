"""Every metric of every pair of models in one table, with what each test says of it."""

from collections.abc import Mapping

import pandas as pd

from ctseq.report.numbers import count, estimate, number, p_value, size
from ctseq.report.short_tables.rows import narrowed
from ctseq.report.study import Compared
from ctseq.report.tables import Table, table_of

# Tables that are merged here; a study need not have all of them.
MERGED = ("resampled_t", "bayesian_t", "effect_sizes", "power")
_KEY = ["metric", "model_a", "model_b"]
_BELIEFS = {
    "p_a_better": "P(first better)",
    "p_equivalent": "P(equivalent)",
    "p_b_better": "P(second better)",
}
_METHODS = (
    "Difference and p: corrected resampled t test, not adjusted. P: Bayesian correlated t test "
    "(Benavoli et al. 2017), equivalent being a difference below the metric's margin. Patients: "
    "for a difference of the margin in four studies of five, rough, for it rises with the variance "
    "of {} replicates. Statistics, power and effect sizes are in comparison/."
)


def pairs_table(study: Compared) -> Table:
    """Return the merged table; of too many pairs those that the answer is about."""
    tests = study.comparison["resampled_t"]
    words, shown = narrowed(tests, study, "comparison/resampled_t.csv")
    merged = shown[[*_KEY, "notes"]].assign(**_of_tests(shown))
    bayesian = study.comparison.get("bayesian_t")
    if bayesian is not None:
        merged = merged.merge(bayesian[[*_KEY, *_BELIEFS]], on=_KEY, how="left")
        for name, title in _BELIEFS.items():
            merged[title] = merged.pop(name).map(number)
    merged = merged.merge(_of_effects(study), on=_KEY, how="left")
    power = study.comparison.get("power")
    if power is not None:
        own = power[_KEY].assign(Patients=[_needed(row) for row in power.itertuples()])
        merged = merged.merge(own, on=_KEY, how="left")
    headings = {name: name for name in merged}
    headings["Difference"] = f"Difference [{100 * (1 - study.alpha):g} % interval]"
    table = table_of(
        merged[[name for name in merged if name != "notes"] + ["notes"]],
        title="Differences between models",
        labels=study.labels,
        alpha=study.alpha,
        headings=headings | {"metric": "Metric", "pair": "Models"},
    )
    notes = [*words, *table.notes, _METHODS.format(study.config["replicates"])]
    return Table(table.title, table.header, table.rows, notes, table.words)


def _of_tests(tests: pd.DataFrame) -> Mapping[str, list[str]]:
    cells = [estimate(row) for row in tests.itertuples()]
    return {"Difference": cells, "p": [p_value(p) for p in tests["p"]]}


def _of_effects(study: Compared) -> pd.DataFrame:
    """Return Cohen's d of each pair, of the effects the one that is asked for most."""
    effects = study.comparison.get("effect_sizes")
    if effects is None:
        return pd.DataFrame(columns=_KEY)
    own = effects[effects["effect"] == "cohens_d"]
    return own[_KEY].assign(**{"Cohen's d": [size(value) for value in own["estimate"]]})


def _needed(row: object) -> str:
    return "unknown" if pd.isna(row.patients_needed) else count(row.patients_needed)
