"""Nouns and verbs agree with the number in front of them."""

from icetui.grammar import count, with_article


def test_one_thing_is_named_in_the_singular_and_all_else_in_the_plural():
    assert [count(n, "candidate", verb="was") for n in (0, 1, 2)] == [
        "0 candidates were",
        "1 candidate was",
        "2 candidates were",
    ]
    assert count(2, "address", "addresses") == "2 addresses"


def test_a_noun_has_the_article_that_its_first_letter_asks_for():
    assert (with_article("offer"), with_article("blob")) == ("an offer", "a blob")
