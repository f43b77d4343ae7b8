"""A short run of each fuzz."""

from __future__ import annotations

import pytest

from tests.fuzz.run import run


@pytest.mark.parametrize("seed", range(3))
def test_mutated_datagrams_are_messages_or_malformed_and_never_taken_for_signed(seed: int) -> None:
    outcome = run("datagrams", 4000, seed)
    assert not outcome.failures
    signed, messages = outcome.counts["signed"], outcome.counts["a message"]
    assert messages + signed > 1500, "the mutations must reach what lies behind the header"
    assert 20 < signed < (messages + signed) / 2


@pytest.mark.parametrize(("kind", "count"), [("engine", 600), ("texts", 1500), ("recordings", 150)])
def test_nothing_that_comes_from_outside_ends_in_an_exception(kind: str, count: int) -> None:
    outcome = run(kind, count, 1)
    assert outcome.tried == count
    assert not outcome.failures
