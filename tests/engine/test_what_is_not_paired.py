"""Their candidates that are not paired are shown once each with why, and harm no other."""

from __future__ import annotations

from icetui import events
from icetui.engine.core import Base
from icetui.session import Session
from tests.engine.side import Side

CREDENTIALS = "a=ice-ufrag:9QmZ\na=ice-pwd:CIo+6TPkVmdYDSqrd3wF8T8/\n"
UDP = "a=candidate:1 1 udp 2122260223 127.0.0.1 5999 typ host\n"
TCP = "a=candidate:2 1 tcp 1518280447 127.0.0.1 5999 typ host tcptype passive\n"
RTCP = "a=candidate:1 2 udp 2122260222 127.0.0.1 5999 typ host\n"
REFLEXIVE = "a=candidate:3 1 udp 1677729535 127.0.0.1 5999 typ srflx raddr 127.0.0.1 rport 5999\n"


def shown(session: Session) -> list[tuple[str, str, str | None]]:
    return [(c.type, c.transport, c.unsupported) for c in session.remote_candidates.values()]


async def test_tcp_and_component_2_at_the_same_port_are_shown_beside_the_one_that_works() -> None:
    side = Side()
    try:
        await side.blob()
        side.agent.paste(CREDENTIALS + TCP + RTCP + UDP)
        await side.until(lambda s: s.description is not None)
        assert shown(side.session) == [
            ("host", "tcp", "ICE-TCP is not supported"),
            ("host", "udp", "component 2 (RTCP): only component 1 is checked"),
            ("host", "udp", None),
        ]
        assert len(side.session.pairs) == 1
        assert side.session.description is not None
        assert side.session.description.known_candidates == 3
        side.agent.paste(CREDENTIALS + TCP + RTCP + UDP)
        assert len(side.session.remote_candidates) == 3  # once each
    finally:
        await side.agent.leave("test")


async def test_a_redundant_candidate_says_so_whenever_it_comes() -> None:
    side = Side()
    try:
        await side.blob()
        side.agent.paste(CREDENTIALS + UDP)
        side.agent.paste(REFLEXIVE)
        side.agent.paste(REFLEXIVE + "a=end-of-candidates\n")
        assert shown(side.session) == [
            ("host", "udp", None),
            ("srflx", "udp", "redundant: same address and port as the host candidate"),
        ]
        told = side.session.their_description
        assert told is not None
        assert (told.kind, told.complete, told.password_length) == ("sdp", True, 24)
    finally:
        await side.agent.leave("test")


async def test_an_address_that_was_hidden_is_not_given_to_a_relay() -> None:
    side = Side()
    try:
        await side.blob()
        side.agent.core.hidden_host("127.0.0.1")  # what a name was resolved to
        side.agent.paste(CREDENTIALS + UDP)
        relay = events.Candidate(id="L9", type="relay", address="127.0.0.1", port=9)
        side.agent.runner.run(side.agent.core.add_base, Base(relay), 0.0)
        assert [pair.local for pair in side.session.pairs.values()] == ["L1"]
    finally:
        await side.agent.leave("test")


async def test_candidates_of_another_description_are_kept_for_it_and_not_used() -> None:
    """Trickled ones name their user fragment, and yet there is no password."""
    side = Side()
    try:
        await side.blob()
        for text in (UDP, UDP.rstrip() + " ufrag 9QmZ\n", UDP + "a=end-of-candidates\n"):
            side.agent.paste(text)
            assert side.session.refusal is None
            assert side.session.kept_candidates
        side.agent.paste(CREDENTIALS)
        assert side.session.refusal is None
        side.agent.paste(UDP.rstrip() + " ufrag 9QmZ\n")
        assert shown(side.session) == [("host", "udp", None)]
        side.agent.paste(UDP.rstrip() + " ufrag othr\n")
        assert side.session.kept_candidates == 1
        assert shown(side.session) == [("host", "udp", None)]
        assert side.session.generation == 0
    finally:
        await side.agent.leave("test")
