"""Which kinds of report there are, and writing one: `text md json csv html svg`.

What belongs here: names and where each is made. A format's module is imported when it is asked
for, because the command line lists the names for --help.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from icetui.session import Session

_MODULES = {
    "text": "text",
    "md": "markdown",
    "json": "summary_json",
    "csv": "pairs_csv",
    "html": "html",
    "svg": "svg",
}
FORMATS = tuple(_MODULES)


def write(session: Session, form: str) -> str:
    """A report of the session in one of `FORMATS`, ending in a newline."""
    module = import_module(f"icetui.reports.{_MODULES[form]}")
    report: Callable[[Session], str] = module.report
    return report(session)
