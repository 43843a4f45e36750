"""The network of VideoMamba, whose parameters have the names of the published checkpoints.

Source: Li et al., VideoMamba: State Space Model for Efficient Video Understanding, ECCV 2024
(arXiv:2403.06977), and the program published with it, by which names and order of operations go.
"""

from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any, ClassVar

import torch
from safetensors.torch import save_file
from torch import nn
from torch.nn import functional
from torch.utils.checkpoint import checkpoint

from ctseq.encoders.checkpoints import WEIGHTS
from ctseq.encoders.videomamba.scan import selective_scan

# Of the root mean square normalisation, as published.
_EPSILON = 1e-5
# Bounds of the time steps with which a new block begins (Gu and Dao 2023, section 3.6).
_STEPS = (1e-3, 1e-1)
# Ends of the names of a block's parameters that read the tokens forward, and backward.
_WAYS = ("", "_b")


@dataclass(frozen=True)
class Architecture:
    """The sizes of a VideoMamba.

    Attributes
    ----------
    width, depth
        Of a token, and the number of blocks.
    channels, states, kernel, rank
        Of a block: channels of its scan, states of each, tokens of its convolution, and the width
        between a channel and its time step.
    tubelet, patch, side
        Slices and pixels that are joined to a token, and the number of patches of an image's side.
    times
        Number of tubelets of a sequence.
    """

    model_type: ClassVar[str] = "videomamba"
    width: int
    depth: int
    channels: int
    states: int
    kernel: int
    rank: int
    tubelet: int
    patch: int
    side: int
    times: int

    @property
    def frames(self) -> int:
        """Number of slices of a sequence."""
        return self.times * self.tubelet

    @property
    def pixels(self) -> int:
        """Height and width of an image."""
        return self.side * self.patch


class Mixer(nn.Module):
    """Two selective scans over tokens, one of them from the last to the first, gated and joined."""

    def __init__(self, of: Architecture) -> None:
        super().__init__()
        self.rank, self.states = of.rank, of.states
        self.in_proj = nn.Linear(of.width, 2 * of.channels, bias=False)
        self.out_proj = nn.Linear(of.channels, of.width, bias=False)
        for way in _WAYS:
            rates = torch.arange(1, of.states + 1.0).log().repeat(of.channels, 1)
            setattr(self, f"A{way}_log", nn.Parameter(rates))
            setattr(self, f"D{way}", nn.Parameter(torch.ones(of.channels)))
            convolution = nn.Conv1d(of.channels, of.channels, of.kernel, groups=of.channels)
            setattr(self, f"conv1d{way}", convolution)
            projection = nn.Linear(of.channels, of.rank + 2 * of.states, bias=False)
            setattr(self, f"x_proj{way}", projection)
            setattr(self, f"dt_proj{way}", _step_projection(of))

    def forward(self, tokens: torch.Tensor) -> torch.Tensor:
        """Return (batch, tokens, width) for tokens of that shape."""
        values, gate = self.in_proj(tokens).chunk(2, -1)
        # Both ways at once: the recurrence has half as many steps to wait for.
        ways = [self._way(way, values.flip(1) if way else values) for way in _WAYS]
        values, steps, write, read = (torch.stack(part) for part in zip(*ways, strict=True))
        rates = torch.stack([-getattr(self, f"A{way}_log").float().exp() for way in _WAYS])
        skip = torch.stack([getattr(self, f"D{way}") for way in _WAYS])
        found = selective_scan(values, steps, rates[:, None, None], write, read)
        forward, backward = found + skip[:, None, None] * values
        return self.out_proj((forward + backward.flip(1)) * functional.silu(gate))

    def _way(self, way: str, values: torch.Tensor) -> tuple[torch.Tensor, ...]:
        """Return values, steps, and weights to write and read by, of the scan of one way."""
        convolution = getattr(self, f"conv1d{way}")
        # No token sees one behind it.
        padded = functional.pad(values.transpose(1, 2), (convolution.kernel_size[0] - 1, 0))
        values = functional.silu(convolution(padded)).transpose(1, 2)
        parts = [self.rank, self.states, self.states]
        steps, write, read = getattr(self, f"x_proj{way}")(values).split(parts, -1)
        steps = functional.softplus(getattr(self, f"dt_proj{way}")(steps))
        return values, steps, write, read


def _step_projection(of: Architecture) -> nn.Linear:
    """Return a new layer whose time steps are spread evenly over the logarithms of `_STEPS`."""
    layer = nn.Linear(of.rank, of.channels)
    low, high = torch.tensor(_STEPS).log()
    steps = (torch.rand(of.channels) * (high - low) + low).exp()
    with torch.no_grad():
        layer.bias.copy_(steps + (-torch.expm1(-steps)).log())  # the inverse of softplus
    return layer


class Block(nn.Module):
    """A mixer of normalised tokens, whose answer is added to them.

    Paths that are dropped at random in pretraining are all kept.
    """

    def __init__(self, of: Architecture) -> None:
        super().__init__()
        self.norm = nn.RMSNorm(of.width, eps=_EPSILON)
        self.mixer = Mixer(of)

    def forward(self, tokens: torch.Tensor) -> torch.Tensor:
        """Return (batch, tokens, width) for tokens of that shape."""
        return tokens + self.mixer(self.norm(tokens))


class PatchEmbedding(nn.Module):
    """One token for each tubelet: a patch of neighbouring slices."""

    def __init__(self, of: Architecture) -> None:
        super().__init__()
        size = (of.tubelet, of.patch, of.patch)
        self.proj = nn.Conv3d(3, of.width, size, stride=size)

    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        """Return (batch, times, patches, width) of (batch, frames, 3, height, width)."""
        return self.proj(pixels.transpose(1, 2)).flatten(3).permute(0, 2, 3, 1)


class VideoMamba(nn.Module):
    """A VideoMamba without its classifier, which takes and returns what models of transformers do.

    Attributes
    ----------
    config
        Its sizes.
    """

    main_input_name = "pixel_values"
    supports_gradient_checkpointing = True

    def __init__(self, config: Architecture) -> None:
        super().__init__()
        self.config, self.checkpointed = config, False
        # 0.02 as published: the standard deviation of embeddings with which pretraining begins.
        self.cls_token = nn.Parameter(0.02 * torch.randn(1, 1, config.width))
        places = (1, config.side**2 + 1, config.width)
        self.pos_embed = nn.Parameter(0.02 * torch.randn(places))
        self.temporal_pos_embedding = nn.Parameter(torch.zeros(1, config.times, config.width))
        self.patch_embed = PatchEmbedding(config)
        self.layers = nn.ModuleList(Block(config) for _ in range(config.depth))
        self.norm_f = nn.RMSNorm(config.width, eps=_EPSILON)

    def forward(self, pixel_values: torch.Tensor) -> Any:
        """Return normalised tokens as ``last_hidden_state``, (batch, 1 + times * patches, width).

        `pixel_values` are (batch, frames, 3, height, width). The class token, which the classifier
        reads, is the first; then come all patches of the first time, all of the second, and so on.
        """
        patches = self.patch_embed(pixel_values) + self.pos_embed[:, 1:]
        patches = (patches + self.temporal_pos_embedding[:, :, None]).flatten(1, 2)
        first = (self.cls_token + self.pos_embed[:, :1]).expand(len(patches), -1, -1)
        tokens = torch.cat([first, patches], 1)
        for block in self.layers:
            if self.checkpointed and torch.is_grad_enabled():
                tokens = checkpoint(block, tokens, use_reentrant=False, preserve_rng_state=False)
            else:
                tokens = block(tokens)
        return SimpleNamespace(last_hidden_state=self.norm_f(tokens))

    def activation_checkpointing_enable(self) -> None:
        """Compute blocks again for gradients, in place of keeping what they computed."""
        self.checkpointed = True

    def save_pretrained(self, folder: Path, **_: Any) -> None:
        """Write its weights by the published names; options of transformers have no effect."""
        folder.mkdir(parents=True, exist_ok=True)
        weights = {name: values.contiguous() for name, values in self.state_dict().items()}
        save_file(weights, folder / WEIGHTS, metadata={"format": "pt"})
