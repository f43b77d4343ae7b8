"""Plays one network and says what does not hold in it."""

from __future__ import annotations

from dataclasses import dataclass

from icetui.vnet.network import Network
from tests.vnet.search.claims import Naming, false_claims, missed, namings, silences
from tests.vnet.search.invariants import Violation, check
from tests.vnet.search.play import Run, play
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
    luck: bool = False
    """Something was passed over, because other dice give another truth."""


def judge(network: Network, *, talk: bool = True) -> Judgement:
    """Play it, find out the truth, compare; `talk`: the diagnosis, too."""
    run = play(network)
    truth = find(network, run.times, run.until)
    violations = check(run, truth)
    named = [*namings(run, truth), *silences(run)] if talk else []
    false = [*false_claims(run, truth), *missed(named)] if talk else []
    doubtful = [v for v in violations if v.kind.startswith(BY_TRUTH)]
    if doubtful and by_luck(network, run.times, run.until, truth):
        rest = [v for v in violations if v not in doubtful]
        return Judgement(run, truth, rest, false, named, luck=True)
    return Judgement(run, truth, violations, false, named)
