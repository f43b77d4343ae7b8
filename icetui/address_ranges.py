"""Ranges of addresses that are not everybody's, in one place.

`ipaddress.is_private` also counts networks that are only for documentation.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence

IP = ipaddress.IPv4Address | ipaddress.IPv6Address
IPNetwork = ipaddress.IPv4Network | ipaddress.IPv6Network


def _networks(*texts: str) -> tuple[IPNetwork, ...]:
    return tuple(ipaddress.ip_network(text) for text in texts)


SHARED = ipaddress.IPv4Network("100.64.0.0/10")
"""Between a provider's customers and its own NAT (RFC 6598)."""
PRIVATE = _networks("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", str(SHARED), "fc00::/7")
"""Of one network, behind NATs or not at all connected (RFC 1918, RFC 6598, RFC 4193)."""
LOCAL = _networks("169.254.0.0/16", "127.0.0.0/8", "fe80::/10", "::1/128")
"""Of one link or one machine (RFC 3927, RFC 1122, RFC 4291)."""


def within(ip: IP, ranges: Sequence[IPNetwork]) -> bool:
    """Whether an address is in one of them."""
    return any(ip.version == network.version and ip in network for network in ranges)
