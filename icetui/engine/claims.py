"""Addresses that servers and peers claim we have: what cannot be is not believed.

What belongs here: whether an address can be somebody's at all. Where it leads is found out by
checks.
"""

from __future__ import annotations

import ipaddress

from icetui.engine.net import Address
from icetui.events import address_port

MOST_PEER_REFLEXIVE = 16
"""Of our own addresses that only the peer tells: it can make up any number."""


def impossible(claimed: Address, like: str) -> str | None:
    """Why nobody can be seen, or relayed, at `claimed` when `like` is an address of the family that
    was sent from or to; None: it can be."""
    told = address_port(*claimed)
    ip = ipaddress.ip_address(claimed[0])
    if ip.version != ipaddress.ip_address(like).version:
        return f"it says {told}, which is of the other IP family"
    if not claimed[1]:
        return f"it says {told}, and nothing has port 0"
    if ip.is_unspecified or ip.is_multicast or claimed[0] == "255.255.255.255":
        return f"it says {told}, an address that nobody can have"
    return None
