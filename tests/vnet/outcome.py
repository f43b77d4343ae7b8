"""What is compared of a network played twice: what each side found, saw and said."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence

import msgspec

from icetui.events import AnyEvent
from icetui.session import fold
from tests.lab.scenarios import table  # loads every module that has scenarios
from tests.lab.scenarios.scenario import SCENARIOS, Scenario, Verdict
from tests.lab.scenarios.stage import Stage
from tests.lab.topology import KINDS, Topology

WATCH = 4.0
"""Seconds for which a healthy cell is watched, longer than any silence needs to tell something."""
SCENARIO_MODULES = table.MODULES


class Side(msgspec.Struct, frozen=True):
    """One side's end."""

    state: str
    path: str
    """`direct`, `relayed` or `none`."""
    mapping: str
    filtering: str
    """Of the NAT in front of it, as RFC 4787 has it."""
    first: str
    """The rule of its first finding."""
    false: tuple[str, ...] = ()
    """Rules that said a problem or a warning that there is not."""
    right: bool = True
    """Whether its first finding is one of those that the scenario asks for."""

    @property
    def facts(self) -> tuple[str, str, str, str]:
        """What no timing may change."""
        return self.state, self.path, self.mapping, self.filtering


Outcome = dict[str, Side]
"""By side."""


def outcome(told: Mapping[str, Sequence[AnyEvent]], verdicts: Sequence[Verdict]) -> Outcome:
    """Of the sessions of a play, as far as they were looked at."""
    return {verdict.side: _side(told[verdict.side], verdict) for verdict in verdicts}


def _side(stream: Sequence[AnyEvent], verdict: Verdict) -> Side:
    session = fold(stream)
    pair, nat = session.selected_pair, session.nat
    return Side(
        state=session.state_before_closing,
        path="none" if pair is None else "relayed" if session.relayed(pair) else "direct",
        mapping=nat.mapping if nat is not None else "unknown",
        filtering=nat.filtering if nat is not None else "unknown",
        first=verdict.first.rule if verdict.first is not None else "",
        false=tuple(sorted(finding.rule for finding in verdict.false)),
        right=verdict.right,
    )


def _connect(stage: Stage) -> None:
    stage.connect()


def cells(kinds: Sequence[str] = KINDS) -> list[Scenario]:
    """NAT kinds × NAT kinds, with every server there is: each connects."""
    return [
        Scenario(
            name=f"{alice} {bob}",
            cause="none",
            play=_connect,
            topology=Topology.pair(alice, bob),
            watch=WATCH,
        )
        for alice, bob in itertools.product(kinds, kinds)
    ]


def plays() -> list[Scenario]:
    """All cells and all scenarios."""
    return [*cells(), *SCENARIOS]
