"""What is given by mistake to `icetui peer`, on stdin and in `--blob-in`: one sentence names it."""

from __future__ import annotations

import contextlib
from pathlib import Path

import pytest

from tests.conftest import Start
from tests.signaling.bad import Bad, texts

SAID = {"1-MB": "too long", "1-MB-of-controls": "too long"}
"""Stdin is read no further than a description can be."""


@pytest.mark.parametrize("bad", texts(), ids=lambda bad: bad.name)
async def test_stdin(peer: Start, bad: Bad) -> None:
    running = await peer()
    await running.says("icetui:")
    with contextlib.suppress(ConnectionError):  # it has read enough and ended
        await running.write(bad.text)
    running.close_stdin()
    await running.tells(SAID.get(bad.name, bad.sentence))
    if not bad.usable:
        assert await running.ends() == 3
        assert len(running.err) == 1


@pytest.mark.parametrize(
    "bad",
    [bad for bad in texts() if bad.name in ("no-ice", "answer-to-another-offer", "1-MB")],
    ids=lambda bad: bad.name,
)
async def test_a_file(peer: Start, tmp_path: Path, bad: Bad) -> None:
    theirs = tmp_path / "theirs"
    theirs.write_bytes(bad.text.encode())
    running = await peer("--blob-in", theirs)
    await running.tells(bad.sentence)
    assert await running.ends() == 3


async def test_a_file_that_needed_repair_is_used_with_a_word(peer: Start, tmp_path: Path) -> None:
    [curly] = [bad for bad in texts() if bad.name == "curly-quotes"]
    theirs = tmp_path / "theirs"
    theirs.write_text(curly.text)
    running = await peer("--blob-in", theirs)
    await running.tells(curly.sentence)
    await running.tells("their json was read: 3 new candidates")
