"""What must hold in every network, one function for each; what does not is told with evidence."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from icetui import events
from icetui.vnet.changes import Continue, Resume
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
CHECKS_MOST, REQUESTS_MOST = 220, 400
"""In one second: requests on pairs, one check each Ta (RFC 8445 section 14.2) and a few to keep
consent, which Ta does not pace; and requests of every kind."""
QUIET_AFTER, QUIET_FOR, QUIET_MOST, QUIET_LOSSY = 20, 5, 45, 100
"""Seconds after both know both and after the last change; seconds over which is counted, and
packets a second from then on; more where packets are lost: silence has to be told from loss."""
CONSENT = 30.0
"""RFC 7675 section 5.1."""
CONSENT_SLACK = 3.0
WAKING = 1.0
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
    most = QUIET_LOSSY if loses(run.network) else QUIET_MOST
    # Consent that has expired begins a generation, whose pairs are all checked: once for each loss.
    begun = [
        at
        for side in run.sides.values()
        for event, at in zip(side.events, side.at, strict=True)
        if isinstance(event, events.CredentialsRenewed)
    ]
    quiet = max([run.both_known, *begun, *(c.at for c in run.network.changes)]) + QUIET_AFTER
    for side in run.sides.values():
        for second in range(int(quiet) + 1, int(run.until) - QUIET_FOR):
            sent = sum(side.packets.get(s, 0) for s in range(second, second + QUIET_FOR))
            if sent > most * QUIET_FOR:
                yield Violation(
                    "no-rest", f"{side.name}: {sent} packets in {QUIET_FOR} s from {second}"
                )
                break


def paced(run: Run, truth: Truth) -> Iterator[Violation]:
    """No more requests than RFC 8445 section 14 allows."""
    for side in run.sides.values():
        sent = [
            (at, event.pair is not None)
            for event, at in zip(side.events, side.at, strict=True)
            if isinstance(event, events.StunMessage)
            and event.direction == "out"
            and event.message_class == "request"
        ]
        checks = [at for at, pair in sent if pair]
        for what, times, most in (
            ("checks", checks, CHECKS_MOST),
            ("requests", [at for at, _ in sent], REQUESTS_MOST),
        ):
            number, when = crowded(times, 1.0)
            if number > most:
                yield Violation(
                    f"pacing of {what}", f"{side.name}: {number} {what} within 1 s, at {when:.2f}"
                )


def crowded(times: list[float], window: float) -> tuple[int, float]:
    """How many there are at most within a window that holds its beginning, and when it ends."""
    most, when, first = 0, 0.0, 0
    for last, at in enumerate(times):
        while times[first] <= at - window:
            first += 1
        if last - first + 1 > most:
            most, when = last - first + 1, at
    return most, when


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
    """The first path is there one and a half round trips after both know both, or as soon as an
    ideal agent's, but for the pace of checks."""
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
        firsts = truth.firsts[side.name]
        best = min(firsts, key=lambda way: firsts[way])
        least = max(ideal, known + 1.5 * truth.round_trips[best])
        if first - least > bound:
            yield Violation(
                f"slow {best}",
                f"{side.name}: first path {first - known:.3f} s after both knew both, an ideal "
                f"agent's {ideal - known:.3f} s, 1.5 round trips "
                f"{1.5 * truth.round_trips[best]:.3f} s; {bound:.3f} s more are allowed",
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
    """No path is used for longer than 30 s after the last answer; whoever wakes up gets a moment to
    see that they have passed."""
    for side in run.sides.values():
        wakes = [
            change.at
            for change in run.network.changes
            if isinstance(change, Resume | Continue) and change.whom == side.start.host
        ]
        up, last = False, 0.0
        for event, at in zip(side.events, side.at, strict=True):
            if at > run.until:
                break
            if (
                up
                and at - last > CONSENT + CONSENT_SLACK
                and not any(at - WAKING < wake <= at for wake in wakes)
            ):
                yield Violation("consent", f"{side.name}: up at {at:.1f}, answer at {last:.1f}")
                break
            if isinstance(event, events.ConnectionStateChanged):
                if event.state in ("connected", "completed") and not up:
                    up, last = True, at
                elif event.state not in ("connected", "completed"):
                    up = False
            elif (
                isinstance(event, events.StunMessage)
                and event.direction == "in"
                and event.message_class == "response"
                and event.pair
            ):
                last = at


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
