"""The pane "What is going on": what it all means, and what should I do?"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import ClassVar

from textual import events
from textual.binding import Binding
from textual.content import Content
from textual.message import Message

from icetui.dashboard.lines import Prose
from icetui.dashboard.panes.pieces import BAD, GOOD, MUTED, STRONG, WARN, line
from icetui.dashboard.shown_text import plain
from icetui.diagnosis import Finding

OF_THE_EXCHANGE = frozenset({"waiting-for-blob"})
"""Findings whose remedy is the exchange itself: nothing to do where nobody does it by hand."""
SIGNS = {"good": ("✓", GOOD), "info": ("·", MUTED), "warning": ("!", WARN), "problem": ("✗", BAD)}
MARKED = 8.0
"""Seconds for which a finding that is new is marked as such."""


class FindingsPane(Prose):
    """Each finding: a sign, the claim and what to do; what it rests on is folded except under the
    cursor and for what is bad."""

    BINDINGS: ClassVar[list[Binding]] = [  # type: ignore[assignment]  # narrower than Textual's
        Binding("right,left", "unfold", show=False),
    ]

    class Chosen(Message):
        """The pairs a finding rests on are wanted."""

        def __init__(self, finding: Finding) -> None:
            super().__init__()
            self.finding = finding

    def __init__(self, *, id: str) -> None:
        super().__init__(id=id)
        self._findings: Sequence[Finding] = ()
        self._since: dict[str, float] = {}
        """When each rule's finding was first told, in the stream's time."""
        self._now = 0.0
        self._by_hand = True
        self._cursor = 0
        self._unfolded = False
        self._starts: list[int] = []
        """First line of each finding."""

    def show(self, findings: Sequence[Finding], now: float, *, by_hand: bool = True) -> None:
        """`by_hand`: whether the two blobs are exchanged by whoever looks at this."""
        self._now = now
        self._by_hand = by_hand
        known = {finding.rule: finding for finding in findings}
        first = not self._since
        self._since = {
            rule: self._since.get(rule, float("-inf") if first else now) for rule in known
        }
        self._findings = findings
        self._cursor = min(self._cursor, max(0, len(findings) - 1))
        if not findings:
            self._starts = []
            nothing = "Nothing to say yet: findings come with the first checks."
            self.put([line((f" {nothing}", MUTED))])
            return
        parts: list[Content] = []
        counted: list[int] = []
        for n, finding in enumerate(findings):
            counted.append(len(parts))
            parts += self._written(n, finding, now)
        starts = self.put(parts, indent=4)
        self._starts = [starts[n] for n in counted]
        fresh = sum(now - since < MARKED for since in self._since.values())
        self.put_title("What is going on", f"{fresh} new" if fresh else "")

    def _written(self, n: int, finding: Finding, now: float) -> Iterator[Content]:
        glyph, style = SIGNS.get(finding.severity, ("·", MUTED))
        new = now - self._since.get(finding.rule, 0.0) < MARKED
        here = n == self._cursor and self.has_focus
        yield line(
            (f"{'▸' if here else ' '}{glyph} ", style), (plain(finding.short, 400), STRONG),
            ("  new" if new else "", WARN),
        )  # fmt: skip
        for number, cause in enumerate(finding.causes, 1):
            yield line((f"   {number} ", style), plain(cause, 400))
        unfolded = here and self._unfolded
        if finding.evidence and (finding.severity in ("problem", "warning") or unfolded):
            yield line((f"   {plain(finding.evidence, 400)}", MUTED))
        if finding.remedy and (self._by_hand or finding.rule not in OF_THE_EXCHANGE):
            yield line(("   → ", style), plain(finding.remedy, 400))

    # --- the cursor --------------------------------------------------------------------------

    @property
    def highlighted(self) -> Finding | None:
        return self._findings[self._cursor] if self._findings else None

    def action_move(self, by: int) -> None:
        if self._findings:
            self._cursor = min(max(0, self._cursor + by), len(self._findings) - 1)
            self.refresh_findings()

    def action_unfold(self) -> None:
        self._unfolded = not self._unfolded
        self.refresh_findings()

    def refresh_findings(self) -> None:
        """Draw anew after the cursor moved, and bring it into view."""
        self.show(self._findings, self._now)
        if self._starts:
            start = self._starts[self._cursor]
            if start < self._top or start >= self._top + self.page:
                self.scroll_by(start - self._top)

    def on_focus(self) -> None:
        self.refresh_findings()

    def on_blur(self) -> None:
        self.refresh_findings()

    def on_click(self, event: events.Click) -> None:
        at = self.line_under(event)
        if at is not None and self._starts:
            self._cursor = max(n for n, start in enumerate(self._starts) if start <= at)
            self._unfolded = event.chain == 2
            self.refresh_findings()
