"""stdin, stdout and stderr of a run without a screen: whatever is at their other ends."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from icetui.doctor.facts import NOTHING_WORKS
from tests.conftest import RunIcetui, Start
from tests.running import ALONE, ICETUI, Running

DEV_FULL = pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a full device")
LEAVE = '{"command":"leave"}\n'


@pytest.fixture
def stalled() -> Iterator[int]:
    """The writing end of a pipe that is full and that nobody reads."""
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    try:
        while True:
            os.write(writing, b"x" * 4096)
    except BlockingIOError:
        pass
    os.set_blocking(writing, True)
    yield writing
    os.close(reading)
    os.close(writing)


def dispose(process: subprocess.Popen[bytes]) -> None:
    process.kill()
    process.wait()
    if process.stdin is not None:
        process.stdin.close()


def timed(process: subprocess.Popen[bytes], within: float) -> float:
    began = time.monotonic()
    process.wait(within)
    return time.monotonic() - began


# --- outputs --------------------------------------------------------------------------------------


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("where", ["stdout", "stderr", "both"])
def test_a_signal_is_obeyed_within_a_second_though_nobody_reads(
    stalled: int, env: dict[str, str], tmp_path: Path, number: signal.Signals, where: str
) -> None:
    recording = tmp_path / "r"
    process = subprocess.Popen(
        [*ICETUI, "peer", *ALONE, "--json", "--record", recording],
        stdin=subprocess.PIPE, env=env,
        stdout=stalled if where != "stderr" else subprocess.DEVNULL,
        stderr=stalled if where != "stdout" else subprocess.DEVNULL,
    )  # fmt: skip
    try:
        deadline = time.monotonic() + 10
        while not recording.exists() or b"blob-changed" not in recording.read_bytes():
            assert time.monotonic() < deadline
            time.sleep(0.01)  # a file tells nobody when it grows
        process.send_signal(number)
        assert timed(process, 10) < 1.3  # a second, and the interpreter's own end
        assert process.returncode == 5
    finally:
        dispose(process)


def test_a_hold_and_a_give_up_end_though_nobody_reads(stalled: int, env: dict[str, str]) -> None:
    process = subprocess.Popen(
        [*ICETUI, "peer", *ALONE, "--json", "--give-up", "1"],
        stdin=subprocess.PIPE, stdout=stalled, stderr=subprocess.DEVNULL, env=env,
    )  # fmt: skip
    try:
        assert timed(process, 15) < 5
        assert process.returncode == 5
    finally:
        dispose(process)


def test_an_examination_whose_reader_has_stopped_obeys_signals(
    stalled: int, env: dict[str, str]
) -> None:
    process = subprocess.Popen(
        [*ICETUI, "doctor", *ALONE], stdout=stalled, stderr=subprocess.DEVNULL, env=env
    )
    try:
        process.wait(10)  # it gives up by itself
        assert process.returncode == NOTHING_WORKS
    finally:
        dispose(process)


@DEV_FULL
@pytest.mark.parametrize(
    ("argv", "code"),
    [
        (("peer", *ALONE, "--give-up", "2"), 2),
        (("peer", *ALONE, "--json", "--give-up", "2"), 2),
        (("demo", "--json"), 2),
        (("demo",), 2),
        (("doctor", *ALONE), 3),
        (("doctor", *ALONE, "--json"), 3),
        (("report", str(Path(__file__).parent / "recordings" / "connected.jsonl")), 2),
        (("report", "-f", "html", str(Path(__file__).parent / "recordings" / "failed.jsonl")), 2),
        (("events", "--schema"), 2),
        (("browser",), 2),
    ],
    ids=lambda v: " ".join(map(str, v[:3])) if isinstance(v, tuple) else "",
)
def test_a_full_disk_is_one_sentence(env: dict[str, str], argv: tuple[str, ...], code: int) -> None:
    with open("/dev/full", "wb") as full:  # noqa: PTH123  a device
        done = subprocess.run(
            [*ICETUI, *argv], stdin=subprocess.DEVNULL, stdout=full, stderr=subprocess.PIPE,
            env=env, timeout=30, check=False,
        )  # fmt: skip
    said = done.stderr.decode()
    assert "Traceback" not in said
    assert "Exception ignored" not in said
    assert "stdout cannot be written: No space left on device" in said
    assert done.returncode == code


async def test_a_silent_engine_is_told_to_people(peer: Start) -> None:
    near = await peer("--json")
    pid = (await near.event("engine-started"))["pid"]
    await near.event("heartbeat")
    os.kill(pid, signal.SIGSTOP)
    await near.tells("the engine has been silent for 3 s")
    told = await near.event("engine-silent")
    assert told["seconds"] >= 3
    near.process.send_signal(signal.SIGTERM)
    assert await near.ends(within=2.5) == 5


async def test_a_reader_that_pauses_loses_news_and_no_state(
    env: dict[str, str], start: Start
) -> None:
    """A source that tells 120,000 messages and 40 pairs to a run that nobody reads."""
    code = (
        "import sys\n"
        'stun = \'{"event":"stun-message","wall":1,"t":%d,"direction":"in","local":'
        '"a:1","remote":"b:2","method":"Binding","message_class":"request",'
        '"transaction":"00"}\\n\'\n'
        'pair = \'{"event":"pair-changed","wall":1,"t":%d,"pair":{"id":"L1-R%d",'
        '"local":"L1","remote":"R%d","requests_sent":%d}}\\n\'\n'
        "for n in range(40_000):\n"
        "    sys.stdout.write(stun % n * 3 + pair % (n, n % 40, n % 40, n))\n"
        'sys.stdout.write(\'{"event":"session-closed","wall":1,"t":40001}\\n\')\n'
    )
    runner = (
        "import asyncio, sys\n"
        "from icetui.streams.console import Console\n"
        "from icetui.commands.headless import Headless, Options\n"
        "from icetui.streams.process_source import ProcessSource\n"
        "async def run():\n"
        f"    source = ProcessSource((sys.executable, '-c', {code!r}))\n"
        "    options = Options(as_json=True, read_stdin=False)\n"
        "    return await Headless(source, options, Console()).run()\n"
        "sys.exit(asyncio.run(run()))\n"
    )
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", runner, stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL, env=env, limit=1 << 26,
    )  # fmt: skip
    assert process.stdout is not None
    first = await process.stdout.readline()
    await asyncio.sleep(0.3)  # nobody reads meanwhile; that is what is tried
    lines = [json.loads(line) for line in (first + await process.stdout.read()).splitlines()]
    assert await process.wait() == 0
    pairs = {e["pair"]["id"]: e["pair"] for e in lines if e["event"] == "pair-changed"}
    assert {p.get("requests_sent", 0) for p in pairs.values()} == set(range(39_960, 40_000))
    assert lines[-1]["event"] == "summary"
    assert len(lines) < 160_000


# --- stdin ----------------------------------------------------------------------------------------


async def test_a_pasted_text_cannot_command(peer: Start) -> None:
    near = await peer("--give-up", "1.5")
    await near.says("icetui:")
    await near.write(LEAVE + '{"command":"start-session","stun_servers":[{"host":"127.0.0.1"}]}\n')
    assert await near.ends() == 5  # it has neither left nor asked anybody


async def test_a_text_among_commands_is_refused_and_says_what_to_do(peer: Start) -> None:
    near = await peer("--json")
    await near.write("icetui:AaF3k9\n")
    assert await near.ends() == 3
    await near.tells("With --json stdin is commands")


async def test_commands_on_stdin_are_carried_out_with_json(peer: Start) -> None:
    near = await peer("--json")
    await near.event("blob-changed")
    await near.write("\n" + json.dumps({"command": "paste", "text": "rubbish"}) + "\n")
    await near.event("description-refused")
    await near.tells("neither a blob")
    assert await near.ends() == 3


async def test_a_second_session_is_not_opened_by_a_command(peer: Start) -> None:
    near = await peer("--json", "--give-up", "1.5")
    await near.write('{"command":"start-session","session":"s9","stun_servers":[{"host":"::1"}]}\n')
    await near.tells("there is a session already")
    assert await near.ends() == 5
    assert not any('"session":"s9"' in line for line in near.out)


async def test_text_on_stdin_beside_json_is_asked_for(peer: Start, tmp_path: Path) -> None:
    far = await peer("--give-up", "2")
    blob = await far.says("icetui:")
    near = await peer("--json", "--stdin", "text", "--give-up", "2")
    await near.write(blob + "\n")
    await near.event("description-accepted")


@pytest.mark.skipif(sys.platform != "linux", reason="needs /proc")
async def test_an_endless_stdin_takes_bounded_memory(start: Start) -> None:
    near: Running = await start("peer", *ALONE, "--give-up", "30")
    await near.says("icetui:")
    status = Path(f"/proc/{near.pid}/status")

    def memory() -> int:
        line = next(x for x in status.read_text().splitlines() if x.startswith("VmRSS"))
        return int(line.split()[1])

    before = memory()
    assert near.process.stdin is not None
    for _ in range(100):
        near.process.stdin.write(b"\0" * 1_000_000)
        try:
            await near.process.stdin.drain()
        except ConnectionError:
            break
        with contextlib.suppress(OSError, StopIteration):  # it has ended
            assert memory() - before < 40_000
    assert await near.ends() == 3
    await near.tells("too long")


def test_usage_names_both(icetui: RunIcetui) -> None:
    said = icetui("peer", "--help").stdout
    assert "--stdin [text|commands]" in said


@pytest.mark.skipif(not Path("/dev/zero").exists(), reason="needs a device that never ends")
@pytest.mark.parametrize(
    "argv",
    [
        ("report", "/dev/zero"),
        ("report", "--mask", "/dev/zero"),
        ("peer", *ALONE, "--record", "/dev/zero", "--give-up", "0.2"),
        ("peer", *ALONE, "--blob-in", "/dev/zero", "--give-up", "4"),
        ("peer", "--turn", "turn:127.0.0.1", "--turn-credentials", "/dev/zero", "--give-up", "1"),
        ("demo", "--network", "/dev/zero"),
        ("doctor", *ALONE),
    ],
    ids=lambda argv: " ".join(argv[:1] + argv[-2:-1]),
)
def test_a_file_that_never_ends_is_read_to_its_bound(
    env: dict[str, str], argv: tuple[str, ...]
) -> None:
    """Under a limit of 1.5 GB, which reading it all would run into within a second."""
    if argv[0] == "doctor":
        env["ICETUI_CONFIG"] = "/dev/zero"
    code = (
        "import resource, runpy, sys\n"
        "resource.setrlimit(resource.RLIMIT_AS, (3 << 29, 3 << 29))\n"
        "sys.argv = sys.argv[1:]\n"
        "runpy.run_module('icetui', run_name='__main__')\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, "icetui", *argv], stdin=subprocess.DEVNULL,
        capture_output=True, env=env, timeout=40, check=False,
    )  # fmt: skip
    assert b"Traceback" not in done.stderr
    assert b"Memory" not in done.stderr
    assert done.returncode in (2, 3, 4, 5), done.stderr
