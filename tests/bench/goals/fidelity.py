"""Whether the figures are right: round trips beside `ping`'s, and how late checks are answered."""

from __future__ import annotations

import contextlib
import secrets
import socket
import struct
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median

from aioice import stun

from icetui import events, signaling
from tests.bench.goals.rig import BOTH, engines, lab_of
from tests.bench.goals.row import Options, Row, percentile
from tests.bench.goals.screen import Screen, screen
from tests.lab.lab import Host
from tests.lab.peers import sdp
from tests.lab.terminal import await_file
from tests.lab.topology import STUN_URL

WATCHED, WATCHED_LONG = 60.0, 300.0
NEAREST = 1.0
"""Seconds by which a ping's reply may lie away from what it is compared with."""
ADDRESSES, REMOTES = 25, 100
"""Of ours and of theirs: 2,500 pairs."""
FILL = 20.0
"""Seconds until all pairs are on the screen and under check."""
PROBES, PROBE_EVERY = 1500, 0.012
SO_TIMESTAMPNS = 35


class Wire(threading.Thread):
    """When STUN messages and pings pass a host's interface, by the kernel's clock.

    `ping` itself tells whole milliseconds only of round trips of 100 ms and more.
    """

    def __init__(self, host: Host) -> None:
        super().__init__(daemon=True)
        with host.inside():
            self.socket = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(3))
        self.socket.bind((host.interfaces[0].name, 3))
        self.socket.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
        self.socket.settimeout(0.2)
        self.seen: dict[tuple[str, bool], float] = {}
        """By what it is and whether it asks: seconds of the wall clock."""
        self.over = False

    def run(self) -> None:
        while not self.over:
            with contextlib.suppress(TimeoutError):
                data, ancillary, _, _ = self.socket.recvmsg(2048, 64)
                self._take(data, ancillary)
        self.socket.close()

    def _take(self, data: bytes, ancillary: list[tuple[int, int, bytes]]) -> None:
        found = _identify(data)
        for _, _, value in ancillary if found is not None else ():
            whole, nanoseconds = struct.unpack("qq", value[:16])
            self.seen.setdefault(found, whole + nanoseconds * 1e-9)

    def pings(self) -> list[tuple[float, float]]:
        """Of each echo: the wall time of the answer and the round trip in seconds."""
        return [
            (came, came - went)
            for (name, asks), came in self.seen.items()
            if name.startswith("ping") and not asks
            if (went := self.seen.get((name, True))) is not None
        ]


def _identify(data: bytes) -> tuple[str, bool] | None:
    """What an IPv4 packet is and whether it asks; None for neither STUN over UDP nor an echo."""
    protocol, payload = data[9], data[4 * (data[0] & 15) :]
    if data[0] >> 4 != 4:
        return None
    if protocol == socket.IPPROTO_ICMP and payload[0] in (0, 8):
        return f"ping{payload[4:8].hex()}", payload[0] == 8
    if protocol == socket.IPPROTO_UDP and payload[12:16] == b"\x21\x12\xa4\x42":
        return payload[16:28].hex(), payload[8] & 1 == 0 and payload[9] & 16 == 0
    return None


def round_trips(options: Options) -> Iterator[Row]:
    """Two dashboards that draw, `ping` beside them, and the kernel's word on every message."""
    watched = WATCHED_LONG if options.long else WATCHED
    with lab_of("open", "open") as lab, tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        one, other = lab["alice"], lab["bob"]
        wires = [Wire(host) for host in (one, other)]
        for wire in wires:
            wire.start()
        with (
            screen(one, folder, *_dashboard(folder, "alice", "bob")) as alice,
            screen(other, folder, *_dashboard(folder, "bob", "alice")) as bob,
        ):
            _await_connected(alice, bob)
            ping = one.spawn(*("ping", "-q", "-i", "0.2", "-w", str(int(watched)), other.address))
            ping.communicate(timeout=watched + 10)
            told = [alice.told(), bob.told()]
        for wire in wires:
            wire.over = True
        for wire in wires:
            wire.join()
    replies = sorted(wires[0].pings())
    shown = [e for side in told for e in side if isinstance(e, events.RoundTripMeasured)]
    shown = [e for e in shown if replies[0][0] < e.wall < replies[-1][0]]
    against_ping = []
    for event in shown:
        near = [rtt for at, rtt in replies if abs(at - event.wall) < NEAREST]
        against_ping.append(abs(event.seconds - median(near)))
    scatter = [
        abs(rtt - median([r for a, r in replies if abs(a - at) < NEAREST])) for at, rtt in replies
    ]
    found = [
        *_errors(told[0], wires[0], wires[1]),
        *_errors(told[1], wires[1], wires[0]),
    ]
    measured, answering = ([one[which] for one in found] for which in (0, 1))
    bound = 0.0005
    yield Row(
        "RTT shown against ping",
        f"p50 {_ms(against_ping, 0.5)}, p99 {_ms(against_ping, 0.99)} of {len(against_ping)}",
        "(the lab's noise is in it)",
        None,
        f"ping's own scatter: p50 {_ms(scatter, 0.5)}, p99 {_ms(scatter, 0.99)}",
    )
    yield Row(
        "RTT shown against the line",
        f"p50 {_ms(measured, 0.5)}, p99 {_ms(measured, 0.99)} of {len(measured)}",
        "p99 ≤ 0.5 ms",
        percentile(measured, 0.99) <= bound,
        f"the peer's answering p50 {_ms(answering, 0.5)}, p99 {_ms(answering, 0.99)}",
    )


def _ms(values: list[float], share: float) -> str:
    return f"{1000 * percentile(values, share):.2f} ms"


def _dashboard(folder: Path, own: str, theirs: str) -> tuple[str, ...]:
    files = ("--blob-out", str(folder / own), "--blob-in", str(folder / theirs))
    return ("--stun", STUN_URL, *files)


def _await_connected(*screens: Screen) -> None:
    deadline = time.monotonic() + 20
    for one in screens:
        while not any(isinstance(e, events.SelectedPairChanged) for e in one.told()):
            if time.monotonic() > deadline:
                raise RuntimeError(f"{one.recording.name}: no path")
            time.sleep(0.2)  # a recording is looked at, it calls nobody


def _errors(told: list[events.AnyEvent], near: Wire, far: Wire) -> Iterator[tuple[float, float]]:
    """Of each round trip shown: how far it is off what the network took, and for how long the peer
    had it, which `ping` does not notice either. The answer's event comes right before the round
    trip's.
    """
    answer: events.StunMessage | None = None
    for event in told:
        if isinstance(event, events.StunMessage):
            if event.direction == "in" and event.message_class == "response":
                answer = event
        elif isinstance(event, events.RoundTripMeasured) and answer is not None:
            asked, answered = (answer.transaction, True), (answer.transaction, False)
            known = all(key in wire.seen for key in (asked, answered) for wire in (near, far))
            if known and answer.pair == event.pair:
                there_and_back = near.seen[answered] - near.seen[asked]
                took = far.seen[answered] - far.seen[asked]
                yield abs(event.seconds - (there_and_back - took)), took


def lateness(options: Options) -> Iterator[Row]:
    """How long an engine takes to answer a check, alone and under a dashboard of 2,500 pairs."""
    with lab_of("open", "open") as lab, tempfile.TemporaryDirectory() as name:
        folder, host = Path(name), lab["alice"]
        with engines(host, start=BOTH, note="lateness") as (engine,):
            idle = _probe(host, engine.gathered(), None)
        for number in range(ADDRESSES - 1):
            host.run("ip", "addr", "add", f"10.9.{number}.1/24", "dev", "eth0")
        theirs = folder / "theirs"
        options_ = ("--no-servers", "--blob-out", str(folder / "own"), "--blob-in", str(theirs))
        with screen(host, folder, *options_) as shown:
            own = await_file(folder / "own")
            time.sleep(1)  # the first frames are not what is measured
            ufrag, text = _crowd()
            theirs.write_text(text)
            time.sleep(FILL)  # until the pairs are on the screen
            own = (folder / "own").read_text()
            before, began = shown.drawn, time.monotonic()
            busy = _probe(host, own, ufrag)
            drawn = (shown.drawn - before) / (time.monotonic() - began)
            told = shown.told()
        pairs = {event.pair.id for event in told if isinstance(event, events.PairChanged)}
    p50, p99 = _ms(idle, 0.5), _ms(idle, 0.99)
    yield Row(
        f"checks answered, {len(pairs)} pairs on screen",
        f"p50 {_ms(busy, 0.5)}, p99 {_ms(busy, 0.99)}, max {_ms(busy, 1)} of {len(busy)}",
        "p99 ≤ 3 ms",
        len(pairs) >= ADDRESSES * REMOTES and percentile(busy, 0.99) <= 0.003,
        f"alone p50 {p50}, p99 {p99}; {drawn / 1000:.0f} kB/s drawn",
    )


def _crowd() -> tuple[str, str]:
    """Someone with many candidates, none of whom answers: ufrag and SDP."""
    ufrag, password = signaling.random_credentials(secrets.token_bytes)
    lines = [
        f"{number} 1 udp {2130706431 - number} 10.200.{number}.2 {40000 + number} typ host"
        for number in range(REMOTES)
    ]
    return ufrag, sdp.build("answer", ufrag, password, lines)


def _probe(host: Host, blob: str, theirs: str | None) -> list[float]:
    """Seconds from a well-signed check to its answer, between two sockets of one host."""
    own = signaling.read(blob)
    target = (own.candidates[0].address, own.candidates[0].port)
    took = []
    with host.inside():
        opened = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    with opened as probe:
        probe.bind((host.address, 0))
        probe.settimeout(2)
        for _ in range(PROBES):
            request = stun.Message(
                message_method=stun.Method.BINDING,
                message_class=stun.Class.REQUEST,
                transaction_id=secrets.token_bytes(12),
            )
            request.attributes["USERNAME"] = f"{own.ufrag}:{theirs or 'someone'}"
            request.attributes["PRIORITY"] = 1
            request.add_message_integrity(own.pwd.encode())
            data = bytes(request)
            began = time.perf_counter()
            probe.sendto(data, target)
            with contextlib.suppress(TimeoutError):
                while probe.recv(2048)[8:20] != request.transaction_id:
                    pass
            took.append(time.perf_counter() - began)
            time.sleep(PROBE_EVERY * (0.5 + secrets.randbelow(1000) / 1000))  # out of step
    return took
