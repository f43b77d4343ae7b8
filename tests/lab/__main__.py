"""The lab by hand: ``python -m tests.lab up --alice sym --bob prc --delay 25`` and so on."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from pathlib import Path

from tests.lab import by_text, interop, matrix, netns, recordings, registry
from tests.lab.lab import SERVER, Lab
from tests.lab.scenarios import table as scenarios
from tests.lab.topology import (
    BLACKHOLE_V4,
    KINDS,
    STUN_URL,
    TURN_UDP_URL,
    UNREACHABLE_V4,
    Site,
    Topology,
    as_site,
)
from tests.lab.weather import Weather


def main(argv: list[str] | None = None) -> int:
    """Run one command; returns the exit code."""
    options = parser().parse_args(argv)
    try:
        return int(options.run(options) or 0)
    except (KeyError, ValueError, netns.SetupError) as error:
        print(error.args[0] if error.args else error, file=sys.stderr)
        return 2


def parser() -> argparse.ArgumentParser:
    """All commands and options."""
    top = argparse.ArgumentParser(prog="python -m tests.lab", description=__doc__)
    commands = top.add_subparsers(required=True, metavar="COMMAND")

    up = commands.add_parser("up", help="build a lab; it stays until 'down'")
    up.add_argument("--id", help="its name (default: this process's id)")
    kinds = f"{', '.join(KINDS)}; joined by + from the LAN outwards"
    up.add_argument("--alice", default="prc", metavar="KIND", help=f"Alice's NAT: {kinds}")
    up.add_argument("--bob", default="prc", metavar="KIND", help="Bob's NAT")
    up.add_argument("--shared", metavar="KIND", help="both in one LAN behind this NAT instead")
    up.add_argument("--second", metavar="KIND", help="a second uplink for Alice (eth1)")
    up.add_argument("--hairpin", action="store_true", help="NATs turn packets back inside")
    up.add_argument("--isolated", action="store_true", help="hosts of one LAN do not meet there")
    up.add_argument("--lifetime", type=int, metavar="SECONDS", help="of the NATs' UDP bindings")
    up.add_argument("--idle", action="store_true", help="Alice has a docker0 that leads nowhere")
    up.add_argument("--ipv6", action="store_true", help="IPv6, too, behind stateful firewalls")
    up.add_argument("--no-server", action="store_true", help="no coturn")
    add_weather(up)
    up.set_defaults(run=build)

    execute = commands.add_parser("exec", help="run a command on a host")
    execute.add_argument("host", help="alice, bob, server, or a router by its name in 'status'")
    execute.add_argument("command", nargs=argparse.REMAINDER, metavar="-- COMMAND")
    execute.set_defaults(run=run_command)

    commands.add_parser("status", help="the labs there are").set_defaults(run=show_status)

    weather = commands.add_parser("weather", help="change an uplink's weather")
    weather.add_argument("link", help="a site (alice, bob, …) or server")
    add_weather(weather)
    weather.set_defaults(run=change_weather)

    for name, text in (
        ("cut", "nothing passes an uplink"),
        ("restore", "undo 'cut'"),
        ("rebind", "a site's NAT forgets its mappings"),
    ):
        change = commands.add_parser(name, help=text)
        change.add_argument("link", help="a site (alice, bob, …)")
        change.set_defaults(run=change_link, change=name)

    server = commands.add_parser("server", help="stop or start coturn")
    server.add_argument("action", choices=("stop", "start"))
    server.set_defaults(run=change_server)

    down = commands.add_parser("down", help="remove a lab")
    down.set_defaults(run=take_down)

    clean = commands.add_parser("clean", help="remove labs whose owner is gone, and those named")
    clean.add_argument("ids", nargs="*", metavar="ID")
    clean.add_argument("--all", action="store_true", help="every lab of this machine")
    clean.set_defaults(run=clean_up)

    install = commands.add_parser("install", help="install the tools and foreign peers (Debian)")
    install.set_defaults(run=install_tools)

    table = commands.add_parser("matrix", help="NAT kinds × NAT kinds, icetui beside others")
    matrix.add_options(table)
    table.set_defaults(run=matrix.run)

    table = commands.add_parser("by-text", help="icetui opposite every foreign peer")
    by_text.add_options(table)
    table.set_defaults(run=by_text.run)

    meetings = commands.add_parser("interop", help="icetui with every foreign peer over relays")
    interop.add_options(meetings)
    meetings.set_defaults(run=interop.run)

    broken = commands.add_parser("scenarios", help="broken networks, and what is said of them")
    scenarios.add_options(broken)
    broken.set_defaults(run=scenarios.run)

    pictured = commands.add_parser("record", help="the sessions that the screenshots are made from")
    recordings.add_options(pictured)
    pictured.set_defaults(run=recordings.run)

    for command in (execute, weather, server, down, *_named(commands, "cut", "restore", "rebind")):
        command.add_argument("--id", help="which lab, if there are several")
    return top


def _named(
    commands: argparse._SubParsersAction[argparse.ArgumentParser], *names: str
) -> list[argparse.ArgumentParser]:
    return [commands.choices[name] for name in names]


def add_weather(command: argparse.ArgumentParser) -> None:
    """Options that describe the weather, in people's units."""
    command.add_argument("--delay", type=float, default=0, metavar="MS", help="each way")
    command.add_argument("--jitter", type=float, default=0, metavar="MS", help="plus or minus")
    command.add_argument("--loss", type=float, default=0, metavar="PERCENT")
    command.add_argument("--reorder", type=float, default=0, metavar="PERCENT")


def weather_of(options: argparse.Namespace) -> Weather:
    """The options of ``add_weather`` as a value."""
    return Weather(
        delay=options.delay / 1000,
        jitter=options.jitter / 1000,
        loss=options.loss / 100,
        reorder=options.reorder / 100,
    )


def topology_of(options: argparse.Namespace) -> Topology:
    """What ``up`` is to build."""

    def site(kind: str) -> Site:
        return Site(
            nats=as_site(kind).nats,
            hairpin=options.hairpin,
            isolated=options.isolated,
            binding_lifetime=options.lifetime,
        )

    if options.shared:
        sites = {"home": site(options.shared)}
        hosts: dict[str, tuple[str, ...]] = {"alice": ("home",), "bob": ("home",)}
    else:
        sites = {"alice": site(options.alice), "bob": site(options.bob)}
        hosts = {"alice": ("alice",), "bob": ("bob",)}
    if options.second:
        sites["second"] = site(options.second)
        hosts["alice"] = (*hosts["alice"], "second")
    idle = ("alice",) if options.idle else ()
    return Topology(sites, hosts, idle=idle, ipv6=options.ipv6)


def chosen(options: argparse.Namespace) -> Lab:
    """The lab named by ``--id``, or the only one that was built by hand."""
    if options.id:
        return Lab.attach(options.id)
    by_hand = [entry.id for entry in registry.entries() if entry.owner is None]
    if len(by_hand) != 1:
        raise KeyError(f"{'several labs' if by_hand else 'no lab'} built by hand; see 'status'")
    return Lab.attach(by_hand[0])


def build(options: argparse.Namespace) -> None:
    topology = topology_of(options)
    weather = weather_of(options)
    lab = Lab.build(
        topology,
        weather={} if weather == Weather() else dict.fromkeys(topology.sites, weather),
        server=not options.no_server,
        lab_id=options.id,
        owned=False,
    )
    print(f"lab {lab.id} is up; python -m tests.lab exec alice -- COMMAND runs on a host")
    describe(lab)


def describe(lab: Lab) -> None:
    """What someone needs to know who works in it."""
    for name in lab.topology.hosts:
        for interface in lab[name].interfaces:
            plan = lab.topology.plan(interface.site)
            nats = " then ".join(plan.site.nats)
            print(f"  {name:6} {interface.name} {interface.address:15} {nats}, seen as ", end="")
            print(interface.address if plan.is_open else plan.public)
    for link, weather in lab.weather.items():
        print(f"  weather {link}: {weather}")
    print(f"  server {STUN_URL} {TURN_UDP_URL} ({'up' if lab.server else 'down'})")
    print(f"  silent {BLACKHOLE_V4}, unreachable {UNREACHABLE_V4}")


def run_command(options: argparse.Namespace) -> None:
    lab = chosen(options)
    command = options.command[1:] if options.command[:1] == ["--"] else options.command
    if options.host not in lab.parts:
        raise KeyError(f"there is no {options.host}; there are {', '.join(lab.parts)}")
    # Not the lab's to end: it belongs to the terminal it runs in.
    argv = netns.command(lab.namespace(options.host), *(command or [os.environ["SHELL"]]))[3:]
    os.execvpe(argv[0], argv, lab[SERVER].environment())


def show_status(options: argparse.Namespace) -> None:
    for entry in registry.entries():
        if entry.owner is None:
            belongs = "built by hand"
        elif entry.is_orphaned:
            belongs = "orphaned; 'clean' removes it"
        else:
            belongs = f"of process {entry.owner.pid}"
        print(f"lab {entry.id}, {belongs}")
        lab = Lab.attach(entry.id)
        describe(lab)
        print(f"  parts {', '.join(lab.parts)}")


def change_weather(options: argparse.Namespace) -> None:
    chosen(options).set_weather(options.link, weather_of(options))


def change_link(options: argparse.Namespace) -> None:
    lab = chosen(options)
    links = lab.topology.sites if options.change == "rebind" else lab.links
    if options.link not in links:
        raise KeyError(f"there is no {options.link}; there are {', '.join(links)}")
    getattr(lab, options.change)(options.link)


def change_server(options: argparse.Namespace) -> None:
    lab = chosen(options)
    lab.stop_server()
    if options.action == "start":
        lab.start_server()


def take_down(options: argparse.Namespace) -> None:
    registry.remove(chosen(options).id)


def clean_up(options: argparse.Namespace) -> None:
    removed = registry.remove_orphans()
    for entry in registry.entries():
        if options.all or entry.id in options.ids:
            registry.remove(entry.id)
            removed.append(entry.id)
    print(f"removed: {', '.join(removed) or 'nothing'}")


def install_tools(options: argparse.Namespace) -> int:
    return subprocess.run(["bash", str(Path(__file__).with_name("install.sh"))]).returncode


if __name__ == "__main__":
    sys.exit(main())
