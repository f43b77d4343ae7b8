"""What may happen to a simulated network while it runs, as values.

`change_effects.py` brings them about. `whom` names a line (`host.interface`, or the name of a host
or router for its only or outermost one), a router, a server, a host or a name of the resolver.
"""

from __future__ import annotations

import msgspec

from icetui.vnet.network_parts import (
    Direction,
    Interface,
    Line,
    Rule,
    Seconds,
    Value,
)


class Change(Value, frozen=True, kw_only=True, tag_field="what"):
    """Something that happens `at` seconds from the beginning."""

    whom: str = ""
    at: Seconds = 0.0


class Cut(Change, frozen=True, kw_only=True, tag="cut"):
    """Nothing passes the line any more, in silence."""

    direction: Direction = "both"


class Restore(Change, frozen=True, kw_only=True, tag="restore"):
    """Undo `Cut`."""

    direction: Direction = "both"


class Weather(Change, frozen=True, kw_only=True, tag="weather"):
    """The line does this to packets from now on."""

    line: Line
    direction: Direction = "both"


class Rebind(Change, frozen=True, kw_only=True, tag="rebind"):
    """The NAT forgets its mappings and gives new ports."""


class Renumber(Change, frozen=True, kw_only=True, tag="renumber"):
    """A router's way out gets other addresses; its mappings are gone."""

    addresses: tuple[str, ...]


class Uplink(Change, frozen=True, kw_only=True, tag="uplink"):
    """A router with several ways out takes the one on this link."""

    link: str


class Start(Change, frozen=True, kw_only=True, tag="start"):
    """A stopped server begins anew."""


class Stop(Change, frozen=True, kw_only=True, tag="stop"):
    """A server ends, its ports are closed. A host: its programs stand still as after SIGSTOP, its
    clock runs on and its system goes on receiving."""


class Continue(Change, frozen=True, kw_only=True, tag="continue"):
    """A stopped host's programs go on."""


class Restart(Change, frozen=True, kw_only=True, tag="restart"):
    """A server forgets everything and begins anew."""


class Suspend(Change, frozen=True, kw_only=True, tag="suspend"):
    """A host sleeps: its monotonic clock stands still, and what is sent to it is lost."""


class Resume(Change, frozen=True, kw_only=True, tag="resume"):
    """A sleeping host wakes up."""


class Reboot(Change, frozen=True, kw_only=True, tag="reboot"):
    """All programs of a host end without a word; after `takes` seconds its servers begin anew."""

    takes: Seconds = 20.0


class Roam(Change, frozen=True, kw_only=True, tag="roam"):
    """A host's interface gets another link or other addresses (a lease, another network)."""

    interface: Interface


class Plug(Change, frozen=True, kw_only=True, tag="plug"):
    """A host gets one more interface."""

    interface: Interface


class Unplug(Change, frozen=True, kw_only=True, tag="unplug"):
    """A host's interface vanishes; `whom` is a line."""


class Rename(Change, frozen=True, kw_only=True, tag="rename"):
    """A host's interface gets another name; `whom` is a line."""

    name: str


class AddRules(Change, frozen=True, kw_only=True, tag="add-rules"):
    """A firewall gets further rules, before those it has. `whom`: a router, host or "internet"."""

    rules: tuple[Rule, ...]


class RemoveRules(Change, frozen=True, kw_only=True, tag="remove-rules"):
    """A firewall loses the rules of this name."""

    name: str


class Announce(Change, frozen=True, kw_only=True, tag="announce"):
    """The internet's core treats these prefixes so from now on; `whom` stays empty."""

    blackhole: tuple[str, ...] = ()
    unreachable: tuple[str, ...] = ()
    withdrawn: tuple[str, ...] = ()
    """No longer in either list."""


class Answer(Change, frozen=True, kw_only=True, tag="answer"):
    """The resolver says something else to a name."""

    addresses: tuple[str, ...] = ()
    delay: Seconds = 0.0
    silent: bool = False


class Wall(Change, frozen=True, kw_only=True, tag="wall"):
    """A host's wall clock is so far ahead from now on."""

    error: float


AnyChange = (
    Cut
    | Restore
    | Weather
    | Rebind
    | Renumber
    | Uplink
    | Start
    | Stop
    | Continue
    | Restart
    | Suspend
    | Resume
    | Reboot
    | Roam
    | Plug
    | Unplug
    | Rename
    | AddRules
    | RemoveRules
    | Announce
    | Answer
    | Wall
)
CHANGES: dict[str, type[AnyChange]] = {
    str(kind.__struct_config__.tag): kind for kind in AnyChange.__args__
}


def change(what: str, whom: str, **parameters: object) -> AnyChange:
    """A change by its name. Raises `msgspec.ValidationError` for what it does not take."""
    made: AnyChange = msgspec.convert({"what": what, "whom": whom, **parameters}, type=AnyChange)
    return made
