"""The lab's topology as a simulated network: the same parts by the same names and addresses.

What belongs here: a pure translation. `tests/lab/nat.py` and `tests/lab/lab.py` are what it
translates; where it says otherwise than they, it is wrong.
"""

from __future__ import annotations

import msgspec

from icetui.vnet.network import Network, Server
from icetui.vnet.network_parts import (
    INTERNET,
    NAT_KINDS,
    PRIVATE,
    Attachment,
    Host,
    Interface,
    Line,
    Link,
    Name,
    Nat,
    Router,
    Rule,
)
from icetui.vnet.servers import Certificate, TurnOptions
from tests.lab.lab import SERVER
from tests.lab.topology import (
    BLACKHOLE_V4,
    BLACKHOLE_V6,
    SERVER_V4,
    SERVER_V6,
    STUN_ALT_PORT,
    STUN_PORT,
    TLS_ALT_PORT,
    TLS_PORT,
    TURN_NAME,
    TURN_PASSWORD,
    TURN_REALM,
    TURN_USER,
    UNREACHABLE_V4,
    Plan,
    Site,
    Topology,
)

WIRE = Line(delay=0.00005)
"""What a virtual cable and the kernels at its ends take: nothing arrives before it was sent."""
COTURN = "Coturn-4.6.1 'Gorst'"
UDPBLOCK = (
    Rule(action="accept", state="established"),
    Rule(
        action="accept",
        version=4,
        protocol="tcp",
        arrives="inside",
        destination=SERVER_V4,
        destination_ports=tuple(map(str, (STUN_PORT, STUN_ALT_PORT, TLS_PORT, TLS_ALT_PORT))),
    ),
    Rule(action="drop"),
)


def router_name(site: str, level: int) -> str:
    """As `Lab.router` has it."""
    return f"nat-{site}" if level == 0 else f"cgn{level if level > 1 else ''}-{site}"


def outermost(topology: Topology, site: str) -> str:
    """The router at a site's uplink."""
    return router_name(site, len(topology.sites[site].nats) - 1)


def network(topology: Topology, server: TurnOptions | None, *, seed: int, wall: float) -> Network:
    """All of it; `server` runs on the host of that name, on which nothing runs without one."""
    routers: dict[str, Router] = {}
    links = {
        INTERNET: Link(
            blackhole=(BLACKHOLE_V4, *((BLACKHOLE_V6,) if topology.ipv6 else ()), *PRIVATE),
            unreachable=(UNREACHABLE_V4,),
        )
    }
    for name, site in topology.sites.items():
        plan = topology.plan(name)
        prefix = f"{plan.lan[0]}.{16 * plan.index if plan.is_open else 0}/{plan.lan[1]}"
        links[f"lan-{name}"] = Link(prefix=prefix, isolated=site.isolated)
        for level in range(len(site.nats)):
            routers[router_name(name, level)] = _router(topology, name, plan, level)
    hosts = {name: _host(topology, name) for name in topology.hosts}
    addresses = [f"{address}/24" for address in SERVER_V4]
    if topology.ipv6:
        addresses += [f"{address}/64" for address in SERVER_V6]
    hosts[SERVER] = Host(interfaces=(Interface(INTERNET, "eth0", tuple(addresses), line=WIRE),))
    return Network(
        seed=seed,
        wall=wall,
        ipv6=topology.ipv6,
        links=links,
        routers=routers,
        hosts=hosts,
        servers={} if server is None else {"coturn": Server(server, SERVER)},
        names={
            TURN_NAME: Name(addresses=(SERVER_V4[0],)),
            "localhost": Name(addresses=("127.0.0.1",)),
        },
    )


def coturn(*options: str, ipv6: bool) -> TurnOptions:
    """The server as `tests/lab/coturn.py` starts it, with further options of coturn's.

    Raises NotImplementedError for one that has no counterpart here.
    """
    firsts, seconds = ((SERVER_V4[i], *((SERVER_V6[i],) if ipv6 else ())) for i in (0, 1))
    made = TurnOptions(
        addresses=firsts,
        other_addresses=seconds,
        port=STUN_PORT,
        other_port=STUN_ALT_PORT,
        tls_port=TLS_PORT,
        transports=("udp", "tcp", "tls"),
        certificate=Certificate(names=(TURN_NAME, *SERVER_V4, *SERVER_V6)),
        software=COTURN,
        realm=TURN_REALM,
        users={TURN_USER: TURN_PASSWORD},
        relay_addresses=firsts,
        relay_ports=(49152, 51199),
        families="requested",
    )
    for option in options:
        name, _, value = option.partition("=")
        if name == "--user-quota":
            made = msgspec.structs.replace(made, quota=int(value))
        elif option == "--denied-peer-ip=0.0.0.0-255.255.255.255":
            made = msgspec.structs.replace(made, denied=("0.0.0.0/0",))
        else:
            raise NotImplementedError(f"coturn's {option} has no counterpart")
    return made


# --- parts ----------------------------------------------------------------------------------------


def _router(topology: Topology, site: str, plan: Plan, level: int) -> Router:
    last = level == len(plan.site.nats) - 1
    address, length, gateway = plan.wan(level)
    outer, gateways = [f"{address}/{length}"], [gateway]
    if level == 0:
        inner = [f"{plan.lan_address(0)}/{plan.lan[1]}"]
        inner_v6 = plan.lan_v6(0)
    else:
        inner = [f"{plan.between(level - 1)[1]}/24"]
        inner_v6 = plan.wan_v6(level - 1)[1]
    if topology.ipv6:
        address_v6, gateway_v6 = plan.wan_v6(level)
        outer.append(f"{address_v6}/64")
        gateways.append(gateway_v6)
        inner.append(f"{inner_v6}/64")
    inside = f"lan-{site}" if level == 0 else f"between-{site}-{level - 1}"
    outside = INTERNET if last else f"between-{site}-{level}"
    kind = plan.site.nats[level]
    return Router(
        inside=(Attachment(inside, tuple(inner), line=WIRE),),
        outside=(Attachment(outside, tuple(outer), tuple(gateways), line=WIRE),),
        nat="open" if kind == "open" else _nat(kind, plan.site, outermost=last),
        firewall=UDPBLOCK if kind == "udpblock" else (),
    )


def _nat(kind: str, site: Site, *, outermost: bool) -> Nat:
    nat = NAT_KINDS["prc" if kind == "udpblock" else kind]
    assert nat is not None
    lifetime = site.binding_lifetime
    if lifetime is not None and outermost:  # conntrack is told so of the outermost router only
        nat = msgspec.structs.replace(nat, lifetime=float(lifetime), first_lifetime=None)
    return msgspec.structs.replace(nat, hairpin="yes" if site.hairpin else "no")


def _host(topology: Topology, name: str) -> Host:
    # In the order of the kernel's numbers, in which they are asked for.
    idle = name in topology.idle
    interfaces = [Interface(None, "docker0", ("172.17.0.1/16",))] if idle else []
    for part in topology.interfaces(name):
        addresses, gateways = [f"{part.address}/{part.prefix}"], [part.router]
        if topology.ipv6:
            addresses.append(f"{part.address_v6}/64")
            gateways.append(part.router_v6)
        link = f"lan-{part.site}"
        interfaces.append(Interface(link, part.name, tuple(addresses), tuple(gateways), line=WIRE))
    return Host(interfaces=tuple(interfaces))
