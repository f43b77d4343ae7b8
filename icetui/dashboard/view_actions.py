"""What the keys of the view do: looking closer, ordering, filtering, copying what is shown."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from icetui.dashboard import handover
from icetui.dashboard.panes.findings import FindingsPane
from icetui.dashboard.shown_text import plain
from icetui.dashboard.table import Table

if TYPE_CHECKING:
    from icetui.dashboard.app import Dashboard


async def details(app: Dashboard) -> None:
    """Of the row under the cursor; a finding leads to the pairs it rests on."""
    from icetui.dashboard.screens.details import Details

    focused = app.main.focused
    if isinstance(focused, FindingsPane):
        finding = focused.highlighted
        if finding is not None and finding.pairs:
            app.main.jump_to(finding.pairs)
        elif finding is not None:
            focused.action_unfold()
        return
    pair = app.main.pairs.highlighted
    if focused is app.main.log_pane:
        named = app.main.log_pane.pair_under_cursor
        if named is not None and named not in app.looked.session.pairs:
            return
        pair = app.looked.session.pairs.get(named or "")
    if pair is not None:
        await app.push_screen(Details(pair.id))


async def diagnosis(app: Dashboard) -> None:
    from icetui.dashboard.screens.diagnosis import Diagnosis

    await app.push_screen(Diagnosis())


async def chart(app: Dashboard) -> None:
    from icetui.dashboard.screens.chart_box import ChartBox

    pair = app.main.pairs.highlighted
    await app.push_screen(ChartBox(pair.id if pair is not None else None))


async def timeline(app: Dashboard) -> None:
    from icetui.dashboard.screens.timeline import Timeline

    await app.push_screen(Timeline())


def freeze(app: Dashboard) -> None:
    app.toggle_freeze()


async def filter_rows(app: Dashboard) -> None:
    await app.main.open_filter()


def _table(app: Dashboard) -> Table[object, object] | None:
    focused = app.main.focused
    return focused if isinstance(focused, Table) else None


def sort(app: Dashboard) -> None:
    table = _table(app)
    if table is not None:
        table.sort_next()


def reverse(app: Dashboard) -> None:
    table = _table(app)
    if table is not None:
        table.reverse = not table.reverse


async def columns(app: Dashboard) -> None:
    from icetui.dashboard.screens.columns import ColumnsBox

    table = _table(app)
    if table is not None:
        await app.push_screen(ColumnsBox(table))


def zoom(app: Dashboard) -> None:
    app.main.zoom()


def unfold(app: Dashboard) -> None:
    log = app.main.log_pane
    log.unfolded = not log.unfolded


def go(name: str) -> Callable[[Dashboard], None]:
    """The function that leads to the pane of that name."""

    def to_pane(app: Dashboard) -> None:
        app.main.go(name)

    return to_pane


def yank(app: Dashboard) -> None:
    focused = app.main.focused
    text = ""
    if isinstance(focused, FindingsPane) and focused.highlighted is not None:
        finding = focused.highlighted
        text = " ".join(t for t in (finding.claim, finding.evidence, finding.remedy) if t)
    table = _table(app)
    if table is not None:
        text = "  ".join(value for _, value in table.cells())
    if text:
        handover.copy_text(app, plain(text, 2000))


async def yank_cell(app: Dashboard) -> None:
    from icetui.dashboard.screens.cells import CellsBox

    table = _table(app)
    if table is not None and table.cells():
        await app.push_screen(CellsBox(table.cells()))


async def show_help(app: Dashboard) -> None:
    from icetui.dashboard.screens.help import Help

    await app.push_screen(Help(app.main.focused.id if app.main.focused else None))
