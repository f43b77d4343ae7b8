"""What every box over the main screen shares: a frame, a way out, and live content."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding
from textual.screen import ModalScreen

from icetui.dashboard.view import View

if TYPE_CHECKING:
    from icetui.dashboard.app import Dashboard


class Box(ModalScreen[None]):
    """A modal box; escape closes it."""

    CSS_PATH = Path(__file__).with_name("box.tcss")

    BINDINGS: ClassVar[list[Binding]] = [  # type: ignore[assignment]  # narrower than Textual's
        Binding("escape", "close", "close"),
        Binding("ctrl+c", "app.do('leave')", show=False),
    ]

    @property
    def dashboard(self) -> Dashboard:
        from icetui.dashboard.app import Dashboard

        assert isinstance(self.app, Dashboard)
        return self.app

    def on_mount(self) -> None:
        self.dashboard.repaint()

    def show(self, view: View) -> int:
        """Called with every repaint; how many lines changed."""
        return 0

    def action_close(self) -> None:
        self.dismiss()


class Reading(Box):
    """A box without a text field: `q` closes it too."""

    BINDINGS: ClassVar[list[Binding]] = [Binding("q", "close", show=False)]
