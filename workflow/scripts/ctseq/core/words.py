"""Words and numbers as sentences have them."""

from collections.abc import Iterable


def listed(words: Iterable[str]) -> str:
    """Join words as a sentence does: with commas, and the last by "and"."""
    words = list(words)
    return " and ".join(filter(None, [", ".join(words[:-1]), *words[-1:]]))


def duration(seconds: float, *, digits: int = 0) -> str:
    """Return a time in its two largest units: `1 h 5 min`, `1 min 7 s`, `7 s`.

    Parameters
    ----------
    seconds
        Any number from 0.
    digits
        Decimals of a time below a minute.
    """
    if round(seconds, digits) < 60:
        return f"{seconds:.{digits}f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, of_hour = divmod(minutes, 60)
    return f"{hours} h {of_hour} min" if hours else f"{minutes} min {rest} s"
