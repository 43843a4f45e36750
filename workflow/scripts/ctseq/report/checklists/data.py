"""What a study knows of its data: source, numbers, reference standard, splits."""

from pathlib import PurePath

from ctseq.core.words import listed
from ctseq.readers.problems import REASONS
from ctseq.report.checklists.evidence import section_answer
from ctseq.report.checklists.items import Answer
from ctseq.report.dataset import data
from ctseq.report.models import limits
from ctseq.report.numbers import count, number
from ctseq.report.study import Conducted
from ctseq.report.tables import Table

TARGET = "intracranial hemorrhage"

_PAGE = "report.html#data"
_SUMMARY = "dataset/summary.json"


def source(study: Conducted) -> Answer:
    """Return where the images come from."""
    dataset = study.config["dataset"]
    if study.synthetic:
        return Answer(
            "Synthetic head CTs, drawn by the workflow from the study's seed "
            f"({study.config['seed']}) in the layout {dataset['phantom']['layout']}. No person is "
            "behind them.",
            (_PAGE, "dataset/format.json"),
            complete=True,
        )
    origin = f"One dataset of head CTs, read in the layout {dataset['format']}."
    if data(study)["papers_data"]:
        origin += " By its counts it is CT-ICH (PhysioNet), JPG release, the dataset of the paper."
    return Answer(origin, (_PAGE, "dataset/format.json"))


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
    stops = "stops the run" if study.config["dataset"]["on_problem"] == "error" else "is left out"
    return Answer(
        "Every patient of the dataset is used who has a label and slices that can be read. What is "
        f"damaged, doubtful or contradictory {stops}; every file and slice that is not used has a "
        "reason.",
        ("dataset/inventory.csv", "dataset/listing.csv", "dataset/problems.csv"),
        complete=study.synthetic,
    )


def flow(study: Conducted) -> Answer:
    """Return how many files, slices and patients were seen, used and left out for which reason."""
    rows = []
    for part, own in study.summary["flow"].items():
        reasons = [
            f"{REASONS[code].words}: {count(n)}" for code, n in own["excluded_by_reason"].items()
        ]
        rows.append([part.capitalize(), count(own["seen"]), count(own["used"]), "; ".join(reasons)])
    header = ["", "Seen", "Used", "Left out, by reason"]
    table = Table("", header, [[*row[:3], row[3] or "none"] for row in rows])
    return Answer(patients_in_words(study), (_PAGE, _SUMMARY, "figures/flow.svg"), (table,))


def patients_in_words(study: Conducted) -> str:
    """Return the numbers of patients and slices, and the prevalence, in a sentence."""
    own = study.summary
    lengths = own["slices_per_patient"]
    of_slices = "slices have no labels of their own"
    if own["positive_slices"] is not None:
        of_slices = f"{count(own['positive_slices'])} of them show it"
    return (
        f"{count(own['patients'])} patients, {count(own['positive_patients'])} of them "
        f"({_percent(own['positive_patients'] / own['patients'])}) with {TARGET}; "
        f"{count(own['brain_slices'])} slices, {lengths['min']} to {lengths['max']} a patient "
        f"(median {lengths['median']:g}); {of_slices}."
    )


def characteristics(study: Conducted) -> Answer:
    """Return what is known of the patients, by subset where they were tabulated so."""
    subtypes = [
        f"{name} {count(own['patients'])}" for name, own in study.summary["subtypes"].items()
    ]
    text = patients_in_words(study)
    if subtypes:
        text += f" Patients with each subtype: {', '.join(subtypes)}."
    tabulated = section_answer(study, "data")
    if tabulated is None:
        return Answer(text, (_PAGE, "dataset/patients.csv"))
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
        "exclude": "leaves out the slices or the patient concerned",
    }[study.config["dataset"]["on_problem"]]
    return Answer(
        f"A missing label or an unreadable image {problems}. No image and no label is imputed. "
        f"Age and sex are read where the dataset has them; no model sees them. A metric that is "
        f"0/0 {undefined}.",
        ("dataset/problems.csv", "report.html#data"),
        complete=True,
    )


def reference(study: Conducted) -> Answer:
    """Return what makes a patient positive."""
    table = study.config["dataset"]["labels"]
    named = "the dataset's label table" if table == "auto" else f"the table {PurePath(table).name}"
    labels = "the drawing program's record of where it bleeds"
    labels = labels if study.synthetic else f"those of {named}"
    slices = study.summary["positive_slices"] is not None
    rule = "; a patient is positive if any slice is" if slices else ""
    return Answer(
        f"Target: {TARGET}, yes or no. The labels are {labels}{rule}.",
        (_PAGE, "dataset/slices.csv", "dataset/patients.csv"),
        complete=study.synthetic,
    )


def reference_of_phantoms(study: Conducted) -> Answer | None:
    """Return why and by whom labels were made, known only of synthetic patients."""
    return _synthetic(
        study, "The program that draws a bleed writes its label: nobody read the images."
    )


def reference_of_test(study: Conducted) -> Answer:
    """Return how the labels of test patients were made."""
    return Answer(
        "The labels of test patients come from the same table, by the same rule, as those of "
        "training patients.",
        ("dataset/patients.csv",),
        complete=study.synthetic,
    )


def partition(study: Conducted) -> Answer:
    """Return how patients come to train or to be tested on, and how many."""
    splits, replicates = study.config["splits"], study.config["replicates"]
    n_test = limits(study)["n_test"]
    n_train = study.summary["patients"] - n_test
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
        f"patients train and {number(n_test, 1)} are tested on.{_inner(study)}",
        (_PAGE, "splits/", "config.yaml"),
    )


def disjoint(study: Conducted) -> Answer:
    """Return the level at which subsets share nothing."""
    return Answer(
        "The patient: all slices of a patient are in one subset, and inner folds are of patients, "
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


def analysed(study: Conducted) -> Answer:
    """Return how many patients, with and without the target, are in each analysis."""
    rows = study.metrics[study.metrics["model"] == study.metrics["model"].iloc[0]]
    counts = rows.pivot(index="replicate", columns="metric", values="value")
    positive = counts["tp"] + counts["fn"]
    sentences = [
        patients_in_words(study),
        partition(study).text,
        f"Of the patients tested on in a replicate, {_range(positive.min(), positive.max())} are "
        "positive.",
    ]
    return Answer(" ".join(sentences), ("splits/", "predictions.csv", "metrics.csv"))


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
