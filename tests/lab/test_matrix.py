"""The matrix measures, compares and prints."""

from __future__ import annotations

import json

import pytest

from tests.lab import __main__ as by_hand
from tests.lab.matrix import Cell, middle


def test_a_cell_of_the_matrix_is_measured(
    lab_needs: None, capfd: pytest.CaptureFixture[str]
) -> None:
    options = ["--kinds", "prc", "--peers", "icetui,aioice", "--delay", "10", "--json"]
    assert by_hand.main(["matrix", *options]) == 0
    cells = [json.loads(line) for line in capfd.readouterr().out.splitlines()]
    assert [(cell["peer"], cell["path"]) for cell in cells] == [
        ("icetui", "direct"),
        ("aioice", "direct"),
    ]
    # One round trip is 40 ms, and nothing is faster.
    assert all(0.04 < cell["first_path"] < 2 for cell in cells)


def test_the_median_is_that_of_the_usual_path() -> None:
    cells = [Cell("direct", 0.1, 0.2), Cell("relayed", 9.0, 9.0), Cell("direct", 0.3, None)]
    assert middle(cells) == Cell("direct", 0.2, 0.2)
    assert str(middle(cells)) == "direct  200 / 200"
    assert str(Cell(None)) == "-"
