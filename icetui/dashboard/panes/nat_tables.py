"""The mapping tables of the NATs on one side's way out, as lines of text."""

from __future__ import annotations

from textual.content import Content

from icetui.dashboard.network_words import node_words, place_words
from icetui.dashboard.panes.pieces import ACCENT, MUTED, STRONG, WARN, line
from icetui.dashboard.shown_text import middle, plain
from icetui.events import NatBinding
from icetui.grammar import count
from icetui.session.internet import Internet

ROOMY, ENOUGH = 100, 56
"""Cells from which on whole addresses are shown, and whom a binding lets in."""
ENDING = 10.0
"""Seconds before its end from which on a binding is marked."""
HOUR = 3600.0


def draw(internet: Internet, side: str, now: float, width: int, height: int) -> list[Content]:
    """At most `height` lines."""
    nats = [n for n in internet.chain(side).nodes if n in internet.places]
    nats = [n for n in nats if internet.places[n].kind == "nat"]
    if not nats:
        return [line((f" {plain(side, 20)}: no NAT on the way out", MUTED))]
    share = max(2, height // len(nats))
    found: list[Content] = []
    for name in nats:
        found += _table(internet, name, now, width, share)
    return [content[:width] for content in found[:height]]


def _table(internet: Internet, name: str, now: float, width: int, height: int) -> list[Content]:
    node, table = internet.places[name], internet.tables.get(name)
    rows = table.bindings if table is not None else ()
    passed = now - table.t if table is not None else 0.0
    alive = [row for row in rows if row.ends_in > passed]
    alive.sort(key=lambda row: _rank(internet, row))
    more = table.more if table is not None else 0
    head = f" {plain(name, 20)} "
    kind = node_words(node) if width >= ENOUGH else node.nat or "NAT"
    told = f"{plain(kind, 60)} · {count(len(alive) + more, 'binding')}"
    found = [line((head, STRONG), (middle(told, max(8, width - len(head) - 1)), MUTED))]
    found += [_row(internet, row, row.ends_in - passed, width) for row in alive[: height - 1]]
    if not alive:
        found.append(line(("   empty: nothing has been sent through it", MUTED)))
    return found


def _rank(internet: Internet, row: NatBinding) -> tuple[bool, bool, int, float]:
    """First what the other side is spoken to through, then what is used most, then the newest."""
    remotes = (row.towards, *row.lets_in)
    peers = [r for r in remotes if r and not internet.owner(r.rpartition(":")[0] or r)]
    return (row.protocol != "udp", not peers, -len(row.lets_in) - row.more, row.age)


def _row(internet: Internet, row: NatBinding, left: float, width: int) -> Content:
    roomy = width >= ROOMY
    inside = row.inside if roomy else _port(row.inside)
    outside = row.outside if roomy else _port(row.outside)
    towards = place_words(internet, row.towards)
    who = _lets_in(internet, row, named=width >= ENOUGH)
    tail = f"{_left(left):>6}"
    start = f" {row.protocol} {plain(inside, 28)} → "
    said = f"  {who}"
    if row.towards:
        said = f"  for {towards} alone" if width >= ENOUGH else f"  for {towards}"
    room = width - len(start) - len(outside) - len(tail) - 1
    said = said[: max(0, room - 1)] + "…" if len(said) > room else said.ljust(room)
    tone = WARN if left < ENDING else MUTED
    return line((start, MUTED), (plain(outside, 28), ACCENT), (said, ""), (tail, tone))


def _lets_in(internet: Internet, row: NatBinding, *, named: bool) -> str:
    """Who may write to it."""
    number = len(row.lets_in) + row.more
    if "" in row.lets_in:
        return "lets in everybody"
    if not number:
        return "lets in nobody"
    if not named:
        return f"lets in {number}"
    newest = place_words(internet, row.lets_in[0])
    return f"lets in {newest} and {number - 1} more" if number > 1 else f"lets in {newest}"


def _port(address: str) -> str:
    return address.rpartition(":")[2]


def _left(seconds: float) -> str:
    return f"{seconds / HOUR:.0f} h" if seconds >= HOUR else f"{max(0, seconds):.0f} s"
