"""An engine as a source: it is ended by whatever happens to it, and always with a sentence."""

import asyncio
import os
import signal
import socket
import sys
import time
from contextlib import contextmanager

import pytest

from icetui import events
from icetui.streams import process_source
from icetui.streams.event_reader import EventReader
from icetui.streams.process_source import ProcessSource

LOOPBACK = events.StartSession(interfaces=("lo",))


@pytest.fixture
async def engine():
    """A source over an engine on loopback; closed afterwards."""
    source = ProcessSource(first=(LOOPBACK,))
    yield source
    await source.close()


@contextmanager
def silent_port():
    """A UDP port on loopback at which nobody ever answers."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as deaf:
        deaf.bind(("127.0.0.1", 0))
        yield deaf.getsockname()[1]


async def until(stream, kind, within=10.0):
    """The next event of that kind."""

    async def look():
        async for event in stream:
            if isinstance(event, kind):
                return event
        raise AssertionError(f"the stream ended without {kind.__name__}")

    return await asyncio.wait_for(look(), within)


async def rest(stream, within=10.0):
    """Everything that is still told."""

    async def look():
        return [event async for event in stream]

    return await asyncio.wait_for(look(), within)


def alive(pid):
    """Whether a process is there and not a corpse."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


async def test_an_engine_says_who_it_is_and_gathers_at_once(engine):
    stream = engine.events()
    started = await until(stream, events.EngineStarted)
    assert (started.pid, started.protocol) == (engine.pid, events.PROTOCOL)
    blob = await until(stream, events.BlobChanged)
    assert blob.t - started.t < 1.0
    assert blob.candidates >= 1


async def test_a_killed_engine_is_told_as_a_failure_with_a_sentence(engine):
    stream = engine.events()
    blob = await until(stream, events.BlobChanged)
    os.kill(engine.pid, signal.SIGKILL)
    told = await rest(stream)
    failed = told[-1]
    assert isinstance(failed, events.EngineFailed)
    assert failed.problem == "the engine was ended by SIGKILL"
    assert failed.t >= blob.t
    engine.send(events.Leave())  # nobody hears it, and that is no error


async def test_an_engine_that_is_terminated_leaves_politely(engine):
    stream = engine.events()
    await until(stream, events.BlobChanged)
    os.kill(engine.pid, signal.SIGTERM)
    told = await rest(stream)
    assert isinstance(told[-1], events.SessionClosed)
    assert told[-1].cause == "SIGTERM"


async def test_ctrl_c_is_not_the_engines_to_handle(engine):
    stream = engine.events()
    await until(stream, events.BlobChanged)
    os.kill(engine.pid, signal.SIGINT)
    engine.send(events.SendText(text="still there?"))
    assert (await until(stream, events.CommandRefused)).command == "send-text"


async def test_an_engine_whose_stdin_is_closed_leaves_within_a_second():
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "icetui.engine",
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    process.stdin.write(events.encode(LOOPBACK))
    await asyncio.wait_for(process.stdout.readuntil(b"blob-changed"), 10)
    process.stdin.close()
    loop = asyncio.get_running_loop()
    began = loop.time()
    told = await asyncio.wait_for(process.stdout.read(), 10)
    assert await asyncio.wait_for(process.wait(), 10) == 0
    assert loop.time() - began < 1.0
    assert b'"event":"session-closed"' in told.splitlines()[-1]
    assert b'"cause":"stdin closed"' in told.splitlines()[-1]


async def test_leaving_is_quick_even_with_servers_that_never_answer():
    with silent_port() as port:
        start = events.StartSession(
            interfaces=("lo",),
            stun_servers=(events.StunServer(host="127.0.0.1", port=port),),
            turn_servers=(
                events.TurnServer(host="127.0.0.1", port=port, username="me", password="pw"),
            ),
        )
        source = ProcessSource(first=(start,))
        stream = source.events()
        await until(stream, events.BlobChanged)
        loop = asyncio.get_running_loop()
        began = loop.time()
        await source.close()
        assert loop.time() - began < 1.0
        assert isinstance((await rest(stream))[-1], events.SessionClosed)
        assert not alive(source.pid)


async def test_closing_is_bounded_when_the_process_does_not_listen():
    deaf = (
        "import signal, time\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        'print(\'{"event":"peer-left","wall":1,"t":1}\', flush=True)\ntime.sleep(60)'
    )
    source = ProcessSource((sys.executable, "-c", deaf))
    stream = source.events()
    await until(stream, events.PeerLeft)
    loop = asyncio.get_running_loop()
    began = loop.time()
    await source.close()
    assert loop.time() - began < 1.8
    assert not alive(source.pid)
    assert await rest(stream) == []


async def test_closing_twice_is_closing_once(engine):
    stream = engine.events()
    await until(stream, events.BlobChanged)
    await asyncio.gather(engine.close(), engine.close())
    assert [type(e) for e in await rest(stream)].count(events.SessionClosed) == 1


async def test_what_a_process_said_last_is_part_of_the_sentence():
    source = ProcessSource((sys.executable, "-c", "raise SystemExit('ssh: no route to host')"))
    [failed] = await rest(source.events())
    assert failed.problem == "the engine ended with status 1: ssh: no route to host"
    await source.close()


async def test_a_process_that_cannot_be_started_is_an_oserror():
    with pytest.raises(OSError, match="No such file"):
        ProcessSource(("/nowhere/at/all",))


@pytest.mark.parametrize(
    "line",
    [b"hello\n", b'{"command":"dance"}\n', b'{"command":"nominate"}\n', b"[" * 50_000 + b"\n",
     b'{"command":"leave","x":' + b"[" * 50_000 + b"\n", b"\xff\xfe\x00\n"],
    ids=["junk", "unknown", "incomplete", "deep", "deep inside", "binary"],
)  # fmt: skip
async def test_a_line_that_is_no_command_is_refused_with_a_sentence_and_harms_nothing(line):
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "icetui.engine",
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    process.stdin.write(line + events.encode(LOOPBACK) + events.encode(events.Leave()))
    out, _ = await asyncio.wait_for(process.communicate(), 10)
    reader = EventReader()
    told = [reader.read(told) for told in out.splitlines()]
    assert reader.skipped == 0
    [refused] = [e for e in told if isinstance(e, events.CommandRefused)]
    assert refused.problem.startswith("not a command")
    assert len(refused.problem) <= 300
    assert isinstance(told[-1], events.SessionClosed)
    assert process.returncode == 0


@pytest.mark.parametrize(
    ("command", "name", "words"),
    [
        (events.Paste(text="x"), "paste", "no session"),
        (events.SendText(text="x"), "send-text", "no session"),
        (events.Nominate(pair="L1-R1"), "nominate", "no session"),
    ],
)
async def test_a_command_before_there_is_a_session_is_refused(command, name, words):
    source = ProcessSource(first=(command,))
    refused = await until(source.events(), events.CommandRefused)
    assert (refused.command, words in refused.problem) == (name, True)
    await source.close()


@pytest.mark.parametrize(
    ("command", "words"),
    [
        (events.SendText(text="hello"), "no path"),
        (events.SendText(text=""), "empty"),
        (events.SendText(text="x" * 5000), "at most 1200 bytes"),
        (events.Nominate(pair="L9-R9"), "no pair L9-R9"),
        (LOOPBACK, "exists already"),
    ],
)
async def test_a_command_that_cannot_be_carried_out_says_why(engine, command, words):
    name = command if command is not LOOPBACK else events.StartSession(session="s1")
    engine.send(name)
    assert words in (await until(engine.events(), events.CommandRefused)).problem


async def test_a_paste_that_cannot_be_read_is_refused_and_the_session_lives_on(engine):
    stream = engine.events()
    blob = (await until(stream, events.BlobChanged)).blob
    engine.send(events.Paste(text="rubbish"))
    assert "neither a blob" in (await until(stream, events.DescriptionRefused)).problem
    engine.send(events.Paste(text=blob))
    assert "your own blob" in (await until(stream, events.DescriptionRefused)).problem
    engine.send(events.Paste(text=blob[:40]))
    assert "missing" in (await until(stream, events.DescriptionRefused)).problem


AFTER_A_STOP = """
import sys
def say(t):
    print('{"event":"heartbeat","wall":%d,"t":%d,"session":"s"}' % (t, t), flush=True)
say(0)
sys.stdin.readline()
for t in range(1, 201):
    say(t)
"""


async def test_whoever_was_stopped_is_not_behind(monkeypatch):
    """What was said meanwhile is found all at once, and read whole."""
    real, stopped = time.monotonic, [0.0]
    monkeypatch.setattr(process_source.time, "monotonic", lambda: real() + stopped[0])
    source = ProcessSource((sys.executable, "-c", AFTER_A_STOP))
    stream = source.events()
    await anext(stream)
    stopped[0] = 200.0
    source.send(events.Leave())
    told = await rest(stream)
    assert not [event for event in told if isinstance(event, events.ReaderBehind)]
    assert [event.t for event in told if isinstance(event, events.Heartbeat)] == [*range(1, 201)]
    await source.close()
