"""Brings about in a world what `changes.py` names."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from icetui.vnet import changes
from icetui.vnet.addressing import FIRST_HOST, PUBLIC_HOSTS, SMALL
from icetui.vnet.core import OWN
from icetui.vnet.line import OneWay
from icetui.vnet.link import Port
from icetui.vnet.network_parts import INTERNET, Interface, Name
from icetui.vnet.router import Router
from icetui.vnet.routing_table import as_number, bare, prefix, version_of, written
from icetui.vnet.world_parts import Machine, WorldParts


def apply(world: WorldParts, change: changes.AnyChange) -> None:
    """Let it happen now. Raises KeyError when there is nobody of that name to whom it can."""
    EFFECTS[type(change)](world, change)


def _directions(port: Port, direction: str) -> list[OneWay]:
    return [w for w, name in ((port.up, "up"), (port.down, "down")) if direction in ("both", name)]


def _cut(world: WorldParts, change: changes.Cut | changes.Restore) -> None:
    for way in _directions(world.port(change.whom), change.direction):
        way.set(msgspec.structs.replace(way.line, cut=isinstance(change, changes.Cut)))


def _weather(world: WorldParts, change: changes.Weather) -> None:
    for way in _directions(world.port(change.whom), change.direction):
        # What is cut stays so until it is restored.
        way.set(msgspec.structs.replace(change.line, cut=way.line.cut or change.line.cut))


def _rebind(world: WorldParts, change: changes.Rebind) -> None:
    world.routers[change.whom].rebind()


def _renumber(world: WorldParts, change: changes.Renumber) -> None:
    port = world.port(change.whom)
    if not isinstance(port.node, Router):
        raise KeyError(change.whom)
    port.node.renumber(port, tuple(_lengthened(a, port) for a in change.addresses))
    world.route()


def _lengthened(text: str, port: Port) -> str:
    """A bare address gets the length of the prefix it is in, if it is in one of the port's."""
    address = bare(text)
    near = next((p for p in port.prefixes if "/" not in text and p.holds(address)), None)
    return text if near is None else f"{address}/{near.length}"


def _uplink(world: WorldParts, change: changes.Uplink) -> None:
    router = world.routers[change.whom]
    for port in router.ports:
        if port.side == "outside" and port.link.name == change.link:
            router.take_uplink(port)
            return
    raise KeyError(change.link)


def _start(world: WorldParts, change: changes.Start) -> None:
    world.start(change.whom)


def _stop(world: WorldParts, change: changes.Stop) -> None:
    if change.whom in world.servers:
        world.servers[change.whom].stop()
    else:
        world.hosts[change.whom].loop.stop()


def _continue(world: WorldParts, change: changes.Continue) -> None:
    world.hosts[change.whom].loop.go_on()


def _restart(world: WorldParts, change: changes.Restart) -> None:
    world.servers[change.whom].stop()
    world.start(change.whom)


def _suspend(world: WorldParts, change: changes.Suspend) -> None:
    world.hosts[change.whom].loop.suspend()


def _resume(world: WorldParts, change: changes.Resume) -> None:
    world.hosts[change.whom].loop.resume()


def _reboot(world: WorldParts, change: changes.Reboot) -> None:
    host = world.hosts[change.whom]
    host.reboot(change.takes)
    for name, server in world.network.servers.items():
        if server.host == change.whom:
            world.servers[name].stop()


def _roam(world: WorldParts, change: changes.Roam) -> None:
    host = world.hosts[change.whom]
    wanted = change.interface.name
    old = next((p for p in host.ports if p.name == wanted), None)
    if old is None:
        raise KeyError(f"{change.whom}.{wanted}")
    place = host.ports.index(old)
    host.unplug(old)
    world.plug(host, _leased(world, change.interface), place)


def _plug(world: WorldParts, change: changes.Plug) -> None:
    world.plug(world.hosts[change.whom], _leased(world, change.interface))


def _host_port(world: WorldParts, line: str) -> tuple[Machine, Port]:
    port = world.port(line)
    if not isinstance(port.node, Machine):
        raise KeyError(line)
    return port.node, port


def _unplug(world: WorldParts, change: changes.Unplug) -> None:
    host, port = _host_port(world, change.whom)
    host.unplug(port)


def _rename(world: WorldParts, change: changes.Rename) -> None:
    _, port = _host_port(world, change.whom)
    port.name = change.name


def _leased(world: WorldParts, interface: Interface) -> Interface:
    """With an address and a gateway, as whoever serves the link would give them."""
    if interface.link is None:
        return interface
    link = world.links[interface.link]
    used = {a for port in link.ports for a in port.addresses}
    router = next((p for p in link.ports if p.side == "inside"), None)
    if interface.link == INTERNET:
        offers = [(prefix(p), OWN[v]) for v, p in PUBLIC_HOSTS.items()]
    elif router is not None:
        offers = list(zip(router.prefixes, router.addresses, strict=True))
    else:
        offers = []
    if not world.network.ipv6:
        offers = [offer for offer in offers if offer[0].version == 4]
    addresses, gateways = list(interface.addresses), dict.fromkeys(interface.gateways)
    if not addresses:
        for p, _ in offers:
            size = 1 << ((32 if p.version == 4 else 128) - p.length)
            number = min(FIRST_HOST, 2) if size <= SMALL else FIRST_HOST
            while written(p.version, p.network + number) in used and number < size - 2:
                number += 1
            addresses.append(f"{written(p.version, p.network + number)}/{p.length}")
    else:
        for i, text in enumerate(addresses):
            near = next((p for p, _ in offers if "/" not in text and p.holds(text)), None)
            addresses[i] = text if near is None else f"{text}/{near.length}"
    if not gateways and not interface.default:
        versions = {version_of(a) for a in addresses}
        gateways = dict.fromkeys(g for _, g in offers if as_number(g)[0] in versions)
    return msgspec.structs.replace(interface, addresses=tuple(addresses), gateways=tuple(gateways))


def _add_rules(world: WorldParts, change: changes.AddRules) -> None:
    world.firewall(change.whom).add(change.rules)


def _remove_rules(world: WorldParts, change: changes.RemoveRules) -> None:
    if not world.firewall(change.whom).remove(change.name):
        raise KeyError(change.name)


def _announce(world: WorldParts, change: changes.Announce) -> None:
    world.core.treat(change.blackhole, change.unreachable, change.withdrawn)


def _answer(world: WorldParts, change: changes.Answer) -> None:
    answer = Name(addresses=change.addresses, delay=change.delay, silent=change.silent)
    world.resolver.set(change.whom, answer)


def _wall(world: WorldParts, change: changes.Wall) -> None:
    world.hosts[change.whom].wall_error = change.error


EFFECTS: dict[type[Any], Callable[[WorldParts, Any], None]] = {
    changes.Cut: _cut,
    changes.Restore: _cut,
    changes.Weather: _weather,
    changes.Rebind: _rebind,
    changes.Renumber: _renumber,
    changes.Uplink: _uplink,
    changes.Start: _start,
    changes.Stop: _stop,
    changes.Continue: _continue,
    changes.Restart: _restart,
    changes.Suspend: _suspend,
    changes.Resume: _resume,
    changes.Reboot: _reboot,
    changes.Roam: _roam,
    changes.Plug: _plug,
    changes.Unplug: _unplug,
    changes.Rename: _rename,
    changes.AddRules: _add_rules,
    changes.RemoveRules: _remove_rules,
    changes.Announce: _announce,
    changes.Answer: _answer,
    changes.Wall: _wall,
}
