"""What stands on the terminal, so that only cells that differ are written to it.

Textual writes every line that changed from its widget's left edge on, with the whole style before
each piece. Over a slow line that is what is felt. Here an update on its way to the terminal loses
what stands there already.
"""

from __future__ import annotations

from collections.abc import Iterable

from rich.cells import cell_len, get_character_cell_size
from rich.console import Console
from rich.control import Control
from rich.segment import Segment
from rich.style import Style
from textual._compositor import ChopsUpdate, CompositorUpdate, LayoutUpdate
from textual.geometry import Region
from textual.strip import Strip

NEAR = 6
"""Cells between two changes that are cheaper to write than to go past."""

Cell = tuple[str, Style | None]
"""A character with what combines with it, empty behind a wide one."""


class Changes(CompositorUpdate):
    """Pieces of lines, each with where it begins."""

    def __init__(self, pieces: list[tuple[int, int, list[Cell]]]) -> None:
        self.pieces = pieces

    def render_segments(self, console: Console) -> str:
        written = []
        for x, y, cells in self.pieces:
            written.append(Control.move_to(x, y).segment.text)
            written.append(Strip(_segments(cells)).render(console))
        return "".join(written)


class Frame:
    """Remembers what was written, line by line."""

    def __init__(self) -> None:
        self._lines: dict[int, list[Cell | None]] = {}
        self._whole: tuple[object, Region] | None = None
        """The screen that was written whole the last time, and where."""

    def reduce(self, update: object, screen: object) -> object:
        """The update of a screen without what stands on the terminal already."""
        if isinstance(update, LayoutUpdate):
            if self._whole == (screen, update.region):
                # So it is with what lies below a box, too.
                return Changes([piece for y, x, strips in _rows(update)
                                for piece in self._changed(y, x, strips)])  # fmt: skip
            # Of another screen, or size: this also repairs what others have written on it.
            self._whole = screen, update.region
            self._lines.clear()
            for y, x, strips in _rows(update):
                update.strips[y - update.region.y] = strips
                self._put(y, x, _cells(strips))
            return update
        if isinstance(update, ChopsUpdate):
            return Changes([piece for y in _lines(update) for x, strip in update.chops[y].items()
                            if strip is not None
                            for piece in self._changed(y, x, [strip])])  # fmt: skip
        return update

    def forget(self) -> None:
        """Somebody else has written on the terminal: nothing is known to stand there."""
        self._lines.clear()
        self._whole = None

    def _changed(
        self, y: int, x: int, strips: Iterable[Strip]
    ) -> Iterable[tuple[int, int, list[Cell]]]:
        cells = _cells(strips)
        known = self._lines.get(y, [])[x : x + len(cells)]
        known += [None] * (len(cells) - len(known))
        for start, end in _runs(known, cells):
            yield x + start, y, cells[start:end]
        self._put(y, x, cells)

    def _put(self, y: int, x: int, cells: list[Cell]) -> None:
        line = self._lines.setdefault(y, [])
        line += [None] * (x + len(cells) - len(line))
        line[x : x + len(cells)] = cells


def _rows(update: LayoutUpdate) -> list[tuple[int, int, list[Strip]]]:
    """Each line of the screen: where it begins, and its strips."""
    region = update.region
    return [(y, region.x, list(strips)) for y, strips in enumerate(update.strips, region.y)]


def _lines(update: ChopsUpdate) -> list[int]:
    return sorted({y for y, _, _ in update.spans})


def _cells(strips: Iterable[Strip]) -> list[Cell]:
    found: list[Cell] = []
    for strip in strips:
        for segment in strip:
            text, style = segment.text, segment.style
            if segment.control:
                continue
            if text.isascii() or cell_len(text) == len(text):
                found += [(character, style) for character in text]
                continue
            for character in text:
                width = get_character_cell_size(character)
                if width == 0 and found:
                    found[-1] = (found[-1][0] + character, found[-1][1])
                else:
                    found += [(character, style), ("", style)][: max(1, width)]
    return found


def _runs(known: list[Cell | None], cells: list[Cell]) -> list[tuple[int, int]]:
    """Where they differ: each `start` to `end`."""
    runs: list[tuple[int, int]] = []
    for n, (before, cell) in enumerate(zip(known, cells, strict=True)):
        if before == cell:
            continue
        start = n - 1 if not cell[0] and n else n  # never half of a wide character
        if runs and start - runs[-1][1] < NEAR:
            runs[-1] = (runs[-1][0], n + 1)
        else:
            runs.append((start, n + 1))
    return runs


def _segments(cells: list[Cell]) -> list[Segment]:
    found: list[Segment] = []
    texts: list[str] = []
    style: Style | None = None
    for character, of in cells:
        if texts and of != style:
            found.append(Segment("".join(texts), style))
            texts = []
        style = of
        texts.append(character)
    if texts:
        found.append(Segment("".join(texts), style))
    return found
