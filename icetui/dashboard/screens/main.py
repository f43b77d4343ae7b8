"""The main screen: the panes of a session and how much room each of them gets."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Container
from textual.screen import Screen

from icetui import events
from icetui.dashboard.actions import ACTIONS
from icetui.dashboard.panes.bars import TABS, KeyBar, TabBar
from icetui.dashboard.panes.candidates import CandidatesPane
from icetui.dashboard.panes.findings import FindingsPane
from icetui.dashboard.panes.header import Header
from icetui.dashboard.panes.log import LogPane
from icetui.dashboard.panes.next_step import NextStep
from icetui.dashboard.panes.pairs import PairTable
from icetui.dashboard.panes.path import PathPane
from icetui.dashboard.rooms import rooms
from icetui.dashboard.screens.filter import FilterInput
from icetui.dashboard.view import View

if TYPE_CHECKING:
    from icetui.dashboard.app import Dashboard


def shell_waits() -> bool:
    """Whether a shell with job control started this program: it gives each job a process group of
    its own. In a window of its own, as `tmux new icetui` opens one, it would stay stopped."""
    return not hasattr(os, "getsid") or os.getsid(0) != os.getpgrp()


class Main(Screen[None]):
    """A grid where there is room (`-wide -tall`), a stack with tabs where there is not."""

    AUTO_FOCUS = "#pairs"
    HORIZONTAL_BREAKPOINTS: ClassVar[list[tuple[int, str]]] = [  # type: ignore[misc]  # per class
        (0, "-narrow"), (100, "-wide"),
    ]  # fmt: skip
    VERTICAL_BREAKPOINTS: ClassVar[list[tuple[int, str]]] = [  # type: ignore[misc]  # per class
        (0, "-low"), (30, "-tall"),
    ]  # fmt: skip
    BINDINGS: ClassVar[list[Binding]] = [  # type: ignore[assignment]  # narrower than Textual's
        *(action.binding for action in ACTIONS),
        Binding("escape", "back", show=False),
        Binding("ctrl+z", "former_or_suspend", show=False),
    ]

    def __init__(self) -> None:
        super().__init__()
        self.header = Header(id="header")
        self.next_step = NextStep(id="next")
        self.candidates = CandidatesPane(id="candidates")
        self.path = PathPane(id="path")
        self.pairs = PairTable(id="pairs")
        self.tabs = TabBar(id="tabs")
        self.findings = FindingsPane(id="findings")
        self.log_pane = LogPane(id="log")
        self.keys = KeyBar(id="keys")
        self.tab = "findings"
        """The pane a narrow screen shows below the pairs."""
        self.zoomed: str | None = None
        """Id of the pane that has the whole screen."""
        self._rooms: Sequence[int] = ()

    def compose(self) -> ComposeResult:
        self._size_up()
        yield self.header
        yield self.next_step
        with Container(id="panes"):
            yield self.candidates
            yield self.path
            yield self.pairs
            yield self.tabs
            yield self.findings
            yield self.log_pane
        yield self.keys

    def _size_up(self) -> None:
        """The classes for this size from the beginning: with the first resize event everything
        would be laid out once more before there is a frame."""
        width, height = self.app.size
        for cells, breakpoints in (
            (width, self.HORIZONTAL_BREAKPOINTS), (height, self.VERTICAL_BREAKPOINTS),
        ):  # fmt: skip
            self.add_class(max(b for b in breakpoints if cells >= b[0])[1])

    @property
    def dashboard(self) -> Dashboard:
        from icetui.dashboard.app import Dashboard

        assert isinstance(self.app, Dashboard)
        return self.app

    # --- drawing -----------------------------------------------------------------------------

    def show(self, view: View) -> int:
        """Draw everything anew; each pane repaints only what differs. How many lines did."""
        session, now = view.session, view.now
        by_hand = view.live and not view.side
        self.header.show(view)
        self.next_step.show(view, self.size.height)
        if self.pairs.display:
            self.pairs.show(session, now, view.chronicle, by_hand=by_hand)
        if self.candidates.display:
            self.candidates.show(session, now, by_hand=by_hand)
        if self.findings.display:
            self.findings.show(view.findings, now, by_hand=by_hand)
        if self.log_pane.display:
            self.log_pane.show(session, now, view.chronicle)
        if self.path.display:
            self.path.show(session, now, by_hand=by_hand)
        self.tabs.show(self.tab)
        self.keys.show(view)
        self._arrange()
        panes = (self.candidates, self.pairs, self.findings, self.log_pane, self.path)
        return sum(pane.changed for pane in panes)

    def on_screen_resume(self) -> None:
        self.dashboard.repaint()

    # --- rooms -------------------------------------------------------------------------------

    @property
    def stacked(self) -> bool:
        return not (self.has_class("-wide") and self.has_class("-tall"))

    def stack(self) -> None:
        """One pane below the other whatever the size."""
        self.HORIZONTAL_BREAKPOINTS = [(0, "-narrow")]  # type: ignore[misc]  # of this one only

    def _arrange(self) -> None:
        """Panes as big as their content: rows that one does not need are another's."""
        panes = self.query_one("#panes")
        height = panes.size.height
        if self.zoomed is not None or not height:
            return
        pairs = (self.pairs.line_count() or 3) + self.pairs.foot_needed + 1
        if self.stacked:
            tab = {
                "candidates": self.candidates, "findings": self.findings, "log": self.log_pane,
            }[self.tab]  # fmt: skip
            rest = height - self.path.outer_size.height - 1
            wanted = rooms(rest, ((4, pairs + 1), (4, tab.line_count() + 1)))
            if wanted != self._rooms:
                self.pairs.styles.height = wanted[0]
        else:
            top = max(self.candidates.line_count() + 3, self.path.needed + 2)
            bottom = max(self.findings.line_count() + 2, 12)
            wanted = rooms(height, ((8, top), (6, pairs + 2), (9, bottom)))
            if wanted != self._rooms:
                panes.styles.grid_rows = " ".join(str(rows) for rows in wanted)
        self._rooms = wanted

    def on_resize(self) -> None:
        panes = self.query_one("#panes")
        self._rooms = ()
        first = panes.children[0]
        if self.stacked:
            panes.styles.grid_rows = None
            if first is self.candidates:
                panes.move_child(self.candidates, before=self.findings)
        else:
            self.pairs.styles.height = None
            if first is not self.candidates:
                panes.move_child(self.candidates, before=0)
        self.choose(self.tab)
        self.dashboard.repaint()

    def choose(self, tab: str) -> None:
        self.tab = tab
        self._rooms = ()
        for name, _, _ in TABS:
            self.query_one(f"#{name}").set_class(name == tab, "-chosen")

    def go(self, name: str) -> None:
        """Focus the pane of that name, on top of the tabs where it is one of them."""
        if self.zoomed is not None:
            self.zoom(name)
        if name in {tab for tab, _, _ in TABS}:
            self.choose(name)
        self.set_focus(self.query_one(f"#{name}"))

    def zoom(self, name: str | None = None) -> None:
        """Give the focused pane the whole screen, or all of them their places again."""
        focused = self.focused.id if self.focused is not None else "pairs"
        wanted = name or (None if self.zoomed is not None else focused)
        self.zoomed = wanted
        panes = self.query_one("#panes")
        panes.set_class(wanted is not None, "-zoomed")
        for pane in panes.children:
            pane.set_class(pane.id == wanted, "-whole")
        self._rooms = ()
        if wanted is None:
            self.on_resize()
        else:
            panes.styles.grid_rows = None
            self.pairs.styles.height = None

    # --- filter, findings, escape ------------------------------------------------------------

    async def open_filter(self) -> None:
        if not self.query(FilterInput):
            await self.mount(FilterInput(self.pairs.filter.text), before=self.keys)
        self.set_focus(self.query_one(FilterInput))  # at once: what is typed next is for it

    def set_filter(self, text: str) -> None:
        self.pairs.set_filter(text)
        self.log_pane.set_filter(text)
        self.dashboard.repaint()

    def jump_to(self, pairs: Sequence[str]) -> None:
        """To the first of these pairs that is shown."""
        self.go("pairs")
        for pair in pairs:
            if self.pairs.point_to(pair):
                return

    def action_former_or_suspend(self) -> None:
        """ctrl+z takes back that another description replaced theirs; else it suspends, as it does
        everywhere in a terminal."""
        session = self.dashboard.living.session
        if session.replaced is not None and session.replaced.cause != "knock":
            self.dashboard.send(events.TakeFormer(session=session.id))
        elif shell_waits():
            self.dashboard.action_suspend_process()
        else:
            self.notify("No shell runs this program that could bring it back: it is not suspended.")

    async def action_back(self) -> None:
        """Escape: the filter first, then zoom, card and freeze."""
        app = self.dashboard
        if self.pairs.filter:
            self.set_filter("")
        elif self.zoomed is not None:
            self.zoom()
        elif app.view().card_open:
            app.living.exchange.card = False
        elif app.frozen is not None:
            app.toggle_freeze()
        app.repaint()
