"""What happens on a simulated network, in words."""

from __future__ import annotations

from icetui import events
from icetui.dashboard.shown_text import plain
from icetui.events import LineState, NetworkNode, PacketPassage
from icetui.session.internet import Internet

DONE = {
    "cut": "cut the line {}",
    "restore": "restored the line {}",
    "rebind": "made {} forget its mappings and give new ports",
    "stop": "stopped {}",
    "start": "started {}",
    "restart": "restarted {}",
    "suspend": "put {} to sleep",
    "resume": "woke {} up",
    "reboot": "rebooted {}",
}
"""By what was done, with a place for whom."""
DROPPED = {
    "lost": "lost",
    "cut": "the line is cut",
    "queue-full": "the queue is full",
    "too-big": "too big for the line",
    "firewall": "stopped by a firewall",
    "no-mapping": "no mapping for this port",
    "filtered": "not let in from this sender",
    "blackhole": "private addresses lead nowhere",
    "nobody": "nobody has this address",
    "no-route": "no route",
    "hairpin": "not turned back",
    "table-full": "the NAT's table is full",
    "closed-port": "nobody listens",
    "asleep": "asleep",
}
KINDS = {
    "open": "no NAT",
    "cone": "full cone",
    "arc": "address-restricted cone",
    "prc": "port-restricted cone",
    "sym": "symmetric",
    "udpblock": "no UDP passes",
}


def change_words(change: events.NetworkChanged) -> str:
    """`you cut the line alice-nat.outside`."""
    who = "you" if change.by == "user" else "the network's plan"
    whom = plain(change.whom, 60)
    if change.what == "weather" and change.line is not None:
        return f"{who} made {whom} take {line_words(change.line)}"
    done = DONE.get(change.what)
    if done is not None:
        return f"{who} {done.format(whom)}"
    return f"{who}: {plain(change.what, 20)} {whom}".rstrip()


def line_words(state: LineState) -> str:
    """`25 ms`, `25 ms, 5 % lost`."""
    words = f"{state.delay * 1000:.0f} ms"
    return f"{words}, {state.loss:.0%} lost".replace("%", " %") if state.loss else words


def node_words(node: NetworkNode) -> str:
    """What a router does, in a few words."""
    if node.kind == "router":
        return "no NAT" if node.passes_udp else "no UDP passes"
    if node.nat:
        return KINDS.get(node.nat, plain(node.nat, 20))
    return f"{node.mapping} mapping, {node.filtering} filtering"


def message_words(passage: PacketPassage) -> str:
    """What a packet is: the STUN method named, and what it carries."""
    if passage.carried:
        return f"{plain(passage.method, 16)}({plain(passage.carried, 16)})"
    if passage.method:
        return f"{plain(passage.method, 20)} {plain(passage.message_class, 12)}".rstrip()
    return "data" if passage.protocol == "udp" else passage.protocol.upper()


def place_words(internet: Internet, place: str) -> str:
    """`alice-nat:56208` for an address and port, or an address."""
    address, colon, port = place.rpartition(":")
    if not colon or (":" in address and not address.startswith("[")):
        return plain(internet.name_of(place), 40)
    return plain(f"{internet.name_of(address.strip('[]'))}:{port}", 40)


def speed_words(pace: events.PaceChanged | None) -> str:
    """`÷10`, `real time`, `paused`."""
    if pace is None:
        return ""
    if pace.paused or (pace.speed is not None and pace.speed <= 0):
        return "paused"
    if pace.speed is None:
        return "as fast as it can"
    if pace.speed == 1:
        return "real time"
    return f"÷{1 / pace.speed:.3g}" if pace.speed < 1 else f"×{pace.speed:.3g}"
