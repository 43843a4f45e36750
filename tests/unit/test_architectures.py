"""Every architecture of transformers for images or videos runs, or is listed with a reason."""

import numpy as np
import pytest
import torch
from transformers.models.auto.image_processing_auto import IMAGE_PROCESSOR_MAPPING_NAMES

from architectures import CLASSES, FRAMES, SIDE, classes_of, names, write_checkpoint
from ctseq.core.errors import InputError
from ctseq.core.files import write_json
from ctseq.encoders.architectures import NEEDS, NOT_TAKEN, OF_ONE_SIZE, TAKEN
from ctseq.encoders.classes import _DISTILLED, read_config
from ctseq.encoders.contract import extract, load
from ctseq.encoders.image_processor import read_preprocessing
from ctseq.families.pixels.trainable import load_fitted, save_fitted, with_new_layer
from encoders import described, loaded

pytestmark = pytest.mark.numerical

RUN = {name: pooling for pooling, names_of in TAKEN.items() for name in names_of}
SEQUENCES = ("timesformer", "videomae", "videoprism", "videoprism_vision_model", "vivit", "vjepa2")
# Their patches have 14 pixels, where others have 4 to 32.
OF_14_PIXELS = ("aimv2_vision_model", "blip-2", "dinov2", "internvl_vision", "mlcd", "tipsv2")
OF_14_PIXELS += ("mlcd_vision_model", "qianfan_ocr_vision", "tipsv2_vision_model")
PAIRS = [(name, one) for name in RUN for one in classes_of(name)]


def test_every_architecture_is_run_or_listed_once():
    listed = [*RUN, *NEEDS, *NOT_TAKEN]
    assert sorted(listed) == names()


@pytest.mark.parametrize(
    ("name", "architecture"), [pytest.param(*pair, id=pair[1].__name__) for pair in PAIRS]
)
def test_it_runs_through_extraction_and_a_head(name, architecture, tmp_path):
    model = write_checkpoint(name, architecture, tmp_path)
    sees = "sequence" if name in SEQUENCES else "slice"
    is_classifier = "Classification" in architecture.__name__
    facts = described(tmp_path, sees)
    assert facts["pooling"] == ("classifier" if is_classifier else RUN[name])
    encoder = loaded(tmp_path, sees)
    shape = (2, FRAMES, SIDE, SIDE) if sees == "sequence" else (2, SIDE, SIDE)
    grey = np.random.default_rng(0).integers(0, 256, shape, np.uint8)
    (features,) = extract(encoder, [grey])
    assert features.shape == (2, facts["width"])
    assert np.isfinite(features).all()
    assert abs(features[0] - features[1]).max() > 0
    fitted = with_new_layer(encoder, width=facts["width"], std=0.02, seed=[0])
    logits = fitted(grey)
    expected = fitted.layer(torch.from_numpy(features))
    torch.testing.assert_close(logits, expected, rtol=1e-5, atol=1e-5)
    logits.sum().backward()
    assert any(values.grad is not None for values in encoder.model.parameters())
    training = {"precision": "float32", "micro_batch": 1}
    options = {"checkpoint": tmp_path, "description": facts, "training": training}
    save_fitted(fitted, tmp_path / "fitted", **options)
    again, _ = load_fitted(tmp_path / "fitted", torch.device("cpu"))
    torch.testing.assert_close(again(grey), logits, rtol=0, atol=0)
    if is_classifier and not architecture.__name__.endswith(_DISTILLED):
        with torch.inference_mode():
            answer = model(**{model.main_input_name: encoder.pixel_values(grey)}).logits
        heads = [
            part
            for part in model.modules()
            if isinstance(part, torch.nn.Linear) and part.out_features == CLASSES
        ]
        torch.testing.assert_close(heads[-1](torch.from_numpy(features)), answer.flatten(1))


@pytest.mark.parametrize(
    ("name", "architecture"),
    [pytest.param(*pair, id=pair[1].__name__) for pair in PAIRS if pair[0] not in SEQUENCES],
)
def test_it_takes_another_size_or_is_listed(name, architecture, tmp_path):
    write_checkpoint(name, architecture, tmp_path)
    side = 2 * SIDE if name not in OF_14_PIXELS else 112
    if name in OF_ONE_SIZE:
        with pytest.raises(InputError, match=rf"encoders\.e\.size is {side}, .* its own size only"):
            described(tmp_path, size=side)
        return
    facts = described(tmp_path, size=side)
    assert facts["preprocessing"]["resize"] == (side, side)
    grey = np.random.default_rng(0).integers(0, 256, (2, side, side), np.uint8)
    (features,) = extract(load(tmp_path, facts, torch.device("cpu")), [grey])
    assert features.shape == (2, facts["width"])
    assert np.isfinite(features).all()
    assert abs(features[0] - features[1]).max() > 0


@pytest.mark.parametrize("name", RUN)
def test_its_own_image_processor_is_read(name, tmp_path):
    known = IMAGE_PROCESSOR_MAPPING_NAMES.get(name) or {"pil": "CLIPImageProcessor"}
    kind = (known.get("pil") or known["torchvision"]).removesuffix("Pil")
    write_json({"image_processor_type": kind}, tmp_path / "preprocessor_config.json")
    assert read_preprocessing(tmp_path).scale is not None


@pytest.mark.parametrize("name", NOT_TAKEN)
def test_what_is_not_taken_is_refused_by_name(name, tmp_path):
    write_json({"model_type": name, "architectures": ["TheModel"]}, tmp_path / "config.json")
    with pytest.raises(InputError, match=rf"encoders\.e: .* holds TheModel \({name}\)") as caught:
        read_config(tmp_path, key="encoders.e")
    assert NOT_TAKEN[name] in str(caught.value)
