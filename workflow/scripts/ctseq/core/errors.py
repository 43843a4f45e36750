"""The exception for mistakes that a user can mend."""

from collections.abc import Sequence


class InputError(Exception):
    """An input that cannot be used.

    The message says what is wrong, where (file, row, key) and what to do; scripts show it
    without a traceback.
    """


def fail_on(problems: Sequence[str], *, title: str, cure: str) -> None:
    """Raise one `InputError` that lists all problems, or do nothing if there is none.

    The title becomes the message's first line, and the cure its last one. Each problem names its
    file and row or key.
    """
    if problems:
        lines = "\n".join(f"  - {problem}" for problem in problems)
        count = f"{len(problems)} problem" + "s" * (len(problems) > 1)
        raise InputError(f"{title} ({count}):\n{lines}\n{cure}")
