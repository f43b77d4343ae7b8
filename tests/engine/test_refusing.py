"""What is refused, and that it is shown: wrong keys, wrong names, junk, foreign data."""

from __future__ import annotations

import asyncio
import os
import socket
import struct

from icetui import events, signaling
from icetui.engine import stun
from icetui.engine.core import frames
from icetui.events import Reason
from tests.engine.side import Side, altered, connect


def check(username: str, password: str) -> bytes:
    request = stun.Builder(stun.Method.BINDING, stun.Class.REQUEST, os.urandom(12))
    request.text(stun.Attribute.USERNAME, username)
    request.number(stun.Attribute.PRIORITY, 1).number(stun.Attribute.ICE_CONTROLLING, 1)
    return request.sign(password.encode()).fingerprint().finish().raw


async def ask(side: Side, data: bytes) -> bytes | None:
    """Send from a stranger's socket; the answer, or None after a moment."""
    loop = asyncio.get_running_loop()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
        stranger.bind(("127.0.0.1", 0))
        stranger.setblocking(False)
        await loop.sock_sendto(stranger, data, side.address)
        try:
            return await asyncio.wait_for(loop.sock_recv(stranger, 2000), 0.3)
        except TimeoutError:
            return None


async def test_a_wrong_password_in_their_blob_is_a_401_on_both_sides(
    pair: tuple[Side, Side],
) -> None:
    one, other = pair
    one.agent.paste(altered(await other.blob(), pwd="A" * 22))
    other.agent.paste(await one.blob())
    await one.until(
        lambda s: any(p.reason == Reason.UNAUTHENTICATED for p in s.pairs.values()), within=1
    )
    await other.until(lambda s: s.refused)
    refused = other.of(events.Refused)[0]
    assert refused.reason == Reason.UNAUTHENTICATED
    assert "MESSAGE-INTEGRITY" in refused.detail
    assert not one.session.connected
    assert not other.session.connected


async def test_a_check_with_a_tampered_byte_gets_401_and_is_shown(pair: tuple[Side, Side]) -> None:
    one, _ = pair
    await one.blob()
    good = check(f"{one.agent.ufrag}:abcd", one.agent._pwd)
    answer = await ask(one, good)
    assert answer is not None
    assert stun.parse(answer).message_class == stun.Class.RESPONSE

    wrong = check(f"{one.agent.ufrag}:abcd", "x" * 22)
    answer = await ask(one, wrong)
    assert answer is not None
    assert stun.parse(answer).error_code == 401
    assert one.of(events.Refused)[-1].detail.startswith("check with wrong MESSAGE-INTEGRITY")

    tampered = bytearray(good)
    tampered[30] ^= 1
    assert await ask(one, bytes(tampered)) is None, "a bad FINGERPRINT is not answered"
    assert "fingerprint" in one.of(events.Refused)[-1].detail


async def test_a_check_that_wants_more_than_we_know_gets_420_and_what_we_do_not_know(
    pair: tuple[Side, Side],
) -> None:
    one, _ = pair
    await one.blob()
    request = stun.Builder(stun.Method.BINDING, stun.Class.REQUEST, os.urandom(12))
    request.text(stun.Attribute.USERNAME, f"{one.agent.ufrag}:abcd").add(0x7ABC, b"new")
    request.add(stun.Attribute.CHANGE_REQUEST, bytes(4)).add(0x9ABC, b"may be passed over")
    key = one.agent._pwd.encode()
    data = await ask(one, request.sign(key).fingerprint().finish().raw)
    assert data is not None
    answer = stun.parse(data)
    assert answer.error_code == 420 and answer.signed_with(key)
    assert answer.unknown_attributes == (0x7ABC, 0x0003)
    refused = one.of(events.Refused)[-1]
    assert refused.detail.endswith("0x7abc, 0x0003")
    assert not one.session.knocks


async def test_a_knock_is_never_a_role_conflict(pair: tuple[Side, Side]) -> None:
    """Who has no description of the other side has no role to defend."""
    early, late = pair
    early.agent.paste(await late.blob())
    await late.until(lambda s: s.knocks)
    late.agent.paste(await early.blob())
    for side in pair:
        await side.until(lambda s: s.state == "completed")
        assert side.session.role_conflicts == 0


async def test_a_check_for_another_ufrag_is_told_apart(pair: tuple[Side, Side]) -> None:
    one, _ = pair
    await one.blob()
    await ask(one, check("ZZZZ:abcd", one.agent._pwd))
    refused = one.of(events.Refused)[-1]
    assert refused.reason == Reason.UNAUTHENTICATED
    assert "ZZZZ:abcd" in refused.detail


async def test_refusals_are_counted_not_repeated(pair: tuple[Side, Side]) -> None:
    one, _ = pair
    await one.blob()
    loop = asyncio.get_running_loop()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
        stranger.setblocking(False)
        for _ in range(64):
            await loop.sock_sendto(stranger, check("ZZZZ:abcd", "x" * 22), one.address)
    await one.until(lambda s: any(r.count == 64 for r in s.refused.values()))
    assert len(one.of(events.Refused)) == 7, "1, 2, 4, 8, 16, 32 and 64"


async def test_malformed_stun_never_stops_the_engine(pair: tuple[Side, Side]) -> None:
    one, other = pair
    await one.blob()
    header = struct.pack("!HHI12s", 1, 8, 0x2112A442, b"x" * 12)
    short_priority = header + struct.pack("!HH", 0x24, 2) + b"ab\0\0"
    unknown_method = struct.pack("!HHI12s", 0x0FF1, 0, 0x2112A442, b"x" * 12)
    for junk in (header[:20], short_priority, unknown_method, header + b"\xff" * 8):
        await ask(one, junk)
    assert {e.reason for e in one.of(events.Refused)} == {Reason.BAD_REQUEST}
    await connect(one, other)


async def test_data_from_a_stranger_is_dropped_and_counted(pair: tuple[Side, Side]) -> None:
    one, other = pair
    await connect(one, other)
    await ask(one, frames.text(b"any key", 1, 1, b"let me in"))
    assert one.session.dropped
    assert not one.session.texts


async def test_texts_go_both_ways_and_are_echoed(pair: tuple[Side, Side]) -> None:
    one, other = pair
    await connect(one, other)
    one.agent.send_text("hello")
    other.agent.send_text("[red]not markup[/y] \x1b[31m ünïcödé")
    await one.until(lambda s: [t for t in s.texts if t.echo is not None])
    await other.until(lambda s: [t for t in s.texts if t.direction == "in"])
    await one.until(lambda s: [t for t in s.texts if t.direction == "in"])
    assert [t.text for t in other.session.texts if t.direction == "in"] == ["hello"]
    received = [t.text for t in one.session.texts if t.direction == "in"]
    assert received == ["[red]not markup[/y] ·[31m ünïcödé"], "cleaned where it enters"


async def connect_as_a_foreign_program(one: Side, other: Side) -> None:
    """The other side does not know that one is an icetui: it has its SDP."""
    other.agent.paste(signaling.write_sdp(signaling.read(await one.blob())))
    one.agent.paste(await other.blob())
    for side in (one, other):
        await side.until(lambda s: s.state == "completed", what="completed")


async def test_unsigned_data_of_an_icetui_is_dropped(pair: tuple[Side, Side]) -> None:
    """Anybody who can forge a source could have sent it, goodbyes too."""
    one, other = pair
    await connect(one, other)
    one.send_raw(b"\xf1\x03", other.address)
    one.send_raw(frames.bye(b"another key", 1), other.address)
    one.send_raw(b"bare text", other.address)
    await other.until(lambda s: sum(d.count for d in s.dropped.values()) >= 3)
    assert not other.session.peer_left
    assert not other.session.texts
    assert other.session.state == "completed"


async def test_hostile_data_is_text_of_bounded_length(pair: tuple[Side, Side]) -> None:
    one, other = pair
    await connect_as_a_foreign_program(one, other)
    one.send_raw(b"\xff\xfe\xf0 not utf-8", other.address)
    one.send_raw(b"x" * 65000, other.address)
    await other.until(lambda s: len(s.texts) == 2)
    bad, long = other.session.texts
    assert "not utf-8" in bad.text
    assert long.size == 65000
    assert len(long.text) == events.MAX_TEXT_SHOWN
    assert not bad.framed


async def test_a_flood_of_texts_is_dropped_beyond_what_a_person_reads(
    pair: tuple[Side, Side],
) -> None:
    one, other = pair
    await connect_as_a_foreign_program(one, other)
    for number in range(1000):
        one.send_raw(b"flood %d" % number, other.address)
    await other.until(lambda s: s.dropped)
    assert len(other.of(events.TextReceived)) < 500


async def test_too_long_a_message_is_refused_with_a_sentence(pair: tuple[Side, Side]) -> None:
    one, other = pair
    one.agent.send_text("too early")
    assert "no path" in one.of(events.CommandRefused)[-1].problem
    await connect(one, other)
    one.agent.send_text("x" * 5000)
    assert "1200 bytes" in one.of(events.CommandRefused)[-1].problem


async def test_bad_pastes_are_refused_with_a_sentence_and_nothing_is_lost(
    pair: tuple[Side, Side],
) -> None:
    one, other = pair
    mine, theirs = await one.blob(), await other.blob()
    for text in ("", "hello", mine, theirs[:-5], "x" * 1_000_000, "icetui:!!!!"):
        one.agent.paste(text)
        assert one.session.refusal is not None, text[:40]
        one.session.refusal = None
    one.agent.paste(f"> {theirs[:30]}\n> {theirs[30:]}\n-- \nsent from my phone")
    other.agent.paste(mine)
    await one.until(lambda s: s.connected)


async def test_a_goodbye_is_told(pair: tuple[Side, Side]) -> None:
    one, other = pair
    await connect(one, other)
    await one.agent.leave("user")
    await other.until(lambda s: s.peer_left, within=1)
    assert len(other.of(events.PeerLeft)) == 1
