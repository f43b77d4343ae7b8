"""A grid of styled characters to draw on, which becomes lines of text."""

from __future__ import annotations

from textual.content import Content

Cell = tuple[str, str]


class Canvas:
    """What is put beside it is not seen; what is put later stands above."""

    def __init__(self, width: int, height: int) -> None:
        self.width, self.height = width, height
        self._rows: list[list[Cell]] = [[(" ", "")] * width for _ in range(height)]

    def put(self, x: int, y: int, text: str, style: str = "") -> None:
        """Characters of one cell each."""
        if not 0 <= y < self.height:
            return
        row = self._rows[y]
        for n, character in enumerate(text, x):
            if 0 <= n < self.width:
                row[n] = (character, style)

    def centred(self, x: int, y: int, text: str, style: str = "") -> None:
        """Around the column `x`, moved so that all of it is seen if it can be."""
        left = min(max(0, x - len(text) // 2), max(0, self.width - len(text)))
        self.put(left, y, text, style)

    def is_free(self, x: int, y: int, length: int) -> bool:
        """Whether nothing stands there, nor right beside it."""
        around = self._rows[y][max(0, x - 1) : x + length + 1]
        return all(character == " " for character, _ in around)

    def lines(self) -> list[Content]:
        return [Content.assemble(*_runs(row)) for row in self._rows]


def _runs(row: list[Cell]) -> list[Cell]:
    """Neighbours of one style together."""
    runs: list[Cell] = []
    for character, style in row:
        if runs and runs[-1][1] == style:
            runs[-1] = (runs[-1][0] + character, style)
        else:
            runs.append((character, style))
    return runs
