"""What servers saw of one local address → how the NAT in front of it behaves (RFC 5780, RFC 4787).

What belongs here: conclusions from evidence, and the sentences for what stays open. Pure: no
socket, no clock. Who asks is `examination.py`, how a single test is done `nat_probes.py`.
"""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass, field

from icetui.engine.binding import Answer
from icetui.engine.core import Failure
from icetui.engine.core.likelihood import private
from icetui.engine.net import Address
from icetui.engine.server_failure import ANSWERED
from icetui.events import NatBehaviour, NatDependence, Reason, address_port

HEARD = (ANSWERED | {Reason.ADDRESS_MISMATCH}) - {Reason.TLS}
"""Why a server was of no use although UDP went there and back."""
CARRIER_GRADE = ipaddress.ip_network("100.64.0.0/10")
"""RFC 6598: between a provider's NAT and its customers, and nowhere else on the way."""
MOST_NOTES = 8


@dataclass(slots=True)
class FilteringTest:
    """What came of asking one server to answer from elsewhere (RFC 5780 section 4.4).

    The control asks the same from a socket that has contacted those other addresses before, so
    that its NAT lets them in: it shows that the server does what it is asked.
    """

    server: Address
    other: Address
    address_passed: bool = False
    """An answer from the other address came in, though nothing was ever sent there."""
    port_passed: bool = False
    """One from the same address and the other port did."""
    address_control: bool = False
    port_control: bool = False
    ignored: bool = False
    """The server answered from the address it was asked at."""
    refused: str = ""
    """What it said instead."""
    reachable: bool = False
    """The other address answers when it is asked itself."""


@dataclass(slots=True)
class Evidence:
    """All that has been seen of one base in one round of questions."""

    base: Address
    interface: str | None = None
    seen: dict[Address, Address] = field(default_factory=dict)
    """For each address asked from the base, where it saw the base."""
    rewritten: dict[Address, Answer] = field(default_factory=dict)
    """Answers in which MAPPED-ADDRESS differs from XOR-MAPPED-ADDRESS."""
    silent: dict[Address, Failure] = field(default_factory=dict)
    """Servers that should have answered over UDP and did not, and why."""
    unexpected: set[Address] = field(default_factory=set)
    """Silent ones that need not offer UDP at all."""
    ports: set[tuple[int, int]] = field(default_factory=set)
    """Local port and the one the outside saw, of other sockets on the same address."""
    tests: list[FilteringTest] = field(default_factory=list)
    hairpin: bool | None = None
    routers: dict[int, str] = field(default_factory=dict)
    """Routers on the way to a server by their distance in hops."""
    relay_over_udp: bool = False
    """A TURN server answered a request for an allocation over UDP."""
    elsewhere: str | None = None
    """Another local address from which servers do answer."""
    over_tcp: tuple[str, ...] = ()
    """URIs of servers that answered over TCP or TLS."""
    mapping_settled: bool = False
    """Whether all are asked whose answers could show that the mapping depends on them."""
    moved: bool = False
    """The same server saw the base elsewhere when it was asked again."""
    nat64: bool = False
    """The base is an IPv6 one, and what it writes to IPv4 hosts passes a NAT64."""
    lived: float | None = None
    lapsed: float | None = None
    notes: list[str] = field(default_factory=list)
    complete: bool = False

    @property
    def outside(self) -> dict[Address, Address]:
        """What was seen by servers beyond the outermost NAT in sight: one within the own network
        sees the base itself, one between two NATs an address that is private."""
        translated = {s: m for s, m in self.seen.items() if m != self.base}
        public = {s: m for s, m in translated.items() if not private(m[0])}
        return public or translated or self.seen

    @property
    def agreed(self) -> Address | None:
        """Where servers at two addresses or more see the base alike: no NAT that maps by
        destination gives that. None: not even two agree."""
        hosts: dict[Address, set[str]] = {}
        for server, mapped in self.outside.items():
            hosts.setdefault(mapped, set()).add(server[0])
        several = [mapped for mapped, of in hosts.items() if len(of) > 1]
        return several[0] if len(several) == 1 else None

    @property
    def behind_nat(self) -> bool | None:
        """None while nobody has answered who could know: a server that sees a private address as
        it is stands in the same private network, and before the NAT, if there is one."""
        if any(m != self.base for m in self.seen.values()):
            return True
        inside = private(self.base[0]) and not ipaddress.ip_address(self.base[0]).is_loopback
        return None if inside or not self.seen else False


def conclude(e: Evidence) -> NatBehaviour:
    """What the evidence allows to say; the rest is unknown, and the notes say why."""
    mapping, mapping_notes = _mapping(e)
    filtering, filtering_notes = _filtering(e, mapping)
    udp, udp_notes = _udp(e)
    carrier, carrier_notes = _carrier_grade(e)
    notes = [*udp_notes, *mapping_notes, *filtering_notes, *carrier_notes, *_lies(e), *e.notes]
    return NatBehaviour(
        local=e.base[0],
        interface=e.interface,
        behind_nat=e.behind_nat,
        mapping=mapping,
        filtering=filtering,
        port_preservation=_port_preservation(e),
        hairpinning=e.hairpin if e.behind_nat else None,
        binding_lifetime=e.lived,
        binding_lapsed=e.lapsed,
        carrier_grade=carrier,
        nat64=e.nat64,
        udp=udp,
        complete=e.complete,
        notes=tuple(dict.fromkeys(notes))[:MOST_NOTES],
    )


def _mapping(e: Evidence) -> tuple[NatDependence, list[str]]:
    """RFC 5780 section 4.3, by any addresses that answered."""
    if not e.seen:
        return "unknown", []
    if e.behind_nat is None:
        return "unknown", [
            f"{_all({s[0] for s in e.seen})} sees our own address: it is in this network, and says "
            "nothing of a NAT behind it."
        ]
    if not e.behind_nat:
        return "endpoint-independent", []
    if e.moved:
        return "unknown", ["The NAT gave us another mapping while its mappings were compared."]
    seen = e.outside
    hosts = {server[0] for server in seen}
    if len(set(seen.values())) == 1:
        if len(hosts) > 1:
            return "endpoint-independent", []
        if not e.complete:
            return "unknown", []
        return "unknown", [
            "Whether the mapping depends on the address written to is open: only "
            f"{_all(hosts)} answered, and it takes two addresses to compare."
        ]
    if not e.mapping_settled:
        return "unknown", []
    if (agreed := e.agreed) is not None:
        odd = {server[0] for server, mapped in seen.items() if mapped != agreed}
        note = (
            f"{_all(odd)} sees us elsewhere than the others, which agree: something is wrong there "
            "or on the way."
        )
        alike = all(mapped[0] == agreed[0] for mapped in seen.values())
        # One IP address: a NAT has but one port for this; several: it may have a pool of them.
        return "endpoint-independent" if alike else "unknown", [note]
    by_host = [{m for s, m in seen.items() if s[0] == host} for host in sorted(hosts)]
    if any(len(mapped) > 1 for mapped in by_host):
        return "address-and-port-dependent", []
    if len({s[0] for s in seen}) < len(seen):
        return "address-dependent", []
    return "address-dependent", [
        "The mapping depends on the address written to; whether on its port too is open: no "
        "server answered at two ports."
    ]


def _filtering(e: Evidence, mapping: NatDependence) -> tuple[NatDependence, list[str]]:
    """RFC 5780 section 4.4. What came in is proof; what did not come in is one only if the server
    is known to have sent it."""
    if not e.seen:
        return "unknown", []
    if any(t.address_passed for t in e.tests):
        return "endpoint-independent", []
    problems = []
    # A mapping that depends on the destination has no room for a control: what the other address
    # may enter is another mapping.
    dependent = mapping in ("address-dependent", "address-and-port-dependent")
    for test in e.tests:
        if test.port_control and not test.port_passed:
            return "address-and-port-dependent", []
        if test.address_control or (dependent and test.reachable and not test.ignored):
            if test.port_passed:
                return "address-dependent", []
            if dependent:
                return "address-and-port-dependent", []
        problems.append(_why_no_filtering(test))
    if not e.complete:
        return "unknown", []
    if not e.tests:
        problems.append("no server offers a second address to answer from (RFC 5780)")
    return "unknown", [f"Filtering is open: {problems[0]}."]


def _why_no_filtering(test: FilteringTest) -> str:
    server = address_port(*test.server)
    if test.refused:
        return f"{server} will not answer from elsewhere ({test.refused})"
    if test.other[0] == test.server[0]:
        return f"{server} has no second address to answer from"
    if test.ignored:
        return f"{server} answers from the same address when asked to use another"
    return f"{server} does not answer from {address_port(*test.other)} when asked to"


def _udp(e: Evidence) -> tuple[bool | None, list[str]]:
    if e.seen or e.relay_over_udp:
        return True, []
    useless = [s for s, why in e.silent.items() if why.reason in HEARD]
    if useless:
        heard = _all({s[0] for s in useless})
        return True, [f"{heard} answers, though not with the address it sees us at."]
    if not e.complete:
        return None, []
    if not e.silent:
        silent = _all({s[0] for s in e.unexpected})
        why = f"{silent} did not answer and may offer TCP only" if silent else "nobody was asked"
        return None, [f"Whether UDP gets out from here is open: {why}."]
    if e.elsewhere:
        return False, [
            f"No server answers a question from here, though from {e.elsewhere} they do: this "
            "address leads nowhere."
        ]
    alive = [s for s, why in e.silent.items() if why.evidence and why.evidence.router == s[0]]
    if alive:
        return None, [
            f"UDP gets as far as {_all({s[0] for s in alive})}, where no STUN server listens."
        ]
    words = {w.detail for w in e.silent.values() if w.reason != Reason.TIMEOUT}
    why = f" ({'; '.join(sorted(words))})" if words else ""
    nobody = f"{_servers(len(e.silent))} asked over UDP, none answered{why}"
    there = any(f":{server[0]}:" in url for server in e.silent for url in e.over_tcp)
    if e.over_tcp and len(e.silent) == 1 and not there:
        return None, [
            f"Whether UDP gets out from here is open: {nobody}, while {_all(set(e.over_tcp))} "
            "answers; one server alone may be down."
        ]
    if e.over_tcp:
        return False, [f"UDP is blocked: {nobody}, while {_all(set(e.over_tcp))} answers."]
    return False, [
        f"{nobody[0].upper()}{nobody[1:]}: UDP may be blocked, or the network or the server down."
    ]


def _port_preservation(e: Evidence) -> bool | None:
    """RFC 4787 section 4.2.1; one socket may keep its port by chance, all of them do not."""
    views = {e.agreed} if e.agreed is not None else set(e.outside.values())
    pairs = {(e.base[1], mapped[1]) for mapped in views} | e.ports
    return all(local == outer for local, outer in pairs) if e.seen else None


def _carrier_grade(e: Evidence) -> tuple[str | None, list[str]]:
    if not e.behind_nat:
        return None, []
    for hop, router in sorted(e.routers.items()):
        if _shared(router):
            return (
                f"router {router} on the way out, {hop} hops from here, has an address from "
                "100.64.0.0/10, the range of carrier-grade NATs (RFC 6598)",
                [],
            )
    translated = {s: m for s, m in e.seen.items() if m != e.base}
    inner = sorted((s, m) for s, m in translated.items() if private(m[0]))
    outer = sorted((s, m) for s, m in translated.items() if not private(m[0]))
    if inner and outer:
        return (
            f"{inner[0][0][0]} sees us at the private address {inner[0][1][0]}, {outer[0][0][0]} "
            f"at {outer[0][1][0]}: there is a NAT between the two",
            [],
        )
    for address, whose in [(m[0], "we are seen at") for _, m in inner] + [(e.base[0], "ours is")]:
        if _shared(address):
            return (
                f"{whose} {address}, an address from 100.64.0.0/10, the range of carrier-grade "
                "NATs (RFC 6598)",
                [],
            )
    second = e.routers.get(2)
    if second is not None and private(second) and ":" not in second:
        return None, [
            f"The second router on the way out, {second}, has a private address as well: a second "
            "NAT may follow the first."
        ]
    return None, []


def _lies(e: Evidence) -> list[str]:
    notes = []
    for server, answer in e.rewritten.items():
        assert answer.plain is not None
        notes.append(
            f"On the way from {server[0]} something rewrites addresses in STUN answers (an ALG): "
            f"they say {address_port(*answer.plain)} in plain, {address_port(*answer.mapped)} in "
            "the form that is hidden from it."
        )
    return notes


def _shared(address: str) -> bool:
    try:
        return ipaddress.ip_address(address) in CARRIER_GRADE
    except ValueError:
        return False


def _all(names: set[str]) -> str:
    return ", ".join(sorted(names))


def _servers(number: int) -> str:
    return "one server was" if number == 1 else f"{number} servers were"
