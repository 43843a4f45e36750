"""Small checkpoints of every architecture that transformers offers for images or videos."""

import torch
import transformers
from transformers.models.auto import modeling_auto
from transformers.models.auto.configuration_auto import CONFIG_MAPPING

from ctseq.core.files import write_json

SIDE, FRAMES, CLASSES = 64, 4, 3
WALKED = ("IMAGE_CLASSIFICATION", "VIDEO_CLASSIFICATION", "IMAGE", "BACKBONE")
WALKED += ("ZERO_SHOT_IMAGE_CLASSIFICATION", "MASKED_IMAGE_MODELING")
VIDEO_CLASSIFIERS = modeling_auto.MODEL_FOR_VIDEO_CLASSIFICATION_MAPPING
IMAGE_CLASSIFIERS = modeling_auto.MODEL_FOR_IMAGE_CLASSIFICATION_MAPPING

# Sizes of a configuration, where it has the key and this is its type.
SMALL = {
    "hidden_size": 32, "intermediate_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2,
    "num_key_value_heads": 2, "embed_dim": 16, "mlp_ratio": 2, "projection_dim": 32,
    "pred_hidden_size": 32, "pred_num_attention_heads": 2, "pred_num_hidden_layers": 1,
    "num_pooler_layers": 1, "image_size": SIDE, "crop_size": SIDE, "num_frames": FRAMES,
    "frames_per_clip": FRAMES, "drop_path_rate": 0.0, "encoder_hidden_size": 32,
}  # fmt: skip
_STAGES = {"hidden_sizes": [8, 16, 16, 32]}
_SCALED = {"width_coefficient": 0.1, "depth_coefficient": 0.1, "hidden_dim": 128}
# What the rules above do not make fit together, or leave large.
SPECIAL = {
    "align_vision_model": _SCALED,
    "bit": {"hidden_sizes": [32, 32, 32, 32], "embedding_size": 32, "num_groups": 8},
    "convnext": _STAGES,
    "convnextv2": _STAGES,
    "cvt": {"embed_dim": [8, 16, 32], "num_heads": [1, 2, 2], "depth": [1, 2, 3]},
    "dinov3_convnext": _STAGES,
    "efficientnet": _SCALED,
    "hgnet_v2": {
        "stage_in_channels": [48, 16, 16, 16],
        "stage_mid_channels": [8] * 4,
        "stage_out_channels": [16] * 4,
        "hidden_sizes": [16] * 4,
        "stage_numb_of_layers": [1] * 4,
        "stage_num_blocks": [1] * 4,
    },
    "maskformer-swin": {"num_heads": [2] * 4},
    "mobilenet_v1": {"depth_multiplier": 0.25},
    "mobilenet_v2": {"depth_multiplier": 0.25},
    "resnet": _STAGES | {"embedding_size": 8},
    "swin": {"num_heads": [2] * 4, "window_size": 2},
    "swinv2": {"num_heads": [2] * 4},
    "videoprism_vision_model": {"num_spatial_layers": 1, "num_temporal_layers": 1},
}


def names():
    """Return the `model_type` of every architecture for images or videos."""
    found = {name for name in modeling_auto.MODEL_MAPPING_NAMES if "vision" in name}
    found |= {name for name in modeling_auto.MODEL_MAPPING_NAMES if "video" in name}
    for task in WALKED:
        found |= {*getattr(modeling_auto, f"MODEL_FOR_{task}_MAPPING_NAMES")}
    return sorted(found)


def _smaller(config):
    """Return the settings that make a configuration like this one small."""
    found = {}
    for key, size in SMALL.items():
        value = getattr(config, key, None)
        if isinstance(value, int | float) and not isinstance(value, bool):
            found[key] = type(value)(size)
        elif isinstance(value, list | tuple) and key == "image_size":
            found[key] = [size] * len(value)
    if isinstance(depths := getattr(config, "depths", None), list | tuple):
        found["depths"] = [1] * len(depths)
        found.pop("num_hidden_layers", None)  # an alias of the number of stages
    for key, value in vars(config).items():
        if isinstance(value, transformers.PretrainedConfig):
            found[key] = {"model_type": value.model_type} | _smaller(value)
    return found | SPECIAL.get(config.model_type, {})


def _config(name):
    if name == "vision-text-dual-encoder":
        parts = [CONFIG_MAPPING[part]() for part in ("vit", "bert")]
        parts = [type(part)(**_smaller(part)) for part in parts]
        return CONFIG_MAPPING[name].from_vision_text_configs(*parts)
    return CONFIG_MAPPING[name](num_labels=CLASSES, **_smaller(CONFIG_MAPPING[name]()))


def classes_of(name):
    """Return the classes of an architecture: its classifiers, then the model without one."""
    kind = CONFIG_MAPPING[name]
    found = VIDEO_CLASSIFIERS.get(kind, None) or IMAGE_CLASSIFIERS.get(kind, None) or ()
    bare = modeling_auto.MODEL_MAPPING.get(kind, None)
    return [*(found if isinstance(found, tuple) else (found,)), *([bare] if bare else [])]


def write_checkpoint(name, architecture, folder):
    """Write a small checkpoint with random weights, and return its model in evaluation mode."""
    torch.manual_seed(0)
    model = architecture(_config(name)).eval()
    with torch.no_grad():
        for values in model.parameters():  # as they begin, deep ones return nearly constants
            if values.ndim > 1:
                torch.nn.init.kaiming_normal_(values)
    model.save_pretrained(folder)
    size = {"height": SIDE, "width": SIDE}
    processor = {"image_processor_type": "ViTImageProcessor", "size": size}
    write_json(processor, folder / "preprocessor_config.json")
    return model
