"""VideoMamba computes what its publication says, from the checkpoints that were published."""

import logging

import numpy as np
import pytest
import torch
from torch.nn import functional
from torch.utils.flop_counter import FlopCounterMode

import convert_checkpoint
import describe_encoder
from ctseq.core.errors import InputError
from ctseq.core.files import read_json, write_json
from ctseq.encoders.checkpoints import weights_digest
from ctseq.encoders.contract import extract, load
from ctseq.encoders.tiny import write_tiny
from ctseq.encoders.videomamba import loading
from ctseq.families.pixels.trainable import (
    choose_trainable,
    load_fitted,
    save_fitted,
    with_new_layer,
)
from encoders import described, loaded, settings_of
from tunable import SETTINGS
from videomambas import published, small, write

pytestmark = pytest.mark.numerical

SIDE, FRAMES = 32, 4
OF = {"sees": "sequence", "type": "videomamba"}


@pytest.fixture
def folder(tmp_path):
    """Return a checkpoint of a small network, of weights alone."""
    return write(tmp_path / "small", published(small()))


def grey(scans=2, frames=FRAMES, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (scans, frames, SIDE, SIDE), np.uint8)


def features(encoder, slices):
    (found,) = extract(encoder, [slices])
    return found


def one_way(weights, prefix, way, values):
    """Return what a scan of one way makes of values (tokens, channels), token by token."""
    own = {
        name: weights[f"{prefix}.{name}"]
        for name in (f"conv1d{way}.weight", f"conv1d{way}.bias", f"x_proj{way}.weight")
    }
    kernel = own[f"conv1d{way}.weight"]
    channels, _, width = kernel.shape
    values = functional.conv1d(
        values.T[None], kernel, own[f"conv1d{way}.bias"], padding=width - 1, groups=channels
    )[0, :, : len(values)].T
    values = values * torch.sigmoid(values)
    rates = -torch.exp(weights[f"{prefix}.A{way}_log"])
    rank, states = weights[f"{prefix}.dt_proj{way}.weight"].shape[1], rates.shape[1]
    state, outputs = torch.zeros(channels, states, dtype=torch.float64), []
    for value in values:
        row = own[f"x_proj{way}.weight"] @ value
        step = weights[f"{prefix}.dt_proj{way}.weight"] @ row[:rank]
        step = torch.log1p(torch.exp(step + weights[f"{prefix}.dt_proj{way}.bias"]))
        entering, leaving = row[rank : rank + states], row[rank + states :]
        state = torch.exp(step[:, None] * rates) * state
        state = state + (step * value)[:, None] * entering
        outputs.append(state @ leaving + weights[f"{prefix}.D{way}"] * value)
    return torch.stack(outputs)


def rms(tokens, weight):
    return tokens / torch.sqrt((tokens**2).mean(-1, keepdim=True) + 1e-5) * weight


def plain(model, pixels):
    """Return the tokens of one sequence (frames, 3, height, width) by loops, in double precision.

    As the publication writes it: each block adds what the one before gave to what is carried on,
    normalises that, and reads it forward and backward.
    """
    weights = {name: values.detach().double() for name, values in model.named_parameters()}
    kernel, bias = (weights[f"patch_embed.proj.{name}"] for name in ("weight", "bias"))
    tubelet, patch = kernel.shape[2:4]
    tokens = [weights["cls_token"][0, 0] + weights["pos_embed"][0, 0]]
    for time, first in enumerate(range(0, len(pixels), tubelet)):
        place = 0
        for top in range(0, pixels.shape[2], patch):
            for left in range(0, pixels.shape[3], patch):
                place += 1
                seen = pixels[first : first + tubelet, :, top : top + patch, left : left + patch]
                token = (kernel * seen.double().transpose(0, 1)).flatten(1).sum(1) + bias
                token = token + weights["pos_embed"][0, place]
                tokens.append(token + weights["temporal_pos_embedding"][0, time])
    hidden, carried = torch.stack(tokens), 0
    for number in range(len(model.layers)):
        prefix = f"layers.{number}.mixer"
        carried = carried + hidden
        normal = rms(carried, weights[f"layers.{number}.norm.weight"])
        values, gate = (normal @ weights[f"{prefix}.in_proj.weight"].T).chunk(2, 1)
        gate = gate * torch.sigmoid(gate)
        forward = one_way(weights, prefix, "", values) * gate
        backward = one_way(weights, prefix, "_b", values.flip(0)) * gate.flip(0)
        hidden = (forward + backward.flip(0)) @ weights[f"{prefix}.out_proj.weight"].T
    return rms(carried + hidden, weights["norm_f.weight"])


@pytest.mark.parametrize("sizes", [{}, {"tubelet": 2, "times": 2, "kernel": 3, "states": 4}])
def test_it_is_what_was_published_computed_by_loops(sizes):
    model = small(**sizes)
    pixels = torch.randn(2, FRAMES, 3, SIDE, SIDE, generator=torch.Generator().manual_seed(3))
    with torch.inference_mode():
        found = model(pixels).last_hidden_state
    expected = torch.stack([plain(model, one) for one in pixels])
    torch.testing.assert_close(found.double(), expected, rtol=1e-5, atol=1e-5)


def test_features_are_what_the_classifier_reads(folder):
    encoder, slices = loaded(folder, **OF), grey()
    facts = described(folder, **OF)
    assert (facts["architecture"], facts["pooling"]) == ("VideoMamba", "cls")
    assert (facts["width"], facts["frames"], facts["initializer_range"]) == (24, FRAMES, 0.02)
    values = torch.from_numpy(slices)[:, :, None].expand(-1, -1, 3, -1, -1).float() / 255
    mean, std = (torch.tensor(v)[:, None, None] for v in (loading._MEAN, loading._STD))
    tokens = torch.stack([plain(small(), one) for one in (values - mean) / std])
    for pooling, expected in {
        "auto": tokens[:, 0],
        "mean": tokens[:, 1:].mean(1),
        "cls+mean": torch.cat([tokens[:, 0], tokens[:, 1:].mean(1)], 1),
    }.items():
        changes = OF | {"pooling": pooling}
        found = features(loaded(folder, **changes), slices)
        np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5)
        assert described(folder, **changes)["width"] == found.shape[1]
    assert encoder.speed_up() in ([], ["large buffers are kept"])


def test_the_order_of_slices_matters(folder):
    encoder, slices = loaded(folder, **OF), grey(1)
    swapped = slices[:, [1, 0, 2, 3]]
    assert np.abs(features(encoder, slices) - features(encoder, swapped)).max() > 1e-3


def test_other_frames_interpolate_positions_in_time(folder):
    own = small().temporal_pos_embedding[0].detach()
    longer = loaded(folder, **OF, frames=7).model.temporal_pos_embedding[0].detach()
    torch.testing.assert_close(longer[::2], own)
    torch.testing.assert_close(longer[1::2], (own[1:] + own[:-1]) / 2)
    fresh = loaded(folder, **OF | {"position_embeddings": "fresh"}, frames=2).model
    assert not fresh.temporal_pos_embedding.any()
    assert torch.equal(fresh.pos_embed, small().pos_embed)
    assert features(loaded(folder, **OF, frames=2), grey(frames=2)).shape == (2, 24)


def renamed(weights):
    """Return weights by the names of masked pretraining, with the network of its task."""
    own = {name: values for name, values in weights.items() if not name.startswith("head.")}
    own["norm.weight"] = own.pop("norm_f.weight")
    return own | {"clip_decoder.0.head.weight": torch.zeros(3, 24)}


@pytest.mark.parametrize(
    "kept",
    [
        lambda weights: weights,
        lambda weights: {"model": weights},
        lambda weights: {"epoch": 3, "module": weights},
        renamed,
    ],
    ids=["as they are", "model", "module", "masked pretraining"],
)
def test_published_files_are_converted(kept, folder, tmp_path):
    source = tmp_path / "fetched by hand"
    source.mkdir()
    torch.save(kept(published(small())), source / "videomamba_m16_k400_f16_res224.pth")
    made, record = tmp_path / "made", tmp_path / "made.json"
    convert_checkpoint.main(made, record, checkpoint=source, subfolder="", bare=True)
    assert [path.name for path in made.iterdir()] == ["model.safetensors"]
    assert [*read_json(record)["converted"]] == ["videomamba_m16_k400_f16_res224.pth"]
    settings = settings_of(**OF, checkpoint=str(source))
    describe_encoder.main(tmp_path / "e.json", encoder="e", settings=settings, folder=made)
    facts = read_json(tmp_path / "e.json")
    assert facts["weights_sha256"] == weights_digest(made)
    encoder = load(made, facts, torch.device("cpu"))
    np.testing.assert_array_equal(features(encoder, grey()), features(loaded(folder, **OF), grey()))


def test_half_precision_is_computed_with_in_single(folder, tmp_path):
    halves = {name: values.half() for name, values in published(small()).items()}
    encoder = loaded(write(tmp_path / "halves", halves), **OF)
    assert {values.dtype for values in encoder.model.parameters()} == {torch.float32}
    found, expected = features(encoder, grey()), features(loaded(folder, **OF), grey())
    assert 0 < np.abs(found - expected).max() < 0.05


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda path: torch.save([1], path / "a.pth"), r"a\.pth holds list in place of weights"),
        (lambda path: torch.save({"model": {"x": 1}}, path / "a.pth"), "Save them alone: torch"),
        (lambda path: (path / "a.pth").write_text("<html>"), r"a\.pth is refused: it holds more"),
        (lambda path: (path / "b.bin").touch(), r"lacks model\.safetensors\. Weights of other .*b"),
        (
            lambda path: [torch.save({"x": torch.ones(1)}, path / f"{n}.pth") for n in "ab"],
            r"holds a\.pth and b\.pth, and which is meant is not known: keep one file",
        ),
        (
            lambda path: (path / "a.pth").write_text("version https://git-lfs.github.com/spec/v1"),
            r"git left a\.pth",
        ),
    ],
)
def test_what_is_no_file_of_weights_is_refused(spoil, message, tmp_path):
    source = tmp_path / "source"
    source.mkdir()
    spoil(source)
    with pytest.raises(InputError, match=message):
        convert_checkpoint.main(
            tmp_path / "made", tmp_path / "r.json", checkpoint=source, subfolder="", bare=True
        )
    assert not (tmp_path / "made").exists()


def without(name):
    return lambda weights: {key: value for key, value in weights.items() if key != name}


def shaped(name, *shape):
    return lambda weights: weights | {name: torch.zeros(shape)}


def of_images(weights):
    flat = {"patch_embed.proj.weight": weights["patch_embed.proj.weight"][:, :, 0].clone()}
    return without("temporal_pos_embedding")(weights) | flat


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (of_images, "a VideoMamba of single images, which knows no order of slices"),
        (without("cls_token"), "it lacks cls_token, which every VideoMamba of videos has"),
        (without("layers.1.mixer.D_b"), r"it lacks layers\.1\.mixer\.D_b \(1 of 40 weights\)"),
        (without("norm_f.weight"), r"lacks norm_f\.weight .* would be random"),
        (shaped("layers.0.mixer.in_proj.bias", 96), "holds layers.0.mixer.in_proj.bias"),
        (shaped("pos_embed", 1, 16, 24), r"pos_embed has shape \(1, 16, 24\), and \(1, 10, 24\)"),
        (shaped("layers.1.mixer.A_log", 48, 8), r"A_log has shape \(48, 8\), and \(48, 16\) goes"),
        (shaped("layers.0.mixer.x_proj.weight", 30, 48), r"shape \(30, 48\), and \(34, 48\) goes"),
        (shaped("cls_token", 24), r"cls_token has shape \(24,\), and 3 axes are needed"),
        (shaped("patch_embed.proj.weight", 24, 1, 1, 8, 8), r"and \(24, 3, 1, 8, 8\) goes"),
    ],
)
def test_weights_that_do_not_go_together_are_named(spoil, message, tmp_path):
    folder = write(tmp_path / "spoiled", spoil(published(small())))
    with pytest.raises(InputError, match=message):
        described(folder, **OF)


def test_settings_that_it_cannot_take_are_named(tmp_path, folder):
    with pytest.raises(InputError, match=r"encoders\.e\.pooling is pooler, and VideoMamba has no"):
        described(folder, **OF, pooling="pooler")
    pairs = write(tmp_path / "pairs", published(small(tubelet=2)))
    assert described(pairs, **OF)["frames"] == 8
    for frames in (1, 5):
        with pytest.raises(InputError, match=rf"frames is {frames}, .* joins 2 .* multiple of 2"):
            described(pairs, **OF, frames=frames)
    with pytest.raises(InputError, match="the folder .* does not exist"):
        described(tmp_path / "none", **OF)


def test_slices_are_prepared_as_published_or_as_the_folder_says(folder, caplog):
    with caplog.at_level(logging.INFO, "ctseq"):
        steps = described(folder, **OF)["preprocessing"]
    assert "prepared as for the published checkpoints" in caplog.text
    assert (steps["resize"], steps["crop"], steps["resample"]) == (SIDE, (SIDE, SIDE), 2)
    assert (steps["scale"], steps["mean"], steps["std"]) == (
        1 / 255, (0.485, 0.456, 0.406), (0.229, 0.224, 0.225),
    )  # fmt: skip
    own = {"image_processor_type": "ViTImageProcessor", "size": {"height": SIDE, "width": SIDE}}
    write_json(own, folder / "preprocessor_config.json")
    assert described(folder, **OF)["preprocessing"]["resize"] == (SIDE, SIDE)
    write_json(own | {"size": {"height": 40, "width": 40}}, folder / "preprocessor_config.json")
    with pytest.raises(InputError, match="makes 40 x 40 pixels .* embeddings are for 32 x 32"):
        described(folder, **OF)


def test_a_fine_tuned_one_is_stored_with_its_frames(folder, tmp_path):
    changes = OF | {"frames": 6}
    facts = described(folder, **changes)
    fitted = with_new_layer(loaded(folder, **changes), width=24, std=0.02, seed=[0])
    choose_trainable(fitted.model, {"last_blocks": 1}, seed=[0])
    trained = {name for name, one in fitted.model.named_parameters() if one.requires_grad}
    assert {name.rpartition("layers.")[2][0] for name in trained} == {"1", "n"}  # and norm_f
    slices = grey(frames=6)
    expected = fitted(slices)
    fitted.model.activation_checkpointing_enable()
    assert torch.equal(fitted(slices), expected)
    save_fitted(
        fitted, tmp_path / "fitted", checkpoint=folder, description=facts, training=SETTINGS
    )
    again, _ = load_fitted(tmp_path / "fitted", torch.device("cpu"))
    assert torch.equal(again(slices), expected)


def test_bfloat16_leaves_the_scan_in_float32(folder):
    encoder, slices = loaded(folder, **OF), grey()
    (found,) = extract(encoder, [slices], precision="bfloat16")
    expected = features(encoder, slices)
    assert np.linalg.norm(found - expected) < 0.02 * np.linalg.norm(expected)


def test_a_tiny_one_repeats_and_has_as_many_frames_as_it_is_asked_for(tmp_path):
    for name, seed in (("tiny", 7), ("again", 7), ("other", 8)):
        own = {"type": "videomamba", "sees": "sequence", "frames": FRAMES}
        write_tiny(tmp_path / name, **own, seed=seed, steps=1)
    facts = described(tmp_path / "tiny", **OF)
    assert (facts["frames"], facts["width"]) == (FRAMES, 64)
    digests = [weights_digest(tmp_path / name) for name in ("tiny", "again", "other")]
    assert digests[0] == digests[1] != digests[2]
    slices = np.zeros((1, FRAMES, 48, 48), np.uint8)
    assert features(loaded(tmp_path / "tiny", **OF), slices).shape == (1, 64)


def test_its_products_are_as_many_as_the_documents_say():
    """All of the formula in docs/encoders.md but for the scan's own 14 E N."""
    with torch.device("meta"):
        model, pixels = small(), torch.empty(1, FRAMES, 3, SIDE, SIDE)
    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        model(pixels)
    patches, width, channels, rank, states, kernel = FRAMES * 16, 24, 48, 2, 16, 4
    block = 6 * width * channels + 8 * channels * rank + 8 * channels * states
    block += 4 * kernel * channels
    embedding = 2 * width * 3 * 8 * 8
    assert counter.get_total_flops() == 2 * (1 + patches) * block + patches * embedding
