"""Words in a sentence."""

import pytest

from ctseq.core.words import listed


@pytest.mark.parametrize(
    ("words", "said"),
    [([], ""), (["a"], "a"), (["a", "b"], "a and b"), (["a", "b", "c"], "a, b and c")],
)
def test_words_are_joined_as_in_a_sentence(words, said):
    assert listed(words) == said
    assert listed(word for word in words) == said
