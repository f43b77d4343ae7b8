"""What must hold in every network, one function for each; what does not is told with evidence."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from icetui import events
from icetui.vnet.servers import TurnOptions
from tests.vnet.search.ideal import WAYS, Way
from tests.vnet.search.play import Run, Side
from tests.vnet.search.truth import Stretch, Truth, loses

REACH = 5.0
"""Seconds for which a way may stand before both are connected: 2 s between checks of failed pairs
(`Timing.recheck`), both sides'; …"""
REACH_LOSSY = 14.0
"""… where packets are lost, a few such checks may be."""
BETTER = 16.0
"""The same for a better way than the one in use: 10 s between checks (`recheck_direct`), 3 s until
it is trusted, and a nomination. Loss-free networks only."""
SLACK = 0.020
PACE = 0.005
"""Of the first path: the bound is the ideal agent's time, plus these: one, and one Ta a pair."""
WINDOW_MOST = 230
"""Requests in one second: one each Ta (RFC 8445 section 14.2), and gathering's first ones."""
QUIET_AFTER, QUIET_MOST = 20.0, 60
"""Seconds after both know both and after the last change, and packets a second from then on."""
CONSENT = 30.0
"""RFC 7675 section 5.1."""
CONSENT_SLACK = 3.0
SETTLED = 12.0
"""Seconds without a change after which both ends have to agree."""


@dataclass(frozen=True)
class Violation:
    """Something that must not be."""

    kind: str
    evidence: str


def check(run: Run, truth: Truth) -> list[Violation]:
    """All that does not hold."""
    return [v for invariant in INVARIANTS for v in invariant(run, truth)]


# --- when a side had what ------------------------------------------------------------------------


@dataclass(frozen=True)
class Standing:
    """What a side had from a time on; way None: no path."""

    at: float
    way: Way | None
    pair: str | None


def timeline(run: Run, side: Side) -> list[Standing]:
    """Every change of a side's path until looking ended."""
    relays = relay_addresses(run)
    candidates: dict[str, events.Candidate] = {}
    pairs: dict[str, events.Pair] = {}
    selected: str | None = None
    state: events.ConnectionState = "new"
    found = [Standing(0.0, None, None)]
    for event, at in zip(side.events, side.at, strict=True):
        if at > run.until:
            break
        if isinstance(event, events.CandidateGathered | events.RemoteCandidateAdded):
            candidates[event.candidate.id] = event.candidate
            continue
        if isinstance(event, events.PairChanged):
            pairs[event.pair.id] = event.pair
            continue
        if isinstance(event, events.SelectedPairChanged):
            selected = event.pair
        elif isinstance(event, events.ConnectionStateChanged):
            state = event.state
        else:
            continue
        up = selected is not None and state in ("connected", "completed")
        pair = pairs.get(selected) if up and selected is not None else None
        way = None
        if pair is not None:
            local, remote = candidates[pair.local], candidates[pair.remote]
            way = WAYS[(local.type == "relay") + (remote.address in relays)]
        if (way, selected) != (found[-1].way, found[-1].pair):
            found.append(Standing(at, way, selected))
    return found


def relay_addresses(run: Run) -> set[str]:
    """Where relayed ports are, and where servers say that they are."""
    found: set[str] = set()
    for server in run.network.servers.values():
        if isinstance(server.options, TurnOptions):
            found |= {*server.options.addresses, *server.options.relay_addresses}
            found |= set(server.options.external)
    return found


def pieces(line: list[Standing], until: float) -> Iterator[tuple[float, float, Way | None]]:
    """Stretches with one way; neighbours with the same way are one."""
    begin, way = line[0].at, line[0].way
    for standing in line[1:]:
        if standing.way != way:
            yield begin, standing.at, way
            begin, way = standing.at, standing.way
    yield begin, until, way


def lacking(
    line: list[Standing],
    until: float,
    stretches: list[Stretch],
    enough: Callable[[Way | None], bool],
) -> tuple[float, float]:
    """The longest time within a stretch in which the side had not enough: seconds, from when."""
    worst = 0.0, 0.0
    bad: list[tuple[float, float]] = []
    for begin, end, way in pieces(line, until):
        if not enough(way):
            if bad and bad[-1][1] == begin:
                bad[-1] = bad[-1][0], end
            else:
                bad.append((begin, end))
    for a, b in stretches:
        for c, d in bad:
            lasted = min(b, d) - max(a, c)
            if lasted > worst[0]:
                worst = lasted, max(a, c)
    return worst


# --- invariants ---------------------------------------------------------------------------------


def nothing_breaks(run: Run, truth: Truth) -> Iterator[Violation]:
    """No exception that nobody handles, no engine that ends."""
    for failure in dict.fromkeys(run.failures):
        yield Violation("exception", failure)
    for side in run.sides.values():
        for event in side.events:
            if isinstance(event, events.EngineFailed):
                yield Violation("engine-failed", f"{side.name}: {event.problem}")


def no_storm(run: Run, truth: Truth) -> Iterator[Violation]:
    """Bounded in packets and events; after a while the rate is low."""
    if run.storm:
        yield Violation("storm", run.storm)
        return
    if run.both_known is None:
        return
    quiet = max([run.both_known, *(c.at for c in run.network.changes)]) + QUIET_AFTER
    for side in run.sides.values():
        rates = [(n, s) for s, n in side.packets.items() if quiet < s < run.until - 1]
        most, second = max(rates, default=(0, 0))
        if most > QUIET_MOST:
            yield Violation("no-rest", f"{side.name}: {most} packets in second {second}")


def paced(run: Run, truth: Truth) -> Iterator[Violation]:
    """No more requests than RFC 8445 section 14 allows."""
    for side in run.sides.values():
        sent = [
            at
            for event, at in zip(side.events, side.at, strict=True)
            if isinstance(event, events.StunMessage)
            and event.direction == "out"
            and event.message_class == "request"
        ]
        first = 0
        for last, at in enumerate(sent):
            while sent[first] < at - 1.0:
                first += 1
            if last - first + 1 > WINDOW_MOST:
                yield Violation(
                    "pacing", f"{side.name}: {last - first + 1} requests within 1 s, at {at:.2f}"
                )
                break


def gathering_ends(run: Run, truth: Truth) -> Iterator[Violation]:
    """Whatever the servers do."""
    if run.storm or run.network.changes:
        return
    for side in run.sides.values():
        complete = any(
            isinstance(e, events.GatheringStateChanged) and e.state == "complete"
            for e in side.events
        )
        if not complete:
            yield Violation("gathering-endless", f"{side.name}: not complete by {run.until:.1f} s")


def reaches(run: Run, truth: Truth) -> Iterator[Violation]:
    """Whoever can connect is connected, and again after a fault."""
    if run.storm:
        return
    bound = REACH_LOSSY if loses(run.network) else REACH
    for side in run.sides.values():
        line = timeline(run, side)
        lasted, since = lacking(line, run.until, truth.any, lambda way: way is not None)
        if lasted > bound:
            had = any(s.way is not None and s.at <= since for s in line)
            kind = "not-recovered" if had else "not-reached"
            best = next(way for way in WAYS if covers(truth.ways[way], since, since + lasted))
            yield Violation(
                f"{kind} {best}",
                f"{side.name}: no path for {lasted:.1f} s from {since:.2f}, while a way stood; "
                f"of the ways: {shown(truth)}",
            )


def covers(stretches: list[Stretch], begin: float, end: float) -> bool:
    return any(a < end and b > begin for a, b in stretches)


def takes_the_best(run: Run, truth: Truth) -> Iterator[Violation]:
    """Direct where that can be, over one relay where one does."""
    if run.storm or loses(run.network):
        return
    for better, limit in ((WAYS[0], 1), (WAYS[1], 2)):
        for side in run.sides.values():
            line = timeline(run, side)
            stretches = truth.at_best(better)

            def enough(way: Way | None, limit: int = limit) -> bool:
                return way is None or WAYS.index(way) < limit

            lasted, since = lacking(line, run.until, stretches, enough)
            if lasted > BETTER:
                yield Violation(
                    f"not-{better.replace(' ', '-')}",
                    f"{side.name}: a worse way for {lasted:.1f} s from {since:.2f}; of the ways: "
                    f"{shown(truth)}",
                )


def soon(run: Run, truth: Truth) -> Iterator[Violation]:
    """The first path is there as soon as an ideal agent's, but for the pace of checks."""
    known = run.both_known
    if run.storm or known is None or loses(run.network):
        return
    early = min((c.at for c in run.network.changes), default=run.until)
    for side in run.sides.values():
        ideal = truth.first[side.name]
        if ideal is None or ideal < known - 1 or ideal + REACH > early:
            continue
        first = next((s.at for s in timeline(run, side) if s.way is not None), None)
        if first is None:
            continue
        number = sum(isinstance(e, events.RemoteCandidateAdded) for e in side.events)
        own = sum(isinstance(e, events.CandidateGathered) for e in side.events)
        bound = SLACK + PACE * number * own
        if first - ideal > bound:
            best = min(truth.firsts[side.name], key=lambda way: truth.firsts[side.name][way])
            yield Violation(
                f"slow {best}",
                f"{side.name}: first path {first - known:.3f} s after both knew both, an ideal "
                f"agent's {ideal - known:.3f} s; {bound:.3f} s more are allowed",
            )


def agree(run: Run, truth: Truth) -> Iterator[Violation]:
    """Both ends use one pair, and one controls (RFC 8445 section 7.3.1.1)."""
    last = max([run.both_known or 0.0, *(c.at for c in run.network.changes)])
    if run.storm or run.until - last < SETTLED:
        return
    one, other = run.sides.values()
    ends = [timeline(run, side)[-1] for side in (one, other)]
    if any(end.way is None for end in ends) or any(
        end.at > run.until - SETTLED / 2 for end in ends
    ):
        return
    sessions = [side.session_at(run.until) for side in (one, other)]
    if {s.role for s in sessions} != {"controlling", "controlled"}:
        yield Violation("roles", f"{sessions[0].role} and {sessions[1].role}")
    if ends[0].way != ends[1].way:
        yield Violation(
            "disagree-way", f"{ends[0].way} ({ends[0].pair}), {ends[1].way} ({ends[1].pair})"
        )
        return
    for side, mine, theirs in (
        (one, sessions[0], sessions[1]),
        (other, sessions[1], sessions[0]),
    ):
        pair, far = mine.selected_pair, theirs.selected_pair
        if pair is None or far is None:
            continue
        candidate = mine.remote_candidates[pair.remote]
        place = events.address_port(candidate.address, candidate.port)
        if far.mapped is not None and place != far.mapped:
            yield Violation(
                "disagree-pair",
                f"{side.name} sends to {place} ({pair.id}), the other sends from {far.mapped} "
                f"({far.id})",
            )


def consent(run: Run, truth: Truth) -> Iterator[Violation]:
    """No path is used for longer than 30 s after the last answer."""
    for side in run.sides.values():
        last: float | None = None
        line = iter([*timeline(run, side)[1:], Standing(run.until, None, None)])
        answers = iter(
            at
            for event, at in zip(side.events, side.at, strict=True)
            if isinstance(event, events.StunMessage)
            and event.direction == "in"
            and event.message_class == "response"
            and event.pair
        )
        standing: Standing | None = None
        answer = next(answers, None)
        for following in line:
            if standing is not None and standing.way is not None:
                while answer is not None and answer <= following.at:
                    if (
                        last is not None
                        and answer - last > CONSENT + CONSENT_SLACK
                        and (answer > standing.at)
                    ):
                        yield Violation(
                            "consent", f"{side.name}: none from {last:.1f} to {answer:.1f}"
                        )
                    last = answer
                    answer = next(answers, None)
                begin = max(standing.at, last or 0.0)
                if following.at - begin > CONSENT + CONSENT_SLACK:
                    yield Violation(
                        "consent", f"{side.name}: none from {begin:.1f} to {following.at:.1f}"
                    )
            standing = following


def leaves(run: Run, truth: Truth) -> Iterator[Violation]:
    """Leaving ends a session within a second, whatever the network does."""
    if run.storm:
        return
    held = {"suspend", "stop", "reboot"}
    for side in run.sides.values():
        host = side.start.host
        if any(c.__struct_config__.tag in held and c.whom == host for c in run.network.changes):
            continue
        closed = next(
            (at for e, at in zip(side.events, side.at, strict=True)
             if isinstance(e, events.SessionClosed)), None,
        )  # fmt: skip
        if closed is None or closed - run.until > 1.5:
            yield Violation(
                "does-not-leave", f"{side.name}: closed at {closed}, asked at {run.until}"
            )


def shown(truth: Truth) -> str:
    """The ways and when they stood."""
    return "; ".join(
        f"{way} {', '.join(f'{a:.1f}–{b:.1f}' for a, b in stretches)}"
        for way, stretches in truth.ways.items()
        if stretches
    )


INVARIANTS = (
    nothing_breaks, no_storm, paced, gathering_ends, reaches, takes_the_best, soon, agree, consent,
    leaves,
)  # fmt: skip
