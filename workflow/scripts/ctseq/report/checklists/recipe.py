"""What a study knows of its models: what they are, how they learn, what they are run with."""

from ctseq.core.words import listed
from ctseq.report.checklists.data import file_of
from ctseq.report.checklists.items import Answer
from ctseq.report.described.encoders import (
    checkpoint_words,
    preprocessing_words,
    slices_seen,
    window_words,
)
from ctseq.report.described.models import (
    limits,
    members_words,
    model_table,
    sights,
    taught,
    training_table,
)
from ctseq.report.study import Conducted
from ctseq.study.encoders import Encoder
from ctseq.study.models import Model

PAGE = "report.html#models"


def category(study: Conducted) -> Answer:
    """Return the kind of technology that is studied."""
    kinds = [f"{model.label}, {described(model)}" for model in study.resolved.models.values()]
    return Answer(f"Machine learning on images: {'; '.join(kinds)}.", (PAGE,))


def described(model: Model) -> str:
    """Return what a model is in a few words."""
    if model.finetuned:
        what = ", with low-rank adapters" if "lora" in model.parts else ""
        return f"a deep network that sees {sights(model)}{what}, trained from pixels"
    if model.members:
        return f"the {model.about.words}, of {members_words(model)}"
    n = len(model.encoders)
    of = "the features of a frozen deep network that sees"
    if n > 1:
        of = f"the joined features of {n} frozen deep networks that see"
    return f"{model.about.words} on {of} {sights(model)}"


def models(study: Conducted) -> Answer:
    """Return what every model is."""
    tables = tuple(model_table(study, name) for name in study.labels)
    places = (description_of(study, encoder) for encoder in study.resolved.encoders.values())
    return Answer(
        f"Each model turns slices into a probability of {study.target} a {study.unit}.",
        (PAGE, *places),
        tables,
    )


def description_of(study: Conducted, encoder: Encoder) -> str:
    """Return the path of an encoder's description, from the study's folder on."""
    return file_of(study, f"encoders/{encoder.name}.json")


def preprocessing(study: Conducted) -> Answer:
    """Return what is done to the images before an encoder sees them."""
    window = study.resolved.dataset.window
    steps = [
        f"{encoder.name}: window {window_words(encoder.window or window)}; "
        f"{preprocessing_words(study.encoders[encoder.name])}."
        for encoder in study.resolved.encoders.values()
    ]
    return Answer(
        "Slices are shown as 8-bit grey values in a window (level/width); pictures keep the window "
        f"that they were saved in. By encoder: {' '.join(steps)} It is the same for all patients.",
        (PAGE, "config.yaml"),
    )


def slices_used(study: Conducted) -> Answer:
    """Return which slices of a scan each encoder sees."""
    uses = [
        f"{encoder.name} sees {slices_seen(study, encoder)}"
        for encoder in study.resolved.encoders.values()
    ]
    return Answer(
        f"Nothing but the pixels of slices is used, and no {study.unit} is left out by choice. "
        f"Slices of each {study.unit}, by encoder: {listed(uses)}.",
        (PAGE, "config.yaml"),
    )


def software(study: Conducted) -> Answer:
    """Return the versions of all programs that decide a result."""
    versions = ", ".join(f"{name} {version}" for name, version in study.versions.items())
    return Answer(
        f"The workflow ctseq ({study.revision}), run by Snakemake: {versions}.",
        ("report.html#run",),
    )


def initialisation(study: Conducted) -> Answer:
    """Return what the parameters start from."""
    starts = []
    for name, known in study.encoders.items():
        start = f"{name}: {checkpoint_words(study, study.resolved.encoders[name])}"
        start += f", commit {known['commit']}" if known["commit"] else ""
        digest = known["weights_sha256"]
        starts.append(start + (f", SHA-256 of the weights {digest}" if digest else ""))
    return Answer(
        f"Encoders have the weights of their checkpoints. {'; '.join(starts)}. New layers start "
        f"from random weights, seeded by {study.config['seed']} and the replicate's number; those "
        "of a linear layer are normal with the standard deviation that the checkpoint states, its "
        "bias 0.",
        (PAGE, "config.yaml"),
    )


def training(study: Conducted) -> Answer:
    """Return how the models are trained."""
    return Answer(
        " ".join(_learns(study, model) for model in study.resolved.models.values()),
        (PAGE, "report.html#replicates", "config.yaml", "runs/"),
        (training_table(study),),
    )


def selection(study: Conducted) -> Answer:
    """Return how the trained model that is tested was chosen."""
    own = limits(study)
    sentences = []
    if own["flattered"]:
        sentences.append(
            f"Of {listed(own['flattered'])} the epoch with the best accuracy on the test patients "
            "is kept, and these patients give the results, which flatters them."
        )
    if own["chosen_inside"]:
        sentences.append(
            f"Inside each replicate's training patients, {study.config['tuning']['folds']} inner "
            f"folds choose {listed(own['chosen_inside'])}."
        )
    sentences.append("Nothing is chosen between replicates: all of them are reported.")
    return Answer(" ".join(sentences), (PAGE, "report.html#limits", "report.html#replicates"))


def chosen(study: Conducted, name: str) -> str:
    """Return the smallest and largest value that a model's replicates chose, in words."""
    summaries = study.summaries.get(name, ())
    values: dict[str, list[float]] = {}
    for summary in summaries:
        for key, value in summary.items():
            if key != "relative_weight_change" and isinstance(value, int | float):
                values.setdefault(key.replace("_", " "), []).append(value)
    spans = [
        f"{key} {min(own):g}" + f" to {max(own):g}" * (min(own) < max(own))
        for key, own in values.items()
    ]
    return f"Chosen by the replicates: {', '.join(spans)}." if spans else ""


def ensembling(study: Conducted) -> Answer:
    """Return whether models are combined."""
    seeds = {
        model.label: model.training["seeds"]
        for model in study.resolved.models.values()
        if model.in_epochs and model.training.get("seeds", 1) > 1
    }
    own = [f"{label} averages heads of {number} seeds" for label, number in seeds.items()]
    combined = [
        f"{model.label} is the {model.about.words}, of {members_words(model)}"
        for model in study.resolved.models.values()
        if model.members
    ]
    if combined:
        return Answer(f"{'; '.join([*combined, *own])}. No replicates are averaged.", (PAGE,))
    within = f"Within models alone ({'; '.join(own)})" if own else "None"
    return Answer(
        f"{within}: no model is combined with another, and no replicates are averaged.", (PAGE,)
    )


def building(study: Conducted) -> Answer:
    """Return how the models are built, tuned and tested inside the dataset."""
    parts = [training(study), selection(study)]
    places = dict.fromkeys(place for part in parts for place in part.places)
    return Answer(" ".join(part.text for part in parts), tuple(places), parts[0].tables)


def judged(study: Conducted) -> Answer:
    """Return who judges the predictors."""
    return Answer("Nobody: the predictors are the pixels of the slices.", (PAGE,))


def updating(study: Conducted) -> Answer:
    """Return whether a model was changed after its test."""
    return Answer("None: no model is changed or recalibrated after its test.", (PAGE,))


def predictions(study: Conducted) -> Answer:
    """Return by what the predictions were computed."""
    return Answer(
        "By the trained models themselves, in the program that trained them: scores of test rows, "
        f"then one probability a {study.unit}.",
        ("runs/", "predictions.csv", PAGE),
    )


def specification(study: Conducted) -> Answer:
    """Return in which files the whole models stand."""
    places = [place for name in study.labels for place in files_of(study, name)]
    return Answer(
        "What each replicate fitted is kept beside its settings, in formats that run no code when "
        "they are loaded; encoders are named by checkpoint, commit and SHA-256.",
        tuple(dict.fromkeys(places)),
    )


def imbalance(study: Conducted) -> Answer:
    """Return what is done about one class having more scans."""
    uses = []
    for model in study.resolved.trained.values():
        loss, balanced = model.training["loss"], model.training["sampling"] == "balanced"
        means = [f"{loss} loss"] * (loss in ("weighted", "focal"))
        means += ["balanced sampling of training rows"] * (balanced and model.in_epochs)
        uses.append(f"{model.label}: {listed(means) or 'nothing'}")
    return Answer(
        f"Done about unequal classes in training: {'; '.join(uses)}. Test patients are never "
        "resampled, and probabilities are not recalibrated.",
        (PAGE, "config.yaml"),
    )


def output(study: Conducted) -> Answer:
    """Return what the models put out and from where on a scan is called positive."""
    threshold = study.resolved.threshold
    how = f"{threshold} of every model, stated in the configuration"
    if threshold == "chosen":
        how = (
            "the one with the highest balanced accuracy over the training patients as inner folds "
            "held them out, chosen anew in each replicate"
        )
    return Answer(
        f"A probability of {study.target} a {study.unit}, and the decision that follows from a "
        f"threshold: {how}.",
        (PAGE, "predictions.csv", "config.yaml"),
    )


def files_of(study: Conducted, name: str) -> tuple[str, ...]:
    """Return where what a model fitted stands, and what goes with it."""
    encoders = study.resolved.models[name].encoders
    places = (description_of(study, encoder) for encoder in encoders)
    return (f"runs/{name}/", f"runs/{name}/replicate-01/fitted/", *places)


def _learns(study: Conducted, model: Model) -> str:
    if model.members:
        return f"{model.label} is {described(model)}, whose scores it combines."
    by = " by AdamW" * model.in_epochs
    return (
        f"{model.label} is {described(model)}; it is fitted{by} to the label of the "
        f"{taught(study, model)}."
    )
