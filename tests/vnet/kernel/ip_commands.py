"""The few `ip` commands that scenarios use, as changes of a simulated network.

What belongs here: reading one batch of lines for one host or for the internet's router. Whatever is
not understood, or would leave a host in another state than the change does, is refused.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from icetui.vnet.changes import Announce, AnyChange, Plug, Rename
from icetui.vnet.network_parts import Interface
from tests.lab.topology import Interface as LabInterface

UNREACHABLE = re.compile(r"route add unreachable (\S+)")


def of_internet(lines: Sequence[str]) -> list[AnyChange]:
    """Of commands on the internet's router. Raises NotImplementedError."""
    prefixes = []
    for line in lines:
        found = UNREACHABLE.fullmatch(line)
        if found is None:
            raise NotImplementedError(f"{line!r} on the internet has no counterpart")
        prefixes.append(found[1])
    return [Announce(unreachable=tuple(prefixes))]


def of_host(host: str, known: Sequence[LabInterface], lines: Sequence[str]) -> list[AnyChange]:
    """Of commands on a host with these interfaces. Raises NotImplementedError."""
    left = list(lines)
    first = left[0].split()
    if first[:2] == ["link", "add"]:
        return [Plug(whom=host, interface=_dead_tunnel(first[2], left))]
    interface = next((i for i in known if first[:4] == ["link", "set", i.name, "down"]), None)
    if interface is None:
        raise NotImplementedError(f"{left} have no counterpart")
    return [Rename(whom=f"{host}.{interface.name}", name=_renamed(interface, left))]


def _dead_tunnel(name: str, lines: list[str]) -> Interface:
    """A bridge without members through which everything from its address is to leave."""
    found = re.fullmatch(r"addr add (\S+) dev \S+", lines[1]) if len(lines) == 5 else None
    if found is None:
        raise NotImplementedError(f"{lines} have no counterpart")
    address = found[1].partition("/")[0]
    wanted = [
        f"link add {name} type bridge",
        f"addr add {found[1]} dev {name}",
        f"link set {name} up",
        f"route add default dev {name} table 200",
        f"rule add from {address} lookup 200",
    ]
    if lines != wanted:
        raise NotImplementedError(f"{lines} have no counterpart")
    return Interface(None, name, (found[1],), default=True)


def _renamed(interface: LabInterface, lines: list[str]) -> str:
    """The new name of an interface that keeps its routes; they go as it goes down."""
    found = re.fullmatch(rf"link set {interface.name} name (\S+)", lines[1])
    name = found[1] if found is not None else ""
    number = 100 + int(interface.name.removeprefix("eth"))
    routes = {
        f"route add default via {interface.router} dev {name} table {number}",
        f"route add {interface.network} dev {name} table {number}",
        f"route add default via {interface.router} dev {name}",
    }
    if lines[2] != f"link set {name} up" or set(lines[3:]) != routes:
        raise NotImplementedError(f"{lines} have no counterpart")
    return name
