"""The round trips as a chart: the path's, and those of the other pairs that work."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding
from textual.content import Content

from icetui.dashboard.chart import MARKS, SWITCH, Series, chart
from icetui.dashboard.lines import Prose
from icetui.dashboard.panes.pieces import BAD, MUTED, line
from icetui.dashboard.screens.box import Reading
from icetui.dashboard.shown_text import LOST, percent, plain, rtt, waiting
from icetui.dashboard.view import View

SPANS = (30.0, 60.0, 120.0, 300.0, 600.0, 1800.0)
"""Seconds that can be seen at once."""


class ChartBox(Reading):
    """Follows the session while it is open."""

    BINDINGS: ClassVar[list[Binding]] = [
        Binding("plus,equals_sign", "zoom(-1)", show=False),
        Binding("minus", "zoom(1)", show=False),
        Binding("p", "close", show=False),
    ]

    def __init__(self, pair: str | None = None) -> None:
        """`pair` is drawn first; None: the path."""
        super().__init__()
        self.pair = pair
        self._span = 1

    def compose(self) -> ComposeResult:
        yield Prose(classes="box tall", id="chart")

    def action_zoom(self, by: int) -> None:
        self._span = min(max(0, self._span + by), len(SPANS) - 1)
        self.dashboard.repaint()

    def show(self, view: View) -> int:
        box = self.query_one("#chart", Prose)
        span = SPANS[self._span]
        keys = "+ -: zoom   esc or q: back"
        box.put_title(f"Round trips of the last {waiting(span)}", keys)
        series = drawn(view, self.pair)
        if not series:
            box.put([line((" No round trip has been measured yet.", MUTED))])
            return box.changed
        switches = [event.t for event in view.session.path_history]
        height = max(6, box.size.height - len(series) - 2)
        legend = [_legend(view, one, n) for n, one in enumerate(series)]
        signs = f" {LOST} lost   {SWITCH} the path was switched"
        lines = chart(series, switches, view.now, span, box.room, height)
        box.put([*lines, *legend, line((signs, MUTED))])
        return box.changed


def drawn(view: View, first: str | None) -> list[Series]:
    """At most four pairs: the one asked for, the path, then those measured last."""
    times = view.chronicle.pairs
    measured = {name: t.samples for name, t in times.items() if t.samples}
    wanted = [name for name in (first, view.session.selected) if name in measured]
    others = sorted(measured, key=lambda name: -measured[name][-1][0])
    names = list(dict.fromkeys([*(n for n in wanted if n is not None), *others]))
    return [Series(name, list(measured[name])) for name in names[: len(MARKS)]]


def _legend(view: View, series: Series, number: int) -> Content:
    sign, style = MARKS[number % len(MARKS)]
    quality = view.session.quality.get(series.name)
    figures = ""
    if quality is not None:
        figures = (
            f"  now {rtt(quality.latest)}  avg {rtt(quality.average)}  min {rtt(quality.minimum)}"
            f"  max {rtt(quality.maximum)}"
        )
    mark = " ★" if series.name == view.session.selected else ""
    loss = f"  loss {percent(quality.loss)}" if quality is not None else ""
    lossy = BAD if quality is not None and quality.lost else MUTED
    return line(
        (f" {sign} ", style), (f"{plain(series.name, 24)}{mark}", "bold"), figures, (loss, lossy)
    )
