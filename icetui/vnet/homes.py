"""The network most people have: two homes behind NATs, a STUN and a TURN server between."""

from __future__ import annotations

from icetui.vnet.network import Network, Server
from icetui.vnet.network_parts import (
    NAT_KINDS,
    Attachment,
    Host,
    Interface,
    Line,
    NatKind,
    Router,
    Session,
)
from icetui.vnet.servers import StunOptions, TurnOptions

SERVERS = ("192.0.2.10", "192.0.2.11")
USER, PASSWORD = "demo", "secret"


def two_homes(
    alice: str = "prc",
    bob: str = "prc",
    *,
    turn: bool = True,
    line: Line = Line(delay=0.025),  # noqa: B008  # frozen
    seed: int = 0,
    ipv6: bool = False,
) -> Network:
    """Alice and Bob, each behind a NAT of that kind, or several ("prc+sym", from the LAN outwards).

    `line` is what each home's way to the internet does in each direction. Raises ValueError for a
    kind that there is not.
    """
    options: StunOptions | TurnOptions
    if turn:
        options = TurnOptions(
            addresses=SERVERS[:1], other_addresses=SERVERS[1:], users={USER: PASSWORD}
        )
    else:
        options = StunOptions(addresses=SERVERS[:1], other_addresses=SERVERS[1:])
    stun = tuple(f"stun:{address}:3478" for address in SERVERS)
    place = f"turn:{USER}:{PASSWORD}@{SERVERS[0]}:3478"
    relays = (f"{place}?transport=udp", f"{place}?transport=tcp") if turn else ()
    return Network(
        seed=seed,
        ipv6=ipv6,
        routers={**home("alice", alice, line), **home("bob", bob, line)},
        hosts={name: Host(interfaces=(Interface(f"{name}-lan"),)) for name in ("alice", "bob")},
        servers={"turn" if turn else "stun": Server(options)},
        sessions={name: Session(host=name, stun=stun, turn=relays) for name in ("alice", "bob")},
    )


def home(name: str, kinds: str, line: Line = Line()) -> dict[str, Router]:  # noqa: B008  # frozen
    """The routers between a LAN (`name-lan`) and the internet."""
    found = {}
    nats = [nat_kind(kind) for kind in kinds.split("+")]
    inside = f"{name}-lan"
    for level, kind in enumerate(nats):
        last = level == len(nats) - 1
        outside = Attachment("internet", line=line) if last else Attachment(f"{name}-isp{level}")
        called = f"{name}-nat" if level == 0 else f"{name}-cgn{level}"
        found[called] = Router(inside=(Attachment(inside),), outside=(outside,), nat=kind)
        inside = outside.link
    return found


def nat_kind(word: str) -> NatKind:
    """A kind by its name. Raises ValueError with a sentence."""
    for kind in NAT_KINDS:
        if kind == word:
            return kind
    raise ValueError(f"{word!r} is no NAT kind; there are {', '.join(NAT_KINDS)}")
