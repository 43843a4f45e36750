"""Heads of the recommended protocol beside scikit-learn's pipelines, on simulated features.

    python benchmarks/heads.py --jobs 2 --csv heads.csv --write
    python benchmarks/heads.py --splits 2 --heads mean max --widths 768   # a trial

Every split is a dataset of its own (simulated_features.py) with 57 scans to learn from, as many as
the paper's splits have. Test scans cost nothing, so there are more than the paper's 25: these would
say within .1 what a head's AUC is. Heads learn by config/recommended.yaml, as a study's do. Shown
are the mean AUC of the test scans, its difference from the pipeline with the highest mean there and
from the best of those that read the slices as the head does (`like`), both with 95 % intervals, and
the CPU seconds of fitting, with one thread. Datasets are independent, so intervals are those of the
paired t test. With --csv each result is kept as it comes; what is there is not run again.
"""

import argparse
import os
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from functools import cache, lru_cache
from itertools import product
from multiprocessing import get_context
from pathlib import Path
from typing import Any

# Before NumPy is imported: threads of jobs side by side would wait for each other.
os.environ.setdefault("OMP_NUM_THREADS", "1")

import pandas as pd
import yaml
from heads_compared import KEY, compared, verdicts
from measuring import ROOT, keep
from pipelines import MAX, MAX_MEAN, MEAN, PIPELINES, SLICES, SLOPE, fit_pipeline
from simulated_features import KINDS, Dataset, draw_dataset
from sklearn.metrics import roc_auc_score
from snakemake.utils import update_config

from ctseq.evidence.evaluation import evaluate
from ctseq.evidence.metrics import comparable_metrics
from ctseq.families.features import Features, Labelled
from ctseq.families.learning import fit, patients_of, predict
from ctseq.replicates.tasks import tabulate_scores
from ctseq.study.config import resolved_config
from ctseq.study.study import Study

TABLE = ROOT / "resources/heads.csv"
SEED = 20
N_TRAIN, N_TEST = 57, 100
WIDTHS = (768, 1280)
# Lengths of the shift (`draw_dataset`) with which the best pipeline, of `order` the one that sees
# it, has an AUC of about .65, .8 and .95: between three lengths that 12 datasets were drawn with.
STRENGTHS: dict[str, dict[str, float]] = {
    "mean": {"weak": 0.11, "middle": 0.18, "strong": 0.29},
    "maximum": {"weak": 0.6, "middle": 1.0, "strong": 1.4},
    "order": {"weak": 0.2, "middle": 0.36, "strong": 0.75},
}
_POOLED = (MEAN, MAX, MAX_MEAN)
# The settings of a head, as of a model in a study, and the pipelines that read slices as it does:
# pooled so (all, for what may learn any pooling), or one by one.
HEADS: dict[str, tuple[dict[str, Any], tuple[str, ...]]] = {
    "mean": ({"family": "mean"}, (MEAN,)),
    "max": ({"family": "max"}, (MAX,)),
    "attention": ({"family": "attention"}, _POOLED),
    "gru": ({"family": "gru"}, _POOLED),
    "gru-shuffled": ({"family": "gru", "shuffle_slices": True}, _POOLED),
    "lstm": ({"family": "lstm"}, _POOLED),
    "smooth": ({"family": "smooth"}, _POOLED),
    "transformer": ({"family": "transformer"}, _POOLED),
    "transmil": ({"family": "transmil"}, _POOLED),
    "slices-top": ({"family": "linear", "sequence_rule": "top_mean"}, (SLICES,)),
    "slices-any": ({"family": "linear", "sequence_rule": "any"}, (SLICES,)),
    "logistic-mean": ({"family": "logistic", "pool": "mean"}, (MEAN,)),
    "logistic-max": ({"family": "logistic", "pool": "max"}, (MAX,)),
    "logistic-max-mean": ({"family": "logistic", "pool": "max+mean"}, (MAX_MEAN,)),
    "logistic-max-sd": ({"family": "logistic", "pool": "max+sd"}, (MAX,)),
    "logistic-top": ({"family": "logistic", "pool": "top"}, (MAX,)),
    "svm": ({"family": "svm", "pool": "max"}, (MAX,)),
    "forest": ({"family": "forest", "pool": "max"}, (MAX,)),
    "neighbours": ({"family": "neighbours", "pool": "max"}, (MAX,)),
    "mlp": ({"family": "mlp", "pool": "max"}, (MAX,)),
    "bayes": ({"family": "bayes", "pool": "max"}, (MAX,)),
    "boosting": ({"family": "boosting", "pool": "max"}, (MAX,)),
}
LIKE = {name: alike for name, (_, alike) in HEADS.items()}
# The pipelines that the best head is held to, and what heads see of the order of slices.
TEXTBOOK = (*_POOLED, SLICES)
ORDER = {"ordered": ("gru", "lstm"), "shuffled": ("gru-shuffled",), "slope": SLOPE}
_RESULT = [*KEY, "auc", "seconds"]


def main(arguments: list[str] | None = None) -> None:
    """Run what is not there yet, and print how heads compare."""
    options = _parser().parse_args(arguments)
    rows = _kept(options.csv)
    for found in run(_tasks(options, rows), jobs=options.jobs):
        rows = pd.concat([rows, pd.DataFrame([found])], ignore_index=True)
        if options.csv:
            keep([found], options.csv)
    rows = _asked(rows, options)
    table = compared(rows, best=TEXTBOOK, like=LIKE)
    claims = verdicts(rows, pipelines=TEXTBOOK, like=LIKE, **ORDER)
    for shown in (table, claims):
        print(shown.round(3).to_string(index=False, na_rep=""), end="\n\n")
    if options.write:
        table.round(4).to_csv(options.write, index=False, lineterminator="\n")


def run(tasks: Sequence[tuple[Any, ...]], *, jobs: int) -> Iterator[dict[str, Any]]:
    """Yield the results of `measure` for each task as they come, several processes at work."""
    if jobs == 1:
        yield from (measure(*task) for task in tasks)
        return
    # Forked processes would share what PyTorch's threads hold.
    with ProcessPoolExecutor(jobs, mp_context=get_context("spawn")) as pool:
        for done in as_completed([pool.submit(measure, *task) for task in tasks]):
            yield done.result()


def measure(
    kind: str, strength: str, width: int, split: int, name: str, seed: int
) -> dict[str, Any]:
    """Return the test AUC of a head or pipeline on a dataset, and the seconds of fitting."""
    data = dataset(kind, strength, width, split, seed)
    learn = pipeline_auc if name in PIPELINES else head_auc
    auc, seconds = learn(name, data, split=split, seed=seed)
    key = dict(zip(KEY, (kind, strength, width, split, name), strict=True))
    return key | {"auc": auc, "seconds": seconds}


@lru_cache(maxsize=2)  # the heads of a dataset come one after the other
def dataset(kind: str, strength: str, width: int, split: int, seed: int) -> Dataset:
    """Return the dataset of a split, which depends on nothing else that is run."""
    sizes = {"width": width, "n_train": N_TRAIN, "n_test": N_TEST}
    return draw_dataset(kind, STRENGTHS[kind][strength], **sizes, seed=[seed, width, split])


def pipeline_auc(name: str, data: Dataset, *, split: int, seed: int) -> tuple[float, float]:
    """Fit a pipeline; return the test scans' AUC and the seconds of fitting."""
    began = time.process_time()
    scores = fit_pipeline(name, data, seed=split)
    seconds = time.process_time() - began
    truth = data.scans["target"].to_numpy()[~data.trains]
    return float(roc_auc_score(truth, scores())), seconds


def head_auc(name: str, data: Dataset, *, split: int, seed: int) -> tuple[float, float]:
    """Fit a head as a study does; return the test scans' AUC and the seconds of fitting."""
    study, labelled = recommended(), labelled_of(data)
    model = study.models[name]
    options = {**study.inner_of(model), "seed": seed, "replicate": split}
    began = time.process_time()
    task, learned = fit(labelled, data.split, model.settings, **options)
    seconds = time.process_time() - began
    tested, _ = predict(learned.fitted, labelled.features, patients=patients_of(data.split, "test"))
    called = evaluate(
        tabulate_scores(task, tested, learned.held_out), data.scans,
        threshold=study.threshold, sequence_rule=model.sequence_rule,
    )  # fmt: skip
    return called.metrics["roc_auc"], seconds


def labelled_of(data: Dataset) -> Labelled:
    """Return a dataset as a family takes it."""
    rows = data.slices[["scan_id", "patient_id", "slice_number"]]
    encoder = {"settings": {"sees": "slice"}, "width": data.vectors.shape[1]}
    encoder["initializer_range"] = 0.02  # that of transformers' classifiers
    return Labelled(Features([data.vectors], 1, rows, [encoder]), data.scans, data.slices)


@cache
def recommended() -> Study:
    """Return the study of all heads by the recommended protocol."""
    files = ("config.yaml", "config/recommended.yaml", "workflow/schemas/config.schema.yaml")
    config, overlay, schema = (
        yaml.safe_load((ROOT / path).read_text(encoding="utf-8")) for path in files
    )
    update_config(config, overlay)
    config["models"] = {name: {"encoder": "convnext", **its} for name, (its, _) in HEADS.items()}
    config["compare"] = [*HEADS]
    return Study.of(resolved_config(config, schema, metrics=comparable_metrics()))


def _kept(path: str | None) -> pd.DataFrame:
    """Return the results that a file has."""
    if path is None or not Path(path).exists():
        return pd.DataFrame(columns=_RESULT)
    return pd.read_csv(path)[_RESULT]


def _tasks(options: argparse.Namespace, rows: pd.DataFrame) -> list[tuple[Any, ...]]:
    """List what is asked for and not there: split by split, so that what is stopped is balanced."""
    done = {*rows[KEY].itertuples(index=False, name=None)}
    asked = product(
        range(1, options.splits + 1),
        options.widths,
        options.kinds,
        options.strengths,
        options.heads,
    )
    keys = [(kind, strength, width, n, head) for n, width, kind, strength, head in asked]
    return [(*key, options.seed) for key in keys if key not in done]


def _asked(rows: pd.DataFrame, options: argparse.Namespace) -> pd.DataFrame:
    """Return the results that are asked for, in the order of the catalogues."""
    orders = {
        "kind": options.kinds, "strength": options.strengths, "width": options.widths,
        "head": options.heads, "split": range(1, options.splits + 1),
    }  # fmt: skip
    for column, order in orders.items():
        rows = rows[rows[column].isin(order)]
    places = {name: {value: n for n, value in enumerate(own)} for name, own in orders.items()}
    return rows.sort_values([*orders], key=lambda own: own.map(places[own.name]))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    choices = {"heads": [*HEADS, *PIPELINES], "kinds": KINDS, "strengths": [*STRENGTHS[KINDS[0]]]}
    for name, known in choices.items():
        parser.add_argument(
            f"--{name}", nargs="+", default=[*known], choices=known, help="which (all)"
        )
    parser.add_argument("--widths", type=int, nargs="+", default=[*WIDTHS], help="(%(default)s)")
    parser.add_argument("--splits", type=int, default=50, help="datasets a setting (%(default)s)")
    parser.add_argument("--seed", type=int, default=SEED, help="(%(default)s)")
    parser.add_argument("--jobs", type=int, default=1, help="processes (%(default)s)")
    parser.add_argument("--csv", help="file of results, to go on from and append to")
    parser.add_argument(
        "--write", nargs="?", const=str(TABLE), help="write the comparison (resources/heads.csv)"
    )
    return parser


if __name__ == "__main__":
    main()
