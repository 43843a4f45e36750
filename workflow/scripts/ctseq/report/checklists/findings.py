"""What a study asked, how it was answered, what it found, and what limits that."""

from ctseq.core.words import listed
from ctseq.evidence.analyses import ANALYSES
from ctseq.evidence.metrics import METRICS
from ctseq.evidence.over_replicates.design import OVERLAP
from ctseq.report.checklists.evidence import (
    differences,
    level,
    metric_means,
    overlap,
    section_answer,
)
from ctseq.report.checklists.items import Answer
from ctseq.report.described.models import flattered, limits
from ctseq.report.numbers import number
from ctseq.report.study import Conducted, registration_words
from ctseq.study.comparison import contrasts_of
from ctseq.study.registration import sha256_of

_PRIMARY = "report.html#primary"


def aims(study: Conducted) -> Answer:
    """Return the question that the comparison answers."""
    primary = METRICS[study.config["comparison"]["primary"]]
    margin = study.config["comparison"]["margins"].get(primary.name, primary.margin)
    pairs = [f"{study.labels[a]} and {study.labels[b]}" for a, b in contrasts_of(study.config)]
    return Answer(
        f"To tell on the same test patients, in {primary.words} as the primary metric, how these "
        f"differ: {'; '.join(pairs)}. A difference below {margin:g} does not matter.",
        (_PRIMARY, "config.yaml"),
    )


def goal(study: Conducted) -> Answer:
    """Return what kind of study this is."""
    return Answer(
        f"Development and internal test of {len(study.labels)} models on one dataset, and their "
        "comparison: superiority is tested, non-inferiority and equivalence are read from the "
        "interval.",
        (_PRIMARY, "config.yaml"),
    )


def metrics_used(study: Conducted) -> Answer:
    """Return the metrics, the margins of their differences, and other measures shown."""
    settings = study.config["comparison"]
    named = [
        f"{METRICS[name].title} {settings['margins'].get(name, METRICS[name].margin):g}"
        for name in settings["metrics"]
    ]
    also = [
        words
        for section, words in (
            ("discrimination", "ROC and precision-recall curves"),
            ("calibration", "calibration"),
            ("benefit", "net benefit"),
            ("slices", "how well slices are pointed to"),
        )
        if section_answer(study, section)
    ]
    shown = f" Shown beside them: {listed(also)}." if also else ""
    return Answer(
        f"Primary: {METRICS[settings['primary']].title}. Compared, each with the difference from "
        f"which on it matters: {listed(named)}.{shown}",
        ("config.yaml", _PRIMARY),
    )


def statistics(study: Conducted) -> Answer:
    """Return how differences are tested, and what intervals are made of."""
    n_contrasts = len(contrasts_of(study.config))
    adjusted = f", Holm's adjustment over {n_contrasts} contrasts" if n_contrasts > 1 else ""
    return Answer(
        "Paired corrected resampled t test (Nadeau and Bengio 2003) of the primary metric over "
        f"{study.config['replicates']} replicates, two-sided, level {study.alpha:g}{adjusted}. "
        "As training sets overlap, the mean of J replicates has the variance (1/J + c) s², "
        f"c = {OVERLAP} n(test)/n(training) = {number(overlap(study))}; intervals have level "
        f"{level(study)}. Other metrics and pairs are not adjusted and make no claim."
        + f" {study.grouping}"
        * bool(study.grouping),
        (_PRIMARY, "comparison/resampled_t.csv", "comparison/verdict.csv"),
    )


def measures(study: Conducted) -> Answer:
    """Return the metrics, and how they are tested."""
    parts = [metrics_used(study), statistics(study)]
    places = dict.fromkeys(place for part in parts for place in part.places)
    return Answer(" ".join(part.text for part in parts), tuple(places))


def performance(study: Conducted) -> Answer:
    """Return the metrics of every model with their intervals."""
    return Answer(
        f"The models on {_tested(study)}.",
        ("metrics.csv", _PRIMARY),
        (metric_means(study, study.labels),),
    )


def performance_by_group(study: Conducted) -> Answer:
    """Return the metrics of every model, and where those of subgroups stand."""
    whole, groups = performance(study), section_answer(study, "subgroups")
    if groups is None:
        return whole
    return Answer(
        f"{whole.text} Subgroups are described in comparison tables of their own.",
        (*whole.places, *groups.places),
        (*whole.tables, *groups.tables),
        complete=True,
    )


def diagnostic(study: Conducted) -> Answer:
    """Return the differences between the models and what their intervals show."""
    return Answer(
        "Differences of the contrasts, first minus second, in every metric.",
        ("comparison/verdict.csv", _PRIMARY),
        (differences(study),),
    )


def errors(study: Conducted) -> Answer:
    """Return how many scans are called wrong."""
    rows = study.metrics[study.metrics["metric"].isin(["fn", "fp"])]
    means = rows.groupby(["model", "metric"])["value"].mean()
    said = [
        f"{label} misses {number(means[name, 'fn'], 1)} positive {study.unit}s and calls "
        f"{number(means[name, 'fp'], 1)} negative ones positive"
        for name, label in study.labels.items()
    ]
    return Answer(
        f"On average over the replicates, {listed(said)}. Every prediction of every "
        f"{study.unit} is listed.",
        ("predictions.csv", "comparison/patients/missed.csv", "report.html#replicates"),
    )


def robustness(study: Conducted) -> Answer:
    """Return which analyses show how far the answer depends on chance and on choices."""
    further = section_answer(study, "further")
    places = further.places if further else ()
    shown = " Further trainings vary their seed or the number of patients." if further else ""
    return Answer(
        f"All is repeated in {study.config['replicates']} replicates, each with another split and "
        f"other seeds of training; each replicate is reported.{shown}",
        ("report.html#replicates", "metrics.csv", *places),
        complete=further is not None,
    )


def explanations(study: Conducted) -> Answer | None:
    """Return how scores of slices and attention to them are checked, where models have them."""
    checked = section_answer(study, "slices")
    if checked is None:
        return None
    text = f"Whether slices with {study.target} score highest is compared with chance."
    return Answer(text, ("runs/", *checked.places), checked.tables, complete=True)


def sample_size(study: Conducted) -> Answer:
    """Return what the number of patients allows to be seen."""
    text = (
        f"All {study.summary['patients']} usable patients of the dataset are used. What so many "
        "can show is computed; the number itself was not."
    )
    own = section_answer(study, "sample_size")
    if own is None:
        section = ANALYSES["power"].section
        return Answer(text, (f"report.html#{section}", "comparison/power.csv"))
    return Answer(text, own.places, own.tables)


def fairness(study: Conducted) -> Answer | None:
    """Return how performance is compared between groups of patients."""
    own = section_answer(study, "subgroups")
    if own is None:
        return None
    text = "Performance is described by subgroups of patients; nothing is adjusted for them."
    return Answer(text, own.places)


def limitations(study: Conducted) -> Answer:
    """Return what limits the conclusion, as far as the study's design says."""
    own, never = limits(study), study.n_never_tested
    said = {
        "The patients are synthetic: nothing carries over to real ones.": study.synthetic,
        "The epoch is chosen on the patients that are reported, which flatters the results.": bool(
            flattered(study)
        ),
        f"About {number(own['n_test'], 0)} {study.unit}s are tested on in a replicate.": True,
        f"Of {study.summary['patients']} patients {never} are never tested, which costs precision "
        "and biases nothing.": never > 0,
        "Replicates reuse the same patients, and their correlation is only approximated.": True,
        "There is one dataset: other hospitals, scanners and readers may differ.": True,
        "The models differ in their encoders as well as in what they see.": not own["one_encoder"],
    }
    return Answer(" ".join(text for text, true in said.items() if true), ("report.html#limits",))


def protocol(study: Conducted) -> Answer:
    """Return where every setting of the study stands, and what it says of a registration."""
    digest, said = sha256_of(study.config), registration_words(study)
    return Answer(
        f"Every setting of the study, {study.config['study']}, stands in its configuration "
        f"(SHA-256 {digest}). {said}{' ' * bool(said)}The program is ctseq, {study.revision}.",
        ("config.yaml", "report.html#run"),
    )


def registration(study: Conducted) -> Answer | None:
    """Return the registration that the configuration names; None without one."""
    said = registration_words(study)
    return Answer(said, ("report.html#primary",)) if said else None


def availability(study: Conducted) -> Answer:
    """Return which program, models and data there are to share."""
    data = (
        "The synthetic patients are drawn again from the seed."
        if study.synthetic
        else ("The dataset is not part of the results, but tables in them name its patients.")
    )
    return Answer(
        f"Program: ctseq, {study.revision}, MIT licence. Models: every replicate's trained weights "
        f"and settings are kept. {data}",
        ("config.yaml", "runs/"),
    )


def code(study: Conducted) -> Answer:
    """Return which program made every number."""
    return Answer(
        f"All analyses are made by ctseq, {study.revision}, MIT licence, from the configuration.",
        ("config.yaml", "report.html#run"),
    )


def _tested(study: Conducted) -> str:
    number_of, replicates = number(limits(study)["n_test"], 1), study.config["replicates"]
    return f"{number_of} test {study.unit}s on average in each of {replicates} replicates"
