"""What they sent: the same that `icetui decode` says, and what has become of each candidate."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

from textual.app import ComposeResult
from textual.binding import Binding
from textual.content import Content

from icetui.dashboard.lines import Prose, hanging
from icetui.dashboard.panes.pieces import ACCENT, GOOD, MUTED, STRONG, WARN, line
from icetui.dashboard.screens.box import Reading
from icetui.dashboard.shown_text import middle, plain
from icetui.dashboard.view import View
from icetui.events import Candidate, Pair, address_port
from icetui.grammar import count
from icetui.session import Session

if TYPE_CHECKING:
    from icetui.signaling import CandidateRow

MOST = 150
"""Candidates shown; a hostile description can bring any number."""
LEAST_ADDRESS = 21
"""Columns an address gets however narrow the screen is."""
NAME = 19
"""Columns of the fields' names."""


class Theirs(Reading):
    """Follows what is pasted while it is open."""

    BINDINGS: ClassVar[list[Binding]] = [Binding("t", "close", show=False)]

    def compose(self) -> ComposeResult:
        yield Prose(classes="box tall", id="theirs")

    def on_mount(self) -> None:
        self.set_focus(self.query_one("#theirs"))
        super().on_mount()

    def on_resize(self) -> None:
        self.dashboard.repaint()

    def show(self, view: View) -> int:
        box = self.query_one("#theirs", Prose)
        box.put_title("What they sent", "esc or q: back")
        box.put(sent(view.session, view.now, box.room))
        return box.changed


def sent(session: Session, now: float, width: int) -> list[Content]:
    """Their description and their candidates in lines of `width`; `now` is the stream's `t`."""
    from icetui.signaling import explain_accepted  # not before there is something to explain

    told = session.their_description
    if told is None:
        return [line(("Nothing yet: paste what the other side's icetui or browser shows.", MUTED))]
    candidates = list(session.remote_candidates.values())
    explained = explain_accepted(told, candidates, told.wall - told.t + now)
    parts = hanging(
        [line((f"{name:{NAME}}", MUTED), plain(value, 300)) for name, value in explained.fields],
        width,
        NAME,
    )
    latest = session.description
    for warning in dict.fromkeys((*told.warnings, *(latest.warnings if latest else ()))):
        parts += hanging([line(("! ", WARN), (plain(warning, 300), WARN))], width, 2)
    if candidates:
        parts += [Content(""), *_table(session, explained.candidates[:MOST], candidates, width)]
    if len(candidates) > MOST:
        parts.append(line((f"… and {len(candidates) - MOST} more", MUTED)))
    return parts


def _table(
    session: Session, rows: Sequence[CandidateRow], candidates: list[Candidate], width: int
) -> list[Content]:
    """A line for each candidate, and what is done with it under it."""
    head: tuple[str, ...] = ("", "type", "address", "transport", "comp", "priority", "related")
    cells: list[tuple[str, ...]] = [
        (
            plain(c.id, 12), plain(row.type, 8), plain(address_port(c.address, c.port), 120),
            plain(row.transport, 20), row.component, row.priority, plain(row.related, 120),
        )
        for c, row in zip(candidates, rows, strict=False)
    ]  # fmt: skip
    widths = [max(len(row[i]) for row in (head, *cells)) for i in range(len(head))]
    if sum(widths) + 2 * (len(widths) - 1) > width:
        cells = [row[:-1] for row in cells]  # no room for where it was learned from
        head, widths = head[:-1], widths[:-1]
    beyond = sum(widths) + 2 * (len(widths) - 1) - width
    widths[2] = max(LEAST_ADDRESS, widths[2] - max(0, beyond))

    def put(row: tuple[str, ...]) -> str:
        fitted = [middle(cell, w).ljust(w) for cell, w in zip(row, widths, strict=True)]
        return "  ".join(fitted).rstrip()

    pairs: dict[str, list[Pair]] = defaultdict(list)
    for pair in session.pairs.values():
        pairs[pair.remote].append(pair)
    parts = [line((put(head), MUTED))]
    indent = widths[0] + 2
    for c, cell, row in zip(candidates, cells, rows, strict=False):
        said, style = _verdict(c, pairs[c.id], session.selected, row.verdict)
        parts.append(line((put(cell), STRONG if style == ACCENT else "")))
        if len(cell[2]) > widths[2]:  # the whole of it, where there is room
            parts += hanging([line(" " * indent, (cell[2], MUTED))], width, indent)
        parts += hanging([line(" " * indent, (said, style))], width, indent)
    return parts


def _verdict(
    c: Candidate, pairs: list[Pair], selected: str | None, verdict: str
) -> tuple[str, str]:
    if c.unsupported is not None:
        return plain(verdict, 300), WARN
    if c.type == "prflx":
        verdict = "learned from their checks (peer-reflexive), used"
    if not pairs:
        return f"{plain(verdict, 300)}, but none of ours pairs with it", MUTED
    states = Counter(pair.state for pair in pairs)
    said = ", ".join(f"{number} {state}" for state, number in states.items())
    text = f"{plain(verdict, 300)}: {count(len(pairs), 'pair')} ({said})"
    if any(pair.id == selected for pair in pairs):
        return f"★ {text}, the path in use", ACCENT
    return text, GOOD if states["succeeded"] else MUTED
