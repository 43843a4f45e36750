"""The types of encoders, and what an encoder may see. A new type is a module and a line here.

This table imports no encoder, so that the configuration is checked and documented at no cost.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Sight:
    """What an encoder sees at a time.

    Attributes
    ----------
    words
        For tables and pages.
    row
        What a row of its features is: a ``slice`` or a whole ``scan``.
    settings
        Keys of an encoder's configuration that only encoders with this sight have.
    form
        What its model is made for: an image, as of a ``slice``, or a video, as of a ``sequence``.
        Checkpoints, and what `override` says of all encoders, go by it.
    subtracts
        Whether the image is the difference of a slice from its neighbour: the encoder gets both.
    """

    words: str
    row: str
    settings: tuple[str, ...]
    form: str
    subtracts: bool = False

    @property
    def ordered(self) -> bool:
        """Whether what it sees depends on the order of the slices."""
        return self.row == "scan" or self.subtracts


# `sees` of the configuration.
SIGHTS: dict[str, Sight] = {
    "slice": Sight("one slice at a time", "slice", ("first_slices", "size"), "slice"),
    "sequence": Sight(
        "the sequence of slices",
        "scan",
        ("frames", "frame_sampling", "position_embeddings"),
        "sequence",
    ),
    "difference": Sight(
        "the difference of each slice from the one below",
        "slice",
        ("first_slices", "size"),
        "slice",
        subtracts=True,
    ),
}


@dataclass(frozen=True)
class EncoderType:
    """A type of encoders.

    Attributes
    ----------
    module
        The module that loads it: see `ctseq.encoders.contract`.
    words
        What it is, for the documentation.
    sees
        Which of `SIGHTS` it may have.
    checkpoint
        Whether it is loaded from a checkpoint.
    bare
        Whether its checkpoints are folders of one file of weights, and config.json is not read.
    """

    module: str
    words: str
    sees: tuple[str, ...]
    checkpoint: bool
    bare: bool = False


# `type` of the configuration.
ENCODER_TYPES: dict[str, EncoderType] = {
    "transformers": EncoderType(
        module="ctseq.encoders.pretrained",
        words="a model of transformers",
        sees=("slice", "sequence", "difference"),
        checkpoint=True,
    ),
    "videomamba": EncoderType(
        module="ctseq.encoders.videomamba.loading",
        words="VideoMamba, a selective scan in both directions",
        sees=("sequence",),
        checkpoint=True,
        bare=True,
    ),
}
