"""The session at a glance: every pair a bar of the states it went through."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding
from textual.content import Content

from icetui.dashboard.chronicle import PairTimes
from icetui.dashboard.lines import Prose
from icetui.dashboard.panes.pieces import ACCENT, BAD, GOOD, MUTED, STRONG, WARN, Piece, line
from icetui.dashboard.screens.box import Reading
from icetui.dashboard.shown_text import plain, waiting
from icetui.dashboard.view import View

MOST = 300
"""Pairs drawn."""
NAME = 12
BARS = {
    "frozen": ("○", MUTED), "waiting": ("·", MUTED), "in-progress": ("▒", WARN),
    "succeeded": ("█", GOOD), "failed": ("✗", BAD), "superseded": ("–", MUTED),
}  # fmt: skip


class Timeline(Reading):
    """Follows the session while it is open."""

    BINDINGS: ClassVar[list[Binding]] = [Binding("T,t", "close", show=False)]

    def compose(self) -> ComposeResult:
        yield Prose(classes="box tall", id="timeline")

    def on_mount(self) -> None:
        self.set_focus(self.query_one("#timeline"))
        super().on_mount()

    def show(self, view: View) -> int:
        box = self.query_one("#timeline", Prose)
        box.put_title("Timeline", "esc or q: back")
        box.put(timeline(view, box.room))
        return box.changed


def timeline(view: View, width: int) -> list[Content]:
    """A line for the path, one for each pair, and a scale."""
    session = view.session
    start = session.started.t if session.started is not None else 0.0
    span = max(0.001, view.now - start)
    columns = max(10, width - NAME - 2)

    def column(t: float) -> int:
        return min(columns - 1, max(0, int((t - start) / span * columns)))

    pairs = session.ordered_pairs()
    if not pairs:
        return [line((" No pairs yet: they are formed once theirs is pasted.", MUTED))]
    path = [" "] * columns
    for event in session.path_history:
        path[column(event.t)] = "★" if event.pair is not None else "✗"
    found = [line((f" {'path':<{NAME}} ", STRONG), ("".join(path), ACCENT))]
    for pair in pairs[:MOST]:
        times = view.chronicle.pairs.get(pair.id)
        style = STRONG if pair.id == session.selected else ""
        name = f" {plain(pair.id, NAME):<{NAME}} "
        found.append(line((name, style), *_bar(times, column, columns, view.now)))
    if len(pairs) > MOST:
        found.append(line((f" … and {len(pairs) - MOST} more", MUTED)))
    end = f"{waiting(span)}"
    gap = max(1, columns - 1 - len(end))
    found.append(line((f" {'':{NAME}} 0{' ' * gap}{end}", MUTED)))
    signs = "   ".join(f"{sign} {state}" for state, (sign, _) in BARS.items())
    found.append(line((f" {signs}   ★ the path", MUTED)))
    return found


def _bar(
    times: PairTimes | None, column: Callable[[float], int], columns: int, now: float
) -> list[Piece]:
    if times is None or not times.steps:
        return []
    steps = [(t, state) for t, state in times.steps if t <= now]
    pieces: list[Piece] = [" " * column(steps[0][0])] if steps else []
    for n, (t, state) in enumerate(steps):
        end = column(steps[n + 1][0]) if n + 1 < len(steps) else columns
        sign, style = BARS.get(state, ("?", ""))
        length = end - column(t)
        if state == "failed":  # one sign where it failed, and nothing after it
            pieces.append((("✗" + " " * columns)[:length], style))
        else:
            pieces.append((sign * length, style))
    return pieces
