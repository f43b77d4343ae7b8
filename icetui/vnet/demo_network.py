"""The network that the demo runs on, and the two sides on it: built from a command.

What belongs here: which network a `StartNetwork` asks for, and which sessions run where. What must
never come in: running it (`demonstration.py`).
"""

from __future__ import annotations

import difflib
from dataclasses import dataclass

import msgspec

from icetui import events
from icetui.servers.server_urls import parse_stun, parse_turn
from icetui.vnet import network_text
from icetui.vnet.homes import home
from icetui.vnet.network import BadNetwork, Network, Server
from icetui.vnet.network_check import check
from icetui.vnet.network_parts import NAT_KINDS, Host, Interface, Line, Session
from icetui.vnet.routing_table import bare
from icetui.vnet.servers import StunOptions, TurnOptions

SIDES = ("alice", "bob")
STUN = ("192.0.2.10", "192.0.2.11")
"""Two addresses: a NAT's mapping and filtering show (RFC 5780)."""
TURN = "192.0.2.20"
USER, PASSWORD = "demo", "secret"
MOST_NATS = 3
"""In a row, on one side."""


@dataclass(frozen=True, slots=True)
class Side:
    """One of the two icetui."""

    name: str
    host: str
    start: events.StartSession
    starts_at: float = 0.0
    pastes_at: float | None = None
    """Seconds from the beginning; None: as soon as both have gathered."""


def demo_network(command: events.StartNetwork) -> tuple[Network, tuple[Side, ...]]:
    """Raises `BadNetwork` with a sentence for whoever asked."""
    network = network_text.read(command.text) if command.text else two_homes(command)
    if command.seed is not None:
        network = msgspec.structs.replace(network, seed=command.seed)
    if command.wall is not None:
        network = msgspec.structs.replace(network, wall=command.wall)
    return network, sides(network)


def two_homes(command: events.StartNetwork) -> Network:
    """Alice and Bob behind NATs, a STUN and a TURN server on the internet."""
    line = Line(delay=command.delay, loss=command.loss)
    for name in SIDES:
        check_kinds(getattr(command, name))
    servers: dict[str, Server] = {}
    if command.stun:
        servers["stun"] = Server(StunOptions(addresses=STUN[:1], other_addresses=STUN[1:]))
    if command.turn:
        servers["turn"] = Server(TurnOptions(addresses=(TURN,), users={USER: PASSWORD}))
    stun = (f"stun:{STUN[0]}:3478",) if command.stun else ()
    place = f"turn:{USER}:{PASSWORD}@{TURN}:3478"
    turn = (place, f"{place}?transport=tcp") if command.turn else ()
    return Network(
        routers={k: v for n in SIDES for k, v in home(n, getattr(command, n), line).items()},
        hosts={name: Host(interfaces=(Interface(f"{name}-lan"),)) for name in SIDES},
        servers=servers,
        sessions={name: Session(host=name, stun=stun, turn=turn) for name in SIDES},
    )


def check_kinds(text: str) -> None:
    """NAT kinds from the LAN outwards, joined by `+`. Raises `BadNetwork`."""
    kinds = text.split("+")
    for kind in kinds:
        if kind not in NAT_KINDS:
            near = difflib.get_close_matches(kind.lower(), NAT_KINDS, 1)
            hint = f"{f'perhaps {near[0]}; ' if near else ''}there are {', '.join(NAT_KINDS)}"
            raise BadNetwork(f"{kind!r} is no kind of NAT; {hint}")
    if len(kinds) > MOST_NATS:
        raise BadNetwork(f"{text} are {len(kinds)} NATs in a row; {MOST_NATS} are the most")
    if len(kinds) > 1 and "open" in kinds:
        raise BadNetwork(f"{text}: open is no NAT, so it cannot be one of several in a row")


def sides(network: Network) -> tuple[Side, ...]:
    """The two sessions of a network; without any, one on each of the hosts alice and bob, which
    asks every server. Raises `BadNetwork`."""
    sessions = network.sessions
    if not sessions:
        missing = [name for name in SIDES if name not in network.hosts]
        if missing:
            raise BadNetwork(
                "the demo needs two sessions: [sessions.alice] with host = …, and one more, "
                f"or hosts called alice and bob; there is no {' and no '.join(missing)}"
            )
        stun, turn = _servers(network)
        sessions = {name: Session(host=name, stun=stun, turn=turn) for name in SIDES}
    if len(sessions) != 2:
        raise BadNetwork(
            f"the demo shows two sessions and here are {len(sessions)}: {', '.join(sessions)}",
            "sessions",
        )
    return tuple(_side(name, session) for name, session in sessions.items())


def _servers(network: Network) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """URIs of all servers."""
    stun: list[str] = []
    turn: list[str] = []
    filled = check(network)
    for name, server in filled.servers.items():
        options = server.options
        interfaces = filled.hosts[server.host or name].interfaces
        there = [bare(a) for i in interfaces for a in i.addresses]
        place = f"{events.bracketed((*options.addresses, *there)[0])}:{options.port}"
        if isinstance(options, StunOptions):
            stun.append(f"stun:{place}")
            continue
        user, password = next(iter(options.users.items()), ("", ""))
        credentials = f"{user}:{password}@" if user and password else ""
        turn += [
            f"turn:{credentials}{place}?transport={transport}"
            for transport in options.transports
            if transport != "tls"
        ]
    return tuple(stun), tuple(turn)


def _side(name: str, session: Session) -> Side:
    start = events.StartSession(
        session=name,
        stun_servers=tuple(map(parse_stun, session.stun)),
        turn_servers=tuple(map(parse_turn, session.turn)),
        interfaces=session.interfaces,
        ipv4=session.ipv4,
        ipv6=session.ipv6,
        relay_only=session.relay_only,
        port=session.port or 0,
    )
    return Side(name, session.host, start, session.starts_at, session.pastes_at)
