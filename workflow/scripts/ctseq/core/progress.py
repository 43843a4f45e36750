"""Reports of how far a long rule is, in its log and on the screen."""

import logging
import time
from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

from ctseq.core.words import duration

Item = TypeVar("Item")

# Name of the logger whose lines `logs.rule_log` shows on the screen as well.
NAME = "ctseq.core.progress"
# The first line comes after so many seconds: shorter work needs none.
FIRST_S = 20.0
# The next line comes after another tenth of the time so far, which is fifty lines in a night.
SHARE = 0.1


def progress(
    items: Iterable[Item],
    *,
    total: int,
    unit: str,
    weigh: Callable[[Item], int] = lambda item: 1,
    clock: Callable[[], float] = time.monotonic,
) -> Iterator[Item]:
    """Yield the items, and report how many are done, how fast, and how long the rest will take.

    Parameters
    ----------
    total, weigh
        The weight of all items together, and a function that returns an item's weight.
    unit
        Name of the unit of weight, in the plural.
    clock
        A function that returns the time in seconds from any start.
    """
    began, done = clock(), 0
    due = began + FIRST_S
    for item in items:
        weight = weigh(item)
        yield item
        done += weight
        now = clock()
        if now >= due and done < total:
            spent = now - began
            logging.getLogger(NAME).info(
                "%s of %s %s, %s, %s left",
                *(f"{done:,}", f"{total:,}", unit),
                *(_rate(done / spent), duration(spent / done * (total - done))),
            )
            due = now + max(FIRST_S, SHARE * spent)


def _rate(per_second: float) -> str:
    """Return a rate in words, in the first unit in which it is one or more."""
    rates = {"a second": per_second, "a minute": per_second * 60, "an hour": per_second * 3600}
    unit = next((unit for unit, rate in rates.items() if rate >= 1), "an hour")
    return f"{rates[unit]:.{0 if rates[unit] >= 10 else 1}f} {unit}"
