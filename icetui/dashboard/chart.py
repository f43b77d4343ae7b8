"""Round trips over time as lines of text: milliseconds from zero up, seconds from the left.

Pure drawing: what is measured comes in, styled lines go out.
"""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median
from typing import NamedTuple

from textual.content import Content

from icetui.dashboard.panes.pieces import ACCENT, BAD, GOOD, MUTED, WARN, Piece, line
from icetui.dashboard.shown_text import LOST, rtt, waiting

MARKS = (("●", GOOD), ("○", ACCENT), ("◆", WARN), ("◇", "$text-accent"))
"""Sign and style of each series: told apart without colour, too."""
SWITCH = "┊"
LABEL = 9
"""Cells at the left for the axis."""

Sample = tuple[float, float | None]
"""When, in the stream's time, and the round trip in seconds; None was lost."""


class Series(NamedTuple):
    """The samples of one pair."""

    name: str
    samples: Sequence[Sample]


def nice(value: float) -> float:
    """The next of 1, 2, 5, 10 … that is no less: seconds."""
    step = 1e-5
    while True:
        for factor in (1, 2, 5):
            if factor * step >= value:
                return factor * step
        step *= 10


def chart(
    series: Sequence[Series], switches: Sequence[float], now: float, span: float, width: int,
    height: int,
) -> list[Content]:  # fmt: skip
    """The last `span` seconds in `height` rows of `width` cells, with both axes."""
    columns, rows = max(10, width - LABEL), max(3, height - 2)
    start = now - span
    shown = [Series(s.name, [p for p in s.samples if start <= p[0] <= now]) for s in series]
    values = [value for s in shown for _, value in s.samples if value is not None]
    top = nice(max(values, default=0.001) * 1.02)
    cells: dict[tuple[int, int], tuple[str, str]] = {}

    def column(t: float) -> int:
        return min(columns - 1, int((t - start) / span * columns))

    for t in switches:
        if start <= t <= now:
            for y in range(rows):
                cells[(column(t), y)] = (SWITCH, MUTED)
    for n in reversed(range(len(shown))):  # the first series is drawn over the others
        sign, style = MARKS[n % len(MARKS)]
        bins: dict[int, list[float]] = {}
        for t, value in shown[n].samples:
            if value is None:
                cells[(column(t), rows - 1)] = (LOST, BAD)
            else:
                bins.setdefault(column(t), []).append(value)
        for x, found in bins.items():
            y = rows - 1 - min(rows - 1, int(median(found) / top * rows))
            cells[(x, y)] = (sign, style)
    lines = []
    for y in range(rows):
        labelled = y in (0, rows // 2)
        value = top if y == 0 else top * (rows - y) / rows
        pieces: list[Piece] = [(f"{rtt(value) if labelled else '':>{LABEL - 2}} ", MUTED)]
        pieces.append(("┤" if labelled else "│", MUTED))
        run, style = "", ""
        for x in range(columns):
            sign, of = cells.get((x, y), (" ", ""))
            if of != style and run:
                pieces.append((run, style))
                run = ""
            style = of
            run += sign
        lines.append(line(*pieces, (run, style)))
    lines.append(line((f"{'0 ms':>{LABEL - 2}} └{'─' * columns}", MUTED)))
    left, right = f"{waiting(span)} ago", "now"
    gap = max(1, columns - len(left) - len(right))
    lines.append(line((f"{'':{LABEL}}{left}{' ' * gap}{right}", MUTED)))
    return lines
