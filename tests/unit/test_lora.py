"""Low-rank adapters: their formula, where they stand, what they train, what is stored of them."""

import numpy as np
import pytest
import torch
import transformers

import encoders
from architectures import FRAMES, SIDE, write_checkpoint
from ctseq.core.errors import InputError
from ctseq.families.pixels.finetuning import FineTuning
from ctseq.families.pixels.lora import LowRank, add_adapters, merge_adapters
from ctseq.families.pixels.trainable import load_fitted, save_fitted, with_new_layer
from tunable import FRAMES_OF, SETTINGS, examples, loaded, scored, train, weights, write_each

pytestmark = pytest.mark.numerical

# The layers that get adapters in a tiny checkpoint of each sees.
ADAPTED = {"sequence": {"q_proj", "v_proj"}, "slice": {"pwconv1", "pwconv2"}}


@pytest.fixture(scope="module")
def tiny(tmp_path_factory):
    """Return the folder of a tiny checkpoint of each sees."""
    return write_each(tmp_path_factory.mktemp("tiny"))


def adapters(model):
    return {name: one for name, one in model.named_modules() if isinstance(one, LowRank)}


def moved(model):
    """Set the adapters of a model to weights as large as those of layers, as if trained."""
    generator = torch.Generator().manual_seed(0)
    for one in adapters(model).values():
        one.up.data.normal_(0, 0.1, generator=generator)


def features(fitted, rows):
    with torch.no_grad():
        return fitted.eval().encoder.features(rows.grey)


def test_an_adapter_adds_a_product_that_a_plain_layer_can_hold():
    layer = torch.nn.Linear(2, 2)
    layer.weight.data = torch.tensor([[1.0, 2.0], [0.0, 1.0]])
    layer.bias.data = torch.tensor([1.0, 0.0])
    own = LowRank(layer, rank=1, alpha=2, rng=np.random.default_rng(0))
    assert own.down.abs().max() <= 2**-0.5
    values = torch.tensor([[3.0, 1.0]])
    # Nothing is added at first.
    assert own(values).tolist() == layer(values).tolist() == [[6.0, 1.0]]
    own.down.data, own.up.data = torch.tensor([[1.0, -1.0]]), torch.tensor([[2.0], [3.0]])
    # A x is 2, twice B A x is (8, 12).
    assert own(values).tolist() == [[14.0, 13.0]]
    plain = own.merged()
    assert plain.weight.tolist() == [[5.0, -2.0], [6.0, -5.0]]
    assert plain(values).tolist() == [[14.0, 13.0]]
    assert type(plain) is torch.nn.Linear


@pytest.mark.parametrize("sees", FRAMES_OF)
def test_it_starts_as_the_frozen_encoder_and_merges_to_the_same_features(sees, tiny):
    fitted, rows = loaded(tiny / sees, sees), examples(sees)
    names, frozen = [*fitted.state_dict()], features(fitted, rows)
    add_adapters(fitted.model, {"lora": 2}, seed=[0])
    assert {name.rpartition(".")[2] for name in adapters(fitted.model)} == ADAPTED[sees]
    assert torch.equal(features(fitted, rows), frozen)
    moved(fitted.model)
    adapted = features(fitted, rows)
    assert (adapted - frozen).norm() > 0.01 * frozen.norm()
    merge_adapters(fitted.model)
    assert not adapters(fitted.model)
    assert [*fitted.state_dict()] == names
    assert (features(fitted, rows) - adapted).norm() < 1e-6 * adapted.norm()


@pytest.mark.parametrize("sees", FRAMES_OF)
def test_adapted_layers_and_the_final_one_change_alone(sees, tiny, tmp_path):
    fitted = loaded(tiny / sees, sees)
    before = weights(fitted)
    _, summary = train(fitted, examples(sees), tmp_path, trainable={"lora": 2}, epochs=2)
    after = weights(fitted)
    changed = {name for name in before if not torch.equal(before[name], after[name])}
    assert before.keys() == after.keys()
    assert {name.split(".")[-2] for name in changed} == ADAPTED[sees] | {"layer"}
    layers = {name for name in changed if not name.startswith("layer.")}
    assert layers == {n for n in before if n.split(".")[-2] in ADAPTED[sees] and "weight" in n}
    ranks = {torch.linalg.matrix_rank(after[n] - before[n], rtol=1e-3).item() for n in layers}
    assert max(ranks) <= 2
    assert summary["relative_weight_change"] > 0


def run_of(fitted, rows, trainable, **changes):
    run = FineTuning(
        fitted, SETTINGS | {"trainable": trainable} | changes, "loss", [0], rows.labels
    )
    run.accumulate(rows)
    return run


@pytest.mark.parametrize("settings", [{"lora": 2}, {"lora": 2, "alpha": 3}])
@pytest.mark.parametrize("sees", FRAMES_OF)
def test_its_gradient_follows_from_that_of_the_layer(sees, settings, tiny):
    rows = examples(sees, 5)
    whole = run_of(loaded(tiny / sees, sees), rows, "all").fitted.model
    own = run_of(loaded(tiny / sees, sees), rows, settings).fitted.model
    scale = settings.get("alpha", 4) / 2
    for name, one in adapters(own).items():
        expected = scale * whole.get_parameter(f"{name}.weight").grad @ one.down.T
        torch.testing.assert_close(one.up.grad, expected, rtol=1e-4, atol=1e-7)
        assert one.weight.grad is None


def test_checkpointing_gives_the_same_gradient(tiny):
    rows, found = examples("sequence", 3), []
    for again in (False, True):
        fitted = loaded(tiny / "sequence", "sequence")
        run = run_of(fitted, rows, {"lora": 2}, gradient_checkpointing=again)
        found.append({name: values.grad for name, values in run.weights.items()})
        # Two layers of two adapters each, and the final layer.
        assert len(run.weights) == 2 * 2 * 2 + 2
    assert all(torch.equal(found[0][name], found[1][name]) for name in found[0])


def test_adapters_follow_their_seed_and_no_other_random_state(tiny):
    drawn = []
    for seed, other in (([1, 2], 0), ([1, 2], 5), ([1, 3], 0)):
        torch.manual_seed(other)
        state = torch.get_rng_state()
        model = loaded(tiny / "slice", "slice").model
        torch.set_rng_state(state)
        add_adapters(model, {"lora": 2}, seed=seed)
        assert torch.equal(torch.get_rng_state(), state)
        drawn.append(torch.cat([one.down.flatten() for one in adapters(model).values()]))
    assert torch.equal(drawn[0], drawn[1])
    assert not torch.equal(drawn[0], drawn[2])


def test_what_is_stored_is_a_plain_checkpoint_of_the_same_scores(tiny, tmp_path):
    fitted, rows = loaded(tiny / "sequence", "sequence"), examples("sequence")
    facts = encoders.described(tiny / "sequence", "sequence")
    train(fitted, rows, tmp_path, trainable={"lora": 2}, epochs=2)
    folder = tmp_path / "fitted"
    options = {"checkpoint": tiny / "sequence", "description": facts, "training": SETTINGS}
    save_fitted(fitted, folder, **options)
    again, stored = load_fitted(folder, torch.device("cpu"))
    np.testing.assert_array_equal(scored(again, rows, stored), scored(fitted, rows))
    own = encoders.loaded(folder / "model", "sequence")
    with torch.no_grad():
        assert torch.equal(own.features(rows.grey), features(fitted, rows))


@pytest.mark.parametrize(
    ("architecture", "names"),
    [
        (transformers.VideoMAEForVideoClassification, {"query", "value"}),
        (transformers.TimesformerForVideoClassification, {"qkv"}),
        (transformers.VJEPA2ForVideoClassification, {"query", "value", "q_proj", "v_proj"}),
        (transformers.CvtForImageClassification, {"projection_query", "projection_value"}),
        (transformers.DINOv3ConvNextModel, {"pointwise_conv1", "pointwise_conv2"}),
        (transformers.FocalNetForImageClassification, {"fc1", "fc2"}),
    ],
)
def test_adapters_of_other_architectures_all_have_gradients(architecture, names, tmp_path):
    write_checkpoint(architecture.config_class.model_type, architecture, tmp_path)
    sees = "sequence" if "Video" in architecture.__name__ else "slice"
    facts = encoders.described(tmp_path, sees)
    encoder = encoders.loaded(tmp_path, sees)
    fitted = with_new_layer(encoder, width=facts["width"], std=0.02, seed=[0])
    add_adapters(fitted.model, {"lora": 1}, seed=[0])
    shape = (2, FRAMES, SIDE, SIDE) if sees == "sequence" else (2, SIDE, SIDE)
    fitted(np.random.default_rng(0).integers(0, 256, shape, np.uint8)).sum().backward()
    found = adapters(fitted.model)
    assert {name.rpartition(".")[2] for name in found} == names
    # Of an attention whose answer is one token, the query has a gradient of 0.
    assert all(one.up.grad is not None for one in found.values())
    assert sum(bool(one.up.grad.any()) for one in found.values()) >= len(found) / 2


def test_layers_may_be_named(tiny):
    model = loaded(tiny / "sequence", "sequence").model
    add_adapters(model, {"lora": 1, "layers": ["o_proj", "fc1"]}, seed=[0])
    assert {name.rpartition(".")[2] for name in adapters(model)} == {"o_proj", "fc1"}


def test_layers_that_a_model_lacks_are_said_with_those_that_it_has(tiny):
    model = loaded(tiny / "sequence", "sequence").model
    message = (
        r"training\.trainable asks for low-rank adapters \(lora\) of q_proj and query, but the "
        r"linear layers of VivitForVideoClassification are q_proj, k_proj, v_proj, o_proj, fc1 and "
        r"fc2\. Name some of them as `layers` beside `lora`, or choose `\{last_blocks: n\}` or "
        "`all`"
    )
    with pytest.raises(InputError, match=message):
        add_adapters(model, {"lora": 1, "layers": ["q_proj", "query"]}, seed=[0])
    config = transformers.ResNetConfig(embedding_size=8, hidden_sizes=[8], depths=[1])
    with pytest.raises(
        InputError,
        match=r"of attention's queries and values and of pointwise layers, but the linear layers "
        r"of ResNetModel are none\. Choose `\{last",
    ):
        add_adapters(transformers.ResNetModel(config), {"lora": 1}, seed=[0])
