"""The network screen of the demo: what stands between both sides, what passes, and what one does to
it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Horizontal
from textual.content import Content
from textual.screen import Screen
from textual.style import Style

from icetui import events
from icetui.dashboard.lines import Bar, shortened
from icetui.dashboard.network_actions import (
    BY_NAME,
    NETWORK_ACTIONS,
    first_choice,
    label,
    line_of,
    offered,
)
from icetui.dashboard.network_words import line_words, node_words, speed_words
from icetui.dashboard.panes import happenings, internet_map, nat_tables
from icetui.dashboard.panes.header import STATE_STYLES, path_words, state_word
from icetui.dashboard.panes.internet_map import Item, Moment, items
from icetui.dashboard.panes.pieces import ACCENT, GOOD, MUTED, STRONG, WARN, Piece, line
from icetui.dashboard.shown_text import plain, rtt
from icetui.dashboard.standing import in_use
from icetui.dashboard.view import View
from icetui.session import Session

if TYPE_CHECKING:
    from icetui.dashboard.app import Dashboard
    from icetui.dashboard.stage import Stage

FRAME = 0.1
"""Seconds between two drawings of what moves."""
GLIMPSE = 0.3
"""Seconds of ours for which it is shown that something has just passed."""
NARROW = 100
MOST_KEYS = 3
"""Lines of keys."""


class InternetScreen(Screen[None]):
    """Closes without a trace; packets are told of only while it is open."""

    CSS_PATH = Path(__file__).with_name("internet_screen.tcss")

    BINDINGS: ClassVar[list[Binding]] = [  # type: ignore[assignment]  # narrower than Textual's
        *(action.binding for action in NETWORK_ACTIONS),
        Binding("left", "choose(-1)", show=False),
        Binding("right", "choose(1)", show=False),
        Binding("x,tab", "other_side", show=False),
        Binding("i,escape", "close", show=False),
        Binding("question_mark,f1", "help", show=False),
        Binding("q,ctrl+c", "app.quit", show=False),
        Binding("ctrl+z", "app.suspend_process", show=False),
    ]

    def __init__(self, stage: Stage) -> None:
        super().__init__()
        self.stage = stage
        self.chosen: Item | None = None
        self.head = Bar(id="network-head")
        self.map = Bar(id="network-map")
        self.about = Bar(id="network-about")
        self.left_table = Bar(id="network-left")
        self.right_table = Bar(id="network-right")
        self.tables = Horizontal(self.left_table, self.right_table, id="network-tables")
        self.passing = Bar(id="network-passing")
        self.happened = Bar(id="network-happened")
        self.keys = Bar(id="network-keys")

    def compose(self) -> ComposeResult:
        yield self.head
        yield self.map
        yield self.about
        yield self.tables
        yield self.passing
        yield self.happened
        yield self.keys

    @property
    def dashboard(self) -> Dashboard:
        from icetui.dashboard.app import Dashboard

        assert isinstance(self.app, Dashboard)
        return self.app

    def on_mount(self) -> None:
        self.stage.send(events.WatchNetwork(packets=True))
        self.set_interval(FRAME, self._frame)

    def on_unmount(self) -> None:
        self.stage.send(events.WatchNetwork(packets=False))

    def on_screen_resume(self) -> None:
        self.dashboard.repaint()

    def on_resize(self) -> None:
        self.dashboard.repaint()

    # --- drawing ------------------------------------------------------------------------------

    def _frame(self) -> None:
        if self.is_current and not self.dashboard.suspended:
            self.show(self.dashboard.view())

    def show(self, view: View) -> int:
        """Draw everything anew; how many lines differ."""
        internet, clock = self.stage.internet, self.stage.clock
        moment = Moment(clock(), clock.ours(GLIMPSE))
        width, height = self.size
        if self.chosen not in items(internet):
            self.chosen = first_choice(internet)
        keys = self._keys()
        rows = self._rows(height, len(keys))
        way = internet_map.route(internet, view.session if in_use(view.session) else None)
        half = width // 2
        sessions = self._sessions()
        names = [*internet.sessions, "", ""]
        self.head.put([self._header(view, moment.now)])
        self.map.put(internet_map.draw(internet, way, self.chosen, moment, width))
        self.about.put([self._about()[:width]])
        for bar, name in ((self.left_table, names[0]), (self.right_table, names[1])):
            if name:
                bar.put(nat_tables.draw(internet, name, moment.now, half, rows[0])[: rows[0]])
        self.passing.put(
            [_title("Passing", self._counted()), *happenings.passing(internet, width, rows[1] - 1)]
        )
        self.happened.put(
            [
                _title("What happened", ""),
                *happenings.happened(internet, sessions, width, rows[2] - 1),
            ]
        )
        self.keys.put([text.rstrip()[:width] for text in keys])
        bars = (self.map, self.left_table, self.right_table, self.passing, self.happened)
        return sum(bar.changed for bar in bars)

    def _rows(self, height: int, keys: int) -> tuple[int, int, int]:
        """Lines for the tables, what passes and what happened; set where they differ."""
        left = max(6, height - internet_map.HEIGHT - 2 - keys)
        internet = self.stage.internet
        wanted = 1 + max((len(t.bindings) for t in internet.tables.values()), default=3)
        tables = max(3, min(wanted, left * 2 // 5))
        passing = max(2, (left - tables) // 2)
        rows = (tables, passing, max(1, left - tables - passing))
        for bar, number in (
            (self.tables, rows[0]), (self.passing, rows[1]),
            (self.happened, rows[2]), (self.keys, keys),
        ):  # fmt: skip
            if bar.styles.height is None or bar.styles.height.value != number:
                bar.styles.height = number
        return rows

    def _sessions(self) -> dict[str, Session]:
        watches = self.dashboard.watches
        return {
            side.name: watch.session for side, watch in zip(self.stage.sides, watches, strict=True)
        }

    def _header(self, view: View, now: float) -> Content:
        pace = speed_words(self.stage.internet.pace)
        pieces: list[Piece] = [
            *([(" icetui ", ACCENT), ("network ", STRONG)] if self.size.width >= NARROW else []),
            (f" {pace} ", f"bold {WARN}"), (f" at {now:.2f} s ", MUTED),
        ]  # fmt: skip
        for name, session in self._sessions().items():
            shown = f" {plain(name, 12)} "
            pieces.append((shown, "bold reverse") if name == view.side else (shown, STRONG))
            pieces.append((f" {_state(session)} ", STATE_STYLES.get(session.state, STRONG)))
            words, pair = path_words(session), session.selected_pair
            if words is not None and pair is not None and in_use(session):
                pieces.append((f"{words[0]} ", GOOD if words[0] == "direct" else WARN))
                pieces.append((f"{rtt(pair.current_round_trip_time)} ", ""))
        return shortened(line(*pieces), self.size.width)

    def _about(self) -> Content:
        """What is chosen."""
        internet, item = self.stage.internet, self.chosen
        if item is None:
            return line((" …", MUTED))
        if item.kind == "line" and item.segment is not None:
            out, back = (internet.direction(item.segment, outwards=o) for o in (True, False))
            said = "cut" if out.cut and back.cut else line_words(out)
            if out != back and not (out.cut and back.cut):
                said = f"{line_words(out)} outwards, {line_words(back)} back"
            what = f"line {plain(line_of(internet, item), 40)} into {plain(item.segment.link, 20)}"
            return line((" ▸ ", ACCENT), (what, STRONG), f": {said}")
        if item.kind == "server":
            server = internet.servers[item.name]
            state = "answers" if server.running else "stopped"
            where = ", ".join(plain(a, 40) for a in server.addresses[:2])
            return line((" ▸ ", ACCENT), (f"{server.kind.upper()} server {plain(item.name, 20)}",
                                          STRONG), f" at {where}: {state}")  # fmt: skip
        node = internet.places[item.name]
        words = f": {node_words(node)}; mapping {node.mapping}, filtering {node.filtering}"
        if node.kind == "router":
            words = f": {node_words(node)}"
        return line((" ▸ ", ACCENT), (plain(item.name, 20), STRONG), words)

    def _counted(self) -> str:
        left_out = self.stage.internet.left_out
        return f"{left_out} more not shown" if left_out else ""

    def _keys(self) -> list[Content]:
        """What each key would do now, to be clicked on as well."""
        internet, chosen = self.stage.internet, self.chosen
        other = next((s.name for s in self.stage.sides if s.name != self.dashboard.side), "")
        found = [("←→", "choose", "screen.choose(1)")]
        found += [
            (action.shown, label(action, internet, chosen), f"screen.do('{action.id}')")
            for action in offered(internet, chosen)
        ]
        found += [
            ("x", f"{plain(other, 12)}'s side", "screen.other_side()"),
            ("i", "back", "screen.close()"), ("?", "help", "screen.help()"),
            ("q", "quit", "app.quit()"),
        ]  # fmt: skip
        # A key without a label is the other way round of the one before.
        parts: list[Content] = []
        for key, text, action_name in found:
            part = line((key, ACCENT)).stylize(Style.from_meta({"@click": action_name}))
            if text:
                parts.append(part + line(f" {text}"))
            else:
                before = parts[-1]
                at = before.plain.index(" ")
                parts[-1] = before[:at] + line(" ") + part + before[at:]
        lines = [line(" ")]
        for part in parts:
            if len(lines[-1].plain) + len(part.plain) > self.size.width and len(lines) < MOST_KEYS:
                lines.append(line(" "))
            lines[-1] += part + line("  ")
        return lines

    # --- keys ---------------------------------------------------------------------------------

    def action_choose(self, by: int) -> None:
        there = items(self.stage.internet)
        # A host itself is nothing to choose: only what one can do something to.
        if there:
            at = there.index(self.chosen) if self.chosen in there else 0
            self.chosen = there[(at + by) % len(there)]
        self.dashboard.repaint()

    def action_do(self, name: str) -> None:
        command = BY_NAME[name].do(self.stage.internet, self.chosen)
        if command is not None:
            self.stage.send(command)

    def action_other_side(self) -> None:
        self.dashboard.look_at(1 - self.dashboard.looked_at)
        self.dashboard.repaint()

    def action_close(self) -> None:
        self.dismiss()

    async def action_help(self) -> None:
        from icetui.dashboard.screens.network_help import NetworkHelp

        await self.dashboard.push_screen(NetworkHelp())


def _state(session: Session) -> str:
    """Nobody has to paste anything here."""
    if session.state == "new":
        return "READY" if session.gathering == "complete" else "GATHERING"
    return state_word(session)


def _title(text: str, more: str) -> Content:
    return line((f" {text} ", f"{MUTED} bold"), (f"── {more}" if more else "──", MUTED))
