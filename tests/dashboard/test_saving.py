"""Saving our own blob: whole, private, and a refusal in one sentence."""

from pathlib import Path

import pytest
from textual.widgets import Input

from icetui.dashboard.blob_saving import NotSaved, save
from tests.dashboard.looking import looking
from tests.dashboard.streams import BLOB, gathered


def test_a_file_is_whole_and_for_its_owner_only(tmp_path: Path) -> None:
    target = tmp_path / "own.blob"
    target.write_text("older and much longer than what comes now")
    assert save(target, "icetui:x") == target
    assert target.read_text() == "icetui:x\n"
    assert target.stat().st_mode & 0o777 == 0o600
    assert list(tmp_path.iterdir()) == [target]


def test_what_cannot_be_written_is_said_in_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(NotSaved, match="No such file or directory"):
        save(tmp_path / "nowhere" / "own.blob", "icetui:x")
    with pytest.raises(NotSaved, match="directory"):
        save(tmp_path, "icetui:x")
    assert list(tmp_path.iterdir()) == []


async def test_w_asks_where_and_says_where_it_went(tmp_path: Path) -> None:
    async with looking(gathered(), (80, 24)) as look:
        await look.press("w")
        field = look.app.screen.query_one(Input)
        assert field.value == "./icetui-a7Kf.blob"
        assert "./icetui-a7Kf.blob" in look.text, "what is typed can be seen"
        field.value = str(tmp_path / "missing" / "x")
        await look.press("enter")
        assert "Cannot write in" in look.text
        field.value = str(tmp_path / "x")
        await look.press("enter")
        assert (tmp_path / "x").read_text() == BLOB + "Xy\n"
        assert look.app.screen is look.main
        assert "saved to" in look.text
