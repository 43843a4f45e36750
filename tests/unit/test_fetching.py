"""Fetching checkpoints, from the cache of this machine or the hub, and what each refusal says."""

import json
import shutil

import pytest
import torch
from safetensors.torch import load_file

from ctseq.encoders.checkpoints import weights_digest
from hub import COMMIT, fetch, files, write_cache

pytestmark = pytest.mark.numerical

NOWHERE = "http://127.0.0.1:9"
OTHER = "2" * 40
TOKEN = "hf_" + "secret" * 6


@pytest.fixture
def tiny(checkpoints):
    """Return the folder of a small checkpoint."""
    return checkpoints / "slice"


def test_fetching_records_the_commit(hub, tiny, tmp_path):
    hub.folder = tiny
    (tmp_path / "c").mkdir()
    result = fetch(hub, tmp_path / "c")
    assert result.returncode == 0, result.stderr
    assert files(tmp_path / "c") == hub.listing()
    assert weights_digest(tmp_path / "c") == weights_digest(tiny)
    record = json.loads((tmp_path / "c.json").read_text())
    assert (record["commit"], record["source"]) == (hub.commit, "hub")


def test_a_branch_that_moved_is_an_error(hub, tiny, tmp_path):
    hub.folder = tiny
    assert fetch(hub, tmp_path / "c").returncode == 0
    hub.commit = OTHER
    result = fetch(hub, tmp_path / "c")
    assert result.returncode == 1
    assert f"was commit {'1' * 40}" in result.stderr
    assert "Set the encoder's `revision`" in result.stderr


@pytest.mark.parametrize("parts", [1, 2])
def test_a_checkpoint_without_safetensors_is_converted(parts, hub, tiny, tmp_path):
    hub.folder = tmp_path / "pickled"
    shutil.copytree(tiny, hub.folder)
    weights = load_file(hub.folder / "model.safetensors")
    (hub.folder / "model.safetensors").unlink()
    if parts == 1:
        torch.save(weights, hub.folder / "pytorch_model.bin")
    else:
        names = [f"pytorch_model-0000{number}-of-00002.bin" for number in (1, 2)]
        held = dict(zip(weights, names * len(weights), strict=False))
        for part in names:
            own = {name: weights[name] for name in weights if held[name] == part}
            torch.save(own, hub.folder / part)
        index = json.dumps({"weight_map": held})
        (hub.folder / "pytorch_model.bin.index.json").write_text(index)
    result = fetch(hub, tmp_path / "c")
    assert result.returncode == 0, result.stderr
    made = [path for path in (tmp_path / "c").iterdir() if path.suffix == ".safetensors"]
    assert len(made) == parts
    converted = {name: value for path in made for name, value in load_file(path).items()}
    assert converted.keys() == weights.keys()
    assert all(torch.equal(converted[name], weights[name]) for name in weights)
    assert not [name for name in files(tmp_path / "c") if "pytorch_model" in name]


def test_a_subfolder_of_a_repository_is_fetched_alone(hub, tiny, tmp_path):
    hub.folder = tmp_path / "repository"
    shutil.copytree(tiny, hub.folder / "inner")
    shutil.copy(tiny / "model.safetensors", hub.folder)
    result = fetch(hub, tmp_path / "c", subfolder="inner")
    assert result.returncode == 0, result.stderr
    assert files(tmp_path / "c") == sorted(f"inner/{path.name}" for path in tiny.iterdir())
    result = fetch(hub, tmp_path / "c", subfolder="outer")
    assert "has no checkpoint of transformers in outer/." in result.stderr


def test_weights_that_nothing_reads_are_not_fetched(hub, tiny, tmp_path):
    hub.folder = tmp_path / "repository"
    shutil.copytree(tiny, hub.folder)
    for name in ("open_clip_model.safetensors", "model.fp16.safetensors", "pytorch_model.bin"):
        shutil.copy(tiny / "model.safetensors", hub.folder / name)
    assert fetch(hub, tmp_path / "c").returncode == 0
    assert files(tmp_path / "c") == sorted(path.name for path in tiny.iterdir())


@pytest.mark.parametrize(
    "variable", ["HF_HOME", "HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE", "XDG_CACHE_HOME"]
)
def test_the_cache_is_used_before_the_network(variable, tiny, tmp_path):
    root = tmp_path / "a cache"
    inner = {"HF_HOME": "hub", "XDG_CACHE_HOME": "huggingface/hub"}.get(variable, "")
    write_cache(root / inner, tiny)
    environment = {variable: str(root)}
    if variable == "XDG_CACHE_HOME":
        environment["HF_HOME"] = str(root / "huggingface")
    result = fetch(NOWHERE, tmp_path / "c", **environment)
    assert result.returncode == 0, result.stderr
    assert weights_digest(tmp_path / "c") == weights_digest(tiny)
    assert not any(path.is_symlink() for path in (tmp_path / "c").iterdir())
    record = json.loads((tmp_path / "c.json").read_text())
    assert (record["commit"], record["source"]) == (COMMIT, "cache")
    log = (tmp_path / "c.log").read_text()
    assert f"owner/tiny, revision main, is commit {COMMIT} in {root / inner}." in log
    assert "The hub was not asked whether main has moved on since" in log


@pytest.mark.parametrize("offline", [{}, {"HF_HUB_OFFLINE": "1"}])
def test_a_commit_and_a_subfolder_are_found_in_the_cache(offline, tiny, tmp_path):
    write_cache(tmp_path / "c.home/hub", tiny, commit=OTHER, ref="v2", subfolder="inner")
    write_cache(tmp_path / "c.home/hub", tiny)
    result = fetch(NOWHERE, tmp_path / "c", revision=OTHER, subfolder="inner", **offline)
    assert result.returncode == 0, result.stderr
    assert files(tmp_path / "c") == sorted(f"inner/{path.name}" for path in tiny.iterdir())
    log = (tmp_path / "c.log").read_text()
    assert f"is commit {OTHER} in" in log
    assert "moved on" not in log


def test_pickles_in_the_cache_are_converted_and_stay_as_they_are(tiny, tmp_path):
    source = tmp_path / "pickled"
    shutil.copytree(tiny, source)
    weights = load_file(source / "model.safetensors")
    torch.save(weights, source / "pytorch_model.bin")
    (source / "model.safetensors").unlink()
    snapshot = write_cache(tmp_path / "c.home/hub", source)
    before = files(tmp_path / "c.home/hub")
    result = fetch(NOWHERE, tmp_path / "c")
    assert result.returncode == 0, result.stderr
    assert load_file(tmp_path / "c/model.safetensors").keys() == weights.keys()
    assert "pytorch_model.bin" not in files(tmp_path / "c")
    assert files(tmp_path / "c.home/hub") == before
    assert (snapshot / "pytorch_model.bin").is_symlink()


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda snapshot: (snapshot / "preprocessor_config.json").unlink(), "lacks preprocessor_c"),
        (lambda snapshot: (snapshot / "model.safetensors").resolve().unlink(), "lacks model.safet"),
        (
            lambda snapshot: (snapshot / "model.safetensors").resolve().write_bytes(b"\1" * 99),
            "is cut short",
        ),
    ],
    ids=["in part", "a link to nothing", "cut"],
)
def test_what_the_cache_lacks_is_fetched(spoil, words, hub, tiny, tmp_path):
    hub.folder = tiny
    spoil(write_cache(tmp_path / "c.home/hub", tiny))
    alone = fetch(NOWHERE, tmp_path / "c")
    assert alone.returncode == 1
    assert "does not have it complete" in alone.stderr
    assert words in alone.stderr
    result = fetch(hub, tmp_path / "c")
    assert result.returncode == 0, result.stderr
    assert weights_digest(tmp_path / "c") == weights_digest(tiny)
    assert json.loads((tmp_path / "c.json").read_text())["source"] == "hub"


def test_a_cache_of_another_commit_than_the_recorded_one_is_not_used(hub, tiny, tmp_path):
    hub.folder = tiny
    assert fetch(hub, tmp_path / "c").returncode == 0
    write_cache(tmp_path / "c.home/hub", tiny, commit=OTHER)
    assert fetch(hub, tmp_path / "c").returncode == 0  # as the hub still has it
    assert json.loads((tmp_path / "c.json").read_text())["commit"] == COMMIT
    result = fetch(NOWHERE, tmp_path / "c")
    assert result.returncode == 1
    assert f"has main as commit {OTHER}, which is not the recorded one" in result.stderr


def test_without_network_the_error_says_what_to_do(tmp_path):
    result = fetch(NOWHERE, tmp_path / "c", revision="v1")
    assert result.returncode == 1
    assert "Traceback" not in result.stderr
    for words in ("owner/tiny, revision v1", NOWHERE, "hf download owner/tiny"):
        assert words in result.stderr
    assert not (tmp_path / "c").exists()


def test_offline_the_hub_is_not_asked(hub, tiny, tmp_path):
    hub.folder = tiny
    result = fetch(hub, tmp_path / "c", HF_HUB_OFFLINE="1")
    assert result.returncode == 1
    assert "is not on this machine, and HF_HUB_OFFLINE" in result.stderr
    assert "hf download owner/tiny --revision main" in result.stderr


REFUSALS = {
    "gated": (
        (401, {"X-Error-Code": "GatedRepo"}),
        ["its owner hands it out on consent alone (401)", "https://huggingface.co/owner/tiny"],
    ),
    "not yet granted": (
        (403, {"X-Error-Code": "GatedRepo"}),
        ["on consent alone (403)", "hf auth login", "HF_TOKEN. A token is set here"],
    ),
    "a token of too few rights": (
        (403, {"X-Error-Message": "not enough permissions"}),
        ["on consent alone (403)", "https://huggingface.co/owner/tiny"],
    ),
    "unknown without a token": (
        (401, {}),
        ["shows no such checkpoint to this machine (401)", "spelled otherwise", "hf auth login"],
    ),
    "unknown": (
        (404, {"X-Error-Code": "RepoNotFound"}),
        ["shows no such checkpoint to this machine (404)", "spelled otherwise"],
    ),
    "a token that has expired": (
        (401, {"X-Error-Message": "Invalid credentials in Authorization header"}),
        ["does not accept this machine's token (401)", "hf auth login", "HF_TOKEN"],
    ),
    "an unknown revision": (
        (404, {"X-Error-Code": "RevisionNotFound"}),
        ["has owner/tiny, but no such revision", "one of its branches or tags, or to a commit"],
    ),
    "switched off": (
        (403, {"X-Error-Message": "Access to this resource is disabled."}),
        ["the hub has switched it off"],
    ),
    "out of order": ((500, {}), ["cannot be fetched.", "Asked: http://127", "hf download"]),
}


@pytest.mark.parametrize("case", REFUSALS)
def test_what_the_hub_refuses(case, hub, tmp_path):
    hub.refusal, words = REFUSALS[case]
    result = fetch(hub, tmp_path / "c", HF_TOKEN=TOKEN)
    assert result.returncode == 1
    assert "Checkpoint owner/tiny, revision main, cannot be fetched" in result.stderr
    for word in words:
        assert word in result.stderr
    for said in (result.stderr, result.stdout, (tmp_path / "c.log").read_text()):
        assert "Traceback" not in said
        assert TOKEN not in said
    assert not (tmp_path / "c").exists()


def test_without_a_token_it_says_so(hub, tmp_path):
    hub.refusal = (401, {"X-Error-Code": "GatedRepo"})
    assert "HF_TOKEN. None is set here." in fetch(hub, tmp_path / "c").stderr


def test_other_revisions_and_owners_are_named_where_the_hub_names_them(hub, tmp_path):
    hub.refusal = REFUSALS["an unknown revision"][0]
    refs = [{"name": name, "ref": f"refs/heads/{name}", "targetCommit": COMMIT} for name in "ab"]
    hub.answers["/api/models/owner/tiny/refs"] = {"branches": refs, "tags": [], "converts": []}
    hub.answers["/api/models"] = [{"id": "somebody/tiny"}]
    said = fetch(hub, tmp_path / "c").stderr
    assert "Set the encoder's `revision` to one of a, b, or to a commit." in said
    hub.refusal = REFUSALS["unknown"][0]
    assert "spelled otherwise: the hub has somebody/tiny." in fetch(hub, tmp_path / "c").stderr


def test_names_and_passwords_in_addresses_are_not_shown(tmp_path):
    result = fetch("http://me:pa55@127.0.0.1:9", tmp_path / "c")
    assert "http://127.0.0.1:9" in result.stderr
    assert "pa55" not in result.stderr


def test_an_adapter_on_the_hub_names_its_base(hub, tmp_path):
    hub.folder = tmp_path / "adapter"
    hub.folder.mkdir()
    adapter = {"base_model_name_or_path": "google/vit-base", "peft_type": "LORA"}
    (hub.folder / "adapter_config.json").write_text(json.dumps(adapter))
    (hub.folder / "adapter_model.safetensors").write_bytes(b"")
    said = fetch(hub, tmp_path / "c").stderr
    assert "Checkpoint owner/tiny: adapter_config.json is there" in said
    assert "an adapter of google/vit-base, without the weights of its base" in said
