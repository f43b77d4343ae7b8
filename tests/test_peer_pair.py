"""Two headless peers on loopback, blobs through files: both connect and tell of the same path."""

import asyncio
import json
import re

import pytest

from icetui import events
from icetui.streams.event_reader import EventReader


async def pair(peer, folder, *more_of_a, b=()):
    """Two peers that exchange blobs through files `a` and `b`."""
    near = await peer("--blob-out", folder / "a", "--blob-in", folder / "b", *more_of_a)
    far = await peer("--blob-out", folder / "b", "--blob-in", folder / "a", *b)
    return near, far


async def held(peer, folder):
    """The pair of the README, from start to end; their exit codes and summaries."""
    options = ("--hold", "2", "--json")
    near, far = await pair(peer, folder, *options, b=options)
    codes = await asyncio.gather(near.ends(), far.ends())
    return codes, near, far


async def test_both_leave_with_status_0_and_their_summaries_agree_on_the_path(peer, tmp_path):
    codes, near, far = await held(peer, tmp_path)
    assert codes == [0, 0]
    a, b = near.summary, far.summary
    assert a["selected_pair"]["local"] == b["selected_pair"]["remote"]
    assert a["selected_pair"]["remote"] == b["selected_pair"]["local"]
    assert a["selected_pair"]["local"]["type"] == "host"
    assert not a["selected_pair"]["relayed"]
    assert {a["role"], b["role"]} == {"controlling", "controlled"}
    for summary in (a, b):
        assert summary["state"] == "completed"
        assert 0 < summary["time_to_first_path"] < 1
        assert summary["time_to_first_path"] <= summary["time_to_nominated"] < 2
        assert 0 < summary["selected_pair"]["current_round_trip_time"] < 0.5
        [nominated] = [p for p in summary["pairs"] if p.get("nominated")]
        assert nominated["state"] == "succeeded"
        assert nominated["local"] == summary["selected_pair"]["local"]
        assert summary["servers"] == []
        assert "good" in {f["severity"] for f in summary["findings"]}
        assert "direct-path" in {f["rule"] for f in summary["findings"]}


async def test_every_line_of_a_json_run_is_an_event_and_the_summary_is_last(peer, tmp_path):
    _, near, far = await held(peer, tmp_path)
    for running in (near, far):
        reader = EventReader()
        told = [reader.read(line) for line in running.out]
        assert reader.skipped == 0
        assert [type(e) for e in told].count(events.Summary) == 1
        assert isinstance(told[0], events.EngineStarted)
        assert isinstance(told[-1], events.Summary)
        assert isinstance(told[-2], events.SessionClosed)
        stamps = [e.t for e in told]
        assert stamps == sorted(stamps)


@pytest.mark.parametrize("form", ["blob", "sdp", "json"])
async def test_they_connect_whatever_the_format_of_the_files(peer, tmp_path, form):
    options = ("--hold", "0.2", "--json", "--format", form)
    near, far = await pair(peer, tmp_path, *options, b=options)
    assert await asyncio.gather(near.ends(), far.ends()) == [0, 0]
    text = (tmp_path / "a").read_text()
    if form == "blob":
        assert text.startswith("icetui:")
        assert text.count("\n") == 1
    elif form == "sdp":
        assert text.startswith("v=0")
    else:
        assert json.loads(text)["type"] in ("offer", "answer")


async def test_the_files_with_blobs_are_for_their_owner_only_and_nothing_else_is_left(
    peer, tmp_path
):
    folder = tmp_path / "shared"
    folder.mkdir()
    near, far = await pair(peer, folder, "--hold", "0.2", b=("--hold", "0.2"))
    assert await asyncio.gather(near.ends(), far.ends()) == [0, 0]
    assert sorted(p.name for p in folder.iterdir()) == ["a", "b"]
    assert (folder / "a").stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("family", ["--no-ipv6", "--no-ipv4"])
async def test_one_family_alone_is_enough(peer, tmp_path, family):
    options = ("--hold", "0.2", "--json", family)
    near, far = await pair(peer, tmp_path, *options, b=options)
    assert await asyncio.gather(near.ends(), far.ends()) == [0, 0]
    wanted = "127.0.0.1" if family == "--no-ipv6" else "::1"
    assert near.summary["selected_pair"]["local"]["address"] == wanted


async def test_families_without_overlap_give_up_and_say_why(peer, tmp_path):
    near, far = await pair(
        peer, tmp_path, "--no-ipv6", "--give-up", "4", "--json",
        b=("--no-ipv4", "--give-up", "4", "--json"),
    )  # fmt: skip
    assert await asyncio.gather(near.ends(), far.ends()) == [5, 5]
    assert any("only IPv4" in f["claim"] for f in near.summary["findings"])


async def test_without_json_the_reasons_for_giving_up_are_on_stderr(peer, tmp_path):
    near, far = await pair(
        peer, tmp_path, "--no-ipv6", "--give-up", "4", b=("--no-ipv4", "--give-up", "4")
    )
    assert await asyncio.gather(near.ends(), far.ends()) == [5, 5]
    said = "\n".join(near.err)
    assert re.search(r"gave up after 4 s.*\n(problem|warning): .*only IPv4.*\n  because ", said)
    assert near.out == []


async def test_one_side_that_comes_late_is_met(peer, tmp_path):
    near = await peer("--blob-out", tmp_path / "a", "--blob-in", tmp_path / "b", "--hold", 0.5)
    far = await peer("--blob-out", tmp_path / "c", "--json")
    await far.event("blob-changed", complete=True)
    blob = (await far.event("blob-changed", complete=True))["blob"]
    (tmp_path / "b").write_text(blob + "\n")
    await near.tells("their blob was read")
    # Our side checks and is answered, yet nothing stands until the far side knows us.
    assert (await far.event("knocked"))["address"] in ("127.0.0.1", "::1")
    paste = events.encode(events.Paste(text=(tmp_path / "a").read_text()))
    await far.write(paste)
    await far.event("connection-state-changed", state="connected")
    assert await near.ends() == 0
    assert await far.ends() == 0


async def test_a_local_port_that_was_asked_for_is_used_on_both_families(
    peer, tmp_path, unused_port
):
    options = ("--hold", "0.2", "--json")
    near, far = await pair(peer, tmp_path, "--port", unused_port, *options, b=options)
    assert await asyncio.gather(near.ends(), far.ends()) == [0, 0]
    assert near.summary["selected_pair"]["local"]["port"] == unused_port
