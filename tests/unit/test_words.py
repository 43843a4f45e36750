"""Words and numbers in a sentence."""

import pytest

from ctseq.core.words import duration, listed


@pytest.mark.parametrize(
    ("words", "said"),
    [([], ""), (["a"], "a"), (["a", "b"], "a and b"), (["a", "b", "c"], "a, b and c")],
)
def test_words_are_joined_as_in_a_sentence(words, said):
    assert listed(words) == said
    assert listed(word for word in words) == said


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0.4, "0 s"),
        (59.6, "1 min 0 s"),
        (67, "1 min 7 s"),
        (3599.7, "1 h 0 min"),
        (3960, "1 h 6 min"),
    ],
)
def test_durations(seconds, words):
    assert duration(seconds) == words


def test_short_durations_may_have_decimals():
    said = [duration(seconds, digits=1) for seconds in (0.5, 59.96, 61, 7260)]
    assert said == ["0.5 s", "1 min 0 s", "1 min 1 s", "2 h 1 min"]
