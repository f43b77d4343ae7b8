"""The demo on the screen: both sides, the network between them, and what one does to it. The real
process, its network going ten times as fast as ours unless a test says otherwise."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import pytest
from textual.pilot import Pilot

from icetui import events
from icetui.commands.demo_source import demo_source
from icetui.dashboard.app import Dashboard
from icetui.dashboard.stage import Stage
from icetui.dashboard.words import describe
from icetui.session.internet import Internet
from tests.dashboard.looking import PretendClipboard, lines_of

PATIENCE = 25.0
POLL = 0.02
WIDE, NARROW = (140, 40), (80, 24)


@dataclass
class Demo:
    """A dashboard over the demo's process."""

    app: Dashboard
    pilot: Pilot[int]

    @property
    def stage(self) -> Stage:
        assert self.app.stage is not None
        return self.app.stage

    @property
    def internet(self) -> Internet:
        return self.stage.internet

    @property
    def lines(self) -> list[str]:
        return lines_of(self.app)

    @property
    def text(self) -> str:
        return "\n".join(self.lines)

    async def press(self, *keys: str) -> None:
        await self.pilot.press(*keys)
        await self.pilot.pause(0.05)  # a key waits that long for what might be a paste

    async def until(self, shows: str | Callable[[str], bool]) -> str:
        """The first screen that matches a regular expression, or for which `shows` holds."""
        deadline = asyncio.get_running_loop().time() + PATIENCE
        while True:
            self.app._paint()
            await self.pilot.pause(POLL)  # nobody tells when all has been drawn
            text = self.text
            if re.search(shows, text) if isinstance(shows, str) else shows(text):
                return text
            assert asyncio.get_running_loop().time() < deadline, f"{shows} is not in\n{text}"


@asynccontextmanager
async def demo(size: tuple[int, int] = WIDE, **network: Any) -> AsyncIterator[Demo]:
    source = demo_source(events.StartNetwork(**{"speed": 10.0, **network}))
    stage = Stage(source, ("alice", "bob"))
    app = Dashboard(source, clipboard=PretendClipboard(), stage=stage)
    try:
        async with app.run_test(size=size) as pilot:
            yield Demo(app, pilot)
    finally:
        await source.close()


async def test_a_key_turns_to_the_other_side() -> None:
    async with demo() as look:
        await look.until("alice's side .* CONNECTED")
        alice = look.app.living.session
        assert "192.168.1.20" in look.text
        await look.press("x")
        text = await look.until("bob's side .* CONNECTED")
        bob = look.app.living.session
        assert bob is not alice
        assert alice.started is not None
        assert bob.remote_ufrag == alice.started.ufrag
        assert re.search("host +192.168.2.20", text)
        await look.press("x")
        await look.until("alice's side")


async def test_what_is_asked_on_one_side_is_done_there() -> None:
    async with demo() as look:
        await look.until("CONNECTED")
        await look.press("x")
        look.app.send(events.SendText(text="hello"))
        bob = look.app.living.session
        await look.until(lambda _: len(bob.texts) == 2)
        assert [t.text for t in bob.texts] == ["hello", "alice got 5 bytes: hello"]


@pytest.mark.parametrize("size", [WIDE, NARROW, (60, 20), (200, 60)])
async def test_the_network_is_drawn_at_every_size(size: tuple[int, int]) -> None:
    async with demo(size) as look:
        await look.until("CONNECTED")
        await look.press("i")
        text = await look.until(r"path L\d+-R\d+")
        assert all(len(line) <= size[0] for line in look.lines)
        assert len(look.lines) == size[1]
        for word in ("alice", "bob", "internet", "prc", "✓ stun", "✓ turn", "25 ms", "CONNECTED"):
            assert word in text
        assert re.search(r"udp \S+ → \S+", text)
        assert "Passing" in text
        assert re.search("c cut.*d D delay", text)


async def test_80_by_24_names_both_ends_and_shows_how_long_bindings_last() -> None:
    async with demo(NARROW) as look:
        await look.until("CONNECTED")
        await look.press("i")
        text = await look.until("192.168.1.20 +203.0.113.2 +203.0.113.18 192.168.2.20")
        assert re.search(r"udp \d+ → \d+  lets in \d+ +\d+ s  udp \d+ → \d+", text)
        assert "q quit" in text


async def test_a_cut_line_is_noticed_and_the_session_mends_itself() -> None:
    async with demo() as look:
        await look.until("CONNECTED")
        await look.press("i")
        await look.until("c cut")
        await look.press("c")
        text = await look.until("alice: disconnected")
        assert "╳" in text
        assert "you cut the line alice-nat.outside" in text
        assert "c restore" in text
        await look.press("c")
        await look.until("you restored the line alice-nat.outside")
        await look.until("alice +CONNECTED.*bob +CONNECTED")
        assert "╳" not in look.text


async def test_a_rebound_nat_gets_other_ports_and_a_path_is_found_again() -> None:
    async with demo() as look:
        await look.until("CONNECTED")
        await look.press("i")
        await look.until("b rebind alice-nat")
        before = {b.outside for b in look.internet.tables["alice-nat"].bindings}
        await look.press("b")
        await look.until("you made alice-nat forget its mappings")
        after = look.internet.tables["alice-nat"]
        assert before.isdisjoint(b.outside for b in after.bindings)
        await look.until("bob: .*path .*nominated|alice: .*path .*nominated")


async def test_a_relayed_path_ends_with_its_server_and_the_map_says_so() -> None:
    async with demo(alice="sym", bob="sym") as look:
        await look.until("CONNECTED +relayed")
        await look.press("i")
        await look.until("✓ turn")
        await look.press("t")
        await look.until("✗ turn")
        await look.until("you stopped turn")
        await look.until("alice: (disconnected|failed)")
        await look.press("t")
        await look.until("✓ turn")


async def test_more_delay_and_loss_are_drawn_and_felt() -> None:
    async with demo() as look:
        await look.until("CONNECTED")
        await look.press("i")
        await look.until("25 ms")
        await look.press("d")
        await look.until("line alice-nat.outside into internet: 50 ms")
        await look.press("l")
        await look.until("50 ms, 2 % lost")
        await look.until("you made alice-nat.outside take 50 ms, 2 % lost")
        await look.until("direct 150 ms")
        await look.press("L", "D")
        await look.until("into internet: 25 ms\n")


async def test_the_chosen_thing_is_what_keys_are_about() -> None:
    async with demo() as look:
        await look.until("CONNECTED")
        await look.press("i")
        await look.until("▸ line alice-nat.outside")
        await look.press("left")
        await look.until("▸ alice-nat: port-restricted cone; mapping endpoint-independent")
        await look.press("right", "right")
        await look.until("▸ STUN server stun at 192.0.2.10: answers")
        await look.press("t")
        await look.until("▸ STUN server stun at 192.0.2.10: stopped")
        await look.press("right", "right")
        await look.until("▸ line bob-nat.outside")
        assert "b rebind bob-nat" in look.text


async def test_slow_motion_shows_messages_on_their_way_and_true_round_trips() -> None:
    async with demo(speed=10.0) as look:
        await look.until("CONNECTED")
        await look.press("i")
        await look.press("less_than_sign")
        await look.until("real time")
        await look.press("less_than_sign")
        await look.until("÷10")
        await look.until("Binding (request|response) ▶|◀ Binding (request|response)")
        assert "direct 100 ms" in look.text


async def test_time_can_stand_still() -> None:
    async with demo() as look:
        await look.until("CONNECTED")
        await look.press("i")
        await look.until("×10")
        await look.press("space")
        await look.until("paused")
        at = look.stage.clock()
        await look.pilot.pause(0.3)
        assert look.stage.clock() == at
        assert look.app.living.now <= at
        await look.press("space")
        await look.until(lambda _: look.stage.clock() > at)


async def test_the_log_of_each_session_tells_what_was_done() -> None:
    async with demo() as look:
        await look.until("CONNECTED")
        await look.press("i")
        await look.until("c cut")
        await look.press("c")
        await look.until("you cut")
        for watch in look.app.watches:
            done = [e for e in watch.session.log if isinstance(e, events.NetworkChanged)]
            told = [describe(e).text for e in done]
            assert told == ["network: you cut the line alice-nat.outside"]


async def test_the_help_of_the_network_names_every_key() -> None:
    async with demo() as look:
        await look.until("CONNECTED")
        await look.press("i")
        await look.until("Passing")
        await look.press("question_mark")
        text = await look.until("Everything between them is simulated")
        for word in (
            "forget its mappings",
            "Stop the TURN server",
            "Slow motion",
            "the line is cut",
        ):
            assert word in text
        await look.press("escape")
        await look.until("Passing")


async def test_packets_are_told_only_while_the_network_is_looked_at() -> None:
    async with demo() as look:
        await look.until("CONNECTED")
        assert not look.internet.passages
        await look.press("i")
        await look.until(lambda _: bool(look.internet.passages))
        await look.press("escape")
        await look.until("Candidates")
        t = look.stage.clock() + 2
        await look.until(lambda _: look.stage.clock() > t + 5)
        assert look.internet.passages[-1].at < t


async def test_leaving_ends_the_process_at_once() -> None:
    async with demo() as look:
        await look.until("CONNECTED")
        await look.press("q")
        sessions = [watch.session for watch in look.app.watches]
        await look.until(lambda _: all(session.closed is not None for session in sessions))
    assert look.app.return_value == 0
