"""Transformers over slices against PyTorch's own layers, and smooth attention by hand."""

import numpy as np
import pytest
import torch
from torch import nn

from ctseq.families.trained.sequence_heads import attention_scores
from ctseq.families.trained.smooth import roughness
from ctseq.families.trained.training import Setting, SideBySide, Training, predict
from ctseq.families.trained.transformer import places
from ctseq.replicates.tasks import Fit
from featured import HEADS, TRAINING

pytestmark = pytest.mark.numerical

# Two trainings of three scans of at most five slices.
LENGTHS = torch.tensor([[1, 5, 3], [2, 2, 4]])
ABSENT = torch.arange(5) >= LENGTHS[..., None]


def drawn(head, size, trainings=2, features=6):
    """Return parameters of several trainings, in double precision, none of them as it starts."""
    rng = np.random.default_rng(0)
    found = HEADS[head].initial(features, 0.5, rng, size)
    return {
        name: torch.from_numpy(own + rng.normal(0, 0.3, (trainings, *own.shape))).requires_grad_()
        for name, own in found.items()
    }


def of_training(parameters, number, prefix=""):
    """Return the parameters of one training whose names begin so, without that beginning."""
    found = {name: own[number] for name, own in parameters.items() if name.startswith(prefix)}
    return {name.removeprefix(prefix): own for name, own in found.items()}


def sequences():
    return torch.randn(2, 3, 5, 6, dtype=torch.double, generator=torch.manual_seed(1))


def assert_the_same(found, expected, parameters):
    torch.testing.assert_close(found, expected, rtol=1e-10, atol=1e-12)
    flow = torch.randn_like(expected)
    learned = [*parameters.values()]
    ours, theirs = (
        torch.autograd.grad((own * flow).sum(), learned, allow_unused=True, retain_graph=True)
        for own in (found, expected)
    )
    for name, one, other in zip(parameters, ours, theirs, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-8, atol=1e-10, msg=name)


def whole(values):
    return values


@pytest.mark.parametrize("size", [8, 6, 3])
def test_the_transformer_is_that_of_pytorch_with_its_gradients(size):
    """Of the widths, four heads divide the first, two the second and one the third."""
    heads = {8: 4, 6: 2, 3: 1}[size]
    parameters, features = drawn("transformer", size), sequences()
    layer = nn.TransformerEncoderLayer(
        size, heads, 2 * size, 0.0, "gelu", batch_first=True, norm_first=True, dtype=torch.double
    )
    network = nn.TransformerEncoder(
        layer, 2, nn.LayerNorm(size, dtype=torch.double), enable_nested_tensor=False
    )
    results, slices = [], []
    for number, own in enumerate(features):
        weights = of_training(parameters, number)
        values = nn.functional.linear(own, weights["input.weight"], weights["input.bias"])
        values = values + places(LENGTHS[number], 5, size)
        inside = {name: weights[name] for name in network.state_dict()}
        options = {"src_key_padding_mask": ABSENT[number]}
        read = torch.func.functional_call(network, inside, (values,), options)
        means = [row[:n].mean(0) for row, n in zip(read, LENGTHS[number].tolist(), strict=True)]
        final = weights["weight"], weights["bias"]
        results.append(nn.functional.linear(torch.stack(means), *final))
        slices.append(nn.functional.linear(read, *final))
    head, inputs = HEADS["transformer"], [features, LENGTHS]
    assert_the_same(head.logits(parameters, inputs, whole), torch.stack(results), parameters)
    present = ~ABSENT
    found = head.slice_logits(parameters, inputs, whole)[present]
    assert_the_same(found, torch.stack(slices)[present], parameters)


def test_places_by_hand():
    # Of one slice the middle; of two, the middles of both halves.
    found = places(torch.tensor([1, 2]), 2, 4)
    first, second = np.array([0.5, 0.25]), 0.75
    assert found.shape == (2, 2, 4)
    for place, own in ((first[0], found[0, 0]), (first[1], found[1, 0]), (second, found[1, 1])):
        angles = np.pi * place * np.array([1, 16])
        np.testing.assert_allclose(own, [*np.sin(angles), *np.cos(angles)], atol=1e-12)
    assert places(torch.tensor([3]), 3, 5).shape == (1, 3, 5)
    assert torch.equal(places(torch.tensor([4]), 9, 6)[:, :4], places(torch.tensor([4]), 4, 6))


def test_transmil_is_that_of_pytorchs_layers_with_its_gradients():
    size = 8
    parameters, features = drawn("transmil", size), sequences()
    attention = nn.MultiheadAttention(size, 4, batch_first=True, dtype=torch.double)

    def attend(weights, values, name, absent):
        norm = weights[f"{name}.norm.weight"], weights[f"{name}.norm.bias"]
        seen = nn.functional.layer_norm(values, (size,), *norm)
        own = {key: weights[f"{name}.attn.{key}"] for key in attention.state_dict()}
        options = {"key_padding_mask": absent, "need_weights": False}
        return values + torch.func.functional_call(attention, own, (seen, seen, seen), options)[0]

    expected = []
    for number, batch in enumerate(features):
        weights = of_training(parameters, number)
        for own, length in zip(batch, LENGTHS[number].tolist(), strict=True):
            # Each scan by itself, without what stands behind its end.
            scan = own[None, :length]
            values = nn.functional.linear(scan, weights["input.weight"], weights["input.bias"])
            values = torch.cat([weights["token"][None, None], values.relu()], dim=1)
            values = attend(weights, values, "first", None)
            slices = values[:, 1:].transpose(1, 2)
            convolved = slices + sum(
                nn.functional.conv1d(
                    slices,
                    weights[f"convolutions.{kernel}.weight"],
                    weights[f"convolutions.{kernel}.bias"],
                    padding=kernel // 2,
                    groups=size,
                )
                for kernel in (7, 5, 3)
            )
            values = torch.cat([values[:, :1], convolved.transpose(1, 2)], dim=1)
            values = attend(weights, values, "second", None)
            norm = weights["norm.weight"], weights["norm.bias"]
            read = nn.functional.layer_norm(values[:, 0], (size,), *norm)
            expected.append(nn.functional.linear(read, weights["weight"], weights["bias"])[0])
    found = HEADS["transmil"].logits(parameters, [features, LENGTHS], whole)
    assert_the_same(found, torch.stack(expected).view(2, 3, 2), parameters)


@pytest.mark.parametrize("head", HEADS)
def test_what_stands_behind_the_end_of_a_scan_changes_nothing(head):
    parameters, features = drawn(head, 4), sequences()
    filled = torch.where(ABSENT[..., None], 1e3, features)
    about = HEADS[head]
    for function in filter(None, (about.logits, about.slice_logits, about.penalty)):
        options = () if function is about.penalty else (whole,)
        one, other = (function(parameters, [x, LENGTHS], *options) for x in (features, filled))
        if function is about.slice_logits:
            one, other = one[~ABSENT], other[~ABSENT]
        torch.testing.assert_close(one, other, rtol=1e-12, atol=1e-12)


def test_roughness_by_hand():
    parameters, features = drawn("smooth", 4), sequences()
    scores = attention_scores(parameters, features).detach().numpy()
    found = roughness(parameters, [features, LENGTHS]).detach().numpy()
    for number in range(2):
        for row, length in enumerate(LENGTHS[number].tolist()):
            own = scores[number, row, :length]
            steps = [(b - a) ** 2 for a, b in zip(own, own[1:], strict=False)]
            assert found[number, row] == pytest.approx(np.mean(steps) if steps else 0)


def test_smooth_attention_learns_by_its_loss_and_the_roughness():
    rng = np.random.default_rng(0)
    features = rng.normal(size=(6, 5, 4)).astype(np.float32)
    lengths, labels = np.array([5, 4, 1, 3, 2, 5]), np.arange(6) % 2
    everyone, start = np.arange(6), HEADS["smooth"].initial(4, 0.5, rng, 3)
    recipe = TRAINING | {"warmup_steps": 0, "epochs": 40, "batch_size": 6}

    def rough(parameters):
        stack = {name: torch.from_numpy(own)[None] for name, own in parameters.items()}
        inputs = [torch.from_numpy(features)[None], torch.from_numpy(lengths)[None]]
        return float(roughness(stack, inputs).mean())

    trained = {}
    for head in ("attention", "smooth"):
        training = Training(
            [features, lengths], Fit(everyone, everyone[:0]), start, Setting(3e-2, 0), [0], [1]
        )
        side = SideBySide(HEADS[head], [training], labels, recipe)
        side.learn([0])
        first = side.losses[0] / 6
        if head == "smooth":
            found = predict(HEADS[head], start, [features, lengths], everyone)
            entropy = -np.log(np.where(labels == 1, found, 1 - found)).mean()
            assert first == pytest.approx(entropy + rough(start), rel=1e-5)
        for _ in range(39):
            side.learn([0])
        trained[head] = side.parameters(0)
    assert rough(trained["smooth"]) < 0.2 * min(rough(start), rough(trained["attention"]))
