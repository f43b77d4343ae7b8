"""Recordings: written, read back and replayed; without secrets; cut off or newer, still read."""

import asyncio
import itertools
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from icetui import events, signaling
from icetui.doctor.facts import NOTHING_WORKS
from icetui.session import fold
from icetui.streams.event_reader import EventReader, cleaned
from icetui.streams.recording import (
    Recorded,
    Replay,
    UnreadableRecording,
    keep_earlier,
    read,
    without_secrets,
)
from tests.making import any_event
from tests.running import ALONE


class Told:
    """A source that tells a list of events."""

    live = True
    hint = "told"
    foreign = False

    def __init__(self, stream):
        self.stream = stream
        self.closed = False

    async def events(self):
        for event in self.stream:
            yield event

    def send(self, command):
        """Nobody is there."""

    async def close(self):
        self.closed = True


def course(*stamps):
    """Events at these seconds."""
    return [events.RoundTripMeasured(wall=t, t=t, pair="L1-R1", seconds=t) for t in stamps]


async def recorded(stream, path):
    """Record a stream; what went through."""
    source = Recorded(Told(stream), path)
    through = [event async for event in source.events()]
    await source.close()
    return through


async def test_what_was_recorded_is_read_back_and_went_through_unchanged(tmp_path):
    stream = course(1.0, 2.0, 3.0)
    assert await recorded(stream, tmp_path / "r") == stream
    assert list(read(tmp_path / "r")) == stream


@settings(max_examples=40, deadline=None)
@given(st.lists(any_event, min_size=1, max_size=10))
def test_any_stream_survives_its_recording_but_for_the_secrets(tmp_path_factory, stream):
    path = tmp_path_factory.mktemp("recording") / "r"
    asyncio.run(recorded(stream, path))
    kept = [e for e in stream if not isinstance(e, events.Heartbeat | events.ReaderBehind)]
    if kept:
        assert list(read(path)) == [cleaned(without_secrets(e)) for e in kept]


async def test_each_event_is_in_the_file_at_once(tmp_path):
    source = Recorded(Told(course(1.0, 2.0)), tmp_path / "r")
    stream = source.events()
    await anext(stream)
    assert list(read(tmp_path / "r")) == course(1.0)
    await anext(stream)
    assert list(read(tmp_path / "r")) == course(1.0, 2.0)
    await stream.aclose()


def test_a_blob_is_left_out_and_what_is_told_about_it_stays():
    blob = events.BlobChanged(wall=1, t=1, blob="icetui:secret", candidates=3, complete=True)
    kept = without_secrets(blob)
    assert b"secret" not in events.encode(kept)
    assert (kept.candidates, kept.complete) == (3, True)


async def test_no_password_of_a_real_session_is_in_its_recording(peer, tmp_path):
    near = await peer(
        "--blob-out", tmp_path / "a", "--blob-in", tmp_path / "b",
        "--record", tmp_path / "near.jsonl", "--hold", "0.3", "--send", "hello", "--json",
    )  # fmt: skip
    far = await peer(
        "--blob-out", tmp_path / "b", "--blob-in", tmp_path / "a",
        "--record", tmp_path / "far.jsonl", "--hold", "0.3",
    )  # fmt: skip
    assert await asyncio.gather(near.ends(), far.ends()) == [0, 0]
    blobs = [(tmp_path / name).read_text().strip() for name in "ab"]
    passwords = [signaling.read(blob).pwd for blob in blobs]
    assert all(len(p) == 22 for p in passwords)
    for name in ("near.jsonl", "far.jsonl"):
        text = (tmp_path / name).read_text()
        folded = fold(read(tmp_path / name))
        assert folded.state_before_closing == "completed"
        for secret in (*passwords, *blobs, *(b.removeprefix("icetui:")[8:28] for b in blobs)):
            assert secret not in text
        for ufrag in (signaling.read(b).ufrag for b in blobs):
            assert ufrag in text
        assert not re.search(r"icetui:[A-Za-z0-9]", text)
    # Nor on the stream itself, where the blob is the only place it can be.
    assert passwords[0] not in "\n".join(near.out)


async def test_no_password_of_a_turn_server_is_in_a_recording_or_on_the_stream(
    start, tmp_path, unused_port
):
    near = await start(
        "peer", "--interface", "lo", "--stun", f"stun:127.0.0.1:{unused_port}",
        "--turn", f"turn:me:Geheim-9x7@127.0.0.1:{unused_port}",
        "--record", str(tmp_path / "r"), "--give-up", "3", "--json",
    )  # fmt: skip
    assert await near.ends() == 5
    told = "\n".join([*near.out, *near.err])
    assert f"turn:127.0.0.1:{unused_port}" in told
    for text in (told, (tmp_path / "r").read_text()):
        assert "Geheim-9x7" not in text
    assert [s["state"] for s in near.summary["servers"]] == ["failed", "failed"]


def test_a_recording_cut_off_within_a_line_is_read_up_to_there(tmp_path):
    lines = b"".join(map(events.encode, course(1.0, 2.0)))
    (tmp_path / "r").write_bytes(lines[:-9])
    reader = EventReader()
    assert list(read(tmp_path / "r", reader)) == course(1.0)
    assert reader.unreadable == 1


def test_a_recording_of_a_newer_version_is_read_as_far_as_it_is_known(tmp_path):
    known, newer = course(1.0), {"event": "weather-changed", "wall": 1, "t": 1}
    line = json.loads(events.encode(known[0])) | {"mood": "calm"}
    (tmp_path / "r").write_text(f"{json.dumps(newer)}\n\n{json.dumps(line)}\n")
    reader = EventReader()
    assert list(read(tmp_path / "r", reader)) == known
    assert (reader.unknown_events, reader.unknown_fields, reader.unreadable) == (1, 1, 0)


@pytest.mark.parametrize("data", [b"", b"\n\n", b"hello\nworld\n", b"\xff\xfe" * 99, b"{}\n"])
def test_a_file_that_is_no_recording_is_named(tmp_path, data):
    (tmp_path / "r").write_bytes(data)
    with pytest.raises(UnreadableRecording, match="holds no icetui events"):
        list(read(tmp_path / "r"))


def test_a_report_of_what_is_no_recording_is_one_sentence(icetui, tmp_path):
    (tmp_path / "r").write_text("hello\n")
    done = icetui("report", str(tmp_path / "r"))
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    assert "holds no icetui events" in done.stderr


def test_a_report_of_a_hostile_recording_has_no_control_characters(icetui, tmp_path):
    evil = "\x1b[2J[/y]\x07"
    candidate = events.Candidate(
        id="R1", type="host", address=evil, port=1, foundation=evil, unsupported=evil
    )
    server = events.Server(url=evil, kind="stun", state="failed", detail=evil, reason="dns")
    failure = events.EngineFailed(wall=1, t=1, problem=evil, log=evil)
    stream = [
        events.RemoteCandidateAdded(wall=1, t=1, candidate=candidate),
        events.ServerChanged(wall=1, t=1, server=server),
        events.ConnectionStateChanged(wall=1, t=1, state="disconnected", cause=evil),
        failure,
    ]
    (tmp_path / "r").write_bytes(b"".join(map(events.encode, stream)))
    done = icetui("report", str(tmp_path / "r"))
    assert done.returncode == 0
    assert all(line.isprintable() for line in done.stdout.splitlines())


# --- replay -------------------------------------------------------------------------------------


async def test_a_replay_at_infinite_speed_tells_all_in_order_at_once():
    stream = course(5.0, 100.0, 7000.0)
    loop = asyncio.get_running_loop()
    began = loop.time()
    assert [e async for e in Replay(stream, float("inf")).events()] == stream
    assert loop.time() - began < 1


async def test_a_replay_keeps_the_time_between_events_divided_by_its_speed():
    stream = course(50.0, 50.5, 51.0)
    loop = asyncio.get_running_loop()
    began = loop.time()
    at = [(loop.time() - began) async for _ in Replay(stream, 5.0).events()]
    assert at[0] < 0.05
    assert 0.1 <= at[1] < 0.19
    assert 0.2 <= at[2] < 0.4


async def test_events_out_of_order_are_told_as_they_were_recorded():
    stream = course(3.0, 1.0, 2.0)
    assert [e async for e in Replay(stream, 1000.0).events()] == stream


async def test_closing_a_replay_ends_its_waiting():
    replay = Replay(course(0.0, 3600.0))
    stream = replay.events()
    assert await anext(stream) == course(0.0)[0]
    waiting = asyncio.ensure_future(anext(stream, None))
    await replay.close()
    assert await asyncio.wait_for(waiting, 1.0) is None


def test_a_replay_is_not_live_and_takes_no_commands():
    replay = Replay([])
    assert not replay.live
    replay.send(events.Leave())


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
async def test_a_recording_that_fails_for_want_of_room_does_not_end_the_session():
    source = Recorded(Told(course(1.0, 2.0)), Path("/dev/full"))
    told = [e async for e in source.events()]
    assert [e for e in told if not isinstance(e, events.CommandRefused)] == course(1.0, 2.0)
    [refused] = [e for e in told if isinstance(e, events.CommandRefused)]
    assert refused.problem == "the recording /dev/full ends here: No space left on device"
    await source.close()


async def test_an_earlier_recording_is_kept_under_a_free_number(tmp_path):
    path = tmp_path / "r.jsonl"
    for time in (1.0, 2.0, 3.0):
        keep_earlier(path)
        await recorded(course(time), path)
    told = {p.name: [e.t for e in read(p)] for p in tmp_path.iterdir()}
    assert told == {"r.jsonl.1": [1.0], "r.jsonl.2": [2.0], "r.jsonl": [3.0]}


def test_where_nothing_can_be_lost_nothing_is_moved(tmp_path):
    (tmp_path / "empty").touch()
    for path in (tmp_path / "empty", tmp_path / "new", Path("/dev/null")):
        assert keep_earlier(path) is None
    assert [p.name for p in tmp_path.iterdir()] == ["empty"]


def test_a_second_run_says_where_the_first_recording_is_kept(icetui, tmp_path):
    path = tmp_path / "r.jsonl"
    first, second = (icetui("doctor", *ALONE, "--record", path) for _ in range(2))
    assert (first.returncode, first.stderr) == (NOTHING_WORKS, "")  # loopback alone
    assert second.returncode == NOTHING_WORKS
    assert second.stderr == f"the earlier recording is kept as {path}.1\n"
    assert all(list(read(p)) for p in (path, tmp_path / "r.jsonl.1"))


@pytest.mark.parametrize("data", [b"dear diary\n", b"\x00\xff" * 4000, b'{"a": 1}\n'])
def test_a_file_that_is_no_recording_is_not_overwritten(icetui, tmp_path, data):
    path = tmp_path / "diary"
    path.write_bytes(data)
    done = icetui("doctor", *ALONE, "--record", path)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.count("\n") == 1
    assert "is no recording, so it is not overwritten" in done.stderr
    assert path.read_bytes() == data
    assert [p.name for p in tmp_path.iterdir() if p.name.startswith("diary")] == ["diary"]


# --- hostile files --------------------------------------------------------------------------------


@pytest.mark.skipif(not Path("/dev/zero").exists(), reason="needs a device that never ends")
@pytest.mark.parametrize("device", ["/dev/zero", "/dev/urandom"])
def test_a_device_that_never_ends_is_no_recording(icetui, device):
    done = icetui("report", device)
    assert (done.returncode, done.stdout) == (2, "")
    assert "is neither a file nor a pipe" in done.stderr


def test_a_line_of_300_megabytes_is_passed_over_in_bounded_memory(tmp_path):
    """A hole in a file costs no room and reads as a line of zeros."""
    path = tmp_path / "r"
    with path.open("wb") as file:
        file.write(events.encode(course(1.0)[0]))
        file.seek(300_000_000)
        file.write(b"\n" + events.encode(course(2.0)[0]))
    code = (
        "import resource, sys\nfrom pathlib import Path\n"
        "from icetui.streams.recording import read\n"
        "before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "told = [e.t for e in read(Path(sys.argv[1]))]\n"
        "print(told, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, path], capture_output=True, text=True, timeout=50, check=True
    )
    told, _, grown = done.stdout.rpartition(" ")
    assert told == "[1.0, 2.0]"
    assert int(grown) < 20_000  # kB


def test_a_long_file_without_any_event_is_given_up(tmp_path):
    path = tmp_path / "r"
    with path.open("wb") as file:
        file.truncate(10**12)
    with pytest.raises(UnreadableRecording, match="holds no icetui events"):
        list(read(path))


async def test_a_replay_holds_no_more_than_what_it_tells():
    taken = []

    def endless():
        for number in itertools.count():
            taken.append(number)
            yield course(float(number))[0]

    stream = Replay(endless(), float("inf")).events()
    for _ in range(100):
        await anext(stream)
    assert len(taken) == 100
    await stream.aclose()


@pytest.mark.parametrize("form", ["text", "md", "json", "csv", "html", "svg"])
def test_a_report_of_impossible_numbers_and_c1_controls_is_clean(icetui, tmp_path, form):
    lines = [
        '{"event":"round-trip-measured","wall":1,"t":1,"pair":"L1-R1","seconds":-1e308}',
        '{"event":"round-trip-measured","wall":1,"t":1,"pair":"L1-R1","seconds":1e308}',
        '{"event":"pair-changed","wall":1,"t":2,"pair":{"id":"L1-R1","local":"L1","remote":"R1",'
        '"state":"failed","reason":"dns","detail":"\u009b31m \\u009d0;x \u202e"}}',
        '{"event":"selected-pair-changed","wall":1,"t":2,"pair":"L1-R1","cause":"\u009b2J"}',
    ]
    (tmp_path / "r").write_text("\n".join(lines))
    done = icetui("report", str(tmp_path / "r"), "-f", form)
    assert done.returncode == 0, done.stderr
    assert "inf" not in done.stdout.replace('"severity": "info"', "").replace("info", "")
    assert all(line.replace("\u00a0", " ").isprintable() for line in done.stdout.splitlines())
    assert not set("\x85\x9b\x9d\u202e\u2028") & set(done.stdout)
