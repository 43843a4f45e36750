"""Lists and times in words."""

from collections.abc import Iterable


def listed(words: Iterable[str]) -> str:
    """Join words by commas, and the last one by "and"."""
    words = list(words)
    return " and ".join(filter(None, [", ".join(words[:-1]), *words[-1:]]))


def duration(seconds: float, *, digits: int = 0) -> str:
    """Return a time in its two largest units: `1 h 5 min`, `1 min 7 s`, `7 s`.

    Times below a minute have `digits` decimals.
    """
    if round(seconds, digits) < 60:
        return f"{seconds:.{digits}f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, of_hour = divmod(minutes, 60)
    return f"{hours} h {of_hour} min" if hours else f"{minutes} min {rest} s"
