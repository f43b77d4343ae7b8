"""A session as plain text, for a terminal that is none and for mail."""

from __future__ import annotations

from icetui.reports import content
from icetui.session import Session


def report(session: Session) -> str:
    """Path, candidates, pairs and findings, one screenful."""
    parts = [content.TITLE, ""]
    parts += [f"{name:10}{value}" for name, value in content.facts(session)]
    for table in content.tables(session):
        parts += ["", table.title, *_aligned(table)]
    parts += ["", "What is going on", *_findings(session)]
    return "\n".join(parts) + "\n"


def _aligned(table: content.Table) -> list[str]:
    """Cells in columns, the names of the columns first."""
    if not table.rows:
        return ["  none"]
    lines = (table.columns, *table.rows)
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return ["  " + "  ".join(map(str.ljust, cells, widths)).rstrip() for cells in lines]


def _findings(session: Session) -> list[str]:
    lines = []
    for finding in content.findings(session):
        lines.append(f"  {finding.severity}: {finding.short}")
        lines += [f"    {n}. {cause}" for n, cause in enumerate(finding.causes, 1)]
        lines.append(f"    because {finding.evidence}")
        if finding.remedy:
            lines.append(f"    {finding.remedy}")
    return lines or [f"  {content.NOTHING_TO_SAY}"]
