"""The exception for mistakes that a user can mend."""

import logging
from collections.abc import Sequence

# As many lines as a terminal of 24 shows with the title, a count and the cure.
_MOST_SHOWN = 20


class InputError(Exception):
    """An input that cannot be used.

    The message says what is wrong, where (file, row, key) and what to do; scripts show it
    without a traceback.
    """


def fail_on(problems: Sequence[str], *, title: str, cure: str, kinds: Sequence[str] = ()) -> None:
    """Raise one `InputError` that lists the problems, or do nothing if there is none.

    The title becomes the message's first line, and the cure its last one. Each problem names its
    file and row or key. A long list is cut with a count, and goes to the log as a whole; `kinds`
    says in words of which kind each problem is, so that some of every kind are shown.
    """
    if problems:
        count = f"{len(problems)} problem" + "s" * (len(problems) > 1)
        lines = [f"  - {problem}" for problem in problems]
        if len(lines) > _MOST_SHOWN:
            log = logging.getLogger("ctseq")
            log.info("All of the %s:\n%s", count, "\n".join(lines))
            lines = _some_of_each(lines, kinds or [""] * len(lines))
            if log.handlers:  # of a rule
                count += ", each in the log"
        text = "\n".join(lines)
        raise InputError(f"{title} ({count}):\n{text}\n{cure}")


def _some_of_each(lines: Sequence[str], kinds: Sequence[str]) -> list[str]:
    """Return the first lines of each kind with the number of the others, kind by kind."""
    of_kind: dict[str, list[str]] = {}
    for kind, line in zip(kinds, lines, strict=True):
        of_kind.setdefault(kind, []).append(line)
    # What the small kinds leave is the large ones'.
    shown, left = {}, _MOST_SHOWN
    for number, kind in enumerate(sorted(of_kind, key=lambda name: len(of_kind[name]))):
        share = max(1, left // (len(of_kind) - number))
        shown[kind] = min(len(of_kind[kind]), share)
        left -= shown[kind]
    cut = []
    for kind, own in of_kind.items():
        more = len(own) - shown[kind]
        cut += own[: shown[kind]]
        cut += [f"    and {more} more{': ' * bool(kind)}{kind}"] * bool(more)
    return cut
