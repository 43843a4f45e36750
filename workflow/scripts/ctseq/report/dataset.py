"""The dataset, its patients, groups of them, and how many are needed, as the report prints it."""

from collections.abc import Callable, Mapping, Sequence
from itertools import islice
from typing import Any

import pandas as pd

from ctseq.core.words import listed
from ctseq.evidence.metrics import METRICS
from ctseq.evidence.over_patients.participants import ODD
from ctseq.evidence.over_patients.subgroups import title_of
from ctseq.evidence.over_replicates.power import MOST_PATIENTS
from ctseq.readers.problems import REASONS
from ctseq.readers.subtypes import SUBTYPES
from ctseq.report.notes import words_of
from ctseq.report.numbers import count, interval, mean_count, number
from ctseq.report.study import Compared, Conducted
from ctseq.report.tables import Table

# The paper's numbers, by which its dataset is recognised.
_PAPERS = {
    "patients": 82,
    "scans": 82,
    "positive_patients": 36,
    "positive_scans": 36,
    "brain_slices": 2501,
    "positive_slices": 318,
}
_OF_SCANS = ("scans", "positive_scans")
_OF_PATIENTS = {"age_years": "Age, years", "women": "Women"}
# Scans whose notes are listed: a reader looks at some, and at how many there are.
_MOST_NOTED = 20
# What is not known where a characteristic is not, if its title says less.
_WHOLE = {"women": "Sex"}
_FEW_CONTRASTS = 3  # each of which a sentence can name
_SUBSETS = {"all": "All", "train": "Train", "test": "Test"}


def data(study: Conducted) -> dict[str, Any]:
    """Return the tables of counts, files, odd scans and participants, and if they are the paper's.

    ``noted`` and ``participants`` are None, and ``uneven`` empty, where their tables are not there.
    ``external`` are the names of the datasets that are scored as well, ``also`` what the line that
    opens the tables adds.
    """
    files, splits = study.summary["flow"]["files"], study.comparison.get("splits")
    used = {"Files seen": files["seen"], "With slices of the study": files["used"]}
    left_out = {
        f"Left out: {REASONS[code].words}": n for code, n in files["excluded_by_reason"].items()
    }
    odd = noted(study)
    return {
        "papers_data": is_papers(study),
        "counts": _counts(study),
        "files": Table(
            "Files", ["", "Number"], [[name, count(n)] for name, n in (used | left_out).items()]
        ),
        "noted": odd,
        "also": [odd.title] if odd else [],
        "participants": participants(study) if "participants" in study.comparison else None,
        "uneven": "" if splits is None else uneven_splits(splits, target=study.target),
        "external": [dataset.name for dataset in study.resolved.external],
    }


def is_papers(study: Conducted) -> bool:
    """Tell whether a dataset is the paper's, by its counts."""
    return not study.synthetic and all(study.summary[key] == n for key, n in _PAPERS.items())


def noted(study: Conducted) -> Table | None:
    """Return the table of scans of which something is odd, such as a gap; None without any."""
    notes = study.summary["notes"]
    if not notes:
        return None
    rows = [[scan_id, note] for scan_id, note in islice(notes.items(), _MOST_NOTED)]
    left = len(notes) - len(rows)
    more = [f"And {count(left)} more; the column note of the dataset's scans.csv has them all."]
    title = f"Scans of which something is to be known: {count(len(notes))}"
    return Table(title, [study.unit.capitalize(), "What"], rows, more * (left > 0), frozenset({1}))


def participants(study: Compared) -> Table:
    """Return the table of participants, in all and by subset.

    It is made from ``comparison/patients/participants.csv``. What is known of nobody stands below
    the table, and what is missing of some in a row of its own.
    """
    described = study.comparison["participants"]
    values = described.set_index(["characteristic", "statistic", "subset"])
    rows = [
        [name.capitalize(), *(_spread(values, name, "n", subset) for subset in _SUBSETS)]
        for name in dict.fromkeys(["patients", f"{study.unit}s"])
    ]
    unknown = []
    for name, title in (_OF_PATIENTS | _of_scans(study)).items():
        n = values["value"]["patients" if name in _OF_PATIENTS else f"{study.unit}s", "n", "all"]
        missing = values["value"][name, "missing", "all"]
        whole = _WHOLE.get(name, title.partition(",")[0])
        if missing == n:
            unknown.append(whole[:1].lower() + whole[1:])
            continue
        rows.append([title, *(_cell(values, name, subset) for subset in _SUBSETS)])
        if missing:
            cells = [_spread(values, name, "missing", subset) for subset in _SUBSETS]
            rows.append([f"{whole}: not known", *cells])
    notes = [
        "Number (share of those in whom it is known), or median (quartiles). Of subsets the mean "
        "over replicates, with the least and the most of a replicate in square brackets."
    ]
    if study.unit == "scan":
        notes.append("Age and sex are of patients, and all that stands below them is of scans.")
    if unknown:
        notes.append(f"Not known of any patient: {listed(unknown)}.")
    return Table("Participants", ["", *_SUBSETS.values()], rows, notes)


def uneven_splits(splits: pd.DataFrame, *, target: str) -> str:
    """Return sentences that name the replicates with the fewest and most positive test patients.

    They say which splits are odd, if any. Empty where all replicates have the same share.

    Parameters
    ----------
    splits
        ``comparison/patients/splits.csv``.
    target
        What is looked for, in words.
    """
    shares = splits["positive_test"] / splits["n_test"]
    ends = [
        f"{_percent(end)} ({_replicates(splits[shares == end])})"
        for end in (shares.min(), shares.max())
    ]
    if shares.min() == shares.max():
        return ""
    first = splits.iloc[0]
    every = (first["positive_train"] + first["positive_test"]) / (
        first["n_train"] + first["n_test"]
    )
    odd = splits[splits["odd"] == 1]
    return (
        f"Of a replicate's test patients, {ends[0]} to {ends[1]} have {target}, beside "
        f"{_percent(every)} of all patients. Odd splits (fewer than one random split in "
        f"{1 / ODD:.0f} is as uneven): {_replicates(odd) if len(odd) else 'none'}."
    )


def has_subgroups(study: Compared) -> bool:
    """Tell whether a group other than that of all patients is large enough for a share."""
    groups = study.comparison.get("subgroups")
    if groups is None:
        return False
    return bool(((groups["attribute"] != "all") & groups["estimate"].notna()).any())


def subgroups(study: Compared) -> dict[str, Any]:
    """Return the table of subgroups: a row a group, the models side by side."""
    frame = study.comparison["subgroups"]
    groups = frame[["attribute", "group"]].drop_duplicates().itertuples(index=False, name=None)
    rows = {group: [title_of(*group)] for group in groups}
    header = [""]
    for measure, of_whom in (("sensitivity", "with"), ("specificity", "without")):
        own = frame[frame["measure"] == measure].set_index(["attribute", "group", "model"])
        header.append(f"{study.unit.capitalize()}s {of_whom} {study.target}")
        header += [f"{measure.capitalize()}, {label}" for label in study.labels.values()]
        for group, cells in rows.items():
            found = own.reindex([(*group, model) for model in study.labels])
            n = found["n"].iloc[0]
            cells += ["" if pd.isna(n) else count(n), *map(_share, found.itertuples())]
    few = dict.fromkeys(words for cell in frame["notes"] for words in words_of(cell))
    notes = [f"Without a share: {words}." for words in few]
    return {"subgroups": Table("Subgroups", header, [*rows.values()], notes)}


def sample_size(study: Compared) -> dict[str, Any]:
    """Return how many patients the precision is of, and what the primary margin would need."""
    sizes, power = study.comparison["sample_size"], study.comparison["power"]
    key = ["metric", "model_a", "model_b"]
    verdict = study.comparison["verdict"]
    chosen = verdict.loc[(verdict["primary"] == 1) & (verdict["contrast"] == 1), key]
    rows = list(chosen.merge(power, on=key).itertuples())
    return {
        "n_patients": count(sizes["n_patients"].iloc[0]),
        "prevalence": f"{100 * sizes['prevalence'].iloc[0]:.0f} %",
        "metric": METRICS[study.config["comparison"]["primary"]].words,
        "margin": f"{rows[0].difference:g}",
        "needs": _needs(study, rows),
    }


def _needs(study: Compared, rows: Sequence[Any]) -> str:
    """Return how many patients contrasts need, of more than a few the fewest and the most."""
    if len(rows) <= _FEW_CONTRASTS:
        labels = study.labels
        pairs = [f"{labels[row.model_a]} and {labels[row.model_b]}" for row in rows]
        return listed(f"{_patients(row)} ({pair})" for row, pair in zip(rows, pairs, strict=True))
    known = [row for row in rows if not pd.isna(row.sd)]
    if not known:
        return "an unknown number of patients"
    ends = sorted(known, key=lambda row: (pd.isna(row.patients_needed), row.patients_needed))
    return f"from {_patients(ends[0])} to {_patients(ends[-1])}, by contrast"


def _patients(row: Any) -> str:
    if pd.isna(row.sd):
        return "an unknown number of patients"
    if pd.isna(row.patients_needed):
        return f"more than {count(MOST_PATIENTS)} patients"
    return f"roughly {count(row.patients_needed)} patients"


def _counts(study: Conducted) -> Table:
    """Return the table of what was counted, of scans where they are not as many as patients."""
    target, papers = study.target, is_papers(study)
    titles = {
        "patients": "Patients",
        "scans": "Scans",
        "positive_patients": f"Patients with {target}",
        "positive_scans": f"Scans with {target}",
        "brain_slices": "Brain slices",
        "positive_slices": f"Brain slices with {target}",
    }
    rows = []
    for key, title in titles.items():
        if study.unit == "scan" or key not in _OF_SCANS:
            n = study.summary[key]
            own = "not labelled" if n is None else count(n)
            rows.append([title, own, *[count(_PAPERS[key])] * papers])
    what = "Patients and slices" if study.unit == "patient" else "Patients, scans and slices"
    return Table(what, ["", "This study"] + ["The paper's data"] * papers, rows)


def _of_scans(study: Compared) -> dict[str, str]:
    """Return the titles of what is known of scans."""
    return {
        "target": f"With {study.target}",
        **{name: name.capitalize() for name in SUBTYPES},
        "n_slices": f"Slices a {study.unit}",
        "spacing_mm": "Distance between slices, mm",
    }


def _replicates(splits: pd.DataFrame) -> str:
    """Return in words which replicates these are."""
    return f"replicate{'s' * (len(splits) > 1)} {listed(map(str, splits['replicate']))}"


def _cell(values: pd.DataFrame, name: str, subset: str) -> str:
    """Return a characteristic of a subset: its number and share, or its median and quartiles."""

    def part(statistic: str) -> str:
        return _short(values["value"][name, statistic, subset])

    if (name, "n", subset) in values.index:
        share = values.loc[(name, "share", subset)]
        of_mean = mean_count(values["value"][name, "n", subset])
        shown, ends = f"{of_mean} ({_percent(share['value'])})", _ends(share, _percent)
    else:
        shown = f"{part('median')} ({part('q1')} to {part('q3')})"
        ends = _ends(values.loc[(name, "median", subset)], _short)
    return shown + ends


def _spread(values: pd.DataFrame, name: str, statistic: str, subset: str) -> str:
    """Return a number of patients with its extremes over replicates."""
    row = values.loc[(name, statistic, subset)]
    return mean_count(row["value"]) + _ends(row, mean_count)


def _ends(row: Mapping[str, float], write: Callable[[float], str]) -> str:
    """Return the least and the most over replicates in brackets; empty where they are equal."""
    return f" [{write(row['least'])}, {write(row['most'])}]" if row["least"] < row["most"] else ""


def _short(value: float) -> str:
    """Return a number with three digits, or a whole one in full."""
    return count(value) if value >= 100 or value % 1 == 0 else f"{value:.3g}"


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %"


def _share(row: Any) -> str:
    """Return an estimate with its interval; empty where there is none."""
    if pd.isna(row.estimate):
        return ""
    return f"{number(row.estimate)} {interval(row.low, row.high)}"
