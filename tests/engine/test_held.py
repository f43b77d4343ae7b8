"""How long an icetui had a request: told in its answer, and no part of the network's round trip."""

from __future__ import annotations

import re

import pytest

from icetui import events
from icetui.engine import stun
from icetui.engine.core.request import held, software
from tests.engine.side import Side, connect


def answer(said: str) -> stun.Message:
    message = stun.Builder(stun.Method.BINDING, stun.Class.RESPONSE, bytes(12))
    return message.text(stun.Attribute.SOFTWARE, said).finish()


async def test_every_answer_says_it_and_stays_well_signed(pair: tuple[Side, Side]) -> None:
    await connect(*pair)
    for side in pair:
        answers = [
            m
            for m in side.of(events.StunMessage)
            if (m.direction, m.message_class) == ("in", "response")
        ]
        assert answers and not side.session.refused
        for message in answers:
            said = {a.name: a.value for a in message.attributes}
            # On a quick machine it is less than a microsecond.
            assert re.search(r"\(held \d+ us\)", said["SOFTWARE"])
            assert list(said)[-2:] == ["MESSAGE-INTEGRITY", "FINGERPRINT"]


@pytest.mark.parametrize(
    "said", ["", "libnice 0.1.21", "icetui 0.1.0", "icetui 9 (held -5 us)", "icetui 9 (held us)"]
)
def test_others_say_nothing_of_it(said: str) -> None:
    assert held(answer(said), 1.0) == 0


def test_what_is_said_is_believed_up_to_the_whole_round_trip() -> None:
    assert held(answer(software(0.0004)), 0.001) == pytest.approx(0.0004)
    assert held(answer(software(0.5)), 0.001) == 0
