"""Whatever we write to a disk is for its owner only."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from icetui.streams.private_file import open_private
from tests.conftest import Start


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def modes(folder: Path) -> dict[str, int]:
    return {path.name: mode(path) for path in folder.iterdir() if path.is_file()}


async def test_every_file_of_a_run_is_its_owners(peer: Start, tmp_path: Path) -> None:
    before = os.umask(0)  # nothing is left to the umask
    try:
        (tmp_path / "r").write_text('{"event":"peer-left","wall":1,"t":1}\n')
        near = await peer(
            "--record", tmp_path / "r", "--blob-out", tmp_path / "blob", "--give-up", "1"
        )
        assert await near.ends() == 5
    finally:
        os.umask(before)
    assert modes(tmp_path) == dict.fromkeys(("r", "r.1", "blob"), 0o600)


def command_line(pid: int) -> bytes:
    return Path(f"/proc/{pid}/cmdline").read_bytes()


def test_a_file_that_others_could_read_is_taken_from_them(tmp_path: Path) -> None:
    path = tmp_path / "f"
    path.write_text("old and longer")
    path.chmod(0o666)
    with open_private(path) as file:
        file.write(b"new")
    assert (mode(path), path.read_text()) == (0o600, "new")


def test_a_device_stays_what_it_is() -> None:
    before = mode(Path(os.devnull))
    with open_private(Path(os.devnull)) as file:
        file.write(b"x")
    assert mode(Path(os.devnull)) == before


@pytest.mark.skipif(not Path("/proc/self/cmdline").exists(), reason="needs /proc")
async def test_the_password_of_a_turn_server_is_in_no_command_line(
    env: dict[str, str], start: Start, unused_port: int
) -> None:
    """By the environment it is nowhere to be seen in a list of processes, the engine's neither."""
    env["ICETUI_TURN"] = f"turn:me:Geheim-9x7@127.0.0.1:{unused_port}"
    near = await start("peer", "--interface", "lo", "--json", "--give-up", "1", "--no-ipv6")
    engine = (await near.event("engine-started"))["pid"]
    lines = [command_line(pid) for pid in (near.pid, engine)]
    assert f"turn:127.0.0.1:{unused_port}" in await near.says("session-started")
    await near.ends()
    assert all(lines)
    assert not any(b"Geheim" in line for line in lines)
