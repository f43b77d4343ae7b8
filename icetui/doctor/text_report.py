"""The facts as plain text for people: each term with what it means."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Sequence

from icetui.diagnosis import relay_proofs
from icetui.doctor.facts import Facts, Peer
from icetui.events import (
    Candidate,
    NatBehaviour,
    NatDependence,
    Reason,
    RelayTried,
    Server,
    address_port,
)
from icetui.printable import printable
from icetui.reachability import Path
from icetui.reports.content import milliseconds

WIDTH = 80
PATHS: dict[Path, str] = {
    "direct": "direct",
    "relay": "over a relay",
    "no": "no",
    "direct-or-relay": "direct or relay",
    "direct-or-no": "perhaps direct",
}
MAPPING: dict[NatDependence, str] = {
    "unknown": "not known",
    "endpoint-independent": "endpoint-independent: one address and port for all",
    "address-dependent": "address-dependent: another port for each host",
    "address-and-port-dependent": "address-and-port-dependent: another port each time",
}
FILTERING: dict[NatDependence, str] = {
    "unknown": "not known",
    "endpoint-independent": "endpoint-independent: lets in everybody",
    "address-dependent": "address-dependent: lets in hosts that were written to",
    "address-and-port-dependent": "address-and-port-dependent: lets in exact ports written to",
}
PORTS = {
    True: "yes: the outside sees the port number used inside",
    False: "no: the outside sees another port number than the one used inside",
    None: "not known",
}
HAIRPIN = {
    True: "yes: two hosts behind it can meet at its outer address",
    False: "no: two hosts behind it cannot meet at its outer address",
    None: "not known",
}
DEPENDS_ON: dict[NatDependence, str] = {
    "unknown": "not known",
    "endpoint-independent": "nothing",
    "address-dependent": "address",
    "address-and-port-dependent": "address + port",
}
"""For a narrow table: what of the destination it depends on."""


def as_text(found: Facts) -> str:
    """Interfaces, servers, candidates, NAT, and who can be reached."""
    parts = [
        *_section("Interfaces", _interfaces(found)),
        *_section("Servers", _servers(found)),
        *_section("Candidates", _candidates(found)),
        *_section("NAT", _nat(found)),
        *_section("Who you will be able to reach", _peers(found)),
        *_wrapped(found.sentence, ""),
    ]
    if not found.complete:
        parts.append(f"This is not all: the examination ended early, {found.cut_short}.")
    return "\n".join(parts) + "\n"


def _section(title: str, lines: Iterable[str]) -> list[str]:
    return [title, *lines, ""]


def _wrapped(text: str, indent: str, mark: str = "") -> list[str]:
    """A sentence on lines that fit a terminal."""
    return textwrap.wrap(
        printable(text),
        WIDTH,
        initial_indent=indent + mark,
        subsequent_indent=indent + " " * len(mark),
        break_long_words=False,
        break_on_hyphens=False,
    )


def _table(rows: Sequence[tuple[str, ...]]) -> list[str]:
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return [
        ("  " + "  ".join(c.ljust(w) for c, w in zip(row, widths, strict=True))).rstrip()
        for row in rows
    ]


def _interfaces(found: Facts) -> list[str]:
    rows = [
        (
            printable(i.name),
            "used" if i.used else "left out",
            ", ".join(map(printable, i.addresses)) if i.used else printable(i.why_not or ""),
        )
        for i in found.interfaces
    ]
    lines = _table(rows) if rows else ["  none with an address"]
    return [*lines, *(f"  ✗ {printable(failure)}" for failure in found.candidate_failures)]


def _servers(found: Facts) -> list[str]:
    proofs = {proof.relayed: proof for proof in found.relays_tried}
    lines: list[str] = []
    for server in found.servers:
        lent = server.relays or ((server.relayed,) if server.relayed else ())
        lines += _server(server)
        lines += [line for a in lent if a in proofs for line in _tried(proofs[a])]
    return lines or ["  none was asked"]


def _tried(proof: RelayTried) -> list[str]:
    mark = "✓" if proof.outcome == "works" else "✗" if relay_proofs.disproved(proof) else "?"
    return _wrapped(f"{proof.relayed}: {relay_proofs.words(proof)}", "      ", f"{mark} ")


def _server(s: Server) -> list[str]:
    over = {"udp": "UDP", "tcp": "TCP", "tls": "TLS"}[s.transport]
    if s.state == "ok":
        what = f"lends us {s.relayed}" if s.relayed else f"sees us at {s.mapped}"
        said = f"✓ {s.url} answers over {over} in {milliseconds(s.time)} and {what}"
    elif s.reason == Reason.DNS:
        said = f"✗ {s.url} could not be asked: its name was not resolved (dns: {s.detail or '–'})"
    elif s.state == "failed":
        after = f" after {milliseconds(s.time)}" if s.time is not None else ""
        detail = f": {s.detail}" if s.detail else ""
        said = f"✗ {s.url} is of no use over {over}{after}: {s.reason}{detail}"
    else:
        said = f"… {s.url} has not answered over {over}"
    return _wrapped(said[2:], "  ", said[:2])


def _candidates(found: Facts) -> list[str]:
    def origin(c: Candidate) -> str:
        return printable(c.server or c.interface or "")

    rows = [
        (c.type, printable(address_port(c.address, c.port)), origin(c)) for c in found.candidates
    ]
    return _table(rows) if rows else ["  none"]


def _nat(found: Facts) -> list[str]:
    lines = _wrapped(found.nat_sentence, "  ")
    if found.nat_table:
        head = ("my address and port", "seen as", "by")
        rows = [
            (printable(r.local), printable(r.seen_as), printable(r.by)) for r in found.nat_table
        ]
        lines += ["", *_table([head, *rows])]
    for nat in found.nats:
        lines += ["", *_behaviour(nat, several=len(found.nats) > 1, name=found.nat_name)]
    if found.nats:
        lines += ["", f"  IPv6  {_ipv6(found)}"]
    return lines


def _ipv6(found: Facts) -> str:
    if found.ipv6:
        return "works: a peer that has it too needs no way through NATs"
    if found.ipv6 is False:
        return "no server answers over it"
    if any(":" in n.local for n in found.nats):
        return "not known: no server with an IPv6 address was asked"
    return "not usable: no address of it is in use"


def _behaviour(nat: NatBehaviour, *, several: bool, name: str | None) -> list[str]:
    rows: list[tuple[str, str]] = []
    if nat.behind_nat is False:
        rows.append(("NAT", "none: the outside sees this very address"))
        rows.append(("filtering", FILTERING[nat.filtering]))
    if nat.nat64:
        rows.append(("NAT64", "our IPv6 becomes IPv4 on the way: the only way to IPv4 hosts"))
    if nat.behind_nat:
        rows.append(("mapping", MAPPING[nat.mapping]))
        rows.append(("filtering", FILTERING[nat.filtering]))
        rows.append(("keeps ports", PORTS[nat.port_preservation]))
        rows.append(("hairpinning", HAIRPIN[nat.hairpinning]))
    if nat.binding_lifetime is not None or nat.binding_lapsed is not None:
        rows.append(("lifetime", f"an unused binding stays open {_lifetime(nat)}"))
    if nat.behind_nat:
        rows.append(("second NAT", nat.carrier_grade or "none was seen"))
    rows.append(("UDP", {True: "works", False: "no answer", None: "not known"}[nat.udp]))
    interface = f" ({printable(nat.interface)})" if nat.interface else ""
    called = f": {name}" if name and not several else ""
    lines = [f"  {printable(nat.local)}{interface}{called}"]
    for label, value in rows:
        lines += _wrapped(value, "    ", f"{label:13}")
    for note in nat.notes:
        lines += _wrapped(note, "    ", "· ")
    return lines


def _lifetime(nat: NatBehaviour) -> str:
    if nat.binding_lapsed is None:
        return f"{nat.binding_lifetime:g} s or more"
    if nat.binding_lifetime is None:
        return f"less than {nat.binding_lapsed:g} s"
    return f"{nat.binding_lifetime:g} to {nat.binding_lapsed:g} s"


def _peers(found: Facts) -> list[str]:
    head = ("their NAT", "mapping / filtering depend on", "path")
    rows = [(p.name, _dependences(p), PATHS[p.path]) for p in found.peers]
    lines = _table([head, *rows])
    if found.peers[-1].path == "relay":
        lines += _wrapped("A peer without UDP needs your TURN server, or one of its own.", "  ")
    return lines


def _dependences(peer: Peer) -> str:
    if peer.mapping == "unknown":
        return "–"
    mapping = "no mapping" if peer.kind == "open" else DEPENDS_ON[peer.mapping]
    return f"{mapping} / {DEPENDS_ON[peer.filtering]}"
