"""Which path two sides get from what their NATs do: direct, over a relay, or none.

What belongs here: the well-known kinds of NAT in RFC 4787's words, and one pure function over two
sides. It asks nothing and knows no session.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator
from typing import Literal, get_args

import msgspec

from icetui.events import NatBehaviour, NatDependence, ServerTransport

Path = Literal["direct", "relay", "no", "direct-or-relay", "direct-or-no"]
"""What a pair of sides gets; the last two where not enough is known of a NAT."""

DEPENDENCES: tuple[NatDependence, ...] = get_args(NatDependence)[1:]
INDEPENDENT, ADDRESS, ADDRESS_AND_PORT = DEPENDENCES


class Side(msgspec.Struct, frozen=True, kw_only=True):
    """One side as far as it decides who can be reached."""

    mapping: NatDependence = "unknown"
    filtering: NatDependence = "unknown"
    udp: bool | None = None
    """False: no UDP gets out; None: not known, and taken for granted."""
    told: bool | None = True
    """Whether the other side is told an address of it that the outside can write to: its own where
    there is no NAT, else one that a server saw; None: it is not known whether there is a NAT."""
    relays: frozenset[ServerTransport] = frozenset()
    """How this side reaches a TURN server that lends it an address."""


class NatKind(msgspec.Struct, frozen=True, kw_only=True):
    """A kind of NAT by the name people know it by."""

    id: str
    name: str
    plain: str
    """What it does, for people who do not know the terms."""
    mapping: NatDependence = "unknown"
    filtering: NatDependence = "unknown"
    udp: bool = True


KINDS = (
    NatKind(
        id="open",
        name="no NAT",
        plain="reachable for everybody at its own address",
        mapping=INDEPENDENT,
        filtering=INDEPENDENT,
    ),
    NatKind(
        id="cone",
        name="full cone",
        plain="one address and port for all; whoever writes there gets in",
        mapping=INDEPENDENT,
        filtering=INDEPENDENT,
    ),
    NatKind(
        id="arc",
        name="address-restricted cone",
        plain="one address and port for all; lets in hosts it has written to",
        mapping=INDEPENDENT,
        filtering=ADDRESS,
    ),
    NatKind(
        id="prc",
        name="port-restricted cone",
        plain="one address and port for all; lets in ports it has written to",
        mapping=INDEPENDENT,
        filtering=ADDRESS_AND_PORT,
    ),
    NatKind(
        id="sym",
        name="symmetric",
        plain="another port for each destination, so nobody can be told which",
        mapping=ADDRESS_AND_PORT,
        filtering=ADDRESS_AND_PORT,
    ),
    NatKind(
        id="udpblock",
        name="UDP blocked",
        plain="no UDP leaves its network",
        udp=False,
    ),
)


def path(one: Side, other: Side) -> Path:
    """The best path between two sides that follow RFC 8445."""
    possible = {
        _direct(ours, theirs)
        for ours, theirs in itertools.product(_could_be(one), _could_be(other))
    }
    udp = one.udp is not False and other.udp is not False
    if udp and possible == {True}:
        return "direct"
    relayed = _relayed(one, other)
    if udp and True in possible:
        return "direct-or-relay" if relayed else "direct-or-no"
    return "relay" if relayed else "no"


def _could_be(side: Side) -> Iterator[Side]:
    """Every side that the one with its unknowns could be."""
    for mapping, filtering, told in itertools.product(DEPENDENCES, DEPENDENCES, (True, False)):
        if (
            side.mapping in ("unknown", mapping)
            and side.filtering in ("unknown", filtering)
            and side.told in (None, told)
        ):
            yield msgspec.structs.replace(side, mapping=mapping, filtering=filtering, told=told)


def _direct(one: Side, other: Side) -> bool:
    """Each side writes to where a server saw the other one; one that gets through is enough,
    because the answer goes to where the request came from."""
    return _gets_in(one, other) or _gets_in(other, one)


def _gets_in(writer: Side, reader: Side) -> bool:
    """Whether a request finds its reader and is let in.

    With an endpoint-independent mapping the reader is where a server saw it. It lets in strangers,
    or whom it has written to itself: the writer's host, if it was told of it, and the very port
    only where the writer uses the same one for everybody.
    """
    if not reader.told or reader.mapping != INDEPENDENT:
        return False
    if reader.filtering == INDEPENDENT:
        return True
    if not writer.told:
        return False
    return reader.filtering == ADDRESS or writer.mapping == INDEPENDENT


def _relayed(one: Side, other: Side) -> bool:
    """One relay is enough for two sides with UDP; a side without UDP needs one it reaches over TCP
    or TLS, whatever the other one has."""
    usable = [s.relays if s.udp is not False else s.relays - {"udp"} for s in (one, other)]
    blocked = [s.udp is False for s in (one, other)]
    return any(usable) and all(u or not b for u, b in zip(usable, blocked, strict=True))


def towards(ours: Side) -> dict[str, Path]:
    """Our path to a peer behind each of KINDS, by its id. A peer with UDP needs no relay of its
    own; one without is taken to have the same TURN servers as we do."""
    return {
        kind.id: path(
            ours,
            Side(
                mapping=kind.mapping,
                filtering=kind.filtering,
                udp=kind.udp,
                relays=frozenset() if kind.udp else ours.relays,
            ),
        )
        for kind in KINDS
    }


def easiest(nats: Iterable[NatBehaviour]) -> NatBehaviour | None:
    """Of the NATs in front of one side, the one a peer gets through if through any.

    IPv4 first: IPv6 has no NATs, and whoever has none of it is left with what IPv4 allows.
    """
    nats = tuple(nats)
    known = [n for n in nats if n.mapping != "unknown"]
    if known:
        return min(known, key=lambda n: (":" in n.local, DEPENDENCES.index(n.mapping)))
    return next(iter(nats), None)


def in_plain_words(
    mapping: NatDependence, filtering: NatDependence, behind_nat: bool | None, udp: bool | None
) -> str:
    """What a NAT does, in one sentence for people who do not know RFC 4787."""
    if udp is False:
        return "No server answers over UDP: it is blocked on the way, or the servers are down."
    if behind_nat is None:
        return "Whether there is a NAT is not known: nobody outside has said where they see you."
    if not behind_nat:
        return f"There is no NAT in front of you{_WHO_GETS_IN_OPEN[filtering]}."
    if mapping == "unknown":
        return "There is a NAT in front of you; how it maps is not known."
    if mapping == INDEPENDENT:
        return (
            "Your NAT shows everybody the same address and port, so others can be told where you "
            f"are{_WHO_GETS_IN[filtering]}."
        )
    return (
        "Your NAT shows each destination another port, so where a server sees you is not where a "
        "peer would find you."
    )


_WHO_GETS_IN: dict[NatDependence, str] = {
    "unknown": "; whom it lets in is not known",
    INDEPENDENT: ", and it lets everybody in",
    ADDRESS: ", and it lets in whom you have written to",
    ADDRESS_AND_PORT: ", and it lets in exactly the ports you have written to",
}
_WHO_GETS_IN_OPEN: dict[NatDependence, str] = {
    "unknown": "; whether a firewall filters is not known",
    INDEPENDENT: ", and nothing filters: everybody can reach you",
    ADDRESS: ", but a firewall that lets in only whom you have written to",
    ADDRESS_AND_PORT: ", but a firewall that lets in only the ports you have written to",
}


def well_known_name(mapping: NatDependence, filtering: NatDependence) -> str | None:
    """`port-restricted cone` and the like, None when the two are no such kind."""
    if mapping in (ADDRESS, ADDRESS_AND_PORT):
        return "symmetric"
    matches = (k.name for k in KINDS[1:] if (k.mapping, k.filtering) == (mapping, filtering))
    return next(matches, None) if mapping != "unknown" else None
