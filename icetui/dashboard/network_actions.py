"""What a user can do to the simulated network: the keys of its screen, and the commands they are.

What belongs here: from what is chosen on the map to a command. It feeds bindings, key bar and help.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from textual.binding import Binding

from icetui import events
from icetui.dashboard.panes.internet_map import Item, items
from icetui.events import AnyCommand, ChangeNetwork, LineState
from icetui.session.internet import Internet

DELAYS = (0.0, 0.025, 0.05, 0.1, 0.2, 0.5, 1.0)
"""Seconds in each direction."""
LOSSES = (0.0, 0.02, 0.05, 0.1, 0.2, 0.5)
SPEEDS = (0.01, 0.1, 1.0, 10.0)
NEARLY = 1e-9

Do = Callable[[Internet, Item | None], AnyCommand | None]


# --- what is meant --------------------------------------------------------------------------------


def first_choice(internet: Internet) -> Item | None:
    """The first side's way to the internet: what is most worth cutting."""
    found = [item for item in items(internet) if item.kind == "line" and item.segment is not None]
    slow = [i for i in found if i.segment and internet.direction(i.segment, outwards=True).delay]
    return next(iter(slow or found), None)


def line_of(internet: Internet, item: Item | None) -> str:
    """The line that is meant: the chosen one, or the way out of what is chosen."""
    if item is None:
        return ""
    if item.kind == "line":
        return item.name
    server = internet.servers.get(item.name) if item.kind == "server" else None
    owner = server.host if server is not None else item.name
    own = [line for line in internet.lines.values() if line.node == owner]
    outer = [line for line in own if line.side == "outside"]
    return next((line.name for line in outer or own), "")


def nat_of(internet: Internet, item: Item | None) -> str:
    """The NAT that is meant: the chosen one, one at an end of the chosen line, or the first."""
    nats = [node.name for node in internet.places.values() if node.kind == "nat"]
    near: list[str] = []
    if item is not None:
        near = [item.name]
        if item.segment is not None:
            near = [internet.lines[n].node for n, _ in item.segment.parts if n in internet.lines]
            near = near[::-1]  # of two NATs in a row, the outer one
    return next((name for name in near if name in nats), next(iter(nats), ""))


def server_of(internet: Internet, item: Item | None) -> str:
    """The server that is meant: the chosen one, or the first that relays."""
    if item is not None and item.kind == "server" and item.name in internet.servers:
        return item.name
    relays = [n for n, server in internet.servers.items() if server.kind == "turn"]
    return next(iter(relays), "")


# --- what is done ---------------------------------------------------------------------------------


def cut(internet: Internet, item: Item | None) -> AnyCommand | None:
    line = line_of(internet, item)
    what = events.ChangeNetwork(what="restore" if internet.is_cut(line) else "cut", whom=line)
    return what if line else None


def rebind(internet: Internet, item: Item | None) -> AnyCommand | None:
    nat = nat_of(internet, item)
    return ChangeNetwork(what="rebind", whom=nat) if nat else None


def stop(internet: Internet, item: Item | None) -> AnyCommand | None:
    name = server_of(internet, item)
    if not name:
        return None
    running = internet.servers[name].running
    return ChangeNetwork(what="stop" if running else "start", whom=name)


def delay(by: int) -> Do:
    def change(internet: Internet, item: Item | None) -> AnyCommand | None:
        line = line_of(internet, item)
        value = _step(DELAYS, _state(internet, line).delay, by)
        return ChangeNetwork(what="weather", whom=line, delay=value) if line else None

    return change


def loss(by: int) -> Do:
    def change(internet: Internet, item: Item | None) -> AnyCommand | None:
        line = line_of(internet, item)
        value = _step(LOSSES, _state(internet, line).loss, by)
        return ChangeNetwork(what="weather", whom=line, loss=value) if line else None

    return change


def speed(by: int) -> Do:
    def change(internet: Internet, item: Item | None) -> AnyCommand | None:
        now = internet.pace.speed if internet.pace is not None else 1.0
        return events.SetPace(speed=_step(SPEEDS, SPEEDS[-1] if now is None else now, by))

    return change


def pause(internet: Internet, item: Item | None) -> AnyCommand | None:
    pace = internet.pace
    if pace is None:
        return None
    return events.SetPace(speed=pace.speed, paused=not pace.paused)


def _state(internet: Internet, line: str) -> LineState:
    return internet.way(line, up=True)


def _step(steps: tuple[float, ...], now: float, by: int) -> float:
    """The next of the steps above or below."""
    if by > 0:
        return next((step for step in steps if step > now + NEARLY), steps[-1])
    return next((step for step in reversed(steps) if step < now - NEARLY), steps[0])


@dataclass(frozen=True, slots=True)
class NetworkAction:
    """One thing a user can do here."""

    id: str
    keys: str
    shown: str
    label: str
    """Empty: it is the other way round of the one before, whose label stands for both."""
    help: str
    """One sentence."""
    do: Do

    @property
    def binding(self) -> Binding:
        return Binding(self.keys, f"do('{self.id}')", self.label, show=False, tooltip=self.help)


NETWORK_ACTIONS = (
    NetworkAction(
        "cut", "c", "c", "cut", "Cut the chosen line in silence, or restore it.", cut
    ),
    NetworkAction(
        "slower-line", "d", "d", "delay",
        "Make the chosen line take longer, in each direction.", delay(1),
    ),
    NetworkAction(
        "quicker-line", "D", "D", "", "Make the chosen line quicker.", delay(-1)
    ),
    NetworkAction(
        "more-loss", "l", "l", "loss", "Make the chosen line lose more packets.", loss(1)
    ),
    NetworkAction(
        "less-loss", "L", "L", "", "Make the chosen line lose fewer packets.", loss(-1)
    ),
    NetworkAction(
        "rebind", "b", "b", "rebind",
        "Make the chosen NAT forget its mappings and give new ports, as after a restart.", rebind,
    ),
    NetworkAction(
        "stop", "t", "t", "stop TURN",
        "Stop the TURN server, or the chosen server, or start it again.", stop,
    ),
    NetworkAction(
        "pause", "space", "space", "pause", "Let the network's time stand still, or go on.", pause
    ),
    NetworkAction(
        "slower", "less_than_sign,comma", "<", "speed",
        "Slow motion: a tenth, a hundredth of real time. All figures stay true.", speed(-1),
    ),
    NetworkAction(
        "faster", "greater_than_sign,full_stop", ">", "", "Let time go faster.", speed(1)
    ),
)  # fmt: skip
BY_NAME = {action.id: action for action in NETWORK_ACTIONS}


def label(action: NetworkAction, internet: Internet, item: Item | None) -> str:
    """What the key would do now."""
    match action.id:
        case "cut":
            return "restore" if internet.is_cut(line_of(internet, item)) else "cut"
        case "pause":
            return "go on" if internet.pace is not None and internet.pace.paused else "pause"
        case "stop":
            name = server_of(internet, item)
            running = name not in internet.servers or internet.servers[name].running
            return f"{'stop' if running else 'start'} {name}"
        case "rebind":
            return f"rebind {nat_of(internet, item)}"
    return action.label


def offered(internet: Internet, item: Item | None) -> list[NetworkAction]:
    """Actions that would do something now."""
    return [action for action in NETWORK_ACTIONS if action.do(internet, item) is not None]
