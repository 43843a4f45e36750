"""Whether the order of slices matters: models beside the same models on shuffled slices."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import permutations

import pandas as pd

from ctseq.evidence.over_replicates.design import design_of_splits
from ctseq.evidence.over_replicates.resampled import resampled_t_table
from ctseq.evidence.over_replicates.samples import replicates_of
from ctseq.evidence.rows import holm
from ctseq.evidence.studies import FinishedStudy
from ctseq.study.study import Study


@dataclass(frozen=True)
class Run:
    """A model of a study, in all its replicates."""

    study: FinishedStudy
    model: str

    @property
    def name(self) -> str:
        """Name of the study and of the model."""
        return f"{self.study.name}/{self.model}"

    @property
    def recipe(self) -> str:
        """Return all settings that decide its runs, except the order of slices, as one text."""
        study = Study.of(self.study.config)
        model, dataset = study.models[self.model], vars(study.dataset)
        own = {key: value for key, value in model.settings.items() if key != "shuffled"}
        encoders = [
            one.settings | {"window": one.window or dataset["window"]} for one in model.encoders
        ]
        choices = [study.seed, study.splits, study.inner_folds, study.threshold]
        return json.dumps([own, encoders, dataset, choices], sort_keys=True)

    @property
    def shuffled(self) -> bool:
        """Whether it sees the slices in a random order."""
        return Study.of(self.study.config).models[self.model].shuffled


def order_pairs(studies: Sequence[FinishedStudy]) -> list[tuple[Run, Run]]:
    """Return pairs of a model and the same model on shuffled slices, of one study or of two.

    The first of a pair sees slices in order, the second in another random order each replicate. The
    two share everything else: settings, training, dataset, seed, and the split of each replicate,
    which is looked at itself. A recipe makes one pair, within a study if there is one.
    """
    by_recipe: dict[str, list[Run]] = {}
    for run in (Run(study, model) for study in studies for model in study.models):
        by_recipe.setdefault(run.recipe, []).append(run)
    pairs = []
    for runs in by_recipe.values():
        candidates = [
            (run, other)
            for run, other in permutations(runs, 2)
            if not run.shuffled and other.shuffled and _share_splits(run.study, other.study)
        ]
        # A pair within one study sorts before a pair of two.
        pairs += sorted(candidates, key=lambda pair: pair[0].study is not pair[1].study)[:1]
    return pairs


def strictest_level(pairs: Sequence[tuple[Run, Run]]) -> float:
    """Return the smallest `comparison.alpha` of the pairs' studies, which holds for all of them."""
    return min(run.study.settings["alpha"] for pair in pairs for run in pair)


def order_table(pairs: Sequence[tuple[Run, Run]], *, alpha: float) -> pd.DataFrame:
    """Test each pair on each metric that the study in order compares.

    Paired corrected resampled t test over the replicates that both have, adjusted by Holm over
    all metrics and pairs together, for none of these metrics is primary. The table is that of
    `resampled_t_table`, with models called by `Run.name`; model_a sees the slices in order.
    """
    frame = pd.concat([_tested(*pair, alpha=alpha) for pair in pairs], ignore_index=True)
    return frame.assign(p_adjusted=holm(frame["p"].to_numpy()))


def _share_splits(one: FinishedStudy, other: FinishedStudy) -> bool:
    return all(a.equals(b) for a, b in zip(one.splits, other.splits, strict=False))


def _tested(in_order: Run, shuffled: Run, *, alpha: float) -> pd.DataFrame:
    study = in_order.study
    n = min(len(study.splits), len(shuffled.study.splits))
    rows = []
    for run in (in_order, shuffled):
        metrics = run.study.metrics
        of_run = metrics[(metrics["model"] == run.model) & (metrics["replicate"] <= n)]
        rows.append(of_run.assign(model=run.name))
    pair = [in_order.name, shuffled.name]
    taken = {"models": pair, "contrasts": [pair], "undefined": study.undefined, "alpha": alpha}
    design = design_of_splits(study.splits[:n])
    return resampled_t_table(replicates_of(pd.concat(rows), design, {**study.settings, **taken}))
