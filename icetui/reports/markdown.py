"""A session as Markdown, to paste into an issue or a chat."""

from __future__ import annotations

import re

from icetui.reports import content
from icetui.session import Session

_MARKUP = re.compile(r"[\\`*_\[\]<>#|~&@$]|:(?=//)|(?<=www)\.", re.IGNORECASE)
"""What Markdown, and what chats and trackers add to it (mentions, links by themselves, formulas),
would act upon."""


def report(session: Session) -> str:
    """Facts, findings, then a table for each kind of thing."""
    parts = [f"# {content.TITLE}", ""]
    parts += _table(("", ""), content.facts(session))
    parts += ["", "## What is going on", "", *_findings(session)]
    for table in content.tables(session):
        parts += ["", f"## {table.title}", ""]
        parts += _table(table.columns, table.rows) if table.rows else ["none"]
    return "\n".join(parts) + "\n"


def escape(text: str) -> str:
    """Foreign text as text only."""
    return _MARKUP.sub(lambda match: f"\\{match[0]}", text)


def _line(cells: tuple[str, ...]) -> str:
    return f"| {' | '.join(map(escape, cells))} |"


def _table(
    columns: tuple[str, ...], rows: list[tuple[str, str]] | tuple[tuple[str, ...], ...]
) -> list[str]:
    rule = "|" + "---|" * len(columns)
    return [_line(columns), rule, *map(_line, rows)]


def _findings(session: Session) -> list[str]:
    lines = []
    for finding in content.findings(session):
        remedy = f" {finding.remedy}" if finding.remedy else ""
        lines.append(
            f"- **{finding.severity}** {escape(finding.short)}\n"
            + "".join(f"  {n}. {escape(cause)}\n" for n, cause in enumerate(finding.causes, 1))
            + ("\n" if finding.causes else "")
            + f"  Because {escape(finding.evidence)}.{escape(remedy)}"
        )
    return lines or [content.NOTHING_TO_SAY]
