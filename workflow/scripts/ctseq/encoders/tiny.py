"""Small checkpoints of a few architectures, pretrained for seconds on synthetic patients.

They stand in for the real ones in the demo and the tests, and load through the same code. They
learn what blood looks like from patients that no study uses, by pixels marked as blood, which teach
far more than a label.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
import transformers
from torch.nn import functional

from ctseq.core.files import atomic_write, write_json
from ctseq.encoders.videomamba.model import Architecture, VideoMamba
from ctseq.phantom.patients import draw_sequence

# A study's patients are drawn from seeds [seed, index], these from [seed, _STREAM, index].
_STREAM = 7


@dataclass(frozen=True)
class _Recipe:
    """Sizes and training of one architecture, the smallest that still learn."""

    side: int  # pixels after the centre crop; slices are first resized to 8/7 of it
    patients: int
    slices: int | None  # of each patient; None for as many as the model's frames
    steps: int
    batch: int  # rows a step
    rate: float  # peak learning rate


_RECIPES = {
    "slice": _Recipe(side=64, patients=120, slices=8, steps=80, batch=48, rate=3e-3),
    "sequence": _Recipe(side=48, patients=90, slices=None, steps=150, batch=8, rate=2e-3),
    "videomamba": _Recipe(side=48, patients=90, slices=None, steps=80, batch=8, rate=5e-3),
}
_SCALE = {"image_mean": [0.5] * 3, "image_std": [0.5] * 3, "do_normalize": True}


def write_tiny(
    folder: str | Path,
    *,
    sees: str,
    frames: int | None,
    seed: int,
    steps: int | None = None,
    type: str = "transformers",
) -> None:
    """Write a small pretrained ViViT, ConvNeXt or VideoMamba, as ``save_pretrained`` does.

    Parameters
    ----------
    folder
        Folder to write, complete or not at all.
    sees, frames
        ``sequence`` for ViViT and VideoMamba, with an even number of frames; ``slice`` for
        ConvNeXt.
    seed
        Seed of the weights and of the pretraining patients.
    steps
        Training steps in place of the recipe's; 0 leaves the weights random.
    type
        A key of `registry.ENCODER_TYPES`: ``videomamba`` for VideoMamba.
    """
    transformers.utils.logging.disable_progress_bar()
    torch.manual_seed(seed)
    torch.set_num_threads(1)  # training repeats bit for bit only at a fixed number of threads
    kind = sees if type == "transformers" else type
    recipe = _RECIPES[kind]
    model, processor, teach = _MAKERS[kind](recipe, frames)
    steps = recipe.steps if steps is None else steps
    if steps:
        pixels = _draw_patients(recipe, recipe.slices or frames, seed)
        _pretrain(model, teach(*pixels), recipe, steps, np.random.default_rng(seed))
    with atomic_write(folder) as unfinished:
        model.save_pretrained(unfinished)
        write_json(processor | _SCALE, unfinished / "preprocessor_config.json")


# Layers that are trained with the model, and thrown away if they are no part of it, a function that
# draws the rows of a batch, and one that returns their loss.
_Lesson = tuple[
    torch.nn.ModuleList,
    Callable[[np.random.Generator, int], np.ndarray],
    Callable[[np.ndarray], torch.Tensor],
]
# A model, its image processor, and the lesson of pixels and which of them are blood.
_Made = tuple[torch.nn.Module, dict[str, Any], Callable[[torch.Tensor, torch.Tensor], _Lesson]]


def _vivit(recipe: _Recipe, frames: int | None) -> _Made:
    config = transformers.VivitConfig(
        image_size=recipe.side, num_frames=frames, tubelet_size=[2, 8, 8], num_labels=2,
        hidden_size=64, intermediate_size=128, num_hidden_layers=2, num_attention_heads=2,
    )  # fmt: skip
    model = transformers.VivitForVideoClassification(config)
    teach = partial(_sequence_lesson, model.vivit, model.classifier)
    return model, _cropping(recipe), teach


def _videomamba(recipe: _Recipe, frames: int | None) -> _Made:
    # A quarter of the published states: they decide how long the scan takes.
    sizes = Architecture(
        width=64, depth=2, channels=128, states=4, kernel=4, rank=4,
        tubelet=2, patch=8, side=recipe.side // 8, times=frames // 2,
    )  # fmt: skip
    model = VideoMamba(sizes)
    teach = partial(_sequence_lesson, model, torch.nn.Linear(sizes.width, 2))
    return model, _cropping(recipe), teach


def _cropping(recipe: _Recipe) -> dict[str, Any]:
    """Return the image processor of a model of sequences, which crops what it has resized."""
    return {
        "image_processor_type": "VivitImageProcessor",
        "size": {"shortest_edge": recipe.side * 8 // 7},
        "crop_size": {"height": recipe.side, "width": recipe.side},
        "rescale_factor": 1 / 255,
        "offset": False,
    }


def _convnext(recipe: _Recipe, _: int | None) -> _Made:
    config = transformers.ConvNextConfig(
        image_size=recipe.side,
        depths=[1, 1, 2, 1],
        hidden_sizes=[16, 32, 64, 128],
        layer_scale_init_value=1.0,  # the default of 1e-6 needs long training to open up
        num_labels=2,
    )
    processor = {"image_processor_type": "ConvNextImageProcessor"}
    processor |= {"size": {"shortest_edge": recipe.side}, "crop_pct": 0.875}
    model = transformers.ConvNextForImageClassification(config)
    return model, processor, partial(_slice_lesson, model)


_MAKERS = {"slice": _convnext, "sequence": _vivit, "videomamba": _videomamba}


def _pretrain(
    model: torch.nn.Module, lesson: _Lesson, recipe: _Recipe, steps: int, rng: np.random.Generator
) -> None:
    probes, draw, loss = lesson
    parameters = [*dict.fromkeys([*model.parameters(), *probes.parameters()])]
    optimizer = torch.optim.AdamW(parameters, lr=recipe.rate, weight_decay=0.01)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, recipe.rate, total_steps=steps, pct_start=0.2
    )
    for _ in range(steps):
        optimizer.zero_grad()
        loss(draw(rng, recipe.batch)).backward()
        optimizer.step()
        schedule.step()


def _slice_lesson(model: Any, grey: torch.Tensor, blood: torch.Tensor) -> _Lesson:
    """Teach ConvNeXt whether a slice shows blood, and where in its two coarsest maps."""
    grey, blood = grey.flatten(0, 1), blood.flatten(0, 1)
    shown = blood.flatten(1).any(1)
    groups = [torch.nonzero(shown == state)[:, 0].numpy() for state in (True, False)]
    widths = model.config.hidden_sizes[-2:]
    probes = torch.nn.ModuleList(torch.nn.Conv2d(width, 1, 1) for width in widths)

    def draw(rng: np.random.Generator, number: int) -> np.ndarray:
        return np.concatenate([rng.choice(group, number // 2) for group in groups])

    def loss(rows: np.ndarray) -> torch.Tensor:
        output = model.convnext(_three_channels(grey[rows]), output_hidden_states=True)
        total = functional.cross_entropy(model.classifier(output.pooler_output), shown[rows].long())
        for probe, maps in zip(probes, output.hidden_states[-2:], strict=True):
            part = functional.avg_pool2d(blood[rows].float(), grey.shape[-1] // maps.shape[-1])
            total = total + _marking_loss(probe(maps)[:, 0], part > 0.02)
        return total

    return probes, draw, loss


def _sequence_lesson(
    body: Any, classifier: torch.nn.Linear, grey: torch.Tensor, blood: torch.Tensor
) -> _Lesson:
    """Teach tokens which tubelets hold blood, and the class token when and where there is some."""
    times, cells = grey.shape[1] // 2, grey.shape[-1] // 8
    part = functional.avg_pool3d(blood[:, None].float(), (2, 8, 8))[:, 0]
    tubelets = part > 0.05
    # In each pair of frames, and in each third of the picture's height and width.
    thirds = functional.adaptive_max_pool2d(tubelets.any(1).float(), 3).flatten(1) > 0
    when_and_where = torch.cat([tubelets.flatten(2).any(2), thirds], 1)
    width = classifier.in_features
    probes = torch.nn.ModuleList(
        torch.nn.Linear(width, outputs) for outputs in (1, when_and_where.shape[1])
    )
    probes.append(classifier)

    def draw(rng: np.random.Generator, number: int) -> np.ndarray:
        return rng.permutation(len(grey))[:number]

    def loss(rows: np.ndarray) -> torch.Tensor:
        tokens = body(_three_channels(grey[rows])).last_hidden_state
        marks = probes[0](tokens[:, 1:]).reshape(-1, times, cells, cells)
        summary = functional.binary_cross_entropy_with_logits(
            probes[1](tokens[:, 0]), when_and_where[rows].float()
        )
        called = functional.cross_entropy(
            classifier(tokens[:, 0]), tubelets[rows].flatten(1).any(1).long()
        )
        # The summary is a mean over many outputs: it weighs as much as three of them.
        return _marking_loss(marks, tubelets[rows]) + 3 * summary + called

    return probes, draw, loss


def _three_channels(grey: torch.Tensor) -> torch.Tensor:
    return grey.unsqueeze(-3).expand(*grey.shape[:-2], 3, *grey.shape[-2:])


def _marking_loss(logits: torch.Tensor, marks: torch.Tensor) -> torch.Tensor:
    """Return the loss of marking blood, which weighs four times because it is rare."""
    return functional.binary_cross_entropy_with_logits(
        logits, marks.float(), pos_weight=torch.tensor(4.0)
    )


def _draw_patients(recipe: _Recipe, slices: int, seed: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Draw patients, every other one bleeding, cropped as the image processor will crop them.

    Returns their grey values, float32 in -1..1, and which pixels are blood, both of shape
    (patients, slices, side, side).
    """
    size, side = recipe.side * 8 // 7, recipe.side
    edge = (size - side) // 2
    crop = (slice(None), slice(edge, edge + side), slice(edge, edge + side))
    drawn = [
        draw_sequence(
            np.random.default_rng([seed, _STREAM, number]),
            slices=slices,
            image_size=size,
            bleeding=bool(number % 2),
        )  # fmt: skip
        for number in range(recipe.patients)
    ]
    grey = np.stack([images[crop] for images, _ in drawn])
    blood = np.stack([masks[crop] for _, masks in drawn])
    return torch.from_numpy(grey).float() / 127.5 - 1, torch.from_numpy(blood)
