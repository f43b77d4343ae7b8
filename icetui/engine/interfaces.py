"""Network interfaces of this host, and which of their addresses are worth a host candidate."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from dataclasses import dataclass

from icetui.engine.net import Net


@dataclass(frozen=True, slots=True)
class LocalAddress:
    """One address of one interface. `why_not` says why it is left out, None: it is used."""

    interface: str
    address: str
    why_not: str | None = None


def local_addresses(
    net: Net, wanted: Iterable[str] = (), *, ipv4: bool = True, ipv6: bool = True
) -> list[LocalAddress]:
    """Every address of this host, unused ones with the reason.

    Without `wanted`, all interfaces but loopback count (RFC 8445 section 5.1.1.1).
    """
    names = set(wanted)
    found = [
        LocalAddress(interface, address, _why_not(address, interface, names))
        for interface, address in net.interfaces()
    ]
    return [_filter_family(a, ipv4, ipv6) for a in found]


def _why_not(text: str, interface: str, wanted: set[str]) -> str | None:
    ip = ipaddress.ip_address(text)
    if wanted and interface not in wanted:
        return "not one of the chosen interfaces"
    if ip.is_loopback and not wanted:
        return "loopback reaches only this machine; --interface lo allows it"
    if ip.version == 6 and ip.is_link_local:
        return "a link-local address needs a zone, which no candidate can carry"
    if ip.version == 6 and (ip.ipv4_mapped or ip.is_site_local):
        return "deprecated kind of IPv6 address (RFC 8445 section 5.1.1.1)"
    return None


def _filter_family(a: LocalAddress, ipv4: bool, ipv6: bool) -> LocalAddress:
    version = ipaddress.ip_address(a.address).version
    if a.why_not is None and ((version == 4 and not ipv4) or (version == 6 and not ipv6)):
        return LocalAddress(a.interface, a.address, f"IPv{version} is switched off")
    return a
