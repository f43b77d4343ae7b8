"""Two cores, wires between them and a clock that the test holds: nothing runs but by `run`."""

from __future__ import annotations

import heapq
import itertools
import random
from collections.abc import Callable
from typing import Any

from icetui import events
from icetui.engine import core, stun
from icetui.engine.core.outbox import Moment
from icetui.events import Candidate, CandidateType
from icetui.session import Session

Address = tuple[str, int]
BEGAN = 1000.0
"""What the clock shows at first."""


def candidate(
    address: str, port: int = 4000, kind: CandidateType = "host", number: str = "", **more: Any
) -> Candidate:
    """With the priority that its kind has (RFC 8445 section 5.1.2.1)."""
    preference = {"host": 126, "srflx": 100, "prflx": 110, "relay": 0}[kind]
    priority = more.pop("priority", preference << 24 | 65535 << 8 | 255)
    return Candidate(id=number, type=kind, address=address, port=port, priority=priority, **more)


class Side:
    """One core with its bases."""

    def __init__(self, stage: Stage, name: str, timing: core.Timing | None, number: int) -> None:
        self.stage = stage
        self.name = name
        self.ufrag, self.pwd = f"{name}00", name[0] * 22
        self.agent = core.Agent(
            random.Random(number),
            ufrag=self.ufrag,
            pwd=self.pwd,
            now=stage.now,
            timing=timing,
            routes=lambda _: self.route,
        )
        self.route: str | None = None
        """The address that everything is sent from by the routing table: the first socket's."""
        self.bases: dict[Address, core.Base] = {}
        self.session = Session()
        self.events: list[events.Event] = []
        self.sent: list[tuple[float, core.SendStun]] = []
        self.asked: list[core.Output] = []
        """Prepare, Prove and SeenAs."""
        self.ticks = 0

    def base(self, address: str, port: int = 4000, kind: CandidateType = "host") -> core.Base:
        """One more base."""
        base = core.Base(candidate(address, port, kind, f"L{len(self.bases) + 1}"))
        self.bases[base.address] = base
        if kind == "host":
            self.route = self.route or address
        self.tell(events.CandidateGathered, {"candidate": base.candidate})
        self.do(self.agent.add_base, base, self.stage.now)
        return base

    def do(self, method: Callable[..., Any], *args: Any, **more: Any) -> Any:
        """Call the core and do what it wants done."""
        result = method(*args, **more)
        while (output := self.agent.next_output()) is not None:
            match output:
                case core.Tell():
                    self.tell(output.kind, output.fields)
                case core.SendStun():
                    self.sent.append((self.stage.now, output))
                    self.stage.carry(self, output.base, output.to, output.message.raw)
                case core.SendData():
                    self.stage.carry(self, output.base, output.to, output.data)
                case _:
                    self.asked.append(output)
        return result

    def tell(self, kind: type[events.Event], fields: dict[str, Any]) -> None:
        values = {k: v.at if isinstance(v, Moment) else v for k, v in fields.items()}
        event = kind(wall=self.stage.now, t=self.stage.now, **values)
        self.events.append(event)
        self.session.apply(event)  # type: ignore[arg-type]  # all are of the union

    def of(self, kind: type[events.Event]) -> list[Any]:
        """All events of a kind so far."""
        return [e for e in self.events if isinstance(e, kind)]

    def know(
        self,
        other: Side,
        *,
        controlling: bool | None = None,
        complete: bool = True,
        icetui: bool = False,
        renominates: bool = True,
        **changed: str,
    ) -> None:
        """Take in the other's description, as it is by now; `icetui`: from a blob;
        `renominates`: it says that a nomination may be followed by another."""
        for base in other.bases.values():
            self.learn(base.candidate)
        if controlling is None:
            controlling = self.ufrag > other.ufrag
        ufrag, pwd = changed.get("ufrag", other.ufrag), changed.get("pwd", other.pwd)
        now = self.stage.now
        self.do(
            self.agent.describe, ufrag, pwd,
            lite=False, controlling=controlling, complete=complete, icetui=icetui,
            renominates=renominates, now=now,
        )  # fmt: skip

    def learn(self, theirs: Candidate) -> bool:
        taken: bool = self.do(self.agent.add_remote, theirs, self.stage.now)
        return taken

    def hear(self, to: Address, source: Address, data: bytes, held: float = 0.0) -> None:
        """A datagram arrives; it is looked at `held` seconds after it came."""
        base, now = self.bases.get(to), self.stage.now
        if base is None:
            return  # it was lost while this was on its way
        if not stun.is_stun(data):
            self.do(self.agent.data_received, base, source, data, now)
            return
        message = stun.parse(data)
        assert message.fault is None
        self.do(self.agent.received, base, source, message, now - held, now)

    @property
    def pair(self) -> events.Pair:
        """The only one."""
        (pair,) = self.session.pairs.values()
        return pair

    def requests(self) -> list[float]:
        """When each Binding request left, first or repeated."""
        return [t for t, s in self.sent if s.message.message_class == stun.Class.REQUEST]


class Stage:
    """A clock, two sides, and what is on its way between them."""

    def __init__(self, timing: core.Timing | None = None, *, delay: float = 0.02) -> None:
        """`delay`: seconds, one way."""
        self.now = BEGAN
        self.delay = delay
        self.lost: Callable[[Side, Address, bytes], bool] = lambda side, to, data: False
        """Whether what a side sends to an address gets lost."""
        self.held = 0.0
        """Seconds that bob's machine takes to look at what came."""
        self._order = itertools.count()
        self._wires: list[tuple[float, int, Side, Address, Address, bytes]] = []
        self.alice = Side(self, "alice", timing, 1)
        self.bob = Side(self, "bob", timing, 2)
        self.sides = (self.alice, self.bob)

    def carry(self, sender: Side, base: core.Base, to: Address, data: bytes) -> None:
        """Put a datagram on its way."""
        receiver = self.bob if sender is self.alice else self.alice
        if to not in receiver.bases or self.lost(sender, to, data):
            return
        held = self.held if receiver is self.bob else 0.0
        arrives = self.now + self.delay + held
        heapq.heappush(self._wires, (arrives, next(self._order), receiver, to, base.address, data))

    def run(self, seconds: float) -> None:
        """Let so much time pass."""
        self.run_until(lambda: False, seconds)

    def run_until(self, true: Callable[[], Any], within: float) -> float:
        """Let time pass until something is true; returns how much did."""
        began, end = self.now, self.now + within
        while not true():
            due = self._next_due()
            if due > end:
                self.now = end
                break
            self.now = max(self.now, due)
            self._step()
        return self.now - began

    def _next_due(self) -> float:
        dues = [due for side in self.sides if (due := side.agent.next_due()) is not None]
        if self._wires:
            dues.append(self._wires[0][0])
        return min(dues, default=float("inf"))

    def _step(self) -> None:
        if self._wires and self._wires[0][0] <= self.now:
            _, _, side, to, source, data = heapq.heappop(self._wires)
            side.hear(to, source, data, self.held if side is self.bob else 0.0)
            return
        for side in self.sides:
            due = side.agent.next_due()
            if due is not None and due <= self.now:
                side.ticks += 1
                side.do(side.agent.tick, self.now)

    def homes(self) -> None:
        """A base each."""
        self.alice.base("192.0.2.1")
        self.bob.base("192.0.2.2")

    def connect(self, *, icetui: bool = False) -> None:
        """A base each, both descriptions known, and the pair nominated."""
        self.homes()
        self.meet(icetui=icetui)

    def meet(self, *, icetui: bool = False, renominates: bool = True) -> None:
        """Both learn of each other, and wait for the nomination."""
        self.alice.know(self.bob, icetui=icetui, renominates=renominates)
        self.bob.know(self.alice, icetui=icetui, renominates=renominates)
        self.run_until(self.completed, 5.0)
        assert self.completed(), [s.session.state for s in self.sides]

    def completed(self) -> bool:
        return all(s.session.state == "completed" for s in self.sides)

    def connected(self) -> bool:
        return all(s.session.connected for s in self.sides)
