"""Lists, choices and times in words."""

import difflib
from collections.abc import Iterable, Sequence
from typing import Any


def listed(words: Iterable[str]) -> str:
    """Join words by commas, and the last one by "and"."""
    words = list(words)
    return " and ".join(filter(None, [", ".join(words[:-1]), *words[-1:]]))


def sentence_case(text: str) -> str:
    """Return a text with its first letter in upper case, and all others as they are."""
    return text[:1].upper() + text[1:]


def not_among(key: str, value: Any, choices: Sequence[Any]) -> str:
    """Return the message on a value that is none of the choices, with the nearest of them."""
    near = difflib.get_close_matches(str(value), map(str, choices), n=1)
    hint = f"; did you mean {near[0]}?" if near else ""
    return f"{key} is {value!r} but must be one of {', '.join(map(str, choices))}{hint}"


def duration(seconds: float, *, digits: int = 0) -> str:
    """Return a time in its two largest units: `1 h 5 min`, `1 min 7 s`, `7 s`.

    Times below a minute have `digits` decimals.
    """
    if round(seconds, digits) < 60:
        return f"{seconds:.{digits}f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, of_hour = divmod(minutes, 60)
    return f"{hours} h {of_hour} min" if hours else f"{minutes} min {rest} s"
