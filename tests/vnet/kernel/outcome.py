"""What is compared of a network played twice: what each side found, saw and said."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

import msgspec

from icetui.events import AnyEvent, Candidate, Pair
from icetui.session import Session, fold
from tests.lab.scenarios.scenario import Scenario, Verdict

UNSTEADY = (
    "30-loss", "loss-in-one-direction", "line-that-comes-and-goes",
    "turn-server-restarted-under-a-relayed-path", "late-", "rebound-",
)  # fmt: skip
"""How the names of plays begin in which much hangs on chance or on the moment: of these only the
lasting facts are compared."""
LASTING = ("state", "path", "nats")
SAID_BY = re.compile(r"said ([0-9a-f.:]+)")


class Side(msgspec.Struct, frozen=True):
    """One side's end."""

    state: str
    path: str
    """`direct`, `relayed` or `none`."""
    nats: tuple[str, ...]
    """By local address, in RFC 4787's words: mapping, filtering, port preservation, hairpinning."""
    candidates: tuple[str, ...]
    servers: tuple[str, ...]
    pairs: tuple[str, ...]
    """Without ports and, where they succeeded or not, why."""
    first: str
    """The rule of its first finding."""
    false: tuple[str, ...] = ()
    """Rules that said a problem or a warning that there is not."""
    right: bool = True
    """Whether its first finding is one of those that the scenario asks for."""


Outcome = dict[str, Side]
"""By side."""


def outcome(told: Mapping[str, Sequence[AnyEvent]], verdicts: Sequence[Verdict]) -> Outcome:
    """Of the sessions of a play, as far as they were looked at."""
    return {verdict.side: _side(fold(told[verdict.side]), verdict) for verdict in verdicts}


def _side(session: Session, verdict: Verdict) -> Side:
    pair = session.selected_pair
    return Side(
        state=session.state_before_closing,
        path="none" if pair is None else "relayed" if session.relayed(pair) else "direct",
        nats=_listed(
            f"{n.local} {n.mapping} {n.filtering} {n.port_preservation} {n.hairpinning}"
            for n in session.nats.values()
        ),
        candidates=_listed(_end(c) for c in session.local_candidates.values()),
        servers=_listed(f"{s.url} {s.state} {s.reason or ''}" for s in session.servers.values()),
        pairs=_listed(_pair(session, p) for p in session.pairs.values()),
        first=verdict.first.rule if verdict.first is not None else "",
        false=_listed(finding.rule for finding in verdict.false),
        right=verdict.right,
    )


def _listed(texts: object) -> tuple[str, ...]:
    return tuple(sorted({text.strip() for text in texts}))  # type: ignore[attr-defined]  # texts


def _end(candidate: Candidate | None) -> str:
    return "?" if candidate is None else f"{candidate.type} {candidate.address}"


def _pair(session: Session, pair: Pair) -> str:
    local = _end(session.local_candidates.get(pair.local))
    remote = _end(session.remote_candidates.get(pair.remote))
    said_by = SAID_BY.search(pair.detail or "")
    router = f"said by {said_by[1]}" if said_by is not None else ""
    # A program that ends with the path leaves its last pairs within a check or just before it.
    state = "in-progress" if pair.state == "waiting" else pair.state
    return f"{local} - {remote} {state} {pair.reason or ''} {router}"


def differences(scenario: Scenario, one: Outcome, other: Outcome) -> list[str]:
    """In a line each. Where a scenario leaves a side several first findings, it may be another of
    them: which one hangs on when exactly it is looked at."""
    found = []
    for side in sorted({*one, *other}):
        if side not in one or side not in other:
            found.append(f"{side} was looked at once only")
            continue
        here, there = one[side], other[side]
        choice = len(getattr(scenario, side)) > 1 and here.right and there.right
        for name in Side.__struct_fields__:
            if name == "first" and choice:
                continue
            if name not in LASTING and scenario.key.startswith(UNSTEADY):
                continue
            mine, theirs = getattr(here, name), getattr(there, name)
            if isinstance(mine, tuple) and mine != theirs:
                found += [f"{side} {name}: + {text}" for text in mine if text not in theirs]
                found += [f"{side} {name}: - {text}" for text in theirs if text not in mine]
            elif mine != theirs:
                found.append(f"{side} {name}: {mine}, not {theirs}")
    return found
