"""What goes to the terminal: only cells that differ, and never half of a wide one."""

from collections.abc import Iterable

from rich.console import Console
from rich.segment import Segment
from rich.style import Style
from textual._compositor import ChopsUpdate, LayoutUpdate
from textual.geometry import Region
from textual.strip import Strip

from icetui.dashboard.frame import Changes, Frame

WIDTH = 20
RED = Style(color="red")


def full(frame: Frame, *lines: str, screen: str = "main") -> object:
    strips: list[Iterable[Strip]] = [[Strip([Segment(line.ljust(WIDTH))])] for line in lines]
    return frame.reduce(LayoutUpdate(strips, Region(0, 0, WIDTH, len(lines))), screen)


def changed(frame: Frame, y: int, *segments: Segment) -> list[tuple[int, int, str]]:
    chops = [{} for _ in range(y)] + [{0: Strip(segments).adjust_cell_length(WIDTH)}]
    update = frame.reduce(ChopsUpdate(chops, [(y, 0, WIDTH)], [[WIDTH]] * (y + 1)), "main")
    assert isinstance(update, Changes)
    return [(x, y, "".join(character for character, _ in cells)) for x, y, cells in update.pieces]


def test_only_the_cells_that_differ_are_written() -> None:
    frame = Frame()
    full(frame, "round trip 23.4 ms")
    assert changed(frame, 0, Segment("round trip 23.7 ms")) == [(14, 0, "7")]
    assert changed(frame, 0, Segment("round trip 23.7 ms")) == []
    assert changed(frame, 0, Segment("Round trip 23.7 mS")) == [(0, 0, "R"), (17, 0, "S")]


def test_another_style_is_a_difference() -> None:
    frame = Frame()
    full(frame, "ok ok")
    assert changed(frame, 0, Segment("ok "), Segment("ok", RED)) == [(3, 0, "ok")]


def test_a_wide_character_is_written_whole() -> None:
    frame = Frame()
    full(frame, "a漢b")
    assert changed(frame, 0, Segment("a字b")) == [(1, 0, "字")]
    assert changed(frame, 0, Segment("axyb")) == [(1, 0, "xy")]
    assert changed(frame, 0, Segment("a字b")) == [(1, 0, "字")]


def test_another_screen_or_one_that_is_not_known_is_written_whole() -> None:
    frame = Frame()
    full(frame, "one", "two")
    for again in (full(frame, "one", "two", screen="box"), full(frame, "one", screen="box")):
        assert isinstance(again, LayoutUpdate)
        text = again.render_segments(Console(force_terminal=True, width=WIDTH))
        assert "one" in text
    frame.forget()
    assert isinstance(full(frame, "one", screen="box"), LayoutUpdate)


def test_of_the_same_screen_only_what_differs_is_written() -> None:
    frame = Frame()
    full(frame, "one", "two")
    again = full(frame, "one", "twenty")
    assert isinstance(again, Changes)
    assert [(x, y, "".join(c for c, _ in cells)) for x, y, cells in again.pieces] == [
        (2, 1, "enty")
    ]


def test_a_piece_is_written_where_it_belongs() -> None:
    update = Changes([(3, 1, [("x", None), ("y", RED)])])
    text = update.render_segments(Console(force_terminal=True, color_system="standard"))
    assert text.startswith("\x1b[2;4H")
    assert "x" in text
    assert "\x1b[31my" in text
