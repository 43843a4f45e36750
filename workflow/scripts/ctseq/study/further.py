"""Analyses that train more: whether a configuration allows them."""

from collections.abc import Iterator, Mapping
from typing import Any

from ctseq.study.models import training_settings, variant_name


def further_problems(config: Mapping[str, Any]) -> Iterator[str]:
    """Yield what is wrong with `further` and `multiverse`, in a configuration of right types."""
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
    for name, model in config["models"].items():
        for frames in config["multiverse"]["frames"] if model["kind"] == "video" else []:
            variant = variant_name(name, frames)
            if variant in config["models"]:
                yield (
                    f"models.{variant} has the name that multiverse.frames gives {name} with "
                    f"{frames} frames: name it otherwise"
                )


def untrainable_models(config: Mapping[str, Any]) -> list[str]:
    """Say of each model that cannot be trained many times in memory why, naming its key."""
    found = []
    for name, model in config["models"].items():
        if training_settings(config, model)["trainable"] != "head":
            found.append(
                f"models.{name} is trained from pixels, which takes too long to be done many times"
            )
        elif model["kind"] == "video" and model.get("shuffle_slices"):
            found.append(
                f"models.{name} sees its slices in a new order each replicate, so that its "
                "replicates share no features"
            )
    return found
