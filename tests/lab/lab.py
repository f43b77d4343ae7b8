"""A lab: builds the namespaces of a topology, changes them while they run, takes them down."""

from __future__ import annotations

import contextlib
import itertools
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import IO, Any

from tests.lab import coturn, nat, netns, registry
from tests.lab.topology import (
    BLACKHOLE_V4,
    BLACKHOLE_V6,
    INTERNET_V4,
    SERVER_V4,
    SERVER_V6,
    TURN_NAME,
    UNREACHABLE_V4,
    Interface,
    Plan,
    Topology,
)
from tests.lab.weather import Weather, tell_relay

ROOT = Path(__file__).parents[2]
SERVER = "server"
INTERNET = "net"
ROUTER_SYSCTLS = {
    "net/ipv4/ip_forward": 1,
    "net/ipv6/conf/all/forwarding": 1,
    # What a switch passes on is none of the router's rules' business.
    "net/bridge/bridge-nf-call-iptables": 0,
    "net/bridge/bridge-nf-call-ip6tables": 0,
}
PRIVATE_NETWORKS = ("10.0.0.0/8", "100.64.0.0/10", "172.16.0.0/12", "192.168.0.0/16")
"""What providers drop without a word (RFC 1918, RFC 6598)."""
COMMON_SYSCTLS = {
    "net/ipv4/conf/all/rp_filter": 0,
    "net/ipv4/conf/default/rp_filter": 0,
    # An interface answers for its own addresses only: a port that weather took out of its bridge
    # must not draw the traffic to itself, past the relay.
    "net/ipv4/conf/all/arp_ignore": 1,
    # An ICMP error for every packet that deserves one, so that tests see the same each time.
    "net/ipv4/icmp_ratelimit": 0,
    "net/ipv4/ping_group_range": "0 2147483647",
}
V6_SYSCTLS = {
    # Every address here is known to be unique; waiting for that to be confirmed takes seconds.
    f"net/ipv6/conf/{which}/{name}": 0
    for which in ("all", "default")
    for name in ("accept_dad", "dad_transmits", "accept_ra")
}


class Host:
    """A machine in the lab on which programs run."""

    def __init__(self, lab: Lab, name: str) -> None:
        self.lab = lab
        self.name = name
        self.namespace = lab.namespace(name)

    @property
    def interfaces(self) -> list[Interface]:
        """Its interfaces with their addresses; none for the server."""
        return self.lab.topology.interfaces(self.name) if self.name != SERVER else []

    @property
    def address(self) -> str:
        """Its first address."""
        return SERVER_V4[0] if self.name == SERVER else self.interfaces[0].address

    def inside(self) -> contextlib.AbstractContextManager[None]:
        """This thread is on the host; sockets opened here stay there."""
        return netns.inside(self.namespace)

    def environment(self) -> dict[str, str]:
        """For programs on the host: the project's modules and the lab's certificate."""
        return {
            **os.environ,
            "PYTHONPATH": str(ROOT),
            "SSL_CERT_FILE": str(self.lab.folder / "cert.pem"),
        }

    def spawn(
        self,
        *argv: str,
        stdout: int | IO[Any] | None = subprocess.PIPE,
        stderr: int | IO[Any] | None = subprocess.PIPE,
        env: Mapping[str, str] | None = None,
        stdin: int = subprocess.DEVNULL,
    ) -> subprocess.Popen[str]:
        """Start a program on the host; it is ended with the lab at the latest."""
        process = subprocess.Popen(
            netns.command(self.namespace, *argv),
            stdin=stdin,
            stdout=stdout,
            stderr=stderr,
            text=True,
            env={**self.environment(), **(env or {})},
        )
        self.lab.children.append(process)
        return process

    def run(self, *argv: str, timeout: float = 30) -> subprocess.CompletedProcess[str]:
        """Run a program on the host to its end."""
        return subprocess.run(
            netns.command(self.namespace, *argv),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=timeout,
            env=self.environment(),
            check=False,
        )


class Lab:
    """Made by ``Lab.build`` and taken down by ``close``, or by the registry if nobody does."""

    def __init__(self, lab_id: str, topology: Topology, facts: Mapping[str, Any]) -> None:
        self.id = lab_id
        self.topology = topology
        self.folder = registry.folder(lab_id)
        self.owned: bool = facts.get("owned", True)
        self.rebinds: dict[str, int] = dict(facts.get("rebinds", {}))
        self.weather: dict[str, Weather] = {
            link: Weather(**weather) for link, weather in facts.get("weather", {}).items()
        }
        self.relay: int | None = facts.get("relay")
        self.server: int | None = facts.get("server")
        self.children: list[subprocess.Popen[Any]] = []

    # Building and removing

    @classmethod
    def build(
        cls,
        topology: Topology,
        *,
        weather: Mapping[str, Weather] | None = None,
        server: bool = True,
        lab_id: str | None = None,
        owned: bool = True,
    ) -> Lab:
        """Build a lab. An owned lab belongs to this process; any other stays until removed."""
        lab = cls(registry.new_id(lab_id), topology, {"owned": owned})
        try:
            lab.save()
            lab._lay()
            if server:
                lab.start_server()
            for link, value in (weather or {}).items():
                lab.set_weather(link, value)
        except BaseException:  # interrupted, too: namespaces must not stay
            # Ctrl-C while building, too, must leave nothing behind.
            lab.close()
            raise
        return lab

    @classmethod
    def attach(cls, lab_id: str) -> Lab:
        """The lab of that id, built by another process. Raises ``KeyError`` if there is none."""
        facts = registry.read(lab_id).facts
        return cls(lab_id, Topology.from_json(facts["topology"]), facts)

    def save(self) -> None:
        """Write down what another process must know to use or remove this lab."""
        registry.write(
            self.id,
            registry.Owner.me() if self.owned else None,
            {
                "owned": self.owned,
                "topology": self.topology.to_json(),
                "rebinds": self.rebinds,
                "weather": {link: vars(value) for link, value in self.weather.items()},
                "relay": self.relay,
                "server": self.server,
            },
        )

    def close(self) -> None:
        """End all that runs in the lab and remove it. Safe to repeat."""
        for child in self.children:
            if child.poll() is None:
                child.kill()
        registry.remove(self.id)
        for child in self.children:
            child.wait()
            for stream in (child.stdin, child.stdout, child.stderr):
                if stream is not None:
                    stream.close()
        self.children.clear()

    def __enter__(self) -> Lab:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None
    ) -> None:
        self.close()

    # Parts

    def namespace(self, part: str) -> str:
        """The namespace of a host, a router, ``server`` or ``net``."""
        return f"{registry.PREFIX}{self.id}-{part}"

    def router(self, site: str, level: int = 0) -> str:
        """The name of a site's router; level 0 is the one next to the LAN."""
        return f"nat-{site}" if level == 0 else f"cgn{level if level > 1 else ''}-{site}"

    def host(self, name: str) -> Host:
        """A host by name; ``server`` is one, too. Raises ``KeyError``."""
        if name != SERVER and name not in self.topology.hosts:
            raise KeyError(f"there is no host {name}")
        return Host(self, name)

    def __getitem__(self, name: str) -> Host:
        return self.host(name)

    @property
    def links(self) -> dict[str, int]:
        """The uplinks by name (every site, and ``server``) with their numbers."""
        return {name: number for number, name in enumerate([*self.topology.sites, SERVER])}

    @property
    def parts(self) -> list[str]:
        """All parts that have a namespace of their own."""
        routers = [
            self.router(name, level)
            for name, site in self.topology.sites.items()
            for level in range(len(site.nats))
        ]
        return [INTERNET, SERVER, *routers, *self.topology.hosts]

    # While it runs

    def set_weather(self, link: str, weather: Weather) -> None:
        """Change what an uplink does to packets; in force on return."""
        if link not in self.links:
            raise KeyError(f"there is no link {link}; there are {', '.join(self.links)}")
        if self.relay is None:
            self._start_relay()
        tell_relay(self.folder / "relay.sock", link, weather)
        self.weather[link] = weather
        self.save()

    def cut(self, link: str) -> None:
        """Nothing passes the uplink any more, in silence."""
        self._change_cut("add", link)

    def restore(self, link: str) -> None:
        """Undo ``cut``."""
        self._change_cut("delete", link)

    def rebind(self, site: str, level: int = -1) -> None:
        """Let a site's router forget all mappings and give new public ports from now on."""
        levels = len(self.topology.sites[site].nats)
        level %= levels
        name = self.router(site, level)
        self.rebinds[name] = self.rebinds.get(name, 0) + 1
        self.save()
        namespace = self.namespace(name)
        netns.run_all([netns.nft(namespace, self._rules(site, level))])
        netns.run_all([(["ip", "netns", "exec", namespace, "conntrack", "-F"], "")])

    def start_server(self, *options: str) -> None:
        """Start coturn with these options, too; it answers on return."""
        process = coturn.start(
            self.namespace(SERVER),
            self.folder,
            *options,
            ipv6=self.topology.ipv6,
            detached=not self.owned,
        )
        self.children.append(process)
        self.server = process.pid
        self.save()

    def stop_server(self) -> None:
        """Kill coturn: its allocations are lost, its ports answer with ICMP errors."""
        if self.server is None:
            return
        if self.server in netns.processes_in([self.namespace(SERVER)]):
            os.kill(self.server, signal.SIGKILL)
        for child in self.children:
            if child.pid == self.server:
                child.wait()
        self.server = None
        self.save()

    # How it is laid

    def _rules(self, site: str, level: int) -> str:
        plan = self.topology.plan(site)
        return nat.ruleset(
            plan.site.nats[level],
            plan.wan(level)[0],
            hairpin=plan.site.hairpin,
            binding_lifetime=plan.site.binding_lifetime,
            rebinds=self.rebinds.get(self.router(site, level), 0),
        )

    def _change_cut(self, action: str, link: str) -> None:
        rule = f'{action} element inet cut links {{ "br{self.links[link]}" }}'
        netns.run_all([netns.nft(self.namespace(INTERNET), rule)])

    def _start_relay(self) -> None:
        control = self.folder / "relay.sock"
        links = [f"{name}={number}" for name, number in self.links.items()]
        script = str(Path(__file__).with_name("relay.py"))
        command = netns.command(
            self.namespace(INTERNET), sys.executable, "-S", "-E", script, str(control), *links
        )
        with (self.folder / "relay.log").open("ab") as log:
            process = subprocess.Popen(
                command if self.owned else command[3:],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=log,
                start_new_session=True,
            )
        self.children.append(process)
        assert process.stdout is not None
        if process.stdout.readline() != b"ready\n":
            raise netns.SetupError(f"no relay: {(self.folder / 'relay.log').read_text()}")
        self.relay = process.pid
        self.save()

    def _lay(self) -> None:
        parts = self.parts
        netns.run_all([netns.ip_batch([f"netns add {self.namespace(part)}" for part in parts])])
        for part in parts:
            self._write_settings(part)
        netns.run_all([netns.ip_batch(self._cables()), coturn.certificate_job(self.folder)])
        jobs = [
            netns.ip_batch(self._internet_setup(), self.namespace(INTERNET)),
            netns.nft(self.namespace(INTERNET), CUT_RULES),
            netns.ip_batch(self._server_setup(), self.namespace(SERVER)),
            self._no_offload(SERVER, "eth0"),
        ]
        for name, site in self.topology.sites.items():
            for level in range(len(site.nats)):
                namespace = self.namespace(self.router(name, level))
                jobs.append(netns.ip_batch(self._router_setup(name, level), namespace))
                jobs.append(netns.nft(namespace, self._rules(name, level)))
            jobs.append(self._no_offload(self.router(name, len(site.nats) - 1), "wan"))
        for name in self.topology.hosts:
            jobs.append(netns.ip_batch(self._host_setup(name), self.namespace(name)))
            if self.topology.ipv6:
                rules = [
                    f"rule add from {interface.address_v6} lookup {100 + number}"
                    for number, interface in enumerate(self.topology.interfaces(name))
                ]
                jobs.append(netns.ip_batch(rules, self.namespace(name), family="-6"))
        netns.run_all(jobs)
        for part in parts:
            netns.wait_until_running(self.namespace(part), idle=["docker0"])

    def _write_settings(self, part: str) -> None:
        namespace = self.namespace(part)
        # A resolver that is not there: no question ever leaves the lab.
        hosts = f"127.0.0.1 localhost {part}\n::1 localhost\n{SERVER_V4[0]} {TURN_NAME}\n"
        netns.write_files(namespace, {"resolv.conf": "nameserver 127.0.0.1\n", "hosts": hosts})
        values: dict[str, object] = dict(COMMON_SYSCTLS)
        if self.topology.ipv6:
            values |= V6_SYSCTLS
        else:
            values["net/ipv6/conf/all/disable_ipv6"] = 1
            values["net/ipv6/conf/default/disable_ipv6"] = 1
        if part == INTERNET or part.startswith(("nat-", "cgn")):
            values |= ROUTER_SYSCTLS
            if not self.topology.ipv6:
                del values["net/ipv6/conf/all/forwarding"]
        for name, site in self.topology.sites.items():
            if site.binding_lifetime and part == self.router(name, len(site.nats) - 1):
                for setting in ("udp_timeout", "udp_timeout_stream"):
                    values[f"net/netfilter/nf_conntrack_{setting}"] = site.binding_lifetime
        netns.set_sysctls(namespace, values)

    def _no_offload(self, part: str, interface: str) -> tuple[Sequence[str], str]:
        """A relay sees frames as they are on a wire only if checksums are not left for later."""
        argv = [
            "ip",
            "netns",
            "exec",
            self.namespace(part),
            "ethtool",
            "-K",
            interface,
            "tx",
            "off",
        ]
        return argv, ""

    def _cables(self) -> list[str]:
        # Two ends with the same index look like one device to the kernel's link watch, which then
        # takes up to a second to see that the link is up.
        indices = itertools.count(101)

        def cable(part: str, interface: str, other: str, other_interface: str) -> str:
            return (
                f"link add {interface} netns {self.namespace(part)} index {next(indices)} "
                f"type veth peer name {other_interface} netns {self.namespace(other)}"
            )

        lines = [cable(SERVER, "eth0", INTERNET, f"up{self.links[SERVER]}")]
        for name, site in self.topology.sites.items():
            outermost = len(site.nats) - 1
            lines.append(
                cable(self.router(name, outermost), "wan", INTERNET, f"up{self.links[name]}")
            )
            for level in range(outermost):
                inner, outer = self.router(name, level), self.router(name, level + 1)
                lines.append(cable(inner, "wan", outer, "lan"))
        for number, host in enumerate(self.topology.hosts):
            for interface in self.topology.interfaces(host):
                router = self.router(interface.site)
                lines.append(cable(host, interface.name, router, f"port{number}"))
        return lines

    def _internet_setup(self) -> list[str]:
        lines = [
            "link set lo up",
            f"route add blackhole {BLACKHOLE_V4}",
            f"route add unreachable {UNREACHABLE_V4}",
            *(f"route add blackhole {network}" for network in PRIVATE_NETWORKS),
        ]
        for name, number in self.links.items():
            # A fixed address: a bridge takes its ports', and ports come and go with the weather.
            lines += [
                f"link add br{number} address 02:00:00:00:01:{number:02x} type bridge "
                "forward_delay 0 mcast_snooping 0",
                f"link set up{number} master br{number} up",
                f"link set br{number} up",
                *_patient(f"br{number}", ipv6=self.topology.ipv6),
            ]
            if name == SERVER:
                lines.append(f"addr add {INTERNET_V4}/24 dev br{number}")
                if self.topology.ipv6:
                    lines.append(f"addr add 2001:db8:5::1/64 dev br{number} nodad")
                    lines.append(f"route add blackhole {BLACKHOLE_V6}")
                continue
            plan = self.topology.plan(name)
            lines.append(f"addr add {plan.uplink}/28 dev br{number}")
            if plan.is_open:
                lan = plan.lan_address(-1)
                lines.append(f"route add {lan}/28 via {plan.public}")
            if self.topology.ipv6:
                outer, gateway = plan.wan_v6(len(plan.site.nats) - 1)
                lines.append(f"addr add {gateway}/64 dev br{number} nodad")
                for network in self._inner_v6_networks(plan, len(plan.site.nats) - 1):
                    lines.append(f"route add {network} via {outer}")
        return lines

    @staticmethod
    def _inner_v6_networks(plan: Plan, level: int) -> list[str]:
        """What lies behind a site's router: the LAN and the networks between its routers."""
        between = [f"{plan.wan_v6(inner)[0][:-1]}/64" for inner in range(level)]
        return [f"{plan.lan_v6(0)[:-1]}/64", *between]

    def _server_setup(self) -> list[str]:
        lines = ["link set lo up", "link set eth0 up"]
        lines += _patient("eth0", ipv6=self.topology.ipv6)
        lines += [f"addr add {address}/24 dev eth0" for address in SERVER_V4]
        lines.append(f"route add default via {INTERNET_V4}")
        if self.topology.ipv6:
            lines += [f"addr add {address}/64 dev eth0 nodad" for address in SERVER_V6]
            lines.append("route add default via 2001:db8:5::1")
        return lines

    def _router_setup(self, name: str, level: int) -> list[str]:
        plan = self.topology.plan(name)
        outer, prefix, gateway = plan.wan(level)
        lines = ["link set lo up", "link set wan up", f"addr add {outer}/{prefix} dev wan"]
        lines.append(f"route add default via {gateway}")
        if level == 0:
            lines.append("link add lan type bridge forward_delay 0 mcast_snooping 0")
            for number, host in enumerate(self.topology.hosts):
                if name in self.topology.hosts[host]:
                    lines.append(f"link set port{number} master lan up")
                    if plan.site.isolated:
                        lines.append(f"link set port{number} type bridge_slave isolated on")
            lines.append(f"addr add {plan.lan_address(0)}/{plan.lan[1]} dev lan")
        else:
            lines.append(f"addr add {plan.between(level - 1)[1]}/24 dev lan")
        lines.append("link set lan up")
        for device in ("wan", "lan"):
            lines += _patient(device, ipv6=self.topology.ipv6)
        if self.topology.ipv6:
            outer_v6, gateway_v6 = plan.wan_v6(level)
            lines.append(f"addr add {outer_v6}/64 dev wan nodad")
            lines.append(f"route add default via {gateway_v6}")
            if level == 0:
                lines.append(f"addr add {plan.lan_v6(0)}/64 dev lan nodad")
            else:
                inner, own = plan.wan_v6(level - 1)
                lines.append(f"addr add {own}/64 dev lan nodad")
                networks = self._inner_v6_networks(plan, level - 1)
                lines += [f"route add {network} via {inner}" for network in networks]
        return lines

    def _host_setup(self, name: str) -> list[str]:
        """What is sent from an interface's address leaves through that interface."""
        lines = ["link set lo up"]
        for number, interface in enumerate(self.topology.interfaces(name)):
            device, table = interface.name, 100 + number
            lines += [
                f"link set {device} up",
                *_patient(device, ipv6=self.topology.ipv6),
                f"addr add {interface.address}/{interface.prefix} dev {device}",
                f"route add default via {interface.router} dev {device} metric {table}",
                f"route add {interface.network} dev {device} table {table}",
                f"route add default via {interface.router} dev {device} table {table}",
                f"rule add from {interface.address} lookup {table}",
            ]
            if self.topology.ipv6:
                lines += [
                    f"addr add {interface.address_v6}/64 dev {device} nodad",
                    f"route add default via {interface.router_v6} dev {device} metric {table}",
                    f"route add {interface.network_v6} dev {device} table {table}",
                    f"route add default via {interface.router_v6} dev {device} table {table}",
                ]
        if name in self.topology.idle:
            lines += ["link add docker0 type bridge", "addr add 172.17.0.1/16 dev docker0"]
            lines.append("link set docker0 up")
        return lines


BuildLab = Callable[..., Lab]
"""The ``build_lab`` fixture: NAT kinds or sites, or a ``topology``; then options of ``build``."""


def _patient(device: str, *, ipv6: bool) -> list[str]:
    """A link just laid may drop its first packet: ask for a neighbour again after 10 ms, not after
    a second, but give up as late as ever (3 s)."""
    tables = ("arp_cache", "ndisc_cache") if ipv6 else ("arp_cache",)
    return [
        f"ntable change name {table} dev {device} retrans 10 mcast_probes 300" for table in tables
    ]


CUT_RULES = """
table inet cut {
    set links { type ifname; }
    chain forward {
        type filter hook forward priority filter;
        iifname @links drop
        oifname @links drop
    }
}
"""
