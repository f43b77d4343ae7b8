"""Which pairs are likely to work, so that those are checked first.

RFC 8445 section 6.1.4.2 goes by priority alone; with three interfaces on each side that means nine
checks between private networks before the first one through the NATs. Nothing is left out here,
only put later.
"""

from __future__ import annotations

import ipaddress

from icetui.address_ranges import IP, PRIVATE, within
from icetui.events import Candidate


def unlikely(
    local: Candidate,
    remote: Candidate,
    source: str | None,
    remote_is_reflexive_elsewhere: bool,
) -> int:
    """0: as likely as any; more: later.

    `source` is the address that the routing table would send from: from another interface the
    datagram would leave by a way that leads elsewhere.
    """
    ours, theirs = ipaddress.ip_address(local.address), ipaddress.ip_address(remote.address)
    score = 0
    if _private(theirs) and remote_is_reflexive_elsewhere:
        if local.type == "relay" and not _private(ours):
            score += 1  # a relay out there cannot reach a private network
        elif not _same_network(ours, theirs):
            score += 1
    if local.type == "host" and source != local.address:
        score += 2
    return score


def private(address: str) -> bool:
    """Whether an IP address reaches nobody beyond its own network."""
    return _private(ipaddress.ip_address(address))


def _private(ip: IP) -> bool:
    """A loopback address is none: it reaches its peer wherever it is offered at all."""
    return within(ip, PRIVATE)


def _same_network(one: IP, other: IP) -> bool:
    """By the usual prefix lengths, 24 and 64: the other side's real one is not known."""
    shift = 8 if one.version == 4 else 64
    return one.version == other.version and int(one) >> shift == int(other) >> shift
