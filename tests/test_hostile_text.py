"""Hostile text through every way in, and every way out searched for it.

Ways in: each field of each event of a stream, a file or a far process; a server's phrases, SOFTWARE
and REALM; a pasted text; a peer's message; what a process complains. Ways out: stdout and stderr of
a run with and without `--json`, every report, doctor, the recording, the screen.
"""

from __future__ import annotations

import asyncio
import json
import struct
import sys
import typing
import unicodedata
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from icetui import events
from icetui.commands import opened_sources
from icetui.dashboard.app import Dashboard
from icetui.reports.formats import FORMATS
from tests.conftest import RunIcetui, Start
from tests.dashboard.looking import lines_of
from tests.dashboard.test_hostile import hostile_stream
from tests.test_event_reader import planted

TRAP = "\x1b]52;c;cHduZWQ=\x07\x1b[2J\x9b31m\x9d0;x\x9c\u202e\u2066\u200b\ufeff\r\n\u2028\x85\x00"


def harmful(text: str) -> list[str]:
    """Characters that a terminal or a reader's eye would act upon; line ends are ours."""
    return [
        f"U+{ord(c):04X}"
        for c in text
        if c not in "\n\u00a0" and (unicodedata.category(c)[0] == "C" or c in "\u2028\u2029")
    ]


def stream_of_traps() -> bytes:
    """Events of every kind that a session takes in, a trap behind every text of theirs."""
    lines = [planted(event, TRAP) for event in hostile_stream("x")]
    failed = events.EngineFailed(wall=2e9, t=99.0, problem="x", log="x")
    return b"\n".join([*lines, planted(failed, TRAP)]) + b"\n"


def test_the_traps_cover_the_vocabulary() -> None:
    told = {type(event) for event in hostile_stream("x")} | {events.EngineFailed}
    assert len(told) > len(typing.get_args(events.AnyEvent)) / 2


@pytest.mark.parametrize("form", FORMATS)
def test_no_report_lets_anything_through(icetui: RunIcetui, tmp_path: Path, form: str) -> None:
    (tmp_path / "r").write_bytes(stream_of_traps())
    done = icetui("report", "-f", form, str(tmp_path / "r"))
    assert done.returncode == 0
    assert harmful(done.stdout + done.stderr) == []


RUN = """
import asyncio, sys
from pathlib import Path
from icetui.streams.console import Console
from icetui.commands.headless import Headless, Options
from icetui.streams.process_source import ProcessSource
from icetui.streams.recording import Recorded

folder = Path(sys.argv[1])
TELL = "import sys; sys.stdout.buffer.write(open('r', 'rb').read());"
COMPLAIN = "sys.stderr.buffer.write(open('trap', 'rb').read())"

async def run():
    source = Recorded(ProcessSource((sys.executable, "-c", TELL + COMPLAIN)), folder / "kept")
    options = Options(as_json=bool(sys.argv[2]), read_stdin=False, give_up=20)
    return await Headless(source, options, Console()).run()

sys.exit(asyncio.run(run()))
"""


@pytest.mark.parametrize("as_json", [False, True])
async def test_a_run_without_a_screen_lets_nothing_through(
    tmp_path: Path, env: dict[str, str], as_json: bool
) -> None:
    (tmp_path / "r").write_bytes(stream_of_traps())
    (tmp_path / "trap").write_bytes(TRAP.encode() * 9)
    recording = tmp_path / "kept"
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", RUN, str(tmp_path), "json" if as_json else "", cwd=tmp_path,
        stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE, env=env,
    )  # fmt: skip
    out, err = await asyncio.wait_for(process.communicate(), 30)
    assert b"Traceback" not in err
    told = out.decode() + err.decode() + recording.read_text()
    assert len(told) > 1000
    assert harmful(told) == []
    assert "\\u00" not in told and "\\u202e" not in told  # nor for whoever decodes the JSON


async def test_a_screen_over_a_file_lets_nothing_through(tmp_path: Path) -> None:
    (tmp_path / "r").write_bytes(stream_of_traps())
    app = Dashboard(opened_sources.recording(str(tmp_path / "r"), float("inf")))
    async with app.run_test(size=(160, 50)) as pilot:
        async with asyncio.timeout(10):
            while app.living.trouble is None:
                await pilot.pause()
        for key in ("1", "3", "d", "escape", "enter", "escape", "m"):
            await pilot.press(key)
            assert harmful("\n".join(lines_of(app))) == []


# --- servers --------------------------------------------------------------------------------------


class Hostile(asyncio.DatagramProtocol):
    """Answers every request with an error, all its texts traps."""

    def __init__(self, code: int) -> None:
        self._code = code

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = typing.cast("asyncio.DatagramTransport", transport)

    def datagram_received(self, data: bytes, addr: tuple[Any, ...]) -> None:
        trap = TRAP.encode()

        def attribute(kind: int, value: bytes) -> bytes:
            return struct.pack("!HH", kind, len(value)) + value + bytes(-len(value) % 4)

        body = attribute(0x0009, bytes((0, 0, self._code // 100, self._code % 100)) + trap)
        body += attribute(0x8022, trap) + attribute(0x0014, trap) + attribute(0x0015, trap)
        kind = struct.unpack_from("!H", data)[0] | 0x0110
        self._transport.sendto(struct.pack("!HH", kind, len(body)) + data[4:20] + body, addr)


@pytest.fixture(params=[400, 401, 420, 500])
async def server(request: pytest.FixtureRequest) -> AsyncIterator[int]:
    loop = asyncio.get_running_loop()
    transport, _ = await loop.create_datagram_endpoint(
        lambda: Hostile(request.param), local_addr=("127.0.0.1", 0)
    )
    yield transport.get_extra_info("sockname")[1]
    transport.close()


async def test_a_servers_phrases_reach_nobody_raw(
    start: Start, tmp_path: Path, server: int
) -> None:
    names = ("--interface", "lo", "--stun", f"stun:127.0.0.1:{server}",
             "--turn", f"turn:me:secret@127.0.0.1:{server}")  # fmt: skip
    plain = await start("peer", *names, "--give-up", "2", "--record", str(tmp_path / "r"))
    json_run = await start("peer", *names, "--give-up", "2", "--json")
    doctor = await start("doctor", *names, "--json")
    await asyncio.gather(plain.ends(), json_run.ends(), doctor.ends())
    for running in (plain, json_run, doctor):
        assert harmful("\n".join([*running.out, *running.err])) == []
    assert harmful((tmp_path / "r").read_text()) == []
    for line in json_run.out:
        assert harmful(json.dumps(json.loads(line), ensure_ascii=False)) == []
    assert any('"state":"failed"' in line for line in json_run.out)


@pytest.mark.parametrize("where", ["ice-ufrag", "candidate", "mid", "fingerprint"])
def test_what_decode_prints_is_harmless(icetui: RunIcetui, where: str) -> None:
    text = "v=0\na=ice-ufrag:abcd\na=ice-pwd:abcdefghijklmnopqrstuv\n"
    trap = TRAP.replace("\0", "")  # which no argument can hold
    done = icetui("decode", f"{text}a={where}:{trap}1 1 udp 1 127.0.0.1 5 typ host{trap}")
    assert harmful(done.stdout + done.stderr) == []
    assert done.stdout or done.stderr


# --- the other side -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "line",
    [
        "a=ice-ufrag:ab{trap}cd",
        "a=candidate:{trap}1 1 udp 1 192.0.2.1 5 typ host",
        "a=candidate:1 1 udp 1 na{trap}me.local 5 typ host",
        "a=candidate:1 1 u{trap}dp 1 192.0.2.1 5 typ host",
        "a=candidate:1 1 udp 1 192.0.2.1 5 typ ho{trap}st",
        "a=candidate:1 1 tcp 1 192.0.2.1 5 typ host tcptype {trap}active",
        "a=fingerprint:sha-256 {trap}",
        "a=mid:{trap}0",
        "a=setup:{trap}active",
        "a=ice-options:{trap}trickle",
        "rubbish {trap} rubbish",
    ],
)
async def test_a_pasted_text_reaches_no_output_raw(peer: Start, line: str) -> None:
    near = await peer("--json", "--give-up", "2")
    text = (
        "v=0\r\na=ice-ufrag:abcd\r\na=ice-pwd:abcdefghijklmnopqrstuv\r\n"
        "m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\n"
        f"{line.format(trap=TRAP)}\r\na=candidate:2 1 udp 1 127.0.0.1 9 typ host\r\n"
    )
    await near.write(json.dumps({"command": "paste", "text": text}) + "\n")
    await near.ends()
    for told in (*near.out, *near.err):
        assert harmful(told) == []
    for told in near.out:
        event = json.loads(told)
        event.pop("blob", None)
        assert harmful(json.dumps(event, ensure_ascii=False)) == []
