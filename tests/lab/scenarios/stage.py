"""What a scenario is played on: peers, their blobs, and the network, whatever it is made of."""

from __future__ import annotations

from collections.abc import Callable, Iterable, MutableMapping, Sequence
from typing import Any, Protocol

import msgspec

from icetui.events import AnyEvent
from icetui.session import Session, fold
from icetui.signaling import Description
from tests.lab.topology import (
    SERVER_V4,
    STUN_PORT,
    TURN_TCP_URL,
    TURN_UDP_URL,
    Interface,
    Topology,
)
from tests.lab.weather import Weather

STUN = tuple(f"stun:{address}:{STUN_PORT}" for address in SERVER_V4)
TWO_STUN = ("--stun", STUN[0], "--stun", STUN[1])
"""Two addresses: a NAT that changes ports shows itself."""
WITH_TURN = (*TWO_STUN, "--turn", TURN_UDP_URL, "--turn", TURN_TCP_URL)
NONE = ("--no-servers",)
LONG = 60.0
"""Seconds after which a peer of a scenario gives up or ends its hold; none gets there."""
GATHERING = 12.0

Change = Callable[[Description], Description]


class StageHost(Protocol):
    """A host of the network."""

    @property
    def address(self) -> str: ...
    @property
    def interfaces(self) -> list[Interface]: ...


class StageLab(Protocol):
    """The network and what may happen to it; `lab.Lab` says what each of these does."""

    topology: Topology

    def __getitem__(self, name: str) -> StageHost: ...
    def cut(self, link: str) -> None: ...
    def restore(self, link: str) -> None: ...
    def rebind(self, site: str) -> None: ...
    def set_weather(self, link: str, weather: Weather) -> None: ...
    def start_server(self, *options: str) -> None: ...
    def stop_server(self) -> None: ...


class Stage(Protocol):
    """What a scenario is played on."""

    lab: StageLab
    peers: MutableMapping[str, Any]
    """By host; who is taken out is no longer looked at."""

    # --- peers ----------------------------------------------------------------------------------

    def start(
        self,
        name: str,
        *options: str,
        servers: Sequence[str] = WITH_TURN,
        run: str = "",
        typed: bool = False,
        **environment: str,
    ) -> Any:
        """Start a peer on the host of that name. ``run`` tells a second one from the first;
        ``typed`` gives it a standard input."""
        ...

    def gathered(self, *names: str) -> None:
        """Wait until these have complete blobs."""
        ...

    def blob_of(self, name: str) -> str:
        """Its blob as it is now."""
        ...

    def put(self, taker: str, blob: str, change: Change | None = None) -> None:
        """Let that peer read this blob."""
        ...

    def type_in(self, name: str, text: str) -> None:
        """Paste a text into a peer that was started with a standard input."""
        ...

    def connected(self, *names: str) -> None:
        """Wait until these are connected, and a second more."""
        ...

    def kill(self, name: str) -> None:
        """End everything that runs on a host at once, without a goodbye."""
        ...

    def suspend(self, name: str) -> None:
        """Stop everything that runs on a host until the scenario ends."""
        ...

    def leave(self, name: str) -> None:
        """Let a peer leave as a user would."""
        ...

    # --- the network ----------------------------------------------------------------------------

    def rules(self, part: str, rule: str, hook: str = "forward") -> None:
        """Add an nftables rule to a host, a router, or ``net``."""
        ...

    def ip(self, part: str, *lines: str) -> None:
        """Run ``ip`` commands in a part of the lab."""
        ...

    def home(self, name: str, network: int) -> None:
        """Put a NAT of its own around a host: what it sends from ``home0`` leaves with another
        address."""
        ...

    # --- looking --------------------------------------------------------------------------------

    def wall(self) -> float:
        """Unix time in the network."""
        ...

    def wait(self, seconds: float) -> None:
        """Let time pass in the network."""
        ...

    def told(self, name: str) -> list[AnyEvent]:
        """What a peer has said so far."""
        ...

    def until(self, name: str, holds: Callable[[Session], bool], timeout: float) -> bool:
        """Wait until that holds of a side's session; whether it came to that."""
        ...

    def end(self) -> None:
        """End both peers."""
        ...

    # --- made of these --------------------------------------------------------------------------

    def start_both(self, *options: str, servers: Sequence[str] = WITH_TURN) -> None:
        """Start Alice and Bob alike and wait until both have gathered."""
        for name in ("alice", "bob"):
            self.start(name, *options, servers=servers)
        self.gathered("alice", "bob")

    def hand(self, giver: str, taker: str, change: Change | None = None) -> None:
        """Give one's blob to the other, as it is now or changed on the way."""
        self.put(taker, self.blob_of(giver), change)

    def exchange(self) -> None:
        """Both get the other's blob."""
        self.hand("alice", "bob")
        self.hand("bob", "alice")

    def connect(self, *options: str, servers: Sequence[str] = WITH_TURN) -> None:
        """Start both, exchange the blobs, wait until both have a path and it has settled."""
        self.start_both(*options, servers=servers)
        self.exchange()
        self.connected("alice", "bob")

    def drop(self, source: str, target: str, *, share: int = 100) -> None:
        """Drop UDP between the outsides of two sites, in one direction, in the middle of the
        internet; ``share`` in percent."""
        plan = self.lab.topology.plan
        chance = f"numgen random mod 100 < {share} " if share < 100 else ""
        self.rules(
            "net",
            f"ip saddr {plan(source).public} ip daddr {plan(target).public} "
            f"meta l4proto udp {chance}drop",
        )

    def session(self, name: str) -> Session:
        """The fold of it."""
        return fold(self.told(name))


def with_addresses(address: str) -> Change:
    """A change of a blob: all candidates are host candidates at ``address``."""

    def change(d: Description) -> Description:
        moved = (
            msgspec.structs.replace(
                c, type="host", address=address, related_address=None, related_port=None
            )
            for c in d.candidates[:1]
        )
        return msgspec.structs.replace(d, candidates=tuple(moved))

    return change


def only(kinds: Iterable[str]) -> Change:
    """A change of a blob: only candidates of these types are left."""
    wanted = set(kinds)

    def change(d: Description) -> Description:
        return msgspec.structs.replace(
            d, candidates=tuple(c for c in d.candidates if c.type in wanted)
        )

    return change
