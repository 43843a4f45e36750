"""How far a long rule is: now and then a line in its log, and on the screen."""

import logging
import time
from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

from ctseq.core.words import duration

Item = TypeVar("Item")

# Its lines go to the screen as well: `runlog` shows them there.
NAME = "ctseq.core.progress"
# Nothing is said before; what takes less is no wait.
FIRST_S = 20.0
# The next line comes when a tenth of the time so far has gone by: a night is fifty lines.
_SHARE = 0.1


def progress(
    items: Iterable[Item],
    *,
    total: int,
    unit: str,
    weigh: Callable[[Item], int] = lambda item: 1,
    clock: Callable[[], float] = time.monotonic,
) -> Iterator[Item]:
    """Give items on and report how many are done, how fast, and how long the rest will take.

    Parameters
    ----------
    items
        What is worked on, each until the next one is asked for.
    total
        What they weigh together.
    unit
        What is counted, in the plural.
    weigh
        How much an item counts.
    clock
        Seconds from any start.

    Yields
    ------
    Item
        The items, unchanged.
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
            due = now + max(FIRST_S, _SHARE * spent)


def _rate(per_second: float) -> str:
    """Write it in the first unit in which it is one or more."""
    of_unit = [
        (per_second, "a second"),
        (per_second * 60, "a minute"),
        (per_second * 3600, "an hour"),
    ]
    number, unit = next((pair for pair in of_unit if pair[0] >= 1), of_unit[-1])
    return f"{number:.0f} {unit}" if number >= 10 else f"{number:.1f} {unit}"
