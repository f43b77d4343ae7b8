"""The main job as people do it: two dashboards in two terminals, keys and pastes only."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from icetui.streams import recording
from tests.tmux import INSTALLED, Tmux, Window

ICETUI = (sys.executable, "-m", "icetui", "--no-servers", "--interface", "lo")


@pytest.fixture
def tmux(tmp_path: Path, env: dict[str, str]) -> Iterator[Tmux]:
    if not INSTALLED:
        assert not os.environ.get("ICETUI_REQUIRE_LAB"), "tmux is required here and missing"
        # Never in CI: the line above makes it a failure there.
        pytest.skip("tmux is not installed")
    server = Tmux(tmp_path / "tmux", env)
    yield server
    server.close()


def copied_blob(tmux: Tmux, window: Window) -> str:
    """The blob that the dashboard sends to tmux's clipboard when it is asked to."""
    window.until("c copy")  # before there is a blob, there is nothing to copy
    window.keys("c")
    return awaited_blob(tmux, window)


def awaited_blob(tmux: Tmux, window: Window) -> str:
    """The blob that the dashboard sends to tmux's clipboard."""
    deadline = time.monotonic() + 10
    while True:
        text = tmux.call("list-buffers", "-F", "#{buffer_sample}")
        if "icetui:" in text:
            blob = tmux.buffer().strip()
            assert blob.startswith("icetui:")
            return blob
        assert time.monotonic() < deadline, f"no blob was copied:\n{window.screen()}"
        time.sleep(0.05)  # tmux tells nobody when a buffer is set


def forget_copies(tmux: Tmux) -> None:
    for name in tmux.call("list-buffers", "-F", "#{buffer_name}").split():
        tmux.call("delete-buffer", "-b", name)


@pytest.mark.parametrize(("columns", "rows"), [(80, 24), (140, 40)])
def test_two_dashboards_connect_by_paste_and_exchange_a_message(
    tmux: Tmux, columns: int, rows: int
) -> None:
    alice = tmux.open(*ICETUI, columns=columns, rows=rows)
    alice.until("icetui:")
    alices_blob = copied_blob(tmux, alice)
    forget_copies(tmux)
    bob = tmux.open(*ICETUI, columns=columns, rows=rows)
    bob.until("icetui:")
    bobs_blob = copied_blob(tmux, bob)
    assert bobs_blob != alices_blob

    alice.paste(bobs_blob)
    bob.until("knocking")
    bob.paste(alices_blob)
    for window in (alice, bob):
        screen = window.until("CONNECTED")
        assert "direct" in screen

    alice.keys("m")
    alice.until("not encrypted")
    alice.type("hello [/y] from alice")
    alice.keys("Enter")
    alice.until(r"hello \[/y\] from alice.*\d ms")
    bob.until("Message from the other side")
    bob.keys("m")
    bob.until(r"hello \[/y\] from alice")


def test_copying_theirs_first_and_starting_then_is_no_trap(tmux: Tmux) -> None:
    """Whoever has theirs in the clipboard before icetui starts still has it afterwards."""
    alice = tmux.open(*ICETUI)
    alice.until("icetui:")
    alices_blob = copied_blob(tmux, alice)
    forget_copies(tmux)
    tmux.call("set-buffer", alices_blob)
    bob = tmux.open(*ICETUI)
    bob.until("icetui:")
    assert tmux.buffer().strip() == alices_blob
    tmux.call("paste-buffer", "-p", "-t", bob.name)
    bob.until("Understood their blob")
    answer = awaited_blob(tmux, bob)
    assert answer != alices_blob
    alice.paste(answer)
    for window in (alice, bob):
        window.until("CONNECTED")


def test_a_paste_without_brackets_is_a_paste(tmux: Tmux) -> None:
    alice, bob = tmux.open(*ICETUI), tmux.open(*ICETUI)
    alice.until("icetui:")
    blob = copied_blob(tmux, alice)
    bob.until("icetui:")
    bob.type(blob)
    bob.until("Understood their blob")


def test_theirs_comes_from_the_command_line_or_a_file(tmux: Tmux, tmp_path: Path) -> None:
    alice = tmux.open(*ICETUI)
    alice.until("icetui:")
    blob = copied_blob(tmux, alice)
    file = tmp_path / "theirs"
    file.write_text(blob)
    by_word = tmux.open(*ICETUI, blob)
    by_file = tmux.open("sh", "-c", f"{' '.join(ICETUI)} < {file}")
    for window in (by_word, by_file):
        window.until("They answer|CHECKING|reached, but have not pasted")
        window.keys("?")
        window.until("How it works")  # keys are still read from the terminal


def test_five_lines_stay_and_quiet_leaves_none(tmux: Tmux) -> None:
    loud = tmux.open("sh", "-c", f"{' '.join(ICETUI)}; echo left; read _")
    quiet = tmux.open("sh", "-c", f"{' '.join(ICETUI)} --quiet 2>/dev/null; echo left; read _")
    for window in (loud, quiet):
        window.until("icetui:")  # with stderr elsewhere it is drawn all the same
        window.keys("q")
        window.until("left")
    assert "lasted" in loud.screen()
    assert "lasted" not in quiet.screen()


def test_every_session_of_a_window_is_recorded_and_said(tmux: Tmux, tmp_path: Path) -> None:
    kept = tmp_path / "kept.jsonl"
    program = f"{' '.join(ICETUI)} --record {kept}; echo left; read _"
    alice = tmux.open("sh", "-c", program, columns=150, rows=30)
    alice.until("icetui:")
    bob = tmux.open(*ICETUI, copied_blob(tmux, alice))
    forget_copies(tmux)
    bob.until("CHECKING|reached, but have not pasted|They answer")
    alice.paste(copied_blob(tmux, bob))
    alice.until("CONNECTED")
    bob.keys("q", "q")
    alice.until("THEY LEFT")
    alice.keys("N")
    alice.until("session 2 of 2")
    alice.until("icetui:")
    alice.keys("q")
    left = alice.until("(?m)^left$").replace("\n", "")
    assert f"{kept}, {kept}.2" in left
    assert "session 1 of 2" in left
    assert recording.is_recording(tmp_path / "kept.jsonl.2")


def test_a_suspended_dashboard_is_drawn_whole_when_it_comes_back(tmux: Tmux) -> None:
    window = tmux.open("bash", "--norc", "-i", columns=100, rows=30)
    window.type(f"{' '.join(ICETUI)}\n")
    before = window.until("icetui:")
    window.keys("C-z")
    window.until("Stopped")
    window.type("clear; echo of another program\n")
    window.until("(?m)^of another program")
    window.type("fg\n")
    after = window.until("icetui:")
    for row in ("Candidates", "Pair checks", "What is going on", "quit"):
        assert row in before
        window.until(row)
    after = window.screen()
    assert "of another program" not in after
    assert "behind by" not in after


def test_without_a_shell_that_could_bring_it_back_nothing_is_suspended(tmux: Tmux) -> None:
    window = tmux.open(*ICETUI)
    window.until("icetui:")
    window.keys("C-z")
    window.until("No shell runs")


def test_a_damaged_paste_is_named_and_the_session_goes_on(tmux: Tmux) -> None:
    window = tmux.open(*ICETUI)
    window.until("icetui:")
    own = copied_blob(tmux, window)
    window.paste(own)
    window.until("your own blob")
    window.paste(own[: len(own) // 2])
    window.until("missing")
    window.paste("hello there")
    window.until("neither a blob")


def test_a_paste_that_is_no_utf8_is_survived(tmux: Tmux, tmp_path: Path) -> None:
    window = tmux.open(*ICETUI)
    window.until("icetui:")
    latin = tmp_path / "latin"
    latin.write_bytes("café".encode("latin-1"))
    tmux.call("load-buffer", "-b", "bytes", str(latin))
    tmux.call("paste-buffer", "-p", "-b", "bytes")
    window.until("neither a blob")
    window.paste(copied_blob(tmux, window))
    window.until("your own blob")


def test_a_restart_without_a_path_is_asked_about_first(tmux: Tmux) -> None:
    windows, blobs = [], []
    for _ in range(2):
        windows.append(tmux.open(*ICETUI))
        windows[-1].until("icetui:")
        blobs.append(copied_blob(tmux, windows[-1]))
        forget_copies(tmux)
    alice, bob = windows
    alice.paste(blobs[1])
    alice.until("NO ANSWER YET|CHECKING")
    alice.keys("r")
    alice.until("Press r again")
    bob.paste(blobs[0])
    for window in (alice, bob):
        window.until("CONNECTED")
    bob.paste(blobs[0])
    bob.until("Understood: it holds")


def test_a_killed_terminal_ends_the_engine(tmux: Tmux, tmp_path: Path) -> None:
    recording = tmp_path / "session.jsonl"
    window = tmux.open(*ICETUI, "--record", str(recording))
    window.until("icetui:")
    engine = msgspec.json.decode(recording.read_bytes().splitlines()[0])["pid"]
    assert Path(f"/proc/{engine}").exists()
    tmux.close()
    deadline = time.monotonic() + 5
    while Path(f"/proc/{engine}").exists():
        assert time.monotonic() < deadline, "the engine outlived its terminal"
        time.sleep(0.05)  # nobody tells when a stranger's process has ended


def test_quitting_takes_no_more_than_two_seconds_and_leaves_the_screen(
    tmux: Tmux, tmp_path: Path
) -> None:
    recording = tmp_path / "session.jsonl"
    window = tmux.open(
        "sh", "-c", " ".join((*ICETUI, "--record", str(recording))) + "; echo left $?; read _"
    )
    window.until("icetui:")
    window.keys("q")
    window.until("left 0", within=3)
    assert '"session-closed"' in recording.read_text()


def test_an_ice_restart_is_two_pastes_and_the_old_path_goes_on(tmux: Tmux) -> None:
    alice = tmux.open(*ICETUI, columns=120, rows=36)
    alices_blob = copied_blob(tmux, alice)
    forget_copies(tmux)
    bob = tmux.open(*ICETUI, columns=120, rows=36)
    bobs_blob = copied_blob(tmux, bob)
    alice.paste(bobs_blob)
    bob.paste(alices_blob)
    for window in (alice, bob):
        window.until("CONNECTED")

    forget_copies(tmux)
    alice.keys("r")
    alice.until("Press r again")
    alice.keys("r")
    alice.until("the other side needs our new blob")
    restarted = copied_blob(tmux, alice)
    assert restarted != alices_blob
    assert "CONNECTED" in alice.screen()
    forget_copies(tmux)
    bob.paste(restarted)
    bob.until("has restarted ICE")
    answer = awaited_blob(tmux, bob)  # theirs was pasted, so ours is wanted next
    assert "CONNECTED" in bob.screen()
    alice.paste(answer)
    for window in (alice, bob):
        window.until(lambda screen: "restart" not in screen[:400] and "CONNECTED" in screen)
        window.until("superseded")
