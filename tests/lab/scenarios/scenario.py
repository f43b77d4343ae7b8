"""What a scenario is, and how its outcome is judged."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Sequence

from icetui.diagnosis import Finding, diagnose
from icetui.events import AnyEvent
from icetui.session import Session
from tests.lab.scenarios.stage import Stage
from tests.lab.topology import Topology

SAMPLE = 0.25
"""Seconds of a session between two looks for false claims."""
SIDES = ("alice", "bob")
AGAIN, AGAIN_EVERY = 5.0, 0.5
"""Seconds beyond ``watch`` until the first finding must be right: a machine may be busy, and a side
that has nothing to tell says nothing for up to two."""
Play = Callable[[Stage], None]


@dataclasses.dataclass(frozen=True)
class Scenario:
    """One broken network. ``alice`` and ``bob`` name the rules of which that side's first finding
    must be one; a side without any is only watched for false claims."""

    name: str
    cause: str
    play: Play
    topology: Topology
    alice: tuple[str, ...] = ()
    bob: tuple[str, ...] = ()
    also: tuple[str, ...] = ()
    """Rules that may say a problem or a warning besides, on either side; all others lie."""
    says: str = ""
    """Words that must stand in what Alice's first finding claims or rests on."""
    watch: float = 3.5
    """Seconds from the end of ``play`` until the outcome is looked at."""
    server: bool = True
    slow: bool = False
    """Left out by ``--quick``."""

    @property
    def key(self) -> str:
        """The name as a file may have it."""
        return "-".join("".join(c if c.isalnum() else " " for c in self.name.lower()).split())


SCENARIOS: list[Scenario] = []


def scenario(
    name: str, cause: str, *, alice_nat: str = "prc", bob_nat: str = "prc", **fields: object
) -> Callable[[Play], Play]:
    """Put the function below into the list."""

    def add(play: Play) -> Play:
        topology = fields.pop("topology", None) or Topology.pair(alice_nat, bob_nat)
        SCENARIOS.append(
            Scenario(name=name, cause=cause, play=play, topology=topology, **fields)  # type: ignore[arg-type]  # by name
        )
        return play

    return add


@dataclasses.dataclass(frozen=True)
class Verdict:
    """One side's outcome."""

    side: str
    first: Finding | None
    right: bool
    false: tuple[Finding, ...]
    """Problems and warnings said at any moment that are none."""

    @property
    def good(self) -> bool:
        return self.right and not self.false


def judge(scenario: Scenario, side: str, events: Sequence[AnyEvent]) -> Verdict:
    """What that side said, from its first event to its last."""
    wanted: tuple[str, ...] = getattr(scenario, side)
    allowed = {*scenario.alice, *scenario.bob, *scenario.also}
    session, false = Session(), {}
    said: list[Finding] = []
    next_look = 0.0
    for event in events:
        session.apply(event)
        if session.t >= next_look:
            next_look = session.t + SAMPLE
            said += diagnose(session)
    final = diagnose(session)
    for finding in [*said, *final]:
        if finding.severity in ("problem", "warning") and finding.rule not in allowed:
            false[finding.rule] = finding
    first = final[0] if final else None
    says = scenario.says if side == SIDES[0] else ""
    right = not wanted or (
        first is not None and first.rule in wanted and says in f"{first.claim} {first.evidence}"
    )
    return Verdict(side, first, right, tuple(false.values()))


def looked_at(
    scenario: Scenario, stage: Stage
) -> tuple[dict[str, list[AnyEvent]], tuple[Verdict, ...]]:
    """What both sides have told once their first findings are right, or after ``AGAIN``."""
    for left in range(round(AGAIN / AGAIN_EVERY), -1, -1):
        told = {side: stage.told(side) for side in SIDES}
        verdicts = tuple(judge(scenario, side, told[side]) for side in SIDES if told[side])
        if left == 0 or all(verdict.right for verdict in verdicts):
            break
        stage.wait(AGAIN_EVERY)
    return told, verdicts


def named(names: Iterable[str]) -> list[Scenario]:
    """The scenarios whose key contains one of ``names``; all without any. Raises ``KeyError``."""
    wanted = list(names)
    for name in wanted:
        if not any(name in s.key for s in SCENARIOS):
            raise KeyError(
                f"no scenario is called {name}; there are {', '.join(s.key for s in SCENARIOS)}"
            )
    return [s for s in SCENARIOS if not wanted or any(name in s.key for name in wanted)]
