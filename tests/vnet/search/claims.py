"""What the diagnosis says, held against what is true of the network.

For each rule that says something is wrong: what must be true for its claim to be. Only networks
that do not change are looked at, so that the truth is one; and where nobody can connect, the first
finding has to name a cause.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from icetui.diagnosis import Finding, diagnose
from icetui.vnet.network import Network
from icetui.vnet.network_parts import Router, Rule
from icetui.vnet.servers import StunOptions, TurnOptions
from tests.vnet.search.causes import causes
from tests.vnet.search.changed import reasons
from tests.vnet.search.invariants import Violation
from tests.vnet.search.play import Run, Side
from tests.vnet.search.truth import Truth, lines

LOOKS = (3.0, 8.0, 25.0)
"""Seconds after both know both."""
AFTER = (3.0, 6.0)
"""Seconds after each change."""
SILENT_PATH = ("silent-path", "path-lost", "relay-gone", "peer-gone")


@dataclass(frozen=True)
class Case:
    """A finding of one side at one time."""

    run: Run
    truth: Truth
    side: Side
    finding: Finding

    @property
    def network(self) -> Network:
        return self.run.network

    def route(self, side: Side) -> list[Router]:
        """The routers between a side and the internet."""
        host = self.network.hosts[side.start.host]
        links = [i.link for i in host.interfaces if i.link is not None]
        found: list[Router] = []
        for _ in range(4):
            for router in self.network.routers.values():
                inside = {a.link for a in router.inside}
                if router not in found and inside & set(links):
                    found.append(router)
                    links += [a.link for a in router.outside]
        return found

    def rules(self, side: Side) -> list[Rule]:
        """All firewall rules on a side's way that hinder, of the NATs that block UDP, too."""
        found = list(self.network.hosts[side.start.host].firewall)
        for router in self.route(side):
            found += router.firewall
            if router.nat == "udpblock":
                found.append(Rule(name="udpblock", protocol="udp"))
        return [r for r in found if r.action != "accept"]

    @property
    def any_rules(self) -> bool:
        return any(self.rules(side) for side in self.run.sides.values())

    @property
    def refusing_nat(self) -> bool:
        """Whether a NAT answers what nobody asked for."""
        return any(
            not isinstance(r.nat, str) and r.nat.unasked == "reject"
            for r in self.network.routers.values()
        )

    def server(self) -> StunOptions | TurnOptions | None:
        """The one whose address is in the evidence."""
        for server in self.network.servers.values():
            if any(a in self.finding.evidence for a in server.options.addresses):
                return server.options
        return None


def blocked_udp(case: Case) -> bool:
    """Some rule on this side's way is about UDP."""
    if "No server answers" in case.finding.claim:
        return True  # it names servers that are down as well
    return bool(case.rules(case.side))


def no_direct(case: Case) -> bool:
    return not case.truth.ways["direct"]


def firewall_or_mtu(case: Case) -> bool:
    return case.any_rules or any(line.mtu is not None for line in lines(case.network))


def lossy_somewhere(case: Case) -> bool:
    return (
        any(line.loss or line.rate for line in lines(case.network))
        or any(r.share < 1 or r.above_rate for s in case.run.sides.values() for r in case.rules(s))
        or any(s.options.ignores or s.options.rate for s in case.network.servers.values())
    )


def slow_somewhere(case: Case) -> bool:
    total = sum(line.delay for line in lines(case.network))
    delays = any(s.options.delay for s in case.network.servers.values())
    return total >= 0.15 or delays or any(line.rate for line in lines(case.network))


def server_fault(case: Case) -> bool:
    """The server, or the way to it, is not as it should be."""
    options = case.server()
    if options is None:
        return True  # an address at which nothing is
    plain = type(options)(addresses=options.addresses)
    if isinstance(options, TurnOptions) and isinstance(plain, TurnOptions):
        plain = TurnOptions(
            addresses=options.addresses, users=options.users, transports=options.transports,
        )  # fmt: skip
    return (
        options != plain
        or bool(case.rules(case.side))
        or any(line.loss or line.rate or line.mtu for line in lines(case.network))
    )


def wrong_password(case: Case) -> bool:
    return any(":wrong@" in url for url in case.side.start.turn)


def refused_peer(case: Case) -> bool:
    return any(
        isinstance(s.options, TurnOptions)
        and (
            len(s.options.denied) != len(TurnOptions().denied)
            or "create-permission" in s.options.errors
            or "channel-bind" in s.options.errors
        )
        for s in case.network.servers.values()
    )


def never(case: Case) -> bool:
    """Both run, both have each other's blob, none of the two is old or damaged."""
    return False


def late(case: Case) -> bool:
    """Some blob was given away long before it was used, or a NAT forgets."""
    return any(
        s.pasted is not None and s.copied is not None and s.pasted - s.copied > 1
        for s in case.run.sides.values()
    ) or any(s.start.pastes_at for s in case.run.sides.values())


def refuses(case: Case) -> bool:
    """Somebody answers with an ICMP error."""
    return case.refusing_nat or any(
        r.action == "reject" for s in case.run.sides.values() for r in case.rules(s)
    )


def prohibits(case: Case) -> bool:
    return any(
        r.action == "reject" and "prohibited" in r.reject_with
        for s in case.run.sides.values()
        for r in case.rules(s)
    )


def kept_apart(case: Case) -> bool:
    """Some network isolates its hosts."""
    return any(link.isolated for link in case.network.links.values())


def no_hairpin(case: Case) -> bool:
    """A router that both are behind."""
    one, other = (case.route(side) for side in case.run.sides.values())
    return any(r in other and r.nat != "open" for r in one)


def own_rules(case: Case) -> bool:
    host = case.network.hosts[case.side.start.host]
    return any(r.chain == "output" for r in host.firewall) or "own firewall" not in (
        case.finding.claim
    )


def clocks(case: Case) -> bool:
    return late(case) or any(h.wall_error for h in case.network.hosts.values())


def heard_not_answered(case: Case) -> bool:
    """One way works and the other does not: only a filter does that."""
    return case.any_rules or any(r.nat != "open" for r in case.network.routers.values())


MUST_BE: dict[str, Callable[[Case], bool]] = {
    "udp-blocked": blocked_udp,
    "no-direct-way": no_direct,
    "direct-blocked": lambda case: (
        firewall_or_mtu(case)
        or lossy_somewhere(case)
        or late(case)
        or ("kept apart" in case.finding.claim and kept_apart(case))
    ),
    "lossy-path": lossy_somewhere,
    "unsteady-path": lossy_somewhere,
    "slow-path": slow_somewhere,
    "silent-path": lossy_somewhere,
    "path-lost": lossy_somewhere,
    "relay-gone": never,
    "peer-gone": never,
    "not-heard": heard_not_answered,
    "nobody-listens": never,
    "unreachable": lambda case: refuses(case) or case.any_rules,
    "barred": prohibits,
    "same-address": lambda case: True,
    "no-hairpin": no_hairpin,
    "relay-forbidden": refused_peer,
    "allocation-lost": lambda case: server_fault(case) or lossy_somewhere(case),
    "allocation-expiring": lambda case: server_fault(case) or lossy_somewhere(case),
    "server-silent": server_fault,
    "server-closed": server_fault,
    "server-unreachable": server_fault,
    "server-unresolved": lambda case: bool(case.network.names),
    "server-useless": server_fault,
    "turn-credentials": wrong_password,
    "turn-quota": server_fault,
    "turn-refused": server_fault,
    "turn-tls": server_fault,
    "sending-refused": own_rules,
    "stale-blob": never,
    "they-hold-stale-blob": never,
    "they-hold-wrong-password": never,
    "wrong-password": never,
    "wrong-credentials": never,
    "not-pasted-yet": never,
    "old-blob": clocks,
    "nat-moved-us": late,
}
"""By rule: what has to be true. Rules that are not here say what cannot be false."""

CAUSE_OF: dict[str, tuple[str, ...]] = {
    "own-firewall": ("firewall",),
    "no-route": ("own-choice",),
    "virtual-interface": ("own-choice",),
    "udp-blocked-here": ("firewall",),
    "servers-dead": ("no-stun", "server"),
    "no-public-address": ("no-stun", "server"),
    "nats-exclude": ("nat",),
    "server-misleads": ("server",),
    "nats-may-exclude": ("nat",),
    "nats-one-way": ("nat",),
    "no-hairpin": ("nat",),
    "relay-missing": ("server", "nat", "password"),
    "relay-forbidden": ("server",),
    "relay-unreached": ("firewall",),
    "relay-deaf": ("server",),
    "relay-one-way": ("server",),
    "relay-only": ("own-choice",),
    "lossy-way": ("line",),
    "firewall-between": ("firewall",),
    "firewall-out": ("firewall",),
    "firewall-in": ("firewall",),
    "prohibited": ("firewall",),
    "unreachable": ("firewall", "server"),
    "refusing-router": ("firewall",),
    "udp-blocked-there": ("firewall",),
    "no-stun-there": ("no-stun", "server"),
    "slow-answers-there": ("line", "server"),
    "early-blob-there": ("line", "server"),
    "servers-dead-there": ("no-stun", "server"),
    "no-public-address-there": ("firewall", "no-stun", "server"),
    "same-numbers": ("no-stun",),
    "same-numbered-network": ("no-stun",),
}
"""By hypothesis: the causes it may be. Those that are not here are never true of two sides that
both run and have each other's blob: nobody has pasted late, left or been restarted."""

ACCEPTED: dict[str, tuple[str, ...]] = {
    "firewall": (
        "udp-blocked", "not-heard", "barred", "sending-refused", "unreachable", "no-hairpin",
        "private-addresses", "server-silent", "server-closed", "server-unreachable",
    ),
    "nat": ("no-direct-way", "no-hairpin"),
    "no-stun": ("private-addresses", "only-private", "no-candidates", "server-silent",
                "server-unresolved", "server-useless", "no-hairpin"),
    "server": ("server-", "turn-", "relay-forbidden", "private-addresses", "allocation-lost",
               "no-candidates", "no-candidates-of-theirs"),
    "password": ("turn-credentials", "no-candidates", "no-candidates-of-theirs"),
    "own-choice": ("no-common-family", "no-candidates", "turn-", "server-", "relay-forbidden",
                   "no-candidates-of-theirs", "virtual-interface", "one-sided-family"),
    "line": ("nothing-answers",),
}  # fmt: skip
"""By cause: the rules whose claim is one, by how their names begin."""


@dataclass(frozen=True)
class Naming:
    """What one side's first finding makes of a network in which no path can exist."""

    side: str
    rule: str
    causes: tuple[str, ...]
    """The true ones."""
    first: bool
    """Whether what it says, or lists first, is one of them."""
    within: bool
    """Whether one of them is in its list."""
    sure: bool
    claim: str
    soon: bool = False
    """Whether that was so at the first look already."""
    codes: tuple[str, ...] = ()
    """The hypotheses, the likeliest first."""


def false_claims(run: Run, truth: Truth) -> Iterator[Violation]:
    """What is said as if it were so, and is not."""
    known = run.both_known
    if run.storm or run.network.changes or known is None:
        return
    told: list[str] = []
    for side in run.sides.values():
        for look in LOOKS:
            for finding in diagnose(side.session_at(known + look)):
                must_be = MUST_BE.get(finding.rule)
                if finding.severity not in ("problem", "warning") or must_be is None:
                    continue
                if finding.strength != "is":
                    continue  # what may be is no claim; whether the truth is among it is counted
                if finding.rule not in told and not must_be(Case(run, truth, side, finding)):
                    told.append(finding.rule)
                    yield Violation(
                        f"claim {finding.rule}", f"{side.name} after {look:.0f} s: {finding.claim}"
                    )


def missed(found: Iterable[Naming]) -> Iterator[Violation]:
    """First findings that do not name the cause."""
    for naming in found:
        if naming.sure and not naming.first:
            yield Violation(f"claim {naming.rule}", f"{naming.side} {naming.claim}")
        elif not naming.within:
            yield Violation(
                f"cause missed by {naming.rule}",
                f"{naming.side}, the causes: {', '.join(naming.causes)}; said: {naming.claim}",
            )


def namings(run: Run, truth: Truth) -> Iterator[Naming]:
    """Where no path can exist the first finding names why: of both sides, that are not connected
    all the same."""
    known = run.both_known
    if run.storm or run.network.changes or known is None or truth.any:
        return
    true = causes(run.network, run.times, run.until)
    if not true:
        return  # not known here either
    for side in run.sides.values():
        session = side.session_at(known + LOOKS[-1])
        if session.connected:
            continue
        finding = next(iter(diagnose(session)), None)
        if finding is None:
            yield Naming(side.name, "nothing", tuple(true), False, False, False, "")
            continue
        first, within = named(finding, true)
        early = next(iter(diagnose(side.session_at(known + LOOKS[0]))), None)
        soon = early is not None and named(early, true)[0]
        yield Naming(
            side.name, finding.rule, tuple(true), first, within, finding.strength == "is",
            finding.claim, soon, tuple(h.code for h in finding.hypotheses),
        )  # fmt: skip


def silences(run: Run) -> Iterator[Naming]:
    """Where something has happened to the network and a path is silent: what is said of that."""
    known = run.both_known
    if run.storm or known is None:
        return
    for side in run.sides.values():
        here, there = side.start.host, run.other(side.name).start.host
        for at in sorted({change.at + look for change in run.network.changes for look in AFTER}):
            if not known <= at <= run.until:
                continue
            true = reasons(run.network, here, there, at)
            for finding in diagnose(side.session_at(at)):
                if finding.rule in SILENT_PATH:
                    found = [h.code in true for h in finding.hypotheses] or [False]
                    yield Naming(
                        side.name, finding.rule, ("a change",), found[0], any(found),
                        finding.strength == "is", f"at {at:.1f} s: {finding.claim}",
                    )  # fmt: skip


def named(finding: Finding, true: list[str]) -> tuple[bool, bool]:
    """Whether one of the causes is said or listed first; whether it is listed at all."""
    if finding.hypotheses:
        found = [
            any(cause in true for cause in CAUSE_OF.get(h.code, ())) for h in finding.hypotheses
        ]
        return found[0], any(found)
    said = any(finding.rule.startswith(name) for cause in true for name in ACCEPTED[cause])
    return said, said
