"""A session as a picture: the text report, drawn. It names no font that would be fetched."""

from __future__ import annotations

from xml.sax.saxutils import escape

from icetui.reports.text import report as text_report
from icetui.session import Session

SIZE = 14
"""Pixels of a letter's height."""
WIDTH, LINE, MARGIN = 0.61 * SIZE, 1.4 * SIZE, 1.5 * SIZE
"""Pixels: the most a monospaced letter takes, from line to line, around the text."""


def report(session: Session) -> str:
    """Every line of the text report, one below the other."""
    lines = text_report(session).splitlines()
    width = max(map(len, lines)) * WIDTH + 2 * MARGIN
    height = len(lines) * LINE + 2 * MARGIN
    drawn = [
        f'<text x="{MARGIN:.0f}" y="{MARGIN + LINE * (number + 0.75):.1f}">{_spaced(line)}</text>'
        for number, line in enumerate(lines)
        if line
    ]
    return (
        "\n".join(
            [
                f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height:.0f}"'
                f' width="{width:.0f}" height="{height:.0f}">',
                '<rect width="100%" height="100%" rx="8" fill="#14181d"/>',
                f'<g font-family="ui-monospace, Menlo, Consolas, monospace" font-size="{SIZE}"'
                ' fill="#dfe5ec">',
                *drawn,
                "</g>",
                "</svg>",
            ]
        )
        + "\n"
    )


def _spaced(line: str) -> str:
    """Columns stay columns: viewers fold plain spaces."""
    return escape(line).replace(" ", "\u00a0")
