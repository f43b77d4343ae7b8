"""What a finding says to do, done: whether that leads to a path.

Each hypothesis's remedy is carried out on the network as its words have it, on the side that they
name; of remedies with an "or" each is tried. Ideal agents then try again.
"""

from __future__ import annotations

from collections.abc import Callable

from msgspec.structs import replace

from icetui.vnet.network import Network, Server, Session
from icetui.vnet.servers import StunOptions, TurnOptions
from tests.vnet.search import causes
from tests.vnet.search.ideal import Times
from tests.vnet.search.truth import find

GOOD_TURN = "192.0.2.71"
TURN = (
    f"turn:user:right@{GOOD_TURN}",
    f"turn:user:right@{GOOD_TURN}?transport=tcp",
    f"turns:user:right@{GOOD_TURN}:443",
)
"""As somebody names it who has been told that UDP may be blocked."""

GATHERED, WAITED = 12.0, 20.0
"""Seconds after which new descriptions are exchanged, and for which a path is waited."""

Remedy = Callable[[Network, str], Network]
"""Carries it out for one side."""


def other(network: Network, side: str) -> str:
    return next(name for name in network.sessions if name != side)


def there(remedy: Remedy) -> Remedy:
    """The same on the other side."""
    return lambda network, side: remedy(network, other(network, side))


def both(remedy: Remedy) -> Remedy:
    return lambda network, side: remedy(remedy(network, side), other(network, side))


def everywhere(mend: Callable[[Network], Network]) -> Remedy:
    return lambda network, _: mend(network)


def session(network: Network, side: str, change: Callable[[Session], Session]) -> Network:
    sessions = {**network.sessions, side: change(network.sessions[side])}
    return replace(network, sessions=sessions)


def turn(network: Network, side: str) -> Network:
    """Name a TURN server that works."""
    options = TurnOptions(
        addresses=(GOOD_TURN,), transports=("udp", "tcp", "tls"), tls_port=443,
        users={"user": "right"},
    )  # fmt: skip
    network = replace(network, servers={**network.servers, "good-turn": Server(options)})
    return session(network, side, lambda s: replace(s, turn=(*s.turn, *TURN)))


def stun(network: Network, side: str) -> Network:
    """Name a STUN server that works."""
    server = Server(StunOptions(addresses=(causes.GOOD_STUN,)))
    network = replace(network, servers={**network.servers, "good-stun": server})
    more = f"stun:{causes.GOOD_STUN}"
    return session(network, side, lambda s: replace(s, stun=(*s.stun, more)))


def no_relay_only(network: Network, side: str) -> Network:
    return session(network, side, lambda s: replace(s, relay_only=False))


def any_interface(network: Network, side: str) -> Network:
    return session(network, side, lambda s: replace(s, interfaces=()))


no_firewalls = everywhere(causes.without_firewalls)
good_servers = everywhere(lambda n: causes.with_passwords(causes.with_good_servers(n)))
new_blobs = everywhere(lambda n: n)
"""Both exchange what they have after gathering."""

REMEDIES: dict[str, tuple[Remedy, ...]] = {
    "own-firewall": (no_firewalls,),
    "virtual-interface": (any_interface,),
    "udp-blocked-here": (no_firewalls, turn),
    "servers-dead": (good_servers, stun),
    "no-public-address": (both(stun), turn),
    "nats-exclude": (turn,),
    "nats-may-exclude": (turn,),
    "nats-one-way": (turn,),
    "no-hairpin": (turn, no_firewalls),
    "server-misleads": (good_servers,),
    "relay-missing": (good_servers,),
    "relay-forbidden": (good_servers, turn, there(turn)),
    "relay-unreached": (no_firewalls,),
    "relay-one-way": (turn, there(turn)),
    "relay-deaf": (good_servers,),
    "relay-only": (no_relay_only,),
    "firewall-between": (no_firewalls, turn, there(turn)),
    "firewall-out": (no_firewalls,),
    "firewall-in": (no_firewalls,),
    "prohibited": (no_firewalls,),
    "refusing-router": (no_firewalls,),
    "udp-blocked-there": (no_firewalls, there(turn)),
    "no-stun-there": (there(stun), there(turn)),
    "servers-dead-there": (good_servers, there(stun)),
    "slow-answers-there": (new_blobs,),
    "early-blob-there": (new_blobs,),
    "no-public-address-there": (there(stun), there(turn)),
    "same-numbered-network": (both(stun),),
}
"""By hypothesis. Those that are not here name nothing that could be done to a network."""


def works(
    codes: tuple[str, ...], network: Network, side: str, times: dict[str, Times]
) -> bool | None:
    """Whether doing what these hypotheses say, all of it, leads to a path; None: they say nothing
    that could be done."""
    asked = [REMEDIES[code] for code in codes if code in REMEDIES]
    if not asked:
        return None
    again = max(GATHERED, *(t.pasted for t in times.values()))
    later = {name: Times(again, again) for name in times}
    for choice in range(max(len(remedies) for remedies in asked)):
        mended = network
        for remedies in asked:
            mended = remedies[min(choice, len(remedies) - 1)](mended, side)
        if find(mended, later, again + WAITED).any:
            return True
    return False
