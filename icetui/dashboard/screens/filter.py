"""The filter line: what is typed here is what pair table and log must contain."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual import events
from textual.binding import Binding
from textual.widgets import Input

from icetui.dashboard import handover

if TYPE_CHECKING:
    from icetui.dashboard.screens.main import Main

MOST = 200


class FilterInput(Input):
    """Filters while one types; enter keeps it, escape clears it, both go back to the pairs."""

    BINDINGS: ClassVar[list[Binding]] = [  # type: ignore[assignment]  # narrower than Textual's
        Binding("escape", "clear_filter", show=False),
    ]

    def __init__(self, text: str) -> None:
        super().__init__(
            text, id="filter", placeholder="words, !word, field:word, /expression/; all must hold",
            max_length=MOST, compact=True, select_on_focus=False,
        )  # fmt: skip

    def on_paste(self, event: events.Paste) -> None:
        """A description goes where it belongs; anything else is typed."""
        if "icetui:" in event.text:
            event.stop()
            event.prevent_default()
            handover.hand_in(self._main.dashboard, event.text)

    def on_input_changed(self, event: Input.Changed) -> None:
        self._main.set_filter(event.value)

    async def on_input_submitted(self) -> None:
        await self._leave()

    async def action_clear_filter(self) -> None:
        self._main.set_filter("")
        await self._leave()

    async def _leave(self) -> None:
        main = self._main
        main.set_focus(main.pairs)
        await self.remove()

    @property
    def _main(self) -> Main:
        from icetui.dashboard.screens.main import Main

        assert isinstance(self.screen, Main)
        return self.screen
