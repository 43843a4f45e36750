"""Small checkpoints of the study's two architectures, pretrained for seconds on other phantoms.

They stand in for the real ones in the demo and the tests, and load through the same code. Random
features of a backbone this small are not enough for a linear head. As the real checkpoints come
with knowledge of pictures, these are shown synthetic patients that no study uses, with the blood
marked, and so learn what blood looks like in some seconds; marked pixels teach far more a patient
than one label would.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
import transformers
from torch.nn import functional

from ctseq.core.files import atomic_write, write_json
from ctseq.phantom.patients import draw_sequence

# Seeds of pretraining patients start here; a study's patients are drawn from [seed, index] with
# another length of seed, so the two never meet.
_STREAM = 7


@dataclass(frozen=True)
class _Recipe:
    """How one architecture is built and pretrained; sizes are the smallest that still learn.

    Attributes
    ----------
    side
        Pixels after the centre crop; slices are first resized to 8/7 of it, like the real ones.
    patients, slices
        Synthetic patients drawn, and slices of each; for a video model, its frames.
    steps, batch, rate
        Training steps, rows a step, peak learning rate.
    """

    side: int
    patients: int
    slices: int | None
    steps: int
    batch: int
    rate: float


_RECIPES = {
    "image": _Recipe(side=64, patients=120, slices=8, steps=80, batch=48, rate=3e-3),
    "video": _Recipe(side=48, patients=90, slices=None, steps=150, batch=8, rate=2e-3),
}
_SCALE = {"image_mean": [0.5] * 3, "image_std": [0.5] * 3, "do_normalize": True}


def write_tiny(
    folder: str | Path, *, kind: str, frames: int | None, seed: int, steps: int | None = None
) -> None:
    """Write a small pretrained ViViT or ConvNeXt, as ``save_pretrained`` does.

    Parameters
    ----------
    folder
        Where the checkpoint shall stand; made whole.
    kind
        ``video`` for ViViT, ``image`` for ConvNeXt.
    frames
        Frames of the video model, a multiple of 2.
    seed
        Seed of the weights and of the pretraining patients.
    steps
        Training steps in place of the recipe's; 0 leaves the weights random.
    """
    transformers.utils.logging.disable_progress_bar()
    torch.manual_seed(seed)
    # One thread: full training repeats bit for bit only at a fixed number of them.
    torch.set_num_threads(1)
    recipe = _RECIPES[kind]
    model, processor = _video(recipe, frames) if kind == "video" else _image(recipe)
    steps = recipe.steps if steps is None else steps
    if steps:
        lesson = _video_lesson if kind == "video" else _image_lesson
        _pretrain(lesson(model, recipe, frames, seed), recipe, steps)
    with atomic_write(folder) as unfinished:
        model.save_pretrained(unfinished)
        write_json(processor | _SCALE, unfinished / "preprocessor_config.json")


def _video(recipe: _Recipe, frames: int | None) -> tuple[torch.nn.Module, dict[str, Any]]:
    config = transformers.VivitConfig(
        image_size=recipe.side,
        num_frames=frames,
        tubelet_size=[2, 8, 8],
        hidden_size=64,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=128,
        num_labels=2,
    )
    processor = {
        "image_processor_type": "VivitImageProcessor",
        "size": {"shortest_edge": recipe.side * 8 // 7},
        "crop_size": {"height": recipe.side, "width": recipe.side},
        "rescale_factor": 1 / 255,
        "offset": False,
    }
    return transformers.VivitForVideoClassification(config), processor


def _image(recipe: _Recipe) -> tuple[torch.nn.Module, dict[str, Any]]:
    config = transformers.ConvNextConfig(
        image_size=recipe.side,
        depths=[1, 1, 2, 1],
        hidden_sizes=[16, 32, 64, 128],
        layer_scale_init_value=1.0,  # the default of 1e-6 needs long training to open up
        num_labels=2,
    )
    processor = {
        "image_processor_type": "ConvNextImageProcessor",
        "size": {"shortest_edge": recipe.side},
        "crop_pct": 0.875,
    }
    return transformers.ConvNextForImageClassification(config), processor


@dataclass(frozen=True)
class _Lesson:
    """Parameters to train, and losses of one batch after the other."""

    parameters: list[torch.nn.Parameter]
    losses: Callable[[], Iterator[torch.Tensor]]


def _pretrain(lesson: _Lesson, recipe: _Recipe, steps: int) -> None:
    optimizer = torch.optim.AdamW(lesson.parameters, lr=recipe.rate, weight_decay=0.01)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, recipe.rate, total_steps=steps, pct_start=0.2
    )
    for _, loss in zip(range(steps), lesson.losses(), strict=False):
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()


def _image_lesson(model: Any, recipe: _Recipe, frames: None, seed: int) -> _Lesson:
    """Teach ConvNeXt whether a slice shows blood, and where in its two coarsest maps."""
    grey, blood = _patients(recipe, recipe.slices, seed)
    grey, blood = grey.flatten(0, 1), blood.flatten(0, 1)
    shown = blood.flatten(1).any(1)
    probes = torch.nn.ModuleList(
        torch.nn.Conv2d(width, 1, 1) for width in model.config.hidden_sizes[-2:]
    )
    rng = np.random.default_rng(seed)

    def losses() -> Iterator[torch.Tensor]:
        groups = [torch.nonzero(shown == state)[:, 0].numpy() for state in (True, False)]
        while True:
            rows = np.concatenate([rng.choice(group, recipe.batch // 2) for group in groups])
            pixels = grey[rows][:, None].expand(-1, 3, -1, -1)
            output = model.convnext(pixels, output_hidden_states=True)
            loss = functional.cross_entropy(
                model.classifier(output.pooler_output), shown[rows].long()
            )
            for probe, maps in zip(probes, output.hidden_states[-2:], strict=True):
                cell = recipe.side // maps.shape[-1]
                part = functional.avg_pool2d(blood[rows].float(), cell)
                loss = loss + _marked(probe(maps)[:, 0], part > 0.02)
            yield loss

    return _Lesson([*model.parameters(), *probes.parameters()], losses)


def _video_lesson(model: Any, recipe: _Recipe, frames: int, seed: int) -> _Lesson:
    """Teach ViViT which tubelets hold blood, and its class token when and where there is some."""
    grey, blood = _patients(recipe, frames, seed)
    times, cells = frames // 2, recipe.side // 8
    part = functional.avg_pool3d(blood[:, None].float(), (2, 8, 8))[:, 0]
    tubelets = part > 0.05
    # In each pair of frames, and in each third of the picture's height and width.
    thirds = functional.adaptive_max_pool2d(tubelets.any(1).float(), 3).flatten(1) > 0
    whens_and_wheres = torch.cat([tubelets.flatten(2).any(2), thirds], 1)
    width = model.config.hidden_size
    probes = torch.nn.ModuleList(
        [torch.nn.Linear(width, 1), torch.nn.Linear(width, times + thirds.shape[1])]
    )
    rng = np.random.default_rng(seed)

    def losses() -> Iterator[torch.Tensor]:
        while True:
            rows = rng.permutation(len(grey))[: recipe.batch]
            pixels = grey[rows][:, :, None].expand(-1, -1, 3, -1, -1)
            tokens = model.vivit(pixels).last_hidden_state
            marks = probes[0](tokens[:, 1:]).reshape(-1, times, cells, cells)
            summary = functional.binary_cross_entropy_with_logits(
                probes[1](tokens[:, 0]), whens_and_wheres[rows].float()
            )
            called = functional.cross_entropy(
                model.classifier(tokens[:, 0]), tubelets[rows].flatten(1).any(1).long()
            )
            # The summary has many outputs but one mean: weighted as much as three of them.
            yield _marked(marks, tubelets[rows]) + 3 * summary + called

    return _Lesson([*model.parameters(), *probes.parameters()], losses)


def _marked(logits: torch.Tensor, marks: torch.Tensor) -> torch.Tensor:
    """Give the loss of marking blood, which is rare, so that it weighs four times."""
    return functional.binary_cross_entropy_with_logits(
        logits, marks.float(), pos_weight=torch.tensor(4.0)
    )


def _patients(recipe: _Recipe, slices: int, seed: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Draw patients, every other one bleeding, framed as the image processor will frame them.

    Returns
    -------
    grey
        float32 in -1..1, shape (patients, slices, side, side).
    blood
        bool, the same shape.
    """
    size, side = recipe.side * 8 // 7, recipe.side
    edge = (size - side) // 2
    crop = (slice(None), slice(edge, edge + side), slice(edge, edge + side))
    drawn = [
        draw_sequence(
            np.random.default_rng(np.random.SeedSequence([seed, _STREAM, number])),
            slices=slices,
            image_size=size,
            bleeding=bool(number % 2),
        )
        for number in range(recipe.patients)
    ]
    grey = np.stack([images[crop] for images, _ in drawn])
    blood = np.stack([masks[crop] for _, masks in drawn])
    return torch.from_numpy(grey).float() / 127.5 - 1, torch.from_numpy(blood)
