"""Whether the order of slices matters: models beside the same models that see slices shuffled."""

import json
from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from ctseq.evidence.design import design_of_splits
from ctseq.evidence.resampled import holm, resampled_t_table
from ctseq.evidence.samples import replicates_of
from ctseq.evidence.studies import FinishedStudy
from ctseq.evidence.verdict import interval_words, metric_words, p_words, size_words

# Keys that decide nothing about a single run of a model, or are looked at model by model.
_NOT_OF_A_RUN = {"study", "replicates", "models", "extraction", "training", "comparison", "report"}
HOW_TO_TELL = (
    "Whether the order of slices matters cannot be told from these studies: no model of theirs "
    "stands beside the same model with shuffle_slices: true, trained on the same splits. Add "
    "such a model to a study, or run a study with it under the same seed."
)


@dataclass(frozen=True)
class Run:
    """A model of a study, in all its replicates."""

    study: FinishedStudy
    model: str

    @property
    def name(self) -> str:
        """What a reader calls it."""
        return f"{self.study.labels[self.model]} ({self.study.name})"

    @property
    def recipe(self) -> str:
        """Everything that decides its runs, but for the order of slices, spelled one way."""
        config = self.study.config
        own = dict(config["models"][self.model])
        for section in ("extraction", "training"):
            own[section] = {**config[section], **own.get(section, {})}
        own["head"] = own.get("head", {"type": "linear"})
        own = {key: own[key] for key in own.keys() - {"label", "shuffle_slices"}}
        shared = {key: config[key] for key in config.keys() - _NOT_OF_A_RUN}
        return json.dumps([own, shared], sort_keys=True)

    @property
    def shuffled(self) -> bool:
        """Whether it sees the slices in a random order."""
        return bool(self.study.config["models"][self.model].get("shuffle_slices"))


def order_pairs(studies: Sequence[FinishedStudy]) -> list[tuple[Run, Run]]:
    """Pair models with themselves on shuffled slices, within a study or across studies.

    Pairs share everything else: settings, training, dataset, seed and, replicate by replicate,
    the split, which is looked at. A recipe makes one pair, within a study if there is one.

    Returns
    -------
    list of tuple
        In order, and shuffled.
    """
    by_recipe: dict[str, list[Run]] = {}
    for run in (Run(study, model) for study in studies for model in study.labels):
        by_recipe.setdefault(run.recipe, []).append(run)
    pairs = []
    for runs in by_recipe.values():
        candidates = [
            (run, other)
            for run in runs
            for other in runs
            if not run.shuffled and other.shuffled and _share_splits(run.study, other.study)
        ]
        # A pair within one study sorts before a pair of two.
        pairs += sorted(candidates, key=lambda pair: pair[0].study is not pair[1].study)[:1]
    return pairs


def strictest_level(pairs: Sequence[tuple[Run, Run]]) -> float:
    """Give the smallest `comparison.alpha` of the pairs' studies, which holds for all of them."""
    return min(run.study.settings["alpha"] for pair in pairs for run in pair)


def order_table(pairs: Sequence[tuple[Run, Run]], *, alpha: float) -> pd.DataFrame:
    """Test each pair on each metric that the study in order compares.

    Paired corrected resampled t test over the replicates that both have, adjusted by Holm over
    all metrics and pairs together.

    Returns
    -------
    DataFrame
        As `comparison.resampled.resampled_t_table` has it; model_a sees the slices in order.
    """
    frame = pd.concat([_tested(*pair, alpha=alpha) for pair in pairs], ignore_index=True)
    return frame.assign(p_adjusted=holm(frame["p"].to_numpy()))


def order_sentences(table: pd.DataFrame, *, alpha: float) -> list[str]:
    """Put `order_table` into sentences, which never say that order has no effect."""
    n_tests = int(table["p"].notna().sum())
    return [_sentence(row, alpha, n_tests) for row in table.itertuples()]


def _share_splits(one: FinishedStudy, other: FinishedStudy) -> bool:
    return all(a.equals(b) for a, b in zip(one.splits, other.splits, strict=False))


def _tested(in_order: Run, shuffled: Run, *, alpha: float) -> pd.DataFrame:
    n = min(len(run.study.splits) for run in (in_order, shuffled))
    rows = []
    for run in (in_order, shuffled):
        metrics = run.study.metrics
        of_run = metrics[(metrics["model"] == run.model) & (metrics["replicate"] <= n)]
        rows.append(of_run.assign(model=run.name))
    replicates = replicates_of(
        pd.concat(rows),
        models=[in_order.name, shuffled.name],
        metrics=in_order.study.settings["metrics"],
    )
    return resampled_t_table(
        replicates,
        undefined=in_order.study.undefined,
        alpha=alpha,
        test_train_ratio=design_of_splits(in_order.study.splits[:n]).test_train_ratio,
    )


def _sentence(row, alpha: float, n_tests: int) -> str:
    metric, pair = metric_words(row.metric), f"{row.model_a}, in order, and {row.model_b}"
    if pd.isna(row.p):
        return f"Whether order matters to {metric} cannot be tested on {pair}: {row.note}."
    if pd.isna(row.low):
        return f"No effect of order on {metric} is shown: {pair} are equal in every replicate."
    low, high = (row.low, row.high) if row.estimate > 0 else (-row.high, -row.low)
    numbers = (
        f"by {size_words(abs(row.estimate))} ({interval_words(low, high, alpha=alpha)}; "
        f"{p_words(row.p_adjusted, n_tests=n_tests)})"
    )
    higher = "higher" if row.estimate > 0 else "lower"
    if row.p_adjusted < alpha:
        return (
            f"Order matters: {row.model_a}, in order, has a {higher} {metric} than {row.model_b}, "
            f"{numbers}."
        )
    return (
        f"No effect of order on {metric} is shown: {row.model_a}, in order, is {higher} than "
        f"{row.model_b} {numbers}."
    )
