"""What tests of fine-tuning share: tiny encoders with a new layer, rows of noise, a training."""

import json

import numpy as np
import torch

import encoders
from ctseq.encoders.tiny import write_tiny
from ctseq.families.pixels.finetuning import finetune
from ctseq.families.pixels.pixel_rows import PixelExamples, probabilities
from ctseq.families.pixels.resume import Unfinished
from ctseq.families.pixels.trainable import with_new_layer
from scans import alone

FRAMES = 4
FRAMES_OF = {"sequence": FRAMES, "slice": None}
SIDES = {"sequence": 48, "slice": 64}
STILL = {"mirror": False, "rotate_degrees": 0, "scale": 0, "shift": 0, "intensity": 0}
MOVING = {"mirror": True, "rotate_degrees": 10, "scale": 0.1, "shift": 0.1, "intensity": 0.1}
SETTINGS = {
    "trainable": "all", "learning_rate": 1e-3, "weight_decay": 0.01, "batch_size": 5, "epochs": 3,
    "warmup_steps": 2, "patience": 5, "loss": "cross_entropy", "focal_gamma": 2.0,
    "sampling": "shuffled", "augmentation": STILL, "precision": "float32", "micro_batch": 2,
    "gradient_checkpointing": False, "compile": False,
}  # fmt: skip


def write_each(root):
    """Write a tiny checkpoint of each sees below a folder, and return that."""
    for sees, frames in FRAMES_OF.items():
        write_tiny(root / sees, sees=sees, frames=frames, seed=7, steps=0)
    return root


def loaded(folder, sees, **changes):
    """Return a model with a new layer."""
    encoder, facts = encoders.loaded(folder, sees, **changes), encoders.described(folder, sees)
    return with_new_layer(encoder, width=facts["width"], std=0.02, seed=[0, 1, 1])


def examples(sees, n=11):
    """Return rows of noise; the positive ones are brighter."""
    rng = np.random.default_rng(5)
    labels = np.arange(n) % 3 // 2
    each = FRAMES if sees == "sequence" else 1
    shape = (n * each, SIDES[sees], SIDES[sees])
    pixels = rng.integers(0, 150, shape, dtype=np.uint8) + np.repeat(labels * 100, each)[
        :, None, None
    ].astype(np.uint8)
    members = np.arange(n * each)
    members = members.reshape(n, each) if sees == "sequence" else members
    return PixelExamples(pixels, members, labels, alone(labels))


def train(encoder, rows, folder, *, choose=None, by="accuracy", seed=(0, 1), **changes):
    return finetune(
        encoder,
        rows,
        rows if choose is None else choose,
        settings=SETTINGS | changes,
        by=by,
        seed=list(seed),
        unfinished=Unfinished(folder / "unfinished", json.dumps(changes)),
    )


def scored(fitted, rows, settings=SETTINGS):
    return probabilities(fitted, rows.pixels, rows.members, settings)


def weights(fitted):
    return {name: values.detach().clone() for name, values in fitted.named_parameters()}


def same(first, second):
    return first.keys() == second.keys() and all(torch.equal(first[n], second[n]) for n in first)
