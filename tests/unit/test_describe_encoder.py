"""The script that describes an encoder: what it records of where a checkpoint came from."""

import pytest

import describe_encoder
from ctseq.core.files import read_json, write_json
from ctseq.encoders.checkpoints import weights_digest
from ctseq.encoders.tiny import write_tiny
from encoders import settings_of

pytestmark = pytest.mark.numerical


@pytest.mark.parametrize("fetched", [True, False])
def test_a_record_beside_the_folder_counts_for_what_was_fetched_alone(fetched, tmp_path):
    folder = tmp_path / "owner--tiny--main"
    write_tiny(folder, sees="slice", frames=None, seed=7, steps=0)
    write_json({"commit": "1" * 40} if fetched else ["mine"], tmp_path / "owner--tiny--main.json")
    settings = settings_of(checkpoint="owner/tiny" if fetched else str(folder))
    path = tmp_path / "e.json"
    describe_encoder.main(path, encoder="e", settings=settings, folder=folder)
    found = read_json(path)
    assert found["commit"] == ("1" * 40 if fetched else None)
    assert found["checkpoint"] == settings["checkpoint"]
    assert found["weights_sha256"] == weights_digest(folder)
