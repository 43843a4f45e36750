"""Model cards, with the headings of Mitchell et al. 2019 (Model Cards for Model Reporting)."""

from collections.abc import Callable
from functools import partial

from ctseq.core.words import listed
from ctseq.report.checklists import data, findings, recipe
from ctseq.report.checklists.evidence import metric_means, of_model, section_answer
from ctseq.report.checklists.items import Answer, Checklist, Fill, Item
from ctseq.report.described.encoders import preprocessing_words
from ctseq.report.described.models import flattered, model_table, training_table
from ctseq.report.study import Conducted
from ctseq.study.encoders import TINY

# Sections of the page whose tables have rows about single models.
_UNITARY = ("discrimination", "calibration", "benefit", "slices")
# What the authors add.
_MORE_GROUPS = "say which other groups matter, and what is known of them"
_ORIGIN = "name hospitals, dates and the release of the data"
_LABELS = "say who made the labels, and how"
_CAVEATS = "add what the data bring"


def model_card(study: Conducted, name: str) -> Checklist:
    """Return the card of one of a study's models."""

    def own(fill: Callable[[Conducted, str], Answer | None]) -> Fill:
        return partial(fill, name=name)

    return Checklist(
        f"model-card-{name}.md",
        f"Model card: {study.labels[name]}",
        "With the headings of Mitchell et al. 2019, Model Cards for Model Reporting (FAT* 2019). A "
        f"model of the study {study.config['study']}, made by ctseq.",
        {**_what_it_is(own), **_how_it_was_tested(own), **_what_to_mind()},
    )


def _what_it_is(own: Callable[..., Fill]) -> dict[str, list[Item]]:
    return {
        "Model details": [
            Item("", "Developer", "who developed the model, and whom to ask about it"),
            Item("", "What the model is", "kind, version and features of the model", own(_model)),
            Item("", "Training", "how it was trained, with which settings", own(_training)),
            Item(
                "",
                "Licence",
                "the licence of the checkpoint that it starts from, and that of the trained model",
                own(_licence),
            ),
            Item("", "Files", "where the trained model stands", own(_files)),
            Item("", "Citation", "which paper to cite"),
        ],
        "Intended use": [
            Item("", "Intended use", "what the model is for", _use),
            Item(
                "",
                "Intended users",
                "who is to use it",
                _users,
                "name them more closely if the model is passed on",
            ),
            Item("", "Out of scope", "what it must not be used for", _out_of_scope),
        ],
        "Factors": [
            Item(
                "",
                "Relevant factors",
                "groups of patients, scanners and circumstances that performance may depend on",
            ),
            Item(
                "", "Factors evaluated", "which of them were looked at", own(_groups), _MORE_GROUPS
            ),
        ],
    }


def _how_it_was_tested(own: Callable[..., Fill]) -> dict[str, list[Item]]:
    return {
        "Metrics": [
            Item("", "Performance measures", "how performance is measured", findings.metrics_used),
            Item("", "Decision threshold", "from where on a scan is positive", recipe.output),
            Item("", "Uncertainty", "how uncertainty is measured", findings.statistics),
        ],
        "Evaluation data": [
            Item("", "Dataset", "on which patients the model was tested", data.internal_test),
            Item("", "Motivation", "why on these", _motivation, "say why this dataset"),
            Item("", "Preprocessing", "what was done to the images", own(_preprocessing)),
        ],
        "Training data": [
            Item(
                "", "Patients", "on which patients the model was trained", _training_data, _ORIGIN
            ),
            Item("", "Labels", "what the model learns from", data.reference, _LABELS),
        ],
        "Quantitative analyses": [
            Item("", "Unitary results", "performance, as a whole and by factor", own(_results)),
            Item("", "Intersectional results", "performance by factors together"),
        ],
    }


def _what_to_mind() -> dict[str, list[Item]]:
    return {
        "Ethical considerations": [
            Item(
                "",
                "Sensitive data",
                "whether the data are sensitive, and what protects them",
                data.identity,
            ),
            Item(
                "", "Risks and harms", "what may go wrong, for whom, and what was done against it"
            ),
        ],
        "Caveats and recommendations": [
            Item("", "Caveats", "what else limits the model", findings.limitations, _CAVEATS),
            Item("", "Recommendations", "what to do before anybody uses it", _recommendations),
        ],
    }


def _model(study: Conducted, name: str) -> Answer:
    model = study.resolved.models[name]
    return Answer(
        f"{model.label}: {recipe.described(model)}. It returns a probability of {study.target} a "
        f"{study.unit}.",
        (recipe.PAGE, *(recipe.description_of(study, encoder) for encoder in model.encoders)),
        (model_table(study, name),),
    )


def _training(study: Conducted, name: str) -> Answer:
    alone = of_model(study, name)
    text = f"{study.config['replicates']} trainings, one a replicate. {recipe.chosen(study, name)}"
    return Answer(
        text.strip(),
        (recipe.PAGE, "report.html#replicates", "config.yaml"),
        (training_table(alone),),
    )


def _licence(study: Conducted, name: str) -> Answer | None:
    if any(encoder.checkpoint != TINY for encoder in study.resolved.models[name].encoders):
        return None  # a checkpoint's files do not say
    return Answer("The checkpoint is made by ctseq itself from synthetic patients (MIT licence).")


def _files(study: Conducted, name: str) -> Answer:
    return Answer(
        f"What was fitted in {study.config['replicates']} replicates; none is the one to use, "
        f"and all are reported. Program: ctseq, {study.revision}.",
        recipe.files_of(study, name),
    )


def _use(study: Conducted) -> Answer:
    return Answer(
        f"Research: to compare ways of finding {study.target} on head CT, as in this study. It is "
        "no medical device."
    )


def _users(study: Conducted) -> Answer:
    return Answer("Researchers who know the study's report.", ("report.html",))


def _out_of_scope(study: Conducted) -> Answer:
    return Answer(
        "Any decision about a patient; other targets than "
        f"{study.target}; other images than axial head CT prepared as here."
    )


def _groups(study: Conducted, name: str) -> Answer | None:
    found = section_answer(of_model(study, name), "subgroups")
    return None if found is None else Answer("Subgroups of patients.", found.places, found.tables)


def _preprocessing(study: Conducted, name: str) -> Answer:
    encoders = study.resolved.models[name].encoders
    steps = listed(preprocessing_words(study.encoders[encoder.name]) for encoder in encoders)
    return Answer(f"The same as in training: {steps}.", (recipe.PAGE,))


def _motivation(study: Conducted) -> Answer:
    return Answer("The study develops and tests its models on the patients of one dataset.")


def _training_data(study: Conducted) -> Answer:
    origin, parted = data.source(study), data.partition(study)
    return Answer(
        f"{origin.text} {data.patients_in_words(study)} {parted.text}",
        (*origin.places, *parted.places),
        complete=origin.complete,
    )


def _results(study: Conducted, name: str) -> Answer:
    label = study.labels[name]
    whole = metric_means(study, {name: label})
    found = [section_answer(of_model(study, name), section) for section in _UNITARY]
    known = [answer for answer in found if answer is not None]
    return Answer(
        f"{label} in the internal test.",
        ("metrics.csv", "report.html#primary", *(place for one in known for place in one.places)),
        (whole, *(table for one in known for table in one.tables)),
    )


def _recommendations(study: Conducted) -> Answer:
    asked = ["test it on patients of another hospital, frozen, with its threshold"]
    if flattered(study):
        asked.insert(0, "choose the epoch on other patients than are reported")
    return Answer(f"Before any use: {listed(asked)}. This study did not.", ("report.html#limits",))
