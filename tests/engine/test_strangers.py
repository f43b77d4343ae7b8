"""Floods of datagrams that nobody vouches for: little is done for them, nothing waits for them, and
how many there were is told."""

from __future__ import annotations

import itertools

import pytest

from icetui import events
from icetui.engine import stun
from icetui.engine.ice_session import IceSession
from icetui.session import Session
from icetui.streams.event_reader import EventReader
from icetui.vnet.network import Network
from icetui.vnet.network_parts import Attachment, Host, Interface, Router
from icetui.vnet.peer import Peer
from icetui.vnet.world import World

STRANGER = ("203.0.113.200", 999)


class Stage:
    """Two icetui that are connected, and who writes to the first of them from anywhere."""

    def __init__(self) -> None:
        hosts = {name: Host(interfaces=(Interface(f"lan-{name}"),)) for name in ("alice", "bob")}
        routers = {
            f"router-{name}": Router(
                inside=(Attachment(f"lan-{name}"),), outside=(Attachment("internet"),), nat="open"
            )
            for name in hosts
        }
        self.world = World(Network(seed=3, routers=routers, hosts=hosts))
        self.seen: list[events.Event] = []
        self.session = Session()
        self.alice = Peer(self.world.hosts["alice"], events.StartSession(), self._heard)
        self.bob = Peer(self.world.hosts["bob"], events.StartSession(), lambda _: None)
        clock = self.world.clock
        assert clock.run_until_true(lambda: self.alice.gathered and self.bob.gathered, 5)
        self.alice.send(events.Paste(text=self.bob.blob))
        self.bob.send(events.Paste(text=self.alice.blob))
        assert clock.run_until_true(lambda: self.session.state == "completed", 10)

    def overhear(self, seconds: float) -> list[bytes]:
        """The datagrams that alice hears meanwhile."""
        heard: list[bytes] = []
        endpoint = self.engine.endpoints[0]
        hear = endpoint.packet_received

        def overhearing(data: bytes, addr: tuple[str, int], at: float) -> None:
            heard.append(data)
            hear(data, addr, at)

        endpoint.packet_received = overhearing  # type: ignore[method-assign]  # to listen
        self.bob.send(events.SendText(text="something said"))
        self.world.clock.run_for(seconds)
        del endpoint.packet_received  # type: ignore[method-assign]  # to listen
        return heard

    def _heard(self, event: events.Event) -> None:
        self.seen.append(event)
        self.session.apply(event)  # type: ignore[arg-type]  # all are of the union

    @property
    def engine(self) -> IceSession:
        (session,) = self.alice._sessions._agents.values()
        return session

    @property
    def bobs_address(self) -> tuple[str, int]:
        assert self.session.selected_pair is not None
        theirs = self.session.remote_candidates[self.session.selected_pair.remote]
        return theirs.address, theirs.port

    def flood(self, seconds: float, every: float, make: object, source: object) -> list[bytes]:
        """Datagrams that `make` makes, from where `source` says; what alice told meanwhile."""
        endpoint = self.engine.endpoints[0]
        del self.seen[:]
        for number in range(round(seconds / every)):
            data, addr = make(number), source(number)  # type: ignore[operator]  # both are called
            self.alice.host.loop.run(
                endpoint.packet_received, data, addr, self.alice.host.loop.time()
            )
            self.world.clock.run_for(every)
        self.world.clock.run_for(1.1)  # how many there were is told once a second
        assert not self.world.failures
        return [events.encode(event) for event in self.seen]

    def strange(self) -> list[events.StunMessage]:
        """Messages that were shown, but for those between the two."""
        own = {p for p in (self.session.selected,) if p is not None}
        return [
            e for e in self.seen
            if isinstance(e, events.StunMessage) and (e.pair not in own or e.error)
        ]  # fmt: skip


def wrongly_keyed(number: int, ours: str, theirs: str) -> bytes:
    return (
        stun.Builder(stun.Method.BINDING, stun.Class.REQUEST, number.to_bytes(12, "big"))
        .text(stun.Attribute.USERNAME, f"{ours}:{theirs}")
        .number(stun.Attribute.PRIORITY, 1)
        .number(stun.Attribute.ICE_CONTROLLED, number)
        .sign(b"not the password at all")
        .fingerprint()
        .finish()
        .raw
    )


def big(number: int) -> bytes:
    """As long as a datagram can be, of attributes that nobody knows."""
    builder = stun.Builder(stun.Method.BINDING, stun.Class.REQUEST, number.to_bytes(12, "big"))
    for attribute in range(60):
        builder.add(0x8500 + attribute, b"x" * 1000)
    return builder.finish().raw


def one_place(_: int) -> tuple[str, int]:
    return STRANGER


def ever_new_ports(number: int) -> tuple[str, int]:
    return STRANGER[0], 1024 + number % 60000


@pytest.fixture
def stage() -> Stage:
    return Stage()


@pytest.mark.parametrize("who", ["one port", "ever new ports", "as if from the peer"])
def test_wrongly_keyed_checks_move_no_path_and_are_mostly_counted(stage: Stage, who: str) -> None:
    assert stage.session.started is not None
    ours, theirs = stage.session.started.ufrag, stage.session.remote_ufrag or ""
    peer = stage.bobs_address
    source = {
        "one port": one_place,
        "ever new ports": ever_new_ports,
        "as if from the peer": lambda _: peer,
    }[who]
    path = stage.session.selected
    told = stage.flood(
        2.0, 1 / 5000, lambda n: wrongly_keyed(n, ours, theirs), source
    )  # fmt: skip
    assert stage.session.selected == path and stage.session.state == "completed"
    assert sum(stage.session.strangers.values()) > 9_000
    assert len(stage.strange()) < 2 * 140, "one in sixty was shown, with our answer"
    assert len(told) < 500
    assert sum(map(len, told)) < 200_000


def test_what_is_shown_of_long_messages_is_short(stage: Stage) -> None:
    told = stage.flood(2.0, 1 / 10, big, ever_new_ports)
    assert len(stage.strange()) >= 20
    assert max(map(len, told)) < 3_000
    reader = EventReader()
    assert all(reader.read(line) is not None for line in told)


def test_data_of_ever_new_sources_is_counted(stage: Stage) -> None:
    told = stage.flood(1.0, 1 / 5000, lambda n: b"\x80junk%d" % n, ever_new_ports)
    dropped = [e for e in stage.seen if isinstance(e, events.DataDropped)]
    assert 1 <= len(dropped) <= 32
    assert stage.session.strangers["data"] >= 1024
    assert stage.session.strangers["unread"] > 3_000
    assert len(told) < 200


def test_their_own_checks_and_texts_come_through_a_flood(stage: Stage) -> None:
    numbers = itertools.count()
    stage.bob.send(events.SendText(text="still there"))
    before = stage.session.selected_pair
    assert before is not None
    stage.flood(5.0, 1 / 2000, lambda _: big(next(numbers)), ever_new_ports)
    after = stage.session.selected_pair
    assert after is not None and after.responses_received > before.responses_received + 3
    assert [line.text for line in stage.session.texts] == ["still there"]
    assert not any(isinstance(e, events.ConnectionStateChanged) for e in stage.seen)
