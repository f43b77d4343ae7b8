"""Random networks: everything that ordinary and odd networks have, drawn from a seed.

Each part is drawn from a stream of its own, named after the part, so that one more choice in one
part leaves the others as they were.
"""

from __future__ import annotations

from random import Random
from typing import Any, cast

import msgspec

from icetui.vnet.network import Network, Server
from icetui.vnet.network_parts import (
    Attachment,
    Host,
    Interface,
    Line,
    Link,
    Name,
    Nat,
    NatKind,
    Router,
    Rule,
    Session,
)
from icetui.vnet.servers import Certificate, StunOptions, TurnOptions
from tests.vnet.search.dice import DELAYS, one, part
from tests.vnet.search.random_changes import RandomChanges

STUN, STUN_SECOND, OTHER_STUN, TURN, OTHER_TURN = (
    "192.0.2.30", "192.0.2.31", "192.0.2.40", "192.0.2.50", "192.0.2.60",
)  # fmt: skip
KINDS = ("static", "weather", "late", "changes")
"""What a network may be beside its NATs, firewalls and servers."""


def random_network(seed: int, kinds: tuple[str, ...] = KINDS) -> Network:
    """The network of a seed; `kinds` says what it may have."""
    return _Drawing(seed, kinds).network()


class _Drawing:
    def __init__(self, seed: int, kinds: tuple[str, ...]) -> None:
        self.seed = seed
        self.kinds = kinds
        self.routers: dict[str, Router] = {}
        self.hosts: dict[str, Host] = {}
        self.links: dict[str, Link] = {}
        self.servers: dict[str, Server] = {}
        self.names: dict[str, Name] = {}

    def part(self, name: str) -> Random:
        return part(self.seed, name)

    def network(self) -> Network:
        layout = one(
            self.part("layout"),
            {"apart": 72, "one lan": 7, "isolated": 5, "two lans": 5, "one carrier": 11},
        )
        self.ipv6 = self.part("ipv6").random() < 0.2
        if layout == "apart":
            self._site("alice", "alice")
            self._site("bob", "bob")
        elif layout in ("one lan", "isolated"):
            self._site("home", "home")
            for name in ("alice", "bob"):
                self._host(name, "home-lan")
            if layout == "isolated":
                self.links["home-lan"] = Link(isolated=True)
        elif layout == "two lans":
            self._site("home", "home")
            for name in ("alice", "bob"):
                self._host(name, f"home-{name}")
            home = self.routers["home"]
            inside = (Attachment("home-alice"), Attachment("home-bob"))
            self.routers["home"] = msgspec.structs.replace(home, inside=inside)
        else:
            self._carrier("carrier", "carrier-lan")
            for name in ("alice", "bob"):
                self._home(name, f"{name}-lan", "carrier-lan")
                self._host(name, f"{name}-lan")
        self._servers()
        sessions = {name: self._session(name) for name in ("alice", "bob")}
        return Network(
            seed=self.seed,
            ipv6=self.ipv6,
            links=self.links,
            routers=self.routers,
            hosts=self.hosts,
            servers=self.servers,
            names=self.names,
            sessions=sessions,
            changes=RandomChanges(self.part, self.routers, self.hosts, self.servers).changes(
                sessions
            )
            if "changes" in self.kinds
            else (),
        )

    # --- sites ----------------------------------------------------------------------------------

    def _site(self, name: str, owner: str) -> None:
        """A home, behind a carrier or not; or a host right on the internet."""
        random = self.part(f"site {name}")
        what = one(random, {"home": 78, "carrier": 14, "public": 8 if owner != "home" else 0})
        lan = f"{name}-lan"
        if what == "public":
            self._host(name, "internet", public=True)
            return
        if what == "carrier":
            self._carrier(f"{name}-carrier", f"{name}-cgn")
        self._home(name, lan, f"{name}-cgn" if what == "carrier" else "internet")
        if owner != "home":
            self._host(name, lan)

    def _home(self, name: str, lan: str, outer: str) -> None:
        called = name if name == "home" else f"{name}-nat"
        line = self._line(f"line {called}") if outer == "internet" else Line()
        outside: tuple[Attachment, ...] = (Attachment(outer, line=line),)
        random = self.part(f"uplinks {called}")
        if outer == "internet" and random.random() < 0.05:
            outside = (*outside, Attachment("internet", line=self._line(f"line {called} 2")))
        self.routers[called] = Router(
            inside=(Attachment(lan),),
            outside=outside,
            nat=self._nat(called),
            firewall=self._router_rules(called),
            silent=self.part(f"silent {called}").random() < 0.1,
        )

    def _carrier(self, name: str, lan: str) -> None:
        random = self.part(f"carrier {name}")
        kind = one(random, {"prc": 4, "cone": 2, "arc": 1, "sym": 2, "other": 2})
        nat = self._odd_nat(name) if kind == "other" else cast(NatKind, kind)
        if kind in ("cone", "prc") and random.random() < 0.5:
            pool = Nat(hairpin="yes", filtering="endpoint-independent")
            nat = pool
        self.routers[name] = Router(
            inside=(Attachment(lan),),
            outside=(Attachment("internet", line=self._line(f"line {name}")),),
            nat=nat,
        )

    def _nat(self, name: str) -> Nat | NatKind:
        random = self.part(f"nat {name}")
        kind = one(
            random,
            {"open": 4, "cone": 12, "arc": 10, "prc": 26, "sym": 16, "udpblock": 5, "other": 27},
        )
        return self._odd_nat(name) if kind == "other" else cast(NatKind, kind)

    def _odd_nat(self, name: str) -> Nat:
        random = self.part(f"odd nat {name}")
        dependence = {
            "endpoint-independent": 3, "address-dependent": 2, "address-and-port-dependent": 3,
        }  # fmt: skip
        fields: dict[str, Any] = {
            "mapping": one(random, dependence),
            "filtering": one(random, dependence),
            "ports": one(random, {"preserve": 4, "overload": 1, "random": 4, "sequential": 1}),
            "hairpin": one(random, {"no": 3, "yes": 2, "inside-source": 1}),
            "answers": one(random, {"by-the-question": 2, "by-the-mapping": 1}),
            "lifetime": one(random, {30.0: 1, 60.0: 2, 120.0: 3, 300.0: 1}),
            "first_lifetime": one(random, {30.0: 3, None: 2}),
            "refresh": one(random, {"both": 3, "outbound": 1}),
            "icmp": one(random, {"translate": 4, "drop": 1, "raw": 1}),
            "unasked": one(random, {"drop": 3, "reject": 1}),
            "parity": random.random() < 0.1,
            "alg": random.random() < 0.04,
            "size": one(random, {65_536: 12, 256: 1}),
        }
        return Nat(**fields)

    def _line(self, name: str) -> Line:
        random = self.part(name)
        fields: dict[str, Any] = {"delay": random.choice(DELAYS)}
        if "weather" not in self.kinds:
            return Line(**fields)
        if random.random() < 0.12:
            fields["jitter"] = round(fields["delay"] * random.choice((0.1, 0.3)), 4)
        if random.random() < 0.14:
            fields["loss"] = random.choice((0.01, 0.05, 0.1, 0.2))
        if random.random() < 0.04:
            fields["reorder"] = 0.1
        if random.random() < 0.04:
            fields["duplicate"] = 0.1
        if random.random() < 0.05:
            fields["rate"] = random.choice((30_000.0, 100_000.0))
        if random.random() < 0.05:
            fields["mtu"] = random.choice((576, 1280, 1400))
            fields["too_big"] = random.choice(("icmp", "silent"))
        return Line(**fields)

    def _router_rules(self, name: str) -> tuple[Rule, ...]:
        random = self.part(f"rules {name}")
        kind = one(
            random,
            {
                "none": 78, "udp": 3, "udp reject": 2, "ports": 3, "dpi": 2, "police": 2, "in": 3,
                "all": 2, "high": 3, "share": 2,
            },
        )  # fmt: skip
        rules: dict[str, tuple[Rule, ...]] = {
            "none": (),
            "udp": (Rule(name="no-udp", protocol="udp"),),
            "udp reject": (
                Rule(
                    name="no-udp", protocol="udp", action="reject",
                    reject_with=random.choice(("port-unreachable", "admin-prohibited")),
                ),
            ),
            "ports": (
                Rule(
                    name="dns-stun-accepted", protocol="udp", action="accept",
                    destination_ports=("53", "3478"),
                ),
                Rule(
                    name="dns-stun-accepted-in", protocol="udp", action="accept",
                    source_ports=("53", "3478"),
                ),
                Rule(name="other-udp", protocol="udp"),
            ),
            "dpi": (Rule(name="dpi", stun=True),),
            "police": (
                Rule(name="police", protocol="udp", above_rate=random.choice((20.0, 60.0))),
            ),
            "in": (Rule(name="stateful", protocol="udp", arrives="outside", state="new"),),
            "all": (
                Rule(name="web", protocol="tcp", action="accept", destination_ports=("80", "443")),
                Rule(name="all-out", arrives="inside", state="new"),
            ),
            "high": (Rule(name="no-relay-ports", protocol="udp",
                          destination_ports=("49152-65535",)),),
            "share": (Rule(name="flaky", protocol="udp", share=0.1),),
        }  # fmt: skip
        return rules[kind]

    def _host(self, name: str, lan: str, *, public: bool = False) -> None:
        random = self.part(f"host {name}")
        line = self._line(f"line {name}") if public else Line()
        interfaces = [Interface(lan, line=line)]
        if random.random() < 0.12:
            interfaces.append(Interface(None, name="docker0", addresses=("172.17.0.1/16",)))
        if random.random() < 0.06:
            address = f"10.8.0.{2 + (name == 'bob')}/24"
            interfaces.append(Interface(None, name="wg0", addresses=(address,), default=True))
        if random.random() < 0.08:
            self._second_uplink(name)
            interfaces.append(Interface(f"{name}-lan2", name="wlan0"))
        rules: tuple[Rule, ...] = ()
        if random.random() < 0.06:
            rules = (
                Rule(
                    name="own", protocol="udp", chain=random.choice(("input", "output")),
                    action=random.choice(("drop", "reject")),
                    destination_ports=("1024-3477", "3479-65535"),
                ),
            )  # fmt: skip
        self.hosts[name] = Host(
            interfaces=tuple(interfaces),
            firewall=rules,
            wall_error=random.choice((0.0, 0.0, 0.0, 0.0, -7200.0, 86_400.0, 0.3)),
        )

    def _second_uplink(self, name: str) -> None:
        called = f"{name}-nat2"
        self.routers[called] = Router(
            inside=(Attachment(f"{name}-lan2"),),
            outside=(Attachment("internet", line=self._line(f"line {called}")),),
            nat=self._nat(called),
        )

    # --- servers --------------------------------------------------------------------------------

    def _servers(self) -> None:
        random = self.part("servers")
        good = {"other_addresses": (STUN_SECOND,)} if random.random() < 0.6 else {}
        self.servers["stun"] = Server(self._stun("stun", addresses=(STUN,), **good))
        self.servers["stun2"] = Server(self._stun("stun2", addresses=(OTHER_STUN,)))
        self.servers["turn"] = Server(self._turn("turn", TURN))
        self.servers["turn2"] = Server(self._turn("turn2", OTHER_TURN))
        for name, address in (("stun", STUN), ("turn", TURN)):
            answer = {
                "good": Name(addresses=(address,)),
                "slow": Name(addresses=(address,), delay=random.choice((0.2, 1.5))),
                "wrong": Name(addresses=("192.0.2.99",)),
                "unknown": Name(),
                "silent": Name(silent=True),
            }
            kind = one(random, {"good": 12, "slow": 3, "wrong": 1, "unknown": 1, "silent": 1})
            self.names[f"{name}.example.org"] = answer[kind]

    def _stun(self, name: str, **fields: Any) -> StunOptions:
        random = self.part(f"server {name}")
        faults: dict[str, dict[str, Any]] = {
            "good": {},
            "silent": {"silent": True},
            "lying": {"mapped_address": "10.9.8.7"},
            "shifted": {"mapped_port_shift": 1},
            "plain": {"mapped": "plain"},
            "no address": {"mapped": "none"},
            "error": {"error": random.choice((400, 500))},
            "other port": {"answers_from_port": 3500},
            "slow": {"delay": random.choice((0.1, 0.8))},
            "rare": {"ignores": 0.3},
            "limited": {"rate": 2.0, "burst": 4.0},
            "ignoring": {"change_request": "ignored"},
        }
        weights = dict.fromkeys(faults, 2) | {"good": 76, "silent": 4}
        return StunOptions(**(fields | faults[one(random, weights)]))

    def _turn(self, name: str, address: str) -> TurnOptions:
        random = self.part(f"server {name}")
        faults: dict[str, dict[str, Any]] = {
            "good": {},
            "silent": {"silent": True},
            "quota": {"quota": random.choice((0, 1))},
            "full": {"capacity": random.choice((0, 1, 2))},
            "denied": {"denied": ("0.0.0.0/0",)},
            "private denied": {"denied": ("10.0.0.0/8", "192.168.0.0/16", "172.16.0.0/12")},
            "wrong external": {"external": ("10.1.2.3",)},
            "deaf": {"deaf_relays": True},
            "short": {"lifetime": 60.0, "nonce_lifetime": 20.0},
            "error": {"errors": {"allocate": random.choice((500, 403))}},
            "no permission": {"errors": {"create-permission": 403, "channel-bind": 403}},
            "no channel": {"errors": {"channel-bind": 400}},
            "slow": {"delay": 0.4},
            "rare": {"ignores": 0.2},
            "certificate": {
                "certificate": random.choice(
                    (Certificate(trusted=False), Certificate(expired=True),
                     Certificate(names=("other.example.org",)))
                )
            },
        }  # fmt: skip
        weights = dict.fromkeys(faults, 2) | {"good": 72}
        fields = {
            "addresses": (address,), "users": {"user": "right"},
            "transports": ("udp", "tcp", "tls"),
        }  # fmt: skip
        return TurnOptions(**(fields | faults[one(random, weights)]))

    # --- sessions -------------------------------------------------------------------------------

    def _session(self, name: str) -> Session:
        random = self.part(f"session {name}")
        by_name = random.random() < 0.15
        stun_host = "stun.example.org" if by_name else STUN
        turn_host = "turn.example.org" if by_name else TURN
        stun = one(
            random,
            {
                (f"stun:{stun_host}", f"stun:{OTHER_STUN}"): 50, (f"stun:{stun_host}",): 30,
                (): 10, ("stun:192.0.2.98",): 3,
            },
        )  # fmt: skip
        password = "right" if random.random() < 0.93 else "wrong"
        at = f"user:{password}@{turn_host}"
        turn = one(
            random,
            {
                (): 50, (f"turn:{at}",): 16, (f"turn:{at}", f"turn:{at}?transport=tcp"): 14,
                (f"turns:{at}",): 6, (f"turn:{at}?transport=tcp",): 4,
                (f"turn:user:right@{OTHER_TURN}",): 6,
                (f"turn:{at}", f"turn:user:right@{OTHER_TURN}?transport=tcp"): 4,
            },
        )  # fmt: skip
        late = None
        if "late" in self.kinds and random.random() < 0.15:
            late = one(random, {0.5: 3, 3.0: 3, 20.0: 3, 45.0: 3, 120.0: 2, 300.0: 1, 600.0: 1})
        ipv4 = random.random() > 0.02 or not self.ipv6
        return Session(
            host=name,
            stun=stun,
            turn=turn,
            relay_only=bool(turn) and random.random() < 0.05,
            interfaces=("eth0",) if random.random() < 0.04 else (),
            ipv6=random.random() > 0.05 or not ipv4,
            ipv4=ipv4,
            starts_at=one(random, {0.0: 8, 0.7: 1, 2.5: 1}),
            pastes_at=late,
        )
