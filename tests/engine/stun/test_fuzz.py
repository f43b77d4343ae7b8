"""A short run of the fuzz, another part of it for each seed."""

from __future__ import annotations

import pytest

from tests.engine.stun.fuzz import fuzz


@pytest.mark.parametrize("seed", range(3))
def test_mutated_datagrams_are_messages_or_malformed_and_never_taken_for_signed(seed: int) -> None:
    messages, signed = fuzz(4000, seed)
    assert messages > 1500, "the mutations must reach what lies behind the header"
    assert 20 < signed < messages / 2
