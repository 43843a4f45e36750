"""What a study knows of its data: source, numbers, reference standard, splits."""

from ctseq.core.paths import last_part
from ctseq.core.words import listed
from ctseq.readers.problems import REASONS
from ctseq.report.checklists.evidence import section_answer
from ctseq.report.checklists.items import Answer
from ctseq.report.dataset import is_papers
from ctseq.report.described.models import limits
from ctseq.report.numbers import count, number
from ctseq.report.study import Conducted
from ctseq.report.tables import Table

_PAGE = "report.html#data"


def file_of(study: Conducted, name: str) -> str:
    """Return the path of a file of the study's dataset, from the study's folder on."""
    return f"../data/{study.resolved.dataset.name}/{name}"


def source(study: Conducted) -> Answer:
    """Return where the images come from."""
    dataset, places = study.resolved.dataset, (_PAGE, file_of(study, "format.json"))
    if dataset.phantom is not None:
        return Answer(
            f"Synthetic head CTs, drawn by the workflow from a seed ({dataset.phantom['seed']}) in "
            f"the layout {dataset.format}. No person is behind them.",
            places,
            complete=True,
        )
    origin = f"One dataset of head CTs, {dataset.name}, read in the layout {dataset.format}."
    if is_papers(study):
        origin += " By its counts it is CT-ICH (PhysioNet), JPG release, the dataset of the paper."
    return Answer(origin, places)


def collection(study: Conducted) -> Answer | None:
    """Return how data were collected, known only of synthetic ones."""
    return _synthetic(study, "The patients are synthetic: nobody was enrolled, scanned or treated.")


def acquisition(study: Conducted) -> Answer | None:
    """Return how images were acquired, known only of synthetic ones."""
    return _synthetic(study, "No scanner was used: the slices are drawn by a program.")


def identity(study: Conducted) -> Answer | None:
    """Return how patients were kept from being identified, known only of synthetic ones."""
    return _synthetic(study, "There is nothing to remove: no person is behind the images.")


def eligibility(study: Conducted) -> Answer:
    """Return which patients and slices of the dataset are used."""
    stops = "stops the run" if study.resolved.dataset.on_problem == "error" else "is left out"
    return Answer(
        f"Every {study.unit} of the dataset is used that has a label and slices that can be read. "
        f"What is damaged, doubtful or contradictory {stops}; every file and slice that is not "
        "used has a reason.",
        tuple(file_of(study, f"{name}.csv") for name in ("inventory", "listing", "problems")),
        complete=study.synthetic,
    )


def flow(study: Conducted) -> Answer:
    """Return how many files, slices and scans were seen, used and left out for which reason."""
    rows = []
    for part, own in study.summary["flow"].items():
        reasons = [
            f"{REASONS[code].words}: {count(n)}" for code, n in own["excluded_by_reason"].items()
        ]
        rows.append([part.capitalize(), count(own["seen"]), count(own["used"]), "; ".join(reasons)])
    header = ["", "Seen", "Used", "Left out, by reason"]
    table = Table("", header, [[*row[:3], row[3] or "none"] for row in rows])
    places = (_PAGE, file_of(study, "summary.json"), "figures/flow.svg")
    return Answer(patients_in_words(study), places, (table,))


def patients_in_words(study: Conducted) -> str:
    """Return the numbers of patients, scans and slices, and the prevalence, in a sentence."""
    own, unit = study.summary, study.unit
    n, positive, lengths = own["scans"], own["positive_scans"], own["slices_per_scan"]
    of_whom = f" of {count(own['patients'])} patients" * (unit == "scan")
    of_slices = "slices have no labels of their own"
    if own["positive_slices"] is not None:
        of_slices = f"{count(own['positive_slices'])} of them show it"
    return (
        f"{count(n)} {unit}s{of_whom}, {count(positive)} of them ({_percent(positive / n)}) with "
        f"{study.target}; {count(own['brain_slices'])} slices, {lengths['min']} to "
        f"{lengths['max']} a {unit} (median {lengths['median']:g}); {of_slices}."
    )


def characteristics(study: Conducted) -> Answer:
    """Return what is known of the patients, by subset where they were tabulated so."""
    subtypes = [f"{name} {count(own['scans'])}" for name, own in study.summary["subtypes"].items()]
    text = patients_in_words(study)
    if subtypes:
        text += f" {study.unit.capitalize()}s with each subtype: {', '.join(subtypes)}."
    tabulated = section_answer(study, "data")
    if tabulated is None:
        return Answer(text, (_PAGE, file_of(study, "scans.csv")))
    return Answer(text, tabulated.places, tabulated.tables, complete=True)


def characteristics_compared(study: Conducted) -> Answer | None:
    """Return the patients of both subsets side by side, where they were tabulated so."""
    tabulated = section_answer(study, "data")
    if tabulated is None:
        return None
    return Answer(
        "Patients who train and who are tested on are drawn from the same patients; their "
        "characteristics are tabulated by subset.",
        tabulated.places,
        tabulated.tables,
    )


def same_origin(study: Conducted) -> Answer:
    """Return how the data of the test differ from those of training."""
    return Answer(
        "They do not differ in setting, eligibility, outcome or predictors: both are drawn from "
        "the patients of one dataset.",
        (_PAGE, "splits/"),
    )


def ethics(study: Conducted) -> Answer | None:
    """Return whether approval is needed, known only of synthetic patients."""
    return _synthetic(study, "None is needed: the patients are synthetic.")


def missing(study: Conducted) -> Answer:
    """Return what is done where a label, an image or a metric is missing."""
    undefined = {
        "exclude": "leaves its replicate out of that metric's comparison",
        "zero": "counts as 0",
        "error": "stops the run",
    }[study.config["comparison"]["undefined"]]
    problems = {
        "error": "stops the run until the dataset is mended",
        "exclude": "leaves out the slices or the scan concerned",
    }[study.resolved.dataset.on_problem]
    return Answer(
        f"A missing label or an unreadable image {problems}. No image and no label is imputed. "
        f"Age and sex are read where the dataset has them; no model sees them. A metric that is "
        f"0/0 {undefined}.",
        (file_of(study, "problems.csv"), "report.html#data"),
        complete=True,
    )


def reference(study: Conducted) -> Answer:
    """Return what makes a scan positive."""
    table = study.resolved.dataset.labels
    named = "the dataset's label table" if table is None else f"the table {last_part(table)}"
    labels = "the drawing program's record of what it drew"
    labels = labels if study.synthetic else f"those of {named}"
    slices = study.summary["positive_slices"] is not None
    rule = f"; a {study.unit} is positive if any slice is" if slices else ""
    return Answer(
        f"Target: {study.target}, yes or no. The labels are {labels}{rule}.",
        (_PAGE, file_of(study, "slices.csv"), file_of(study, "scans.csv")),
        complete=study.synthetic,
    )


def reference_of_phantoms(study: Conducted) -> Answer | None:
    """Return why and by whom labels were made, known only of synthetic patients."""
    return _synthetic(
        study, "The program that draws a finding writes its label: nobody read the images."
    )


def reference_of_test(study: Conducted) -> Answer:
    """Return how the labels of test patients were made."""
    return Answer(
        "The labels of test patients come from the same table, by the same rule, as those of "
        "training patients.",
        (file_of(study, "scans.csv"),),
        complete=study.synthetic,
    )


def partition(study: Conducted) -> Answer:
    """Return how patients come to train or to be tested on, and how many."""
    splits, replicates = study.config["splits"], study.config["replicates"]
    n_test = limits(study)["n_test"]
    n_train = study.n_scans - n_test
    if splits["scheme"] == "repeated_kfold":
        drawn = (
            f"The patients are dealt over {splits['folds']} folds with equal shares of positive "
            f"ones, anew for every {splits['folds']} replicates; each replicate tests on one fold."
        )
    else:
        share = _percent(splits["test_proportion"])
        kept = ", with equal shares of positive ones" if splits["stratify"] else ""
        drawn = f"Each replicate draws {share} of the patients at random to test on{kept}."
    return Answer(
        f"{drawn} There are {replicates} replicates, the same split for every model, seeded by "
        f"{study.config['seed']} and the replicate's number. On average {number(n_train, 1)} "
        f"{study.unit}s train and {number(n_test, 1)} are tested on.{_grouped(study)}"
        f"{_inner(study)}",
        (_PAGE, "splits/", "config.yaml"),
    )


def disjoint(study: Conducted) -> Answer:
    """Return the level at which subsets share nothing."""
    return Answer(
        "The patient: all that is of a patient is in one subset, and inner folds are of patients, "
        "too. The same image under two patients would be a problem that the run reports.",
        (_PAGE, "splits/"),
    )


def internal_test(study: Conducted) -> Answer:
    """Return on whom the models are tested inside the dataset."""
    scheme = study.config["splits"]["scheme"].replace("_", "-")
    return Answer(
        f"Internal test: in each of {study.config['replicates']} replicates ({scheme} splits) the "
        "models are tested on patients of the same dataset that did not train them."
        + (" These patients chose the epoch." if limits(study)["flattered"] else ""),
        ("metrics.csv", "predictions.csv", "report.html#replicates"),
    )


def external_test(study: Conducted) -> Answer | None:
    """Return which other datasets are scored; None if there is none."""
    names = limits(study)["external"]
    if not names:
        return None
    return Answer(
        f"The fitted models of all replicates score the scans of {listed(names)}, which no choice "
        "has seen. What they score is kept, and nothing here is computed from it.",
        ("runs/", _PAGE),
    )


def analysed(study: Conducted) -> Answer:
    """Return how many scans, with and without the target, are in each analysis."""
    rows = study.metrics[study.metrics["model"] == study.metrics["model"].iloc[0]]
    counts = rows.pivot(index="replicate", columns="metric", values="value")
    positive = counts["tp"] + counts["fn"]
    sentences = [
        patients_in_words(study),
        partition(study).text,
        f"Of the {study.unit}s tested on in a replicate, "
        f"{_range(positive.min(), positive.max())} are positive.",
    ]
    return Answer(" ".join(sentences), ("splits/", "predictions.csv", "metrics.csv"))


def _grouped(study: Conducted) -> str:
    return f" {study.grouping}" if study.grouping else ""


def _inner(study: Conducted) -> str:
    inside = limits(study)["chosen_inside"]
    if not inside:
        return ""
    folds = study.config["tuning"]["folds"]
    return f" Inside the training patients, {folds} inner folds choose {listed(inside)}."


def _synthetic(study: Conducted, text: str) -> Answer | None:
    return Answer(text, (_PAGE,), complete=True) if study.synthetic else None


def _percent(share: float) -> str:
    return f"{100 * share:.1f}".removesuffix(".0") + " %"


def _range(low: float, high: float) -> str:
    return f"{low:g}" if low == high else f"{low:g} to {high:g}"
