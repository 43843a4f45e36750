"""Lists, choices, times and sizes in words."""

import difflib
from collections.abc import Iterable, Sequence
from typing import Any


def listed(words: Iterable[str]) -> str:
    """Join words by commas, and the last one by "and"."""
    words = list(words)
    return " and ".join(filter(None, [", ".join(words[:-1]), *words[-1:]]))


def listed_few(words: Iterable[str], most: int) -> str:
    """Join words as `listed` does; of more than `most`, the first ones and how many more."""
    words = list(words)
    shown = words if len(words) <= most else [*words[:most], f"{len(words) - most} more"]
    return listed(shown)


def sentence_case(text: str) -> str:
    """Return a text with its first letter in upper case, and all others as they are."""
    return text[:1].upper() + text[1:]


def not_among(key: str, value: Any, choices: Sequence[Any]) -> str:
    """Return the message on a value that is none of the choices, with the nearest of them."""
    near = difflib.get_close_matches(str(value), map(str, choices), n=1)
    hint = f"; did you mean {near[0]}?" if near else ""
    return f"{key} is {value!r} but must be one of {', '.join(map(str, choices))}{hint}"


def unknown(key: str, name: Any, catalogue: str, names: Sequence[Any]) -> str:
    """Return the message on a name that is not in a catalogue, with the nearest that is."""
    near = difflib.get_close_matches(str(name), map(str, names), n=1)
    hint = f"; did you mean {near[0]}?" if near else ""
    return f"{key} names {name!r}, but `{catalogue}` has {', '.join(map(str, names))}{hint}"


def duration(seconds: float, *, digits: int = 0) -> str:
    """Return a time in its two largest units: `1 h 5 min`, `1 min 7 s`, `7 s`.

    Times below a minute have `digits` decimals.
    """
    if round(seconds, digits) < 60:
        return f"{seconds:.{digits}f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, of_hour = divmod(minutes, 60)
    return f"{hours} h {of_hour} min" if hours else f"{minutes} min {rest} s"


def size(n_bytes: float) -> str:
    """Return a size on a disk in its largest unit: `12 MB`, `1.3 GB`; units are of 1000."""
    for unit, factor in (("TB", 1e12), ("GB", 1e9)):
        if n_bytes >= factor:
            return f"{n_bytes / factor:.1f} {unit}"
    return f"{n_bytes / 1e6:.0f} MB" if n_bytes >= 1e6 else f"{n_bytes / 1e3:.0f} kB"
