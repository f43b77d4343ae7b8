"""Asks where to write a report of the session; the ending of the name says in which format."""

from __future__ import annotations

from pathlib import Path

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.widgets import Input, Static

from icetui.dashboard.blob_saving import NotSaved, save
from icetui.dashboard.panes.pieces import BAD, Text, line
from icetui.dashboard.screens.box import Box

ENDINGS = {".txt": "text", ".md": "md", ".html": "html", ".svg": "svg", ".json": "json",
           ".csv": "csv"}  # fmt: skip


class ReportBox(Box):
    """A path with a default; enter writes."""

    def __init__(self, default: str) -> None:
        super().__init__()
        self._default = default

    def compose(self) -> ComposeResult:
        with Vertical(classes="box") as box:
            box.border_title = "Save a report"
            yield Input(self._default, id="file-name", compact=True)
            yield Text(id="problem")
            yield Static(f"The ending says how: {' '.join(ENDINGS)}", classes="keys")
            yield Static("enter: save, readable by you only   esc: back", classes="keys")

    def on_mount(self) -> None:
        self.set_focus(self.query_one("#file-name"))

    def on_input_submitted(self, event: Input.Submitted) -> None:
        path = Path(event.value.strip())
        form = ENDINGS.get(path.suffix.lower())
        problem = self.query_one("#problem", Text)
        if form is None:
            said = f"{path.suffix or 'No ending'} says no format; take one of {' '.join(ENDINGS)}"
            problem.put(line((said, BAD)))
            return
        from icetui.reports.formats import write

        watch = self.dashboard.looked
        try:
            target = save(path, write(watch.session, form))
        except NotSaved as error:
            problem.put(line((str(error), BAD)))
            return
        if str(target) not in watch.reports:
            watch.reports.append(str(target))
        self.dismiss()
        self.dashboard.notify(f"The report is saved as {target}.", markup=False)
