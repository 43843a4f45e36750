"""Progress: silent where there is no wait, short where there is; what passes is unchanged."""

import logging

import pytest

from ctseq.core.logs import rule_log
from ctseq.core.progress import FIRST_S, NAME, progress


@pytest.fixture
def told(monkeypatch):
    """Collect the lines."""
    lines, log = [], logging.getLogger(NAME)
    handler = logging.Handler()
    handler.emit = lambda record: lines.append(record.getMessage())
    monkeypatch.setattr(log, "handlers", [handler])
    monkeypatch.setattr(log, "level", logging.INFO)
    return lines


def run(items, seconds, **options):
    """Go through items that take so many seconds each, by a clock of their own."""
    now = [1000.0]
    for item in progress(items, clock=lambda: now[0], **options):
        yield item
        now[0] += seconds


def test_a_line_says_how_far_how_fast_and_how_long(told):
    items = list(range(100))
    assert list(run(items, FIRST_S / 10, total=100, unit="slices")) == items
    assert told[0] == "10 of 100 slices, 30 a minute, 3 min 0 s left"


def test_nothing_is_said_of_short_work_nor_of_its_end(told):
    list(run(range(9), FIRST_S / 10, total=9, unit="slices"))
    list(run(range(1), 10 * FIRST_S, total=1, unit="slices"))
    assert told == []


def test_items_count_by_their_weight(told):
    list(run(["ab", "c", "defg"], FIRST_S, total=7, unit="slices", weigh=len))
    assert told == [
        "2 of 7 slices, 6.0 a minute, 50 s left",
        "3 of 7 slices, 4.5 a minute, 53 s left",
    ]


def test_a_night_is_a_short_log(told):
    list(run(range(36_000), 1.0, total=36_000, unit="slices"))
    assert 30 < len(told) < 80
    assert told[-1].startswith("3")


def test_large_numbers_and_slow_work_can_be_read(told):
    list(run(range(3), 7200, total=3_000_000, unit="rows"))
    assert told[0] == "1 of 3,000,000 rows, 0.5 an hour, 5999998 h 0 min left"


def test_it_is_shown_on_the_screen_with_the_rules_name(tmp_path, capfd):
    path = tmp_path / "results/small/logs/pack_pixels/vivit-2-of-4.log"
    with rule_log(path):
        logging.getLogger("ctseq").info("Format: x.")
        logging.getLogger(NAME).info("1 of 2 slices")
    assert path.read_text() == "Format: x.\n1 of 2 slices\n"
    assert capfd.readouterr().err == "pack_pixels/vivit-2-of-4: 1 of 2 slices\n"
