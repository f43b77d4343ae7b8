"""Plays one network and says what does not hold in it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from icetui.vnet.network import Network
from tests.vnet.search.claims import Naming, false_claims, missed, namings, silences
from tests.vnet.search.invariants import Violation, check
from tests.vnet.search.play import Run, play
from tests.vnet.search.remedies import works
from tests.vnet.search.truth import Truth, by_luck, find

BY_TRUTH = ("not-", "slow")
"""Kinds that rest on what an ideal agent could do; they count where that is not luck."""


@dataclass(frozen=True)
class Judgement:
    """Of one network."""

    run: Run
    truth: Truth
    violations: list[Violation]
    claims: list[Violation]
    """What the diagnosis says and should not, or does not say; not the engine's doing."""
    namings: list[Naming]
    """What it says of a network in which no path can exist."""
    remedies: list[tuple[bool, str, bool]] = field(default_factory=list)
    """Of those whose remedy was carried out: whether the first was right, its code, whether doing
    what it and the second say leads to a path."""
    luck: bool = False
    """Something was passed over, because other dice give another truth."""


def judge(network: Network, *, talk: bool = True, remedies: bool = False) -> Judgement:
    """Play it, find out the truth, compare; `talk`: the diagnosis, too; `remedies`: do what it
    says."""
    run = play(network)
    truth = find(network, run.times, run.until)
    violations = check(run, truth)
    named = [*namings(run, truth), *silences(run)] if talk else []
    false = [*false_claims(run, truth), *missed(named)] if talk else []
    done = list(carried_out(network, run, named)) if remedies else []
    doubtful = [v for v in violations if v.kind.startswith(BY_TRUTH)]
    if doubtful and by_luck(network, run.times, run.until, truth):
        rest = [v for v in violations if v not in doubtful]
        return Judgement(run, truth, rest, false, named, done, luck=True)
    return Judgement(run, truth, violations, false, named, done)


def carried_out(
    network: Network, run: Run, named: Iterable[Naming]
) -> Iterator[tuple[bool, str, bool]]:
    """What the first two hypotheses of each list say to do, done."""
    for naming in named:
        outcome = works(naming.codes[:2], network, naming.side, run.times)
        if outcome is not None:
            yield naming.first, naming.codes[0], outcome
