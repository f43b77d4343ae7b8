"""What every box over the main screen shares: a frame, a way out, and live content."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding
from textual.screen import ModalScreen

from icetui.session import Session

if TYPE_CHECKING:
    from icetui.dashboard.app import Dashboard


class Box(ModalScreen[None]):
    """A modal box; escape closes it."""

    BINDINGS: ClassVar[list[Binding]] = [  # type: ignore[assignment]  # narrower than Textual's
        Binding("escape", "close", "close")
    ]

    @property
    def dashboard(self) -> Dashboard:
        from icetui.dashboard.app import Dashboard

        assert isinstance(self.app, Dashboard)
        return self.app

    def show(self, session: Session, now: float) -> None:
        """Called with every repaint; boxes that stand still do nothing."""

    def action_close(self) -> None:
        self.dismiss()


class Reading(Box):
    """A box without a text field: `q` closes it too."""

    BINDINGS: ClassVar[list[Binding]] = [Binding("q", "close", show=False)]
