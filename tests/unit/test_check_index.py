"""The index that a check makes beside the one that is there, and the job that takes it over."""

import os
import shutil
from pathlib import Path

import pytest

from configs import changed, resolved
from ct_ich import write_ct_ich
from ctseq.checks.current import files_to_check, is_encoded, is_indexed
from ctseq.core.errors import InputError
from ctseq.core.files import write_json
from ctseq.intake.index_files import adopt_index, fingerprint, kept_index, write_index
from ctseq.intake.tables import INDEX
from ctseq.study.datasets import label_files
from ctseq.study.encoders import settings_in
from ctseq.study.study import Study


@pytest.fixture
def settings(tmp_path):
    path = write_ct_ich(tmp_path / "raw", {"049": "-b-", "050": "---"}, side=16)
    return {
        **{"path": str(path), "format": "auto", "labels": None, "target": "hemorrhage"},
        **{"links_into": [], "on_problem": "error", "phantom": None},
    }


@pytest.fixture
def written(tmp_path):
    folder = tmp_path / "made"
    folder.mkdir()
    return {table: folder / f"{table}.csv" for table in INDEX}


def keeping(tmp_path, settings, code="1", by="ours"):
    options = {"dataset": settings["path"], "name": "own", "settings": settings, "threads": 1}
    return kept_index(tmp_path / "checked", by=by, code=code, **options)


def keep(*given):
    with keeping(*given):
        pass


def adopt(tmp_path, settings, written, code="1"):
    recognised = tmp_path / "made/format.json"
    return adopt_index(tmp_path / "checked", recognised, written, code=code, settings=settings)


def test_a_kept_index_is_that_of_the_rule_and_is_taken_once(tmp_path, settings, written):
    keep(tmp_path, settings)
    lines = adopt(tmp_path, settings, written)
    assert "Slices seen: 6, kept: 6." in lines
    again = {table: tmp_path / f"again-{table}.csv" for table in INDEX}
    options = {"dataset": settings["path"], "name": "own", "settings": settings, "threads": 1}
    assert write_index(tmp_path / "again.json", again, **options) == lines
    for table in INDEX:
        assert written[table].read_bytes() == again[table].read_bytes()
    assert (tmp_path / "made/format.json").read_bytes() == (tmp_path / "again.json").read_bytes()
    assert not (tmp_path / "checked").exists()
    assert adopt(tmp_path, settings, written) is None


@pytest.mark.parametrize("what", ["code", "settings", "files"])
def test_an_index_of_something_else_is_not_taken_and_goes(tmp_path, settings, written, what):
    keep(tmp_path, settings)
    if what == "files":
        os.utime(tmp_path / "raw/Patients_CT/049/brain/2.jpg", ns=(1, 1))
    asked = settings | {"on_problem": "exclude" if what == "settings" else "error"}
    assert adopt(tmp_path, asked, written, code="2" if what == "code" else "1") is None
    assert list(written["inventory"].parent.iterdir()) == []
    assert not (tmp_path / "checked").exists()


def test_what_was_taken_in_part_goes(tmp_path, settings, written):
    keep(tmp_path, settings)
    (tmp_path / "checked/made.json").unlink()  # the first step of taking it
    assert adopt(tmp_path, settings, written) is None
    assert not (tmp_path / "checked").exists()


def test_what_was_kept_is_not_read_again(tmp_path, settings):
    keep(tmp_path, settings)
    made = (tmp_path / "checked/listing.csv").stat().st_mtime_ns
    keep(tmp_path, settings)
    assert (tmp_path / "checked/listing.csv").stat().st_mtime_ns == made


def left(tmp_path):
    """List what stands beside the dataset."""
    return sorted(path.name for path in tmp_path.iterdir() if path.name not in ("raw", "made"))


def test_two_checks_at_once_read_each_their_own(tmp_path, settings, written):
    other = settings | {"on_problem": "exclude"}
    with keeping(tmp_path, settings) as ours:
        before = (ours / "listing.csv").read_bytes()
        with keeping(tmp_path, settings, by="same") as same:
            assert (same / "listing.csv").read_bytes() == before
        with keeping(tmp_path, other, by="theirs") as theirs:
            assert len({ours, same, theirs}) == 3
            assert (theirs / "made.json").read_bytes() != (ours / "made.json").read_bytes()
        assert (ours / "listing.csv").read_bytes() == before
    # The one that ends last stays, and nothing else.
    assert left(tmp_path) == ["checked"]
    assert adopt(tmp_path, settings, written) is not None
    assert left(tmp_path) == []


def test_while_an_index_is_read_no_other_takes_it(tmp_path, settings, written):
    keep(tmp_path, settings)
    with keeping(tmp_path, settings) as ours:
        assert adopt(tmp_path, settings, written) is None
        assert (ours / "listing.csv").is_file()
    assert "Slices seen: 6, kept: 6." in adopt(tmp_path, settings, written)


def test_what_a_killed_check_left_is_no_index_and_goes(tmp_path, settings):
    unfinished = tmp_path / ".ours.unfinished.checked"
    unfinished.mkdir()
    (unfinished / "listing.csv").write_text("cut sho")
    keep(tmp_path, settings)
    assert left(tmp_path) == ["checked"]


def test_an_index_stays_if_what_reads_it_fails(tmp_path, settings):
    with pytest.raises(InputError), keeping(tmp_path, settings):
        raise InputError("no such window")
    made = (tmp_path / "checked/listing.csv").stat().st_ino
    with keeping(tmp_path, settings) as ours:
        assert (ours / "listing.csv").stat().st_ino == made


def test_a_dataset_that_cannot_be_used_leaves_nothing(tmp_path, settings):
    with pytest.raises(InputError, match="Blutung"):
        keep(tmp_path, settings | {"target": "Blutung"})
    assert [path.name for path in tmp_path.iterdir()] == ["raw"]


def test_a_fingerprint_knows_a_label_table_elsewhere(tmp_path, settings):
    table = tmp_path / "labels.csv"
    before = fingerprint(settings["path"], [], str(table))
    table.write_text("patient_id,target\n")
    assert fingerprint(settings["path"], [], str(table)) != before


def test_an_index_is_current_until_settings_or_files_change(tmp_path, settings, written):
    keep(tmp_path, settings)
    assert not is_indexed(tmp_path / "made", settings)
    adopt(tmp_path, settings, written)
    assert is_indexed(tmp_path / "made", settings)
    assert not is_indexed(tmp_path / "made", settings | {"target": "fracture"})
    later = (tmp_path / "made/format.json").stat().st_mtime_ns + 1
    os.utime(settings["path"], ns=(later, later))
    assert not is_indexed(tmp_path / "made", settings)
    os.utime(settings["path"], ns=(0, 0))
    assert is_indexed(tmp_path / "made", settings)
    table = next(one for one in label_files(settings["path"], None) if "diagnosis" in one)
    os.utime(table, ns=(later, later))
    assert not is_indexed(tmp_path / "made", settings)
    os.utime(table, ns=(0, 0))
    # A raw dataset that is gone cannot have changed.
    (tmp_path / "raw").rename(tmp_path / "away")
    assert is_indexed(tmp_path / "made", settings)
    written["listing"].unlink()
    assert not is_indexed(tmp_path / "made", settings)


@pytest.fixture
def local(tmp_path, monkeypatch):
    """Return a study of one local checkpoint, which is there."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "image").mkdir()
    (tmp_path / "image/config.json").write_text("{}")
    changes = {"encoders.convnext.checkpoint": "./image", "compare": ["convnext", "pooled"]}
    changes["models.pooled"] = {"label": "P", "encoder": "convnext", "family": "attention"}
    changes["datasets.ct-ich.path"] = "raw"
    return Study.of(resolved(changed(changes)))


def test_an_encoder_is_described_until_its_checkpoint_changes(local):
    (encoder,), dataset = local.encoders.values(), local.dataset
    assert not is_encoded(encoder, dataset)
    path = Path(dataset.description("convnext"))
    path.parent.mkdir(parents=True)
    write_json({"settings": settings_in(encoder, dataset)}, path)
    assert is_encoded(encoder, dataset)
    later = path.stat().st_mtime_ns + 1
    os.utime("image/config.json", ns=(later, later))
    assert not is_encoded(encoder, dataset)


def test_a_check_reads_what_is_here(local):
    assert files_to_check(local) == ["./image", "image/config.json"]
    Path("raw").mkdir()
    assert files_to_check(local) == ["raw", "./image", "image/config.json"]


def test_what_is_gone_and_was_used_is_listed_where_there_is_a_check(local):
    (encoder,), dataset = local.encoders.values(), local.dataset
    for path, settings in (
        (Path(dataset.record), dataset.settings),
        (Path(dataset.description("convnext")), settings_in(encoder, dataset)),
    ):
        path.parent.mkdir(parents=True, exist_ok=True)
        write_json({"settings": settings}, path)
    for table in INDEX:
        Path(dataset.record).with_name(f"{table}.csv").touch()
    shutil.rmtree("image")
    assert files_to_check(local) == []
    Path(local.results).mkdir(parents=True)
    Path(local.results, "check.txt").touch()
    assert files_to_check(local) == ["raw", "./image"]
