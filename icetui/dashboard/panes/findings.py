"""The pane "What is going on": what it all means, and what should I do?"""

from __future__ import annotations

from textual.content import Content

from icetui.dashboard.panes.base import BAD, GOOD, MUTED, STRONG, WARN, TextPane, line
from icetui.dashboard.text import plain
from icetui.diagnosis import Finding, diagnose
from icetui.session import Session

SIGNS = {"good": ("✓", GOOD), "info": ("·", MUTED), "warning": ("!", WARN), "problem": ("✗", BAD)}


class FindingsPane(TextPane):
    """Each finding: a sign, the claim, what it rests on, and what to do about it."""

    TITLE = "What is going on"

    def show(self, session: Session, now: float) -> None:
        found = diagnose(session)
        if not found:
            nothing = " Nothing to say yet: findings come with the first checks."
            self.body.put_lines([line((nothing, MUTED))])
            return
        self.body.put_lines((part for finding in found for part in _written(finding)), indent=4)


def _written(finding: Finding) -> list[Content]:
    glyph, style = SIGNS.get(finding.severity, ("·", MUTED))
    written = [line((f"{glyph} ", style), (plain(finding.claim, 400), STRONG))]
    if finding.evidence:
        written.append(line((f"  {plain(finding.evidence, 400)}", MUTED)))
    if finding.remedy:
        written.append(line(("  → ", style), plain(finding.remedy, 400)))
    return written
