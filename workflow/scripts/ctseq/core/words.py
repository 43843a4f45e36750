"""Words as sentences have them."""

from collections.abc import Iterable


def listed(words: Iterable[str]) -> str:
    """Join words as a sentence does: with commas, and the last by "and"."""
    words = list(words)
    return " and ".join(filter(None, [", ".join(words[:-1]), *words[-1:]]))
