"""Event streams as an engine would tell them, for the tests of the screen. No network, no clock."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable
from typing import Any

from icetui import events
from icetui.events import AnyCommand, AnyEvent, Candidate, Pair, Reason, Server, StunAttribute

WALL = 1_700_000_000.0
SID = "s1"
STUN, TURN = "stun:stun.a:3478", "turn:turn.b:3478"
BLOB = "icetui:AaF3k9" + "bWl0ZXN0c29tZXRoaW5n" * 4


class FeedSource:
    """A source that tells what it is fed and remembers what it was sent."""

    def __init__(self, *, live: bool = True, hint: str = "") -> None:
        self.live = live
        self.hint = hint
        self.foreign = False
        self.sent: list[AnyCommand] = []
        self.closed = False
        self._queue: asyncio.Queue[AnyEvent | None] = asyncio.Queue()

    def feed(self, stream: Iterable[AnyEvent]) -> None:
        for event in stream:
            self._queue.put_nowait(event)

    def end(self) -> None:
        self._queue.put_nowait(None)

    async def told(self) -> None:
        """Wait until all that was fed has been taken."""
        await self._queue.join()

    async def events(self) -> AsyncIterator[AnyEvent]:
        while (event := await self._queue.get()) is not None:
            yield event
            self._queue.task_done()
        self._queue.task_done()

    def send(self, command: AnyCommand) -> None:
        self.sent.append(command)

    async def close(self) -> None:
        self.closed = True


class Teller:
    """Stamps events with a time that moves only when told to."""

    def __init__(self) -> None:
        self.t = 0.0

    def after(self, seconds: float) -> Teller:
        self.t += seconds
        return self

    def __call__(self, kind: type[Any], /, **fields: Any) -> Any:
        self.t += 0.001
        return kind(wall=WALL + self.t, t=round(self.t, 6), session=SID, **fields)


L1 = Candidate(id="L1", type="host", address="192.168.1.20", port=51234, interface="eth0",
               priority=2130706431, foundation="1")  # fmt: skip
L2 = Candidate(id="L2", type="srflx", address="203.0.113.7", port=61001, server=STUN,
               related_address="192.168.1.20", related_port=51234)  # fmt: skip
R1 = Candidate(id="R1", type="host", address="10.0.0.4", port=40000)
R2 = Candidate(id="R2", type="srflx", address="198.51.100.9", port=4022,
               related_address="10.0.0.4", related_port=40000)  # fmt: skip


def gathered(tell: Teller | None = None) -> list[AnyEvent]:
    """An engine that has gathered: one host, one srflx, a TURN server that refused."""
    tell = tell or Teller()
    servers = (
        Server(url=STUN, kind="stun"),
        Server(url=TURN, kind="turn"),
    )
    return [
        tell(events.EngineStarted, version="0.1", pid=4711, python="3.11", aioice="0.13.0"),
        tell(events.SessionStarted, ufrag="a7Kf", servers=servers),
        tell(events.InterfaceFound,
             interface=events.Interface(name="eth0", addresses=("192.168.1.20",))),
        tell(events.GatheringStateChanged, state="gathering"),
        tell(events.CandidateGathered, candidate=L1),
        tell(events.BlobChanged, blob=BLOB, candidates=1),
        tell.after(0.018)(events.ServerChanged, server=Server(
            url=STUN, kind="stun", state="ok", time=0.018, mapped="203.0.113.7:61001")),
        tell(events.CandidateGathered, candidate=L2),
        tell(events.BlobChanged, blob=BLOB + "Xy", candidates=2),
        tell.after(0.03)(events.ServerChanged, server=Server(
            url=TURN, kind="turn", state="failed", time=0.04, reason=Reason.UNAUTHENTICATED,
            detail="401 Unauthorized: the user name or the password is wrong")),
        tell(events.GatheringStateChanged, state="complete"),
        tell(events.BlobChanged, blob=BLOB + "Xy", candidates=2, complete=True),
    ]  # fmt: skip


def described(tell: Teller) -> list[AnyEvent]:
    """Their blob was pasted; pairs are formed and checks start."""
    return [
        tell(events.DescriptionAccepted, ufrag="9QmZ", new_candidates=2, known_candidates=2),
        tell(events.RemoteCandidateAdded, candidate=R1),
        tell(events.RemoteCandidateAdded, candidate=R2),
        tell(events.RoleChanged, role="controlling"),
        tell(events.ConnectionStateChanged, state="checking"),
        tell(events.PairChanged, pair=pair("L1-R2", priority=5, state="in-progress",
                                           requests_sent=1)),
        stun(tell, "out", "L1-R2"),
        tell(events.PairChanged, pair=pair("L1-R1", priority=9, state="waiting")),
    ]  # fmt: skip


def connected(tell: Teller, samples: int = 30) -> list[AnyEvent]:
    """The reflexive pair works and is nominated; the host pair times out."""
    told = [
        stun(tell.after(0.023), "in", "L1-R2", message_class="response"),
        tell(events.RoundTripMeasured, pair="L1-R2", seconds=0.0234, purpose="check"),
        tell(events.PairChanged, pair=succeeded()),
        tell(events.SelectedPairChanged, pair="L1-R2", cause="nominated by us"),
        tell(events.ConnectionStateChanged, state="connected", cause="first valid pair"),
        tell(events.PairChanged, pair=pair(
            "L1-R1", priority=9, state="failed", requests_sent=1, retransmissions_sent=6,
            reason=Reason.TIMEOUT, detail="7 requests, no answer")),
    ]  # fmt: skip
    for i in range(samples):
        seconds = 0.0229 + (0.004 if i % 5 == 0 else 0.0003 * (i % 3)) + (0.03 if i == 11 else 0)
        tell.after(1.0)
        told.append(tell(events.RoundTripMeasured, pair="L1-R2", seconds=seconds))
    told.append(tell(events.ConsentRefreshed, pair="L1-R2", expires=tell.t + 27))
    return told


def whole() -> list[AnyEvent]:
    """From the engine's start to a connection of half a minute."""
    tell = Teller()
    return [*gathered(tell), *described(tell), *connected(tell)]


def pair(id: str, **fields: Any) -> Pair:
    local, _, remote = id.partition("-")
    return Pair(id=id, local=local, remote=remote, **fields)


def succeeded(**fields: Any) -> Pair:
    figures: dict[str, Any] = {
        "priority": 5, "state": "succeeded", "nominated": True, "valid": True,
        "mapped": "203.0.113.7:61001", "requests_sent": 4, "responses_received": 4,
        "requests_received": 3, "responses_sent": 3, "current_round_trip_time": 0.0234,
        "total_round_trip_time": 0.094, "round_trips": 4, "bytes_sent": 12_400,
        "bytes_received": 11_200, "packets_sent": 130, "packets_received": 121,
    }  # fmt: skip
    return pair("L1-R2", **(figures | fields))


def stun(tell: Teller, direction: str, pair_id: str, **fields: Any) -> AnyEvent:
    figures: dict[str, Any] = {
        "local": "192.168.1.20:51234", "remote": "198.51.100.9:4022", "method": "Binding",
        "message_class": "request", "transaction": "0a1b2c3d4e5f60718293a4b5", "size": 108,
        "attributes": (StunAttribute(name="USERNAME", value="9QmZ:a7Kf"),
                       StunAttribute(name="PRIORITY", value="1853824767")),
    }  # fmt: skip
    message: AnyEvent = tell(
        events.StunMessage, direction=direction, pair=pair_id, **(figures | fields)
    )
    return message


def many_pairs(tell: Teller, number: int = 2500) -> list[AnyEvent]:
    """A check list of `number` pairs, all waiting, in the order of their priority."""
    told: list[AnyEvent] = []
    side = int(number**0.5)
    for n in range(side):
        address = f"10.1.{n // 250}.{n % 250 + 1}"
        told.append(
            tell(
                events.CandidateGathered,
                candidate=Candidate(
                    id=f"L{n}", type="host", address=address, port=5000 + n, interface=f"eth{n}"
                ),
            )
        )
        told.append(
            tell(
                events.RemoteCandidateAdded,
                candidate=Candidate(
                    id=f"R{n}", type="host", address=f"10.2.{n // 250}.{n % 250 + 1}", port=6000 + n
                ),
            )
        )
    told += [
        tell(events.PairChanged, pair=pair(f"L{n // side}-R{n % side}", priority=number - n))
        for n in range(number)
    ]
    return told
