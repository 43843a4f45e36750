"""Analyses that train more: whether a configuration allows them."""

from collections.abc import Iterator, Mapping
from typing import Any

from ctseq.core.words import listed
from ctseq.families.registry import FAMILIES
from ctseq.study.models import encoder_names, sees_order, training_settings


def further_problems(config: Mapping[str, Any]) -> Iterator[str]:
    """Yield what is wrong with `further`, in a configuration of right keys and names."""
    further = config["further"]
    if further["variance_seeds"] == 1:
        yield (
            "further.variance_seeds is 1, but one seed does not vary: set it to 2 or more, or to 0 "
            "for none"
        )
    asked = [name for name in ("variance_seeds", "learning_curve") if further[name]]
    if asked:
        names = " and ".join(f"further.{name}" for name in asked)
        cure = "set these keys to 0 and []" if len(asked) > 1 else "leave the key at its default"
        yield from (f"{names}: {why}; {cure}" for why in untrainable_models(config))


def untrainable_models(config: Mapping[str, Any]) -> list[str]:
    """Say of each model that cannot be trained many times in memory why, naming its key."""
    found = []
    for name in config["compare"]:
        if FAMILIES[config["models"][name]["family"]].combines:
            found.append(
                f"models.{name} combines the scores of the study's own runs, and is not trained "
                "many times"
            )
        elif training_settings(name, config)["trainable"] != "head":
            found.append(
                f"models.{name} is trained from pixels, which takes too long to be done many times"
            )
        elif sees_order(name, config) and config["models"][name].get("shuffle_slices"):
            seen = listed(encoder_names(name, config))
            found.append(
                f"models.{name} shows {seen} its slices in a new order each replicate, so that its "
                "replicates share no features"
            )
    return found
