"""TCP over wires that delay, lose, duplicate and reorder."""

from __future__ import annotations

import asyncio
import errno
from random import Random

import pytest

from icetui.engine.net import TlsFailure, Undelivered
from icetui.vnet.packet import Packet, Segment
from icetui.vnet.servers import Certificate
from tests.vnet.wires import CLIENT, SERVER, Taking, Wire

THERE = (SERVER, 80)


def connected(
    wire: Wire, tls: str | None = None, certificate: Certificate | None = None
) -> tuple[Taking, Taking]:
    """A client's and a server's receiver with a connection between them."""
    ours, theirs = Taking(), Taking()
    wire.server.listen(lambda: theirs, SERVER, 80, certificate)
    wire.run(wire.client.connect(ours, THERE, CLIENT, tls))
    wire.clock.run_for(4 * wire.delay)
    return ours, theirs


def test_a_connection_takes_one_round_trip() -> None:
    wire = Wire(delay=0.02)
    ours, theirs = connected(wire)
    assert ours.transport.get_extra_info("peername") == THERE
    assert theirs.transport.get_extra_info("peername") == ours.transport.get_extra_info("sockname")
    began = Wire(delay=0.02)
    began.server.listen(Taking, SERVER, 80)
    began.run(began.client.connect(Taking(), THERE, CLIENT))
    assert began.clock.now == pytest.approx(0.04)


def test_a_closed_port_refuses() -> None:
    wire = Wire(delay=0.02)
    with pytest.raises(ConnectionRefusedError):
        wire.run(wire.client.connect(Taking(), THERE, CLIENT))
    assert wire.clock.now == pytest.approx(0.04)
    assert not wire.client.connections


def test_silence_times_out_after_linux_retries() -> None:
    wire = Wire()
    wire.cut = True
    with pytest.raises(TimeoutError):
        wire.run(wire.client.connect(Taking(), THERE, CLIENT))
    assert wire.kinds(CLIENT) == ["syn"] * 7
    assert wire.clock.now == pytest.approx(127)
    assert not wire.client.connections


@pytest.mark.parametrize(
    ("error", "number"),
    [
        (Undelivered(4, 3, 0), errno.ENETUNREACH),
        (Undelivered(4, 3, 1), errno.EHOSTUNREACH),
        (Undelivered(4, 3, 3), errno.ECONNREFUSED),
        (Undelivered(4, 3, 13), errno.EHOSTUNREACH),
        (Undelivered(4, 11, 0), errno.EHOSTUNREACH),
        (Undelivered(6, 1, 0), errno.ENETUNREACH),
        (Undelivered(6, 1, 1), errno.EACCES),
        (Undelivered(0, 0, 0, errno=errno.ENETUNREACH), errno.ENETUNREACH),
    ],
    ids=str,
)
def test_icmp_ends_an_attempt_at_once(error: Undelivered, number: int) -> None:
    wire = Wire()
    wire.stops = lambda packet: bool(
        wire.loops[CLIENT].call_later(0.005, wire.client.trouble, packet, error)
    )
    with pytest.raises(OSError) as raised:
        wire.run(wire.client.connect(Taking(), THERE, CLIENT))
    assert raised.value.errno == number
    assert wire.clock.now == pytest.approx(0.005)


def test_icmp_does_not_end_a_standing_connection() -> None:
    wire = Wire()
    ours, theirs = connected(wire)
    ours.transport.write(b"before")
    about = Packet(ours.transport.get_extra_info("sockname"), THERE, Segment("data"))
    wire.client.trouble(about, Undelivered(4, 3, 1))
    ours.transport.write(b" and after")
    wire.clock.run_for(1)
    assert bytes(theirs.data) == b"before and after"
    assert not ours.lost


@pytest.mark.parametrize("loss", [0.0, 0.05, 0.3])
@pytest.mark.parametrize("seed", range(4))
def test_bytes_arrive_whole_and_in_order_in_both_directions(loss: float, seed: int) -> None:
    wire = Wire(delay=0.01, loss=loss, duplicate=0.1, jitter=0.03)
    wire.random.seed(seed)
    ours, theirs = connected(wire)
    sent = Random(seed).randbytes(200_000)
    back = Random(seed + 100).randbytes(70_000)
    for at in range(0, len(sent), 7_001):
        ours.transport.write(sent[at : at + 7_001])
    assert wire.clock.run_until_true(lambda: theirs.transport is not None, 60)
    theirs.transport.write(back)
    assert wire.clock.run_until_true(
        lambda: len(theirs.data) == len(sent) and len(ours.data) == len(back), 600
    )
    assert bytes(theirs.data) == sent and bytes(ours.data) == back
    ours.transport.close()
    assert wire.clock.run_until_true(lambda: bool(theirs.lost), 600)
    wire.clock.run_for(1000)
    assert (ours.lost, theirs.lost) == ([None], [None])
    assert not wire.client.connections and not wire.server.connections


def test_a_lost_segment_is_sent_again_before_its_time_out() -> None:
    """Three duplicate acknowledgements (RFC 5681 section 3.2)."""
    wire = Wire(delay=0.05)
    ours, theirs = connected(wire)
    lost: list[Packet] = []

    def first(packet: Packet) -> bool:
        assert isinstance(packet.payload, Segment)
        if packet.payload.data and not lost:
            lost.append(packet)
            return True
        return False

    wire.stops = first
    began = wire.clock.now
    ours.transport.write(bytes(6_000))
    assert wire.clock.run_until_true(lambda: len(theirs.data) == 6_000, 10)
    assert lost and wire.clock.now - began == pytest.approx(0.15, abs=0.01)


def test_what_is_written_before_closing_still_arrives() -> None:
    wire = Wire()
    ours, theirs = connected(wire)
    ours.transport.write(bytes(50_000))
    ours.transport.close()
    wire.clock.run_for(5)
    assert len(theirs.data) == 50_000
    assert theirs.lost == [None]


def test_both_ends_forget_a_closed_connection_at_once_and_without_a_reset() -> None:
    wire = Wire()
    ours, theirs = connected(wire)
    ours.transport.write(b"done")
    ours.transport.close()
    wire.clock.run_for(0.2)
    assert (ours.lost, theirs.lost) == ([None], [None])
    assert not wire.client.connections and not wire.server.connections
    assert "reset" not in wire.kinds(CLIENT) + wire.kinds(SERVER)


def test_the_window_opens_as_long_as_nothing_is_lost() -> None:
    """Slow start: ten segments in the first round trip, twice as many in each that follows."""
    wire = Wire(delay=0.05)
    ours, theirs = connected(wire)
    began = wire.clock.now
    ours.transport.write(bytes(180_000))  # 150 segments: 10 + 20 + 40 + 80
    assert wire.clock.run_until_true(lambda: len(theirs.data) == 180_000, 60)
    assert wire.clock.now - began == pytest.approx(0.35, abs=0.01)


def test_a_peer_that_is_gone_is_noticed_after_a_quarter_of_an_hour() -> None:
    wire = Wire()
    ours, _ = connected(wire)
    wire.cut = True
    ours.transport.write(b"anyone?")
    wire.clock.run_for(600)
    assert not ours.lost
    wire.clock.run_for(900)
    [error] = ours.lost
    assert isinstance(error, TimeoutError)


def test_a_peer_that_lost_its_power_resets_when_it_hears_again() -> None:
    wire = Wire()
    ours, _ = connected(wire)
    wire.server.forget()
    wire.clock.run_for(10)
    assert not ours.lost
    ours.transport.write(b"still there?")
    wire.clock.run_for(1)
    [error] = ours.lost
    assert isinstance(error, ConnectionResetError)


def test_killed_programs_reset_their_peers() -> None:
    wire = Wire()
    ours, _ = connected(wire)
    wire.server.reset()
    wire.clock.run_for(1)
    assert isinstance(ours.lost[0], ConnectionResetError)


def test_an_old_syn_does_no_harm() -> None:
    wire = Wire()
    ours, theirs = connected(wire)
    syn = next(
        p for p in wire.packets if isinstance(p.payload, Segment) and p.payload.kind == "syn"
    )
    wire.carry(syn)
    wire.clock.run_for(1)
    ours.transport.write(b"fine")
    wire.clock.run_for(1)
    assert bytes(theirs.data) == b"fine" and not theirs.lost


def test_the_buffer_says_what_the_connection_has_not_taken() -> None:
    wire = Wire()
    ours, theirs = connected(wire)
    wire.cut = True
    ours.transport.write(bytes(100_000))
    assert ours.transport.get_write_buffer_size() == 0
    ours.transport.write(bytes(400_000))
    assert ours.transport.get_write_buffer_size() > 262_144
    wire.cut = False
    assert wire.clock.run_until_true(lambda: len(theirs.data) == 500_000, 60)
    wire.clock.run_for(1)
    assert ours.transport.get_write_buffer_size() == 0


def test_segments_that_do_not_fit_the_path_are_made_smaller() -> None:
    wire = Wire()
    ours, theirs = connected(wire)

    def narrow(packet: Packet) -> bool:
        if packet.size <= 700:
            return False
        host = packet.source[0]
        wire.loops[host].call_later(
            0.01, wire.stacks[host].trouble, packet, Undelivered(4, 3, 4, "192.0.2.9")
        )
        return True

    wire.stops = narrow
    ours.transport.write(bytes(20_000))
    assert wire.clock.run_until_true(lambda: len(theirs.data) == 20_000, 2)
    sizes = [p.size for p in wire.packets if p.source[0] == CLIENT]
    assert 500 < max(sizes[-5:]) <= 700  # no smaller than they had to be
    # A window of each size on the way down from 1,200, then what is needed: no storm.
    assert len(sizes) < 20_000 // 500 + 4 * 15


def test_a_port_is_taken_once() -> None:
    wire = Wire()
    listener = wire.server.listen(Taking, SERVER, 80)
    with pytest.raises(OSError) as raised:
        wire.server.listen(Taking, "", 80)
    assert raised.value.errno == errno.EADDRINUSE
    listener.close()
    wire.server.listen(Taking, "", 80)
    assert 32768 <= wire.server.listen(Taking, SERVER, 0).port <= 60999


def test_who_gives_up_connecting_leaves_nothing() -> None:
    wire = Wire()
    wire.cut = True

    async def give_up() -> None:
        await asyncio.wait_for(wire.client.connect(Taking(), THERE, CLIENT), 2)

    with pytest.raises(TimeoutError):
        wire.run(give_up())
    assert wire.clock.now == pytest.approx(2)
    assert not wire.client.connections


def test_a_captive_portal_takes_every_connection() -> None:
    wire = Wire()
    portal = Taking()
    wire.server.capture(lambda: portal)
    ours = Taking()
    wire.run(wire.client.connect(ours, (SERVER, 5349), CLIENT))
    wire.clock.run_for(1)
    portal.transport.write(b"HTTP/1.1 302 Found\r\n\r\n")
    wire.clock.run_for(1)
    assert ours.data.startswith(b"HTTP/1.1 302")


# --- TLS ----------------------------------------------------------------------------------------


def test_tls_takes_one_round_trip_more_and_then_carries_bytes() -> None:
    wire = Wire(delay=0.05)
    theirs = Taking()
    wire.server.listen(lambda: theirs, SERVER, 80, Certificate(names=("turn.test",)))
    ours = Taking()
    transport = wire.run(wire.client.connect(ours, THERE, CLIENT, "turn.test"))
    assert wire.clock.now == pytest.approx(0.2)
    transport.write(bytes(40_000))
    wire.clock.run_for(5)
    theirs.transport.write(b"answer")
    wire.clock.run_for(1)
    assert len(theirs.data) == 40_000 and bytes(ours.data) == b"answer"
    transport.close()
    wire.clock.run_for(1)
    assert (ours.lost, theirs.lost) == ([None], [None])


@pytest.mark.parametrize(
    ("certificate", "name", "words"),
    [
        (Certificate(trusted=False), "turn.test", "self-signed certificate"),
        (Certificate(expired=True), "turn.test", "certificate has expired"),
        (
            Certificate(names=("other.test",)),
            "turn.test",
            "Hostname mismatch, certificate is not valid for 'turn.test'.",
        ),
        (
            Certificate(names=("*.turn.test",)),
            "a.b.turn.test",
            "Hostname mismatch, certificate is not valid for 'a.b.turn.test'.",
        ),
        (
            Certificate(names=("turn.test",)),
            "192.0.2.2",
            "IP address mismatch, certificate is not valid for '192.0.2.2'.",
        ),
    ],
)
def test_a_certificate_is_refused_in_openssl_words(
    certificate: Certificate, name: str, words: str
) -> None:
    wire = Wire()
    theirs = Taking()
    wire.server.listen(lambda: theirs, SERVER, 80, certificate)
    with pytest.raises(TlsFailure) as raised:
        wire.run(wire.client.connect(Taking(), THERE, CLIENT, name))
    assert str(raised.value) == words
    assert theirs.transport is None
    wire.clock.run_for(100)
    assert not wire.client.connections and not wire.server.connections


def test_a_star_in_a_certificate_is_one_label() -> None:
    wire = Wire()
    _, theirs = connected(wire, "a.turn.test", Certificate(names=("*.turn.test",)))
    assert theirs.transport is not None


class Web(Taking):
    """Answers anything as a web server would."""

    def data_received(self, data: bytes) -> None:
        self.transport.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        self.transport.close()


def test_tls_to_a_port_that_speaks_http_is_a_wrong_version() -> None:
    wire = Wire()
    wire.server.listen(Web, SERVER, 80)
    with pytest.raises(TlsFailure, match="wrong version number"):
        wire.run(wire.client.connect(Taking(), THERE, CLIENT, "turn.test"))


def test_tls_to_a_port_that_closes_is_a_reset() -> None:
    class Closing(Taking):
        def data_received(self, data: bytes) -> None:
            self.transport.close()

    wire = Wire()
    wire.server.listen(Closing, SERVER, 80)
    with pytest.raises(ConnectionResetError):
        wire.run(wire.client.connect(Taking(), THERE, CLIENT, "turn.test"))


def test_tls_to_a_port_that_says_nothing_ends_after_a_minute() -> None:
    wire = Wire()
    wire.server.listen(Taking, SERVER, 80)
    with pytest.raises(ConnectionAbortedError):
        wire.run(wire.client.connect(Taking(), THERE, CLIENT, "turn.test"))
    assert wire.clock.now == pytest.approx(60, abs=1)


def test_plain_bytes_to_a_tls_port_are_answered_with_an_alert_and_the_end() -> None:
    wire = Wire()
    theirs = Taking()
    wire.server.listen(lambda: theirs, SERVER, 80, Certificate())
    ours = Taking()
    wire.run(wire.client.connect(ours, THERE, CLIENT)).write(b"GET / HTTP/1.1\r\n\r\n")
    wire.clock.run_for(1)
    assert ours.data[0] == 0x15
    assert ours.lost == [None] and theirs.transport is None
