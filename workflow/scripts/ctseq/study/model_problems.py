"""What is wrong with a model: its encoders, and its combination of keys."""

from collections.abc import Iterator

from ctseq.core.words import listed, unknown
from ctseq.encoders.registry import SIGHTS
from ctseq.families.registry import FAMILIES, LISTED
from ctseq.study.models import (
    OWN_KEYS,
    Config,
    Model,
    encoder_names,
    merged_training,
    training_settings,
)


def naming_problems(name: str, config: Config) -> list[str]:
    """Say which encoders of a model are not there, or cannot be used together or by its family."""
    its, key = config["models"][name], f"models.{name}"
    if FAMILIES[its["family"]].combines:
        return _member_problems(name, config)
    takes, names = FAMILIES[its["family"]].takes, encoder_names(name, config)
    if not names:
        return [
            f"{key}.family is {its['family']!r}, which takes an encoder that sees a "
            f"{' or '.join(takes)}, and `encoders` has none: add one"
        ]
    unknown = [one for one in names if one not in config["encoders"]]
    if unknown:
        known = ", ".join(config["encoders"])
        return [f"{key}.encoder names {listed(unknown)}, but `encoders` has {known}"]
    sees = {one: config["encoders"][one]["sees"] for one in names}
    found = [
        f"{key}.family is {its['family']!r}, which takes an encoder that sees a "
        f"{' or '.join(takes)}, but {one} sees a {seen}: choose another family or encoder"
        for one, seen in sees.items()
        if seen not in takes
    ]
    if len({SIGHTS[seen].row for seen in sees.values()}) > 1:
        each = listed(f"{one}, which sees a {seen}" for one, seen in sees.items())
        found.append(
            f"{key}.encoder joins {each}: only features of the same rows can be joined; choose "
            "encoders whose features are all of slices, or all of scans"
        )
    elif len({config["encoders"][one].get("first_slices") for one in names}) > 1:
        found.append(
            f"{key}.encoder joins {listed(names)}, whose first_slices differ: only features of the "
            "same slices can be joined"
        )
    return found


def _member_problems(name: str, config: Config) -> list[str]:
    """Say what an ensemble's members lack, or who of them cannot be one."""
    key, models = f"models.{name}.members", config["models"]
    members = models[name].get("members", [])
    if not members:
        return [f"{key} is missing: a list of two models or more, whose scores are combined"]
    known = [one for one in models if not FAMILIES[models[one]["family"]].combines]
    found = []
    for member in members:
        if member not in models:
            found.append(unknown(key, member, "models", known))
        elif member not in known:
            found.append(
                f"{key} names {member}, an ensemble itself: name its members, "
                f"{listed(models[member].get('members', []))}, in its place"
            )
        else:
            found += naming_problems(member, config)
    return found


def model_problems(name: str, config: Config) -> Iterator[str]:
    """Yield what is wrong with a model's combination of keys, in a filled configuration."""
    its, key = config["models"][name], f"models.{name}"
    about, training = FAMILIES[its["family"]], training_settings(name, config)
    if about.combines:
        yield from _held_out_problems(name, config)
        return
    if training["loss"] not in about.losses:
        yield (
            f"{key}.family is {its['family']!r}, which cannot learn a {training['loss']} loss: set "
            f"{key}.training.loss to cross_entropy"
        )
    if training["trainable"] != "head":
        if not about.finetunes:
            yield (
                f"{key}.family is {its['family']!r}, which takes a frozen encoder's features, but "
                f"{key}.training.trainable is {training['trainable']!r}: set it to head, or the "
                f"family to {' or '.join(n for n, one in FAMILIES.items() if one.finetunes)}"
            )
        if len(encoder_names(name, config)) > 1:
            yield (
                f"{key}.encoder joins several encoders, which stay frozen, but training.trainable "
                f"is {training['trainable']!r}: set {key}.training.trainable to head"
            )
        if "pool" in its:
            yield (
                f"{key}.pool is {its['pool']!r}, which pools a frozen encoder's features, but "
                f"training.trainable is {training['trainable']!r}: set {key}.training.trainable to "
                "head, or remove the pool"
            )
    yield from _solver_problems(name, config)
    lists = [one for one in LISTED if isinstance(training.get(one), list)]
    named = listed(f"training.{one}" for one in lists) + (" is" if len(lists) == 1 else " are")
    if lists and training["trainable"] != "head":
        yield (
            f"{key}: {named} to be chosen from a list, which is for cached features: a model that "
            f"is trained throughout takes one value each, as {key}.training.{lists[0]}"
        )
    elif lists and Model.of(name, config).in_epochs and config["tuning"]["patients"] != "train":
        yield (
            f"{key}: {named} to be chosen from a list, and only inner folds may choose: set "
            "tuning.patients to train, or give one value in place of each list"
        )


def _held_out_problems(name: str, config: Config) -> Iterator[str]:
    """Yield which members have no scores of training patients, if an ensemble learns from those."""
    its = config["models"][name]
    if not FAMILIES[its["family"]].needs_held_out or config["tuning"]["patients"] == "train":
        return
    for member in its["members"]:
        if not FAMILIES[config["models"][member]["family"]].always_tunes:
            yield (
                f"models.{name}.family is {its['family']!r}, which learns from training patients "
                f"whom its members held out, but {member} holds out none: set tuning.patients to "
                f"train, or the family to average"
            )


def _solver_problems(name: str, config: Config) -> Iterator[str]:
    """Yield what is wrong with the way in which a model learns from features."""
    its, key, training = config["models"][name], f"models.{name}", merged_training(name, config)
    about = FAMILIES[its["family"]]
    for own, of in OWN_KEYS.items():
        if own in its["training"] and not getattr(about, of):
            having = listed(name for name, one in FAMILIES.items() if getattr(one, of))
            yield f"{key}.training.{own} has no effect: only {having} have it; remove it"
    if its["training"].get("trainable", "head") != "head":
        for own in ("standardise", "components", "seeds"):
            if own in its["training"]:
                yield (
                    f"{key}.training.{own} has no effect beside {key}.training.trainable: it is "
                    "for frozen encoders; remove it"
                )
    if its["training"].get("solver") == "adamw" and not about.epochs and about.solves:
        yield (
            f"{key}.training.solver is adamw, but {its['family']} is always solved: remove it, or "
            f"set {key}.family to linear"
        )
    if training["solver"] != "exact" or not (about.solves and about.epochs):
        return
    if training["trainable"] != "head":
        yield (
            f"{key}: training.solver is exact, for frozen encoders, but training.trainable is "
            f"{training['trainable']!r}: set {key}.training.solver to adamw"
        )
    elif config["tuning"]["patients"] != "train":
        yield (
            f"{key}: training.solver is exact, whose strength only inner folds may choose: set "
            "tuning.patients to train, or the solver to adamw"
        )
    if training["loss"] == "focal":
        yield (
            f"{key}: training.solver is exact, which solves no focal loss: set "
            f"{key}.training.loss to cross_entropy or weighted, or the solver to adamw"
        )
