"""A session as one HTML page: no script, nothing fetched from anywhere."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape

from icetui.reports import content
from icetui.session import Session

_HEAD = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width">
<title>{title}</title>
<style>
:root {{ color-scheme: light dark; }}
body {{ font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 75rem;
  padding: 0 1rem; }}
h1 {{ font-size: 1.4rem; }}
h2 {{ font-size: 1.1rem; margin-top: 2rem; }}
.wide {{ overflow-x: auto; }}
table {{ border-collapse: collapse; }}
th, td {{ border-bottom: 1px solid #8886; padding: .25rem 1rem .25rem 0; text-align: left;
  vertical-align: top; white-space: nowrap; }}
td {{ font-family: ui-monospace, monospace; font-size: .9em; }}
td:last-child {{ white-space: normal; }}
th {{ font-weight: 600; }}
.problem {{ border-left: .3rem solid #c33; }} .warning {{ border-left: .3rem solid #b80; }}
.good {{ border-left: .3rem solid #393; }} .info {{ border-left: .3rem solid #888; }}
section > p {{ padding-left: .7rem; }}
</style>
</head>
<body>
<h1>{title}</h1>
"""


def report(session: Session) -> str:
    """Facts, findings, then a table for each kind of thing."""
    parts = [_HEAD.format(title=escape(content.TITLE))]
    parts += [
        '<table aria-label="Path">',
        *(_row(fact) for fact in content.facts(session)),
        "</table>",
    ]
    parts += ["<section>", "<h2>What is going on</h2>", *_findings(session), "</section>"]
    for table in content.tables(session):
        parts.append(f"<h2>{escape(table.title)}</h2>")
        if table.rows:
            names = "".join(f"<th>{escape(name)}</th>" for name in table.columns)
            parts += ['<div class="wide"><table>', f"<tr>{names}</tr>"]
            parts += [_row(row) for row in table.rows]
            parts.append("</table></div>")
        else:
            parts.append("<p>none</p>")
    return "\n".join([*parts, "</body>", "</html>"]) + "\n"


def _row(cells: Iterable[str]) -> str:
    return f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in cells)}</tr>"


def _causes(causes: Iterable[str]) -> str:
    return "".join(f"<br>&nbsp;{n}. {escape(cause)}" for n, cause in enumerate(causes, 1))


def _findings(session: Session) -> list[str]:
    told = [
        f'<p class="{finding.severity}"><strong>{finding.severity}</strong> '
        f"{escape(finding.short)}{_causes(finding.causes)}<br>because {escape(finding.evidence)}"
        + (f"<br>{escape(finding.remedy)}" if finding.remedy else "")
        + "</p>"
        for finding in content.findings(session)
    ]
    return told or [f"<p>{content.NOTHING_TO_SAY}</p>"]
