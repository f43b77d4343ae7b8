"""The process that runs the demo's network, over its pipe: told and commanded as the engine is."""

from __future__ import annotations

import asyncio
import contextlib
import json
import sys
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from icetui import events
from icetui.diagnosis import diagnose
from icetui.events import AnyCommand, AnyEvent
from icetui.session import Session
from icetui.streams.process_source import ProcessSource
from icetui.vnet.demonstration import Demonstration

PROCESS = (sys.executable, "-P", "-m", "icetui.vnet")
PATIENCE = 30.0


class Playing:
    """The process, its two sessions folded, and whatever of the network was told."""

    def __init__(self, source: ProcessSource) -> None:
        self.source = source
        self.told: list[AnyEvent] = []
        self.sessions: dict[str, Session] = {}
        self._stream = source.events()

    @property
    def alice(self) -> Session:
        return self.sessions["alice"]

    @property
    def bob(self) -> Session:
        return self.sessions["bob"]

    def do(self, command: AnyCommand) -> None:
        self.source.send(command)

    async def until(self, holds: Callable[[AnyEvent], bool]) -> AnyEvent:
        """The next event for which it holds."""

        async def look() -> AnyEvent:
            async for event in self._stream:
                self.told.append(event)
                if event.session:
                    self.sessions.setdefault(event.session, Session()).apply(event)
                if holds(event):
                    return event
            raise AssertionError(f"the stream ended: {self.told[-3:]}")

        return await asyncio.wait_for(look(), PATIENCE)

    async def until_told(self, kind: type[AnyEvent], **fields: Any) -> Any:
        return await self.until(
            lambda e: isinstance(e, kind) and all(getattr(e, k) == v for k, v in fields.items())
        )

    async def stands_still_at(self, t: float) -> None:
        """As fast as it can, up to there."""
        self.do(events.SetPace(speed=None, until=t))
        await self.until(lambda e: isinstance(e, events.PaceChanged) and e.paused and e.t >= t)

    def of(self, kind: type[AnyEvent]) -> list[Any]:
        return [e for e in self.told if isinstance(e, kind)]


@contextlib.asynccontextmanager
async def playing(**network: Any) -> AsyncIterator[Playing]:
    started = events.StartNetwork(**{"speed": None, "until": 0.0, "wall": 1e9, **network})
    source = ProcessSource(PROCESS, first=(started,))
    try:
        yield Playing(source)
    finally:
        await source.close()


async def test_both_sides_meet_with_nobody_to_paste() -> None:
    async with playing() as demo:
        await demo.stands_still_at(3.0)
        assert demo.alice.connected
        assert demo.bob.connected
        assert {demo.alice.role, demo.bob.role} == {"controlling", "controlled"}
        assert demo.alice.first_path_at is not None
        assert demo.alice.first_path_at < 1.0


async def test_two_symmetric_nats_without_a_relay_are_told_as_why() -> None:
    """What each blob says of its NAT is known when they are exchanged."""
    async with playing(alice="sym", bob="sym", turn=False) as demo:
        await demo.stands_still_at(4.0)
        assert demo.of(events.DescriptionAccepted)[0].t < 0.8
        for side in (demo.alice, demo.bob):
            first = diagnose(side)[0]
            assert first.hypotheses[0].code == "nats-exclude"
            assert "no direct path can exist, as both routers use" in first.claim


async def test_nobody_waits_long_for_a_nat_that_no_server_tells_of() -> None:
    async with playing(stun=False, turn=False) as demo:
        await demo.stands_still_at(2.0)
        assert demo.of(events.DescriptionAccepted)[0].t < 0.8


async def test_it_says_what_stands_between_them() -> None:
    async with playing(alice="prc+sym", bob="open") as demo:
        await demo.stands_still_at(0.1)
        topology = demo.of(events.TopologyChanged)[-1]
        kinds = {node.name: node.kind for node in topology.nodes}
        assert kinds == {
            "alice-nat": "nat", "alice-cgn1": "nat", "bob-nat": "router",
            "alice": "host", "bob": "host", "stun": "stun", "turn": "turn",
        } | {n: "host" for n in kinds if n in ("stun", "turn") and kinds[n] == "host"}  # fmt: skip
        assert [n.session for n in topology.nodes if n.session] == ["alice", "bob"]
        uplink = next(line for line in topology.lines if line.name == "alice-cgn1.outside")
        assert (uplink.link, uplink.up.delay, uplink.down.delay) == ("internet", 0.025, 0.025)


async def test_a_nats_table_is_told_as_it_grows() -> None:
    async with playing() as demo:
        await demo.stands_still_at(1.0)
        tables = [t for t in demo.of(events.NatTableChanged) if t.nat == "alice-nat"]
        first, last = (
            next(b for b in table.bindings if b.protocol == "udp")
            for table in (tables[0], tables[-1])
        )
        assert first.inside.startswith("192.168.1.20:")
        assert first.outside.startswith("203.0.113.2:")
        assert 0 < first.ends_in <= 120
        assert first.outside == last.outside
        assert not any(remote.startswith("203.0.113.18:") for remote in first.lets_in)
        assert any(remote.startswith("203.0.113.18:") for remote in last.lets_in)


async def test_a_cut_is_noticed_and_mended_when_the_line_is_back() -> None:
    async with playing() as demo:
        await demo.stands_still_at(3.0)
        demo.do(events.ChangeNetwork(what="cut", whom="alice-nat"))
        await demo.until_told(events.NetworkChanged, what="cut", by="user")
        await demo.stands_still_at(7.0)
        assert demo.alice.state == "disconnected"
        demo.do(events.ChangeNetwork(what="restore", whom="alice-nat"))
        await demo.stands_still_at(12.0)
        assert demo.alice.connected
        assert demo.bob.connected


async def test_a_rebound_nat_forgets_its_table_and_another_path_is_found() -> None:
    async with playing() as demo:
        await demo.stands_still_at(5.0)
        before = demo.alice.selected
        table = demo.of(events.NatTableChanged)[-1]
        demo.do(events.ChangeNetwork(what="rebind", whom="bob-nat"))
        await demo.stands_still_at(10.0)
        assert demo.bob.connected
        assert demo.alice.selected != before
        renewed = [t for t in demo.of(events.NatTableChanged) if t.nat == "bob-nat"][-1]
        assert {b.outside for b in table.bindings}.isdisjoint(b.outside for b in renewed.bindings)


async def test_slow_motion_shows_true_figures() -> None:
    async with playing(speed=None, until=1.0) as demo:
        await demo.stands_still_at(1.0)
        began = asyncio.get_running_loop().time()
        demo.do(events.SetPace(speed=0.1, until=1.1))
        await demo.until(lambda e: isinstance(e, events.PaceChanged) and e.paused and e.t > 1.05)
        assert asyncio.get_running_loop().time() - began >= 0.9
        trips = [e.seconds for e in demo.of(events.RoundTripMeasured) if e.session == "alice"]
        assert min(trips) == pytest.approx(0.1, abs=0.002)


def test_a_command_comes_at_its_time_and_not_when_something_last_happened() -> None:
    """Between two events the network's time goes on; slow motion does not turn it back."""
    ours, said = [0.0], list[events.Event]()
    command = events.StartNetwork(wall=1e9, speed=1.0)
    playing = Demonstration(command, said.append, lambda: ours[0])

    def at(t: float) -> None:
        while ours[0] < t:
            wait = playing.run()
            ours[0] = t if wait is None else min(t, ours[0] + wait)

    at(8.0)
    at(8.04)
    playing.carry_out(events.SetPace(speed=0.1))
    pace = said[-1]
    assert isinstance(pace, events.PaceChanged)
    assert pace.t == pytest.approx(8.04, abs=1e-6)
    ours[0] = 8.05
    playing.beat()
    assert said[-1].t == pytest.approx(8.041, abs=1e-6)
    playing.close()


async def test_packets_are_told_only_while_somebody_looks() -> None:
    async with playing() as demo:
        await demo.stands_still_at(0.2)
        assert demo.of(events.PacketsPassed) == []
        demo.do(events.WatchNetwork(packets=True))
        await demo.stands_still_at(1.0)
        passed = [p for e in demo.of(events.PacketsPassed) for p in e.passages]
        slow = [p for p in passed if p.line == "alice-nat.outside" and p.takes == 0.025]
        assert "Binding" in {p.method for p in slow}
        assert {p.direction for p in slow} == {"up", "down"}
        count = len(demo.of(events.PacketsPassed))
        demo.do(events.WatchNetwork(packets=False))
        await demo.stands_still_at(2.0)
        assert len(demo.of(events.PacketsPassed)) == count


async def test_more_delay_and_loss_are_felt() -> None:
    async with playing() as demo:
        await demo.stands_still_at(3.0)
        demo.do(events.ChangeNetwork(what="weather", whom="bob-nat", delay=0.2, loss=0.0))
        told = await demo.until_told(events.NetworkChanged, what="weather")
        assert (told.whom, told.line.delay) == ("bob-nat.outside", 0.2)
        await demo.stands_still_at(8.0)
        pair = demo.alice.selected_pair
        assert pair is not None
        assert pair.current_round_trip_time == pytest.approx(0.45, abs=0.01)


@pytest.mark.parametrize(
    ("command", "words"),
    [
        (events.ChangeNetwork(what="cut", whom="nobody"), "nothing called 'nobody'"),
        (events.ChangeNetwork(what="rebind", whom="stun"), "nothing called 'stun'"),
        (events.ChangeNetwork(what="weather", whom="x", delay=0.1), "no line 'x'"),
        (events.ChangeNetwork(what="weather", whom="alice-nat", loss=2.0), "a loss 0 to 1"),
        (events.SetPace(speed=0.0), "above 0"),
        (events.Paste(session="carol", text="x"), "no session 'carol'"),
        (events.StartSession(), "begun already"),
        (events.StartNetwork(), "begun already"),
    ],
    ids=lambda v: type(v).__name__ if not isinstance(v, str) else "",
)
async def test_what_cannot_be_done_is_refused_in_a_sentence(
    command: AnyCommand, words: str
) -> None:
    async with playing() as demo:
        demo.do(command)
        refused = await demo.until_told(events.CommandRefused)
        assert words in refused.problem


async def test_a_message_is_answered_by_the_other_side() -> None:
    async with playing() as demo:
        await demo.stands_still_at(2.0)
        demo.do(events.SendText(session="bob", text="hello"))
        await demo.stands_still_at(3.0)
        assert [t.text for t in demo.bob.texts] == ["hello", "alice got 5 bytes: hello"]


async def test_a_restart_on_one_side_is_finished_by_itself() -> None:
    async with playing() as demo:
        await demo.stands_still_at(3.0)
        demo.do(events.Restart(session="bob"))
        await demo.stands_still_at(6.0)
        assert (demo.alice.generation, demo.bob.generation) == (1, 1)
        assert demo.alice.restart is None
        assert demo.alice.connected


async def test_a_networks_own_changes_happen_and_are_told_as_such() -> None:
    text = """
    [hosts.alice]
    interfaces = "internet"
    [hosts.bob]
    interfaces = "internet"
    [[changes]]
    at = 1
    what = "cut"
    whom = "bob"
    [[changes]]
    at = 2
    what = "unplug"
    whom = "bob.eth7"
    """
    async with playing(text=text) as demo:
        await demo.stands_still_at(3.0)
        assert [(c.what, c.by, c.t) for c in demo.of(events.NetworkChanged)] == [("cut", "plan", 1)]
        assert "'bob.eth7'" in demo.of(events.CommandRefused)[0].problem


async def test_one_seed_gives_the_same_events_byte_for_byte() -> None:
    streams = []
    for _ in range(2):
        async with playing(alice="sym", loss=0.1, seed=5) as demo:
            await demo.stands_still_at(4.0)
            streams.append(
                [events.encode(e) for e in demo.told if not isinstance(e, events.EngineStarted)]
            )
    assert streams[0] == streams[1]
    assert len(streams[0]) > 300


async def test_a_reader_that_does_not_read_holds_the_network_up_and_not_the_memory() -> None:
    argv = [*PROCESS]
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(*argv, stdin=pipe, stdout=pipe)
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(events.encode(events.StartNetwork(speed=None, until=600.0)))
    await process.stdin.drain()
    await asyncio.sleep(2.0)  # nothing tells that it would have gone on
    data = await asyncio.wait_for(process.stdout.readline(), PATIENCE)
    assert json.loads(data)["event"]
    process.stdin.write(events.encode(events.Leave()))
    last = 0.0
    while line := await asyncio.wait_for(process.stdout.readline(), PATIENCE):
        last = json.loads(line)["t"]
    assert await process.wait() == 0
    assert last < 300
