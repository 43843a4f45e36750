"""The digests of code: what decides a result counts, what only people read does not."""

import json

import pytest

from ctseq.study import digests

SCRIPT = "from ctseq.core.tables import mean\n\nprint(mean([1, 2]))\n"
MODULE = '''"""Means."""

import logging

from ctseq.core.errors import InputError, fail_on

log = logging.getLogger("ctseq")


def mean(values, unit="mm"):
    """Return the mean."""
    fail_on([f"{v} is negative" for v in values if v < 0], title="Bad values", cure="Drop them.")
    if not values:
        raise InputError(f"no value in {unit}: " + "give one")
    log.info("%d values", len(values))  # said once
    logging.getLogger("ctseq").info("in %s", unit)
    return {"mean": sum(values) / len(values), "text": f"{unit} each"}
'''


def digest(folder, *, module=MODULE, script=SCRIPT, errors="class InputError(Exception): ..."):
    files = {"rule.py": script, "ctseq/core/tables.py": module, "ctseq/core/errors.py": errors}
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    digests.code_digest.cache_clear()
    digests._code.cache_clear()
    digests._imported.cache_clear()
    return digests.code_digest(folder / "rule.py")


def changed(old, new):
    assert MODULE.count(old) == 1
    return MODULE.replace(old, new)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("Means.", "Some means."),
        ("Return the mean.", "Return the arithmetic mean."),
        ("  # said once", ""),
        ("is negative", "is below zero"),
        ("Bad values", "Values are wrong"),
        ("Drop them.", "Leave them out."),
        ('f"no value in {unit}: " + "give one"', '"no values at all: " + f"{len(values)}"'),
        ('"%d values", len(values)', '"%s", values'),
        ('"in %s", unit', '"unit: %s", unit'),
        ('"text": f"{unit} each"}', '"text": (\n        f"{unit}"\n        " each"\n    )}'),
        ('unit="mm"', "unit='mm'"),
        ('    log.info("%d values", len(values))  # said once\n', ""),
    ],
)
def test_words_do_not_count(tmp_path, old, new):
    assert digest(tmp_path, module=changed(old, new)) == digest(tmp_path)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("/ len(values)", "/ (len(values) - 1)"),
        ("if v < 0", "if v <= 0"),
        ("if not values", "if values"),
        ("raise InputError", "raise ValueError"),
        ('"mean":', '"average":'),
        ('f"{unit} each"', 'f"{unit} both"'),
        ('f"{unit} each"', 'f"{unit!r} each"'),
        ('f"{unit} each"', 'f"{unit:>3} each"'),
        ('f"{unit} each"', '"{unit} each"'),
        ('unit="mm"', 'unit=b"mm"'),
    ],
)
def test_what_decides_counts(tmp_path, old, new):
    assert digest(tmp_path, module=changed(old, new)) != digest(tmp_path)


def test_the_script_counts_and_how_errors_are_written_does_not(tmp_path):
    before = digest(tmp_path)
    assert digest(tmp_path, script=SCRIPT.replace("2", "3")) != before
    assert digest(tmp_path, errors="class InputError(ValueError): ...") == before


def test_what_only_messages_import_does_not_count(tmp_path):
    words = tmp_path / "ctseq/core/words.py"
    words.parent.mkdir(parents=True)
    imports = "from ctseq.core.words import WORDS\n"
    by_errors, by_script = set(), set()
    for text in ("WORDS = 1\n", "WORDS = 2\n"):
        words.write_text(text)
        by_errors.add(digest(tmp_path, errors=imports))
        by_script.add(digest(tmp_path, script=imports + SCRIPT))
    assert (len(by_errors), len(by_script)) == (1, 2)


def test_numbers_and_flags_of_equal_value_differ(tmp_path):
    values = ("1", "1.0", "True", "'1'")
    assert len({digest(tmp_path, module=f"mean = {value}") for value in values}) == len(values)


def test_it_is_the_same_for_every_version_of_python(tmp_path):
    expected = "38851717fd9e63289c6870e37e7e21e1b0784e889cf988c71971e2b2da9d0432"
    assert digest(tmp_path) == expected


def test_a_module_that_a_table_names_counts_where_its_rule_says_so(tmp_path):
    before = digest(tmp_path)
    table = tmp_path / "ctseq/families/registry.py"
    table.parent.mkdir()
    table.write_text('FAMILIES = {"x": "ctseq.families.x"}\n')
    module = tmp_path / "ctseq/families/x.py"
    module.write_text("def fit(): ...\n")
    script = SCRIPT + "from ctseq.families.registry import FAMILIES\n"
    without = digest(tmp_path, script=script)
    assert without != before
    named = digests.code_digest(tmp_path / "rule.py", "ctseq.families.x")
    table.write_text('FAMILIES = {"x": "ctseq.families.x", "y": "ctseq.families.y"}\n')
    assert digest(tmp_path, script=script) == without
    assert digests.code_digest(tmp_path / "rule.py", "ctseq.families.x") == named
    module.write_text("def fit(): return 1\n")
    assert digest(tmp_path, script=script) == without
    assert digests.code_digest(tmp_path / "rule.py", "ctseq.families.x") != named


def known(folder, *modules):
    digests.code_digest.cache_clear()
    digests._imported.cache_clear()
    digests._code.cache_clear()
    return digests.KnownDigests(folder, folder / "record/digests.json").digest("rule.py", *modules)


def test_a_record_saves_parsing_and_changes_no_digest(tmp_path, monkeypatch):
    expected = digest(tmp_path)
    assert known(tmp_path) == expected
    monkeypatch.setattr(digests, "code_digest", lambda *_: pytest.fail("computed again"))
    again = digests.KnownDigests(tmp_path, tmp_path / "record/digests.json")
    assert again.digest("rule.py") == expected


def test_a_record_is_of_the_files_and_of_the_modules_that_are_named(tmp_path):
    before = digest(tmp_path)
    assert known(tmp_path) == before
    named = known(tmp_path, "ctseq.core.errors")
    assert named == digests.code_digest(tmp_path / "rule.py", "ctseq.core.errors") != before
    edited = digest(tmp_path, module=changed("if v < 0", "if v <= 0"))
    assert known(tmp_path) == edited != before
    # A name of a package that becomes a module is imported from then on.
    (tmp_path / "ctseq/core/tables").mkdir()
    (tmp_path / "ctseq/core/tables/mean.py").write_text("mean = max\n")
    digests._files.cache_clear()
    assert known(tmp_path) != edited


def test_what_is_edited_meanwhile_is_not_recorded_as_what_was_there(tmp_path):
    before = digest(tmp_path)
    record = tmp_path / "record/digests.json"
    early = digests.KnownDigests(tmp_path, record)
    edited = digest(tmp_path, module=changed("if v < 0", "if v <= 0"))
    digests.code_digest.cache_clear()
    digests._code.cache_clear()
    assert early.digest("rule.py") == edited
    assert not record.exists()
    digest(tmp_path)  # written as it was
    assert known(tmp_path) == before


@pytest.mark.parametrize("text", ["", "[]", "{", '{"files": 1}', "null", "whole", "cut"])
def test_a_record_that_cannot_be_used_is_made_anew(tmp_path, text):
    expected = known(tmp_path) if digest(tmp_path) else ""
    record = tmp_path / "record/digests.json"
    whole = record.read_text()
    if text == "whole":  # its values of another kind
        text = json.dumps(json.loads(whole) | {"digests": {"rule.py": 1}})
    record.write_text(whole[: len(whole) // 2] if text == "cut" else text)
    assert known(tmp_path) == expected
    assert record.read_text() == whole


def test_a_folder_that_cannot_be_written_to_costs_nothing_but_time(tmp_path):
    expected = digest(tmp_path)
    (tmp_path / "record").write_text("a file where the folder would be")
    assert known(tmp_path) == expected
