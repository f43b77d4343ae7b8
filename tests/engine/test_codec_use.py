"""Each datagram is parsed once, each message signed once and each signature checked once."""

from __future__ import annotations

import hmac
from collections import Counter
from typing import Any

import pytest

from icetui import events
from icetui.engine import stun
from icetui.vnet.network import Network
from icetui.vnet.network_parts import Attachment, Host, Interface, Router
from icetui.vnet.peer import Peer
from icetui.vnet.world import World


def session(seconds: float) -> list[events.StunMessage]:
    """Two icetui that find each other; the STUN messages that both saw."""
    hosts = {name: Host(interfaces=(Interface(f"lan-{name}"),)) for name in ("alice", "bob")}
    routers = {
        f"router-{name}": Router(
            inside=(Attachment(f"lan-{name}"),), outside=(Attachment("internet"),), nat="open"
        )
        for name in hosts
    }
    world = World(Network(seed=3, routers=routers, hosts=hosts))
    seen: list[events.Event] = []
    peers = [Peer(world.hosts[name], events.StartSession(), seen.append) for name in hosts]
    assert world.clock.run_until_true(lambda: all(p.gathered for p in peers), 5)
    for one, other in (peers, reversed(peers)):
        one.send(events.Paste(text=other.blob))
    world.clock.run_for(seconds)
    assert not world.failures
    return [e for e in seen if isinstance(e, events.StunMessage)]


def test_what_comes_is_parsed_once_and_what_is_signed_is_signed_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    counted: Counter[str] = Counter()

    def counting(name: str, function: Any) -> Any:
        def call(*arguments: Any) -> Any:
            counted[name] += 1
            return function(*arguments)

        return call

    monkeypatch.setattr(stun, "parse", counting("parsed", stun.parse))
    monkeypatch.setattr(hmac, "digest", counting("signatures", hmac.digest))
    messages = session(3)
    came = [m for m in messages if m.direction == "in"]
    left = [m for m in messages if m.direction == "out"]
    assert len(came) > 10
    assert counted["parsed"] == len(came)
    assert all(m.transmission == 1 for m in left), "retransmissions are not signed anew"
    signed = [m for m in messages if any(a.name == "MESSAGE-INTEGRITY" for a in m.attributes)]
    assert len(signed) == len(messages)
    assert counted["signatures"] == len(messages)


def test_answers_say_how_long_the_request_was_held_and_are_signed() -> None:
    answers = [m for m in session(1) if (m.direction, m.message_class) == ("out", "response")]
    assert answers
    for answer in answers:
        assert [a.name for a in answer.attributes] == [
            "XOR-MAPPED-ADDRESS",
            "SOFTWARE",
            "MESSAGE-INTEGRITY",
            "FINGERPRINT",
        ]
        assert answer.attributes[1].value.endswith("(held 0 us)")
