"""The one exception for mistakes that a user can mend."""

from collections.abc import Sequence


class InputError(Exception):
    """What the user gave cannot be used.

    The message says what is wrong, where (file, row, key) and what to do; scripts show it
    without a traceback.
    """


def fail_on(problems: Sequence[str], *, title: str, cure: str) -> None:
    """Raise one `InputError` that lists every problem, or do nothing if there is none.

    Parameters
    ----------
    problems
        One line a problem, each naming its file and row or key.
    title
        What the problems have in common; becomes the first line.
    cure
        What to do about them; becomes the last line.
    """
    if problems:
        lines = "\n".join(f"  - {problem}" for problem in problems)
        count = f"{len(problems)} problem" + "s" * (len(problems) > 1)
        raise InputError(f"{title} ({count}):\n{lines}\n{cure}")
