"""Which architectures of transformers run as encoders, and why the others do not.

Names are those of ``model_type`` in config.json. A test runs a small checkpoint of every
architecture that the installed transformers has for images or videos, and holds it against these
tables, from which docs/encoders.md is made.
"""

# By the default pooling of a checkpoint without a classifier; one with a classifier is read as the
# classifier reads it.
TAKEN: dict[str, tuple[str, ...]] = {
    "classifier": (
        "beit", "bit", "convnext", "convnextv2", "deit", "dinov2", "dinov2_with_registers",
        "efficientnet", "focalnet", "hgnet_v2", "hiera", "ijepa", "mobilenet_v1", "mobilenet_v2",
        "pvt", "pvt_v2", "regnet", "resnet", "segformer", "swin", "swinv2", "timesformer",
        "vision-text-dual-encoder", "vit", "vit_msn", "vivit",
    ),
    "pooler": (
        "aimv2_vision_model", "align", "blip", "blip-2", "chinese_clip",
        "chinese_clip_vision_model", "clip", "clip_vision_model", "clipseg", "dinov3_convnext",
        "dinov3_vit", "dpt", "levit", "maskformer-swin", "metaclip_2", "mlcd", "mlcd_vision_model",
        "pixio", "siglip", "siglip_vision_model", "tipsv2", "tipsv2_vision_model",
    ),
    "mean": (
        "cvt", "data2vec-vision", "internvl_vision", "poolformer", "qianfan_ocr_vision",
        "swiftformer", "videomae", "videoprism", "videoprism_vision_model", "vitdet", "vjepa2",
    ),
}  # fmt: skip
# Those of TAKEN that see images of their own size only: position embeddings or biases of attention
# that transformers does not interpolate.
OF_ONE_SIZE = ("aimv2_vision_model", "levit", "pvt")
# Those that transformers itself runs by other libraries: they are taken where these are installed.
NEEDS = {"dinat": ("natten",), "timm_wrapper": ("timm", "torchvision")}
_REASONS: dict[str, tuple[str, ...]] = {
    "it is a part of a language model, and takes lists of patches of its own processor": (
        "aya_vision", "cohere2_vision", "cohere_compass_vision", "cosmos3_edge_vision",
        "exaone4_5_vision", "gemma3n_vision", "gemma4_vision", "glm4v_moe_vision", "glm4v_vision",
        "glm5_next_vision", "glm_image_vision", "glm_ocr_vision", "granite4_vision",
        "granite_docling_vision", "hunyuan_vl_vision", "hyperclovax_vision_v2", "idefics3_vision",
        "inkling2_vision", "instructblipvideo", "kimi_k25_vision", "lfm3_vl_vision", "llama4",
        "llava_next_video", "llava_onevision", "minicpm_ocr_vision", "minicpmv4_7_vision",
        "mllama", "muse_glimmer_vision", "muse_spark_vision", "qwen2_5_vl_vision",
        "qwen3_5_moe_vision", "qwen3_5_vision", "qwen3_vl_moe_vision", "qwen3_vl_vision",
        "qwen4_exp_vision", "smolvlm_vision", "video_llama_3", "video_llama_3_vision",
        "video_llava",
    ),
    "it is a language model that answers in words": ("shieldgemma2",),
    "transformers writes its weights under names by which it does not read them": ("altclip",),
    "it takes lists of patches and their masks, of images of any shape": (
        "siglip2", "siglip2_vision_model",
    ),
    "it is a detector, whose tokens are of objects": (
        "conditional_detr", "dab-detr", "deformable_detr", "detr", "table-transformer", "yolos",
    ),
    "it is a detector's backbone and no model of its own": (
        "lw_detr_vit", "rf_detr_dinov2", "rt_detr_resnet", "timm_backbone", "uvdoc_backbone",
        "vitpose_backbone",
    ),
    "it is a backbone of text recognition, or a classifier whose answer has no logits": (
        "pp_lcnet", "pp_lcnet_v3", "pp_lcnet_v4",
    ),
    "it segments what it is asked for, and returns maps of several sizes for its decoder": (
        "edgetam_video", "edgetam_vision_model", "sam2_video", "sam2_vision_model",
        "sam3_tracker_video", "sam3_video", "sam3_vision_model",
    ),
    "its image processor pads images, rounds their sizes, crops boxes or swaps colours": (
        "donut-swin", "glpn", "mobilevit", "mobilevitv2", "sam_hq_vision_model", "sam_vision_model",
        "sapiens2", "swin2sr", "textnet",
    ),
    "it estimates depth from patches of one image at three scales": ("depth_pro",),
    "it takes sound beside pictures, or frames of its own processor": (
        "pe_audio_video", "pe_audio_video_encoder", "pe_video", "pe_video_encoder",
    ),
    "it takes colours as words of a text": ("imagegpt",),
    "its inputs and their sizes are fixed by its own preprocessors": ("perceiver",),
    "it hides three quarters of an image at random; set model_type to vit in a copy of its "
    "config.json to read it as a ViT": ("vit_mae",),
}  # fmt: skip
NOT_TAKEN: dict[str, str] = {name: why for why, names in _REASONS.items() for name in names}
