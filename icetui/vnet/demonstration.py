"""A demonstration: two icetui on a simulated network, whose time goes as whoever looks wants it.

What belongs here: the two sides, commands carried out, everything that is told.
What must never come in: pipes and threads (`__main__.py`).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from typing import Any

import msgspec

from icetui import events
from icetui.events import AnyCommand, Event
from icetui.vnet import changes
from icetui.vnet.blob_exchange import BlobExchange
from icetui.vnet.clock import BOOTED
from icetui.vnet.demo_network import Side, demo_network
from icetui.vnet.network import Network
from icetui.vnet.onlooker import Onlooker
from icetui.vnet.peer import Peer
from icetui.vnet.sightings import line_state
from icetui.vnet.world import World
from icetui.vnet.world_time import WorldTime

SLICE = 0.02
"""Seconds of ours after which commands are looked at and events are handed on."""
LOOKS = 0.05
"""Seconds of ours, or of the world's if those go faster, between two looks at NAT tables."""
GOODBYE = 2.0
"""Seconds of the world that both sides have to leave."""

MOST_DELAY = 10.0
"""Seconds that a line can be made to take."""


class Refused(Exception):
    """A command cannot be carried out; the message is the sentence."""


class ToldWorld(World):
    """Tells when something is done to it, by whomever."""

    def __init__(self, network: Network, happened: Callable[[changes.AnyChange], None]) -> None:
        self._happened = happened
        super().__init__(network)

    def bring_about(self, change: changes.AnyChange) -> None:
        super().bring_about(change)
        self._happened(change)


class Demonstration:
    """Runs in slices; nothing happens but in `run` and `carry_out`."""

    def __init__(
        self,
        command: events.StartNetwork,
        sink: Callable[[Event], None],
        monotonic: Callable[[], float],
    ) -> None:
        """Raises `BadNetwork`."""
        network, self.sides = demo_network(command)
        self.began = network.wall
        """Unix time at which the network's time begins."""
        self._sink = sink
        self._monotonic = monotonic
        self._by_user = False
        self.world = ToldWorld(network, self._changed)
        self._clock = self.world.clock
        self._exchange = BlobExchange(
            {side.name: side.pastes_at for side in self.sides},
            lambda seconds, then: self.world.fabric.loop.call_later(seconds, then),
            self._paste,
        )
        self._peers: dict[str, Peer] = {}
        self._owed: dict[str, int] = {side.name: 0 for side in self.sides}
        """Texts of the user's on their way from each side, which the other is to answer."""
        self._leaving: set[str] | None = None
        self._left = 0.0
        self._missed = 0
        self.time = WorldTime(monotonic, command.speed)
        self.time.until = command.until
        self._onlooker = Onlooker(self.world, self.sides, self._emit)
        self._emit(events.PaceChanged, speed=command.speed)
        for side in self.sides:
            if side.starts_at:
                self.world.fabric.loop.call_later(side.starts_at, self._begin, side)
            else:
                self._begin(side)

    def _begin(self, side: Side) -> None:
        host = self.world.hosts[side.host]
        heard = partial(self._heard, side.name)
        self._peers[side.name] = Peer(host, side.start, heard, zero=BOOTED)

    # --- time -----------------------------------------------------------------------------------

    @property
    def over(self) -> bool:
        """Whether both sides have left."""
        return self._leaving is not None and (
            self._leaving >= self._peers.keys() or self._clock.now > self._left + GOODBYE
        )

    def run(self) -> float | None:
        """Let the world go on for a moment; seconds of ours until it has to again, None: not by
        itself. Raises what went wrong in it."""
        until = self._monotonic() + SLICE
        while not self.over:
            target, due = self.time.target, self._clock.next_due()
            if due is None or (target is not None and due > target):
                if target is not None:
                    self._clock.run_until(target)
                break
            look = self._next_look(due)
            self._clock.run_until(look if target is None else min(look, target))
            self._onlooker.look()
            if self._monotonic() > until:
                break
        self._onlooker.tell_packets(self._monotonic())
        self._fail()
        self._tell_missed()
        paused = self.time.paused
        self.time.reached(self._clock.now)
        if self.time.paused and not paused:
            self._tell_pace()
        return self.time.wait(self._clock.next_due())

    def _next_look(self, due: float) -> float:
        """The next of the equal steps of time at whose ends tables are compared."""
        speed = self.time.speed
        step = LOOKS if speed is None else LOOKS * min(1.0, speed)
        return (math.floor(due / step) + 1) * step

    def _fail(self) -> None:
        failures = self.world.failures
        if failures:
            raise RuntimeError(str(failures[0].get("message"))) from failures[0].get("exception")

    def _catch_up(self) -> None:
        """While nothing is due the world stands where it was last looked at: to now."""
        target, due = self.time.target, self._clock.next_due()
        if target is not None and (due is None or due > target):
            self._clock.run_until(target)

    # --- what is told ---------------------------------------------------------------------------

    def _emit(self, kind: type[Event], /, **fields: Any) -> None:
        now = self._clock.now
        self._sink(kind(wall=round(self.world.network.wall + now, 6), t=round(now, 6), **fields))

    def _heard(self, name: str, event: Event) -> None:
        """An event of one side's engine."""
        self._sink(event)
        self._exchange.saw(event)
        if isinstance(event, events.TextReceived) and event.framed:
            self._answer(name, event)

    def _answer(self, name: str, event: events.TextReceived) -> None:
        """Whoever gets a text that the user wrote says so."""
        other = next(n for n in self._owed if n != name)
        if self._owed[other]:
            self._owed[other] -= 1
            text = f"{name} got {event.size} bytes: {event.text}"
            cut = text.encode()[: events.MAX_TEXT_SENT].decode("utf-8", "ignore")
            self.world.fabric.loop.call_soon(self._peers[name].send, events.SendText(text=cut))

    def _paste(self, name: str, blob: str) -> None:
        if name in self._peers:
            self._peers[name].send(events.Paste(text=blob))

    def _changed(self, change: changes.AnyChange) -> None:
        """One of the network's changes has happened."""
        line = line_state(change.line) if isinstance(change, changes.Weather) else None
        by = "user" if self._by_user else "plan"
        what = str(change.__struct_config__.tag)
        self._emit(events.NetworkChanged, what=what, whom=change.whom, by=by, line=line)

    def _tell_missed(self) -> None:
        for change in self.world.missed[self._missed :]:
            self._missed += 1
            what = change.__struct_config__.tag
            self._refuse(
                "change-network",
                f"the network's own change {what} found nothing called {change.whom!r}",
            )

    def _refuse(self, command: str, problem: str, session: str = "") -> None:
        self._emit(events.CommandRefused, command=command, problem=problem, session=session)

    def beat(self) -> None:
        """A sign of life, which also tells what time it is."""
        self._catch_up()
        self._emit(events.Heartbeat)

    def _tell_pace(self) -> None:
        self._emit(events.PaceChanged, speed=self.time.speed, paused=self.time.paused)

    # --- commands -------------------------------------------------------------------------------

    def carry_out(self, command: AnyCommand) -> None:
        """Do what is asked, or say why not."""
        self._catch_up()
        name = events.kebab(type(command).__name__)
        try:
            match command:
                case events.Leave():
                    self._leave()
                case events.ChangeNetwork():
                    self._change(command)
                case events.SetPace():
                    self._set_pace(command)
                case events.WatchNetwork():
                    self._onlooker.watch(packets=command.packets)
                case events.StartNetwork() | events.StartSession():
                    raise Refused("the network and its two sessions have begun already")
                case _:
                    self._tell_side(command)
        except Refused as problem:
            self._refuse(name, str(problem), command.session)

    def _tell_side(self, command: AnyCommand) -> None:
        name = command.session or self.sides[0].name
        if name not in self._peers:
            known = ", ".join(self._owed)
            raise Refused(f"there is no session {name[:32]!r} now; there are {known}")
        if isinstance(command, events.SendText):
            self._owed[name] += 1
        self._peers[name].send(command)

    def _set_pace(self, command: events.SetPace) -> None:
        if command.speed is not None and not 0 < command.speed <= 1e6:
            raise Refused("a speed is above 0")
        self.time.set(self._clock.now, command.speed, paused=command.paused, until=command.until)
        self._tell_pace()

    def _change(self, command: events.ChangeNetwork) -> None:
        self._by_user = True
        try:
            if command.what == "weather":
                self._weather(command)
            else:
                self.world.change(command.what, command.whom)
        except KeyError:
            raise Refused(
                f"there is nothing called {command.whom[:60]!r} to {command.what}"
            ) from None
        finally:
            self._by_user = False
        self._onlooker.look()

    def _weather(self, command: events.ChangeNetwork) -> None:
        """Each direction keeps what is not named."""
        delay, loss = command.delay, command.loss
        if (delay is not None and not 0 <= delay <= MOST_DELAY) or (
            loss is not None and not 0 <= loss <= 1
        ):
            raise Refused(f"a delay is 0 to {MOST_DELAY:g} s, a loss 0 to 1")
        try:
            port = self.world.port(command.whom)
        except KeyError:
            raise Refused(f"there is no line {command.whom[:60]!r}") from None
        for way in (port.up, port.down):
            line = way.line
            if delay is not None:
                line = msgspec.structs.replace(line, delay=delay, jitter=min(line.jitter, delay))
            if loss is not None:
                line = msgspec.structs.replace(line, loss=loss)
            way.set(line)
        self._changed(changes.Weather(whom=port.place, line=port.up.line))

    def _leave(self) -> None:
        if self._leaving is not None:
            return
        self._leaving, self._left = set(), self._clock.now
        # Whoever waits for the end waits in our time.
        self.time.set(self._clock.now, None, paused=False)
        self._leave_next()

    def _leave_next(self) -> None:
        """One after the other: the first must not be told that the other has left."""
        assert self._leaving is not None
        for name, peer in self._peers.items():
            if name not in self._leaving:
                peer.leave(partial(self._left_by, name))
                return

    def _left_by(self, name: str) -> None:
        assert self._leaving is not None
        self._leaving.add(name)
        self._leave_next()

    def close(self) -> None:
        """End all that runs in the world."""
        self.world.close()
