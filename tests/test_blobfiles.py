"""Blobs through files: written whole, read when they are there and whole, rubbish is named."""

import asyncio
import os
import sys
import threading
from pathlib import Path

import pytest

from icetui import events, signaling
from icetui.streams import blob_files as blobfiles
from icetui.streams.blob_files import UnreadableFile, WithBlobFiles, wait_for_text, write_whole
from icetui.streams.own_form import FORMS, OwnForm

CREDENTIALS = {"ufrag": "a7Kf", "pwd": "Zm9vYmFyYmF6cXV4MTIzNA"}
HOST = events.Candidate(id="", type="host", address="127.0.0.1", port=4000, priority=2130706431)
BLOB = signaling.write_blob(
    signaling.Description(**CREDENTIALS, candidates=(HOST,), made=1_800_000_000.0)
)


@pytest.fixture
def said():
    return []


@pytest.fixture
def waiting(tmp_path, said, monkeypatch):
    """A task that waits for the file `b`; what rests for a moment has settled."""
    monkeypatch.setattr(blobfiles, "SETTLED", 0.05)

    def begin(known=None):
        return asyncio.create_task(wait_for_text(tmp_path / "b", known, said.append))

    return begin


async def still_waits(task, seconds=0.15):
    done, _ = await asyncio.wait({task}, timeout=seconds)
    return not done


async def test_a_file_that_comes_later_is_waited_for(waiting, tmp_path):
    task = waiting()
    assert await still_waits(task)
    (tmp_path / "b").write_text(BLOB + "\n")
    assert await asyncio.wait_for(task, 2) == BLOB + "\n"


@pytest.mark.parametrize("length", [0, 1, 6, 7, 9, 20, 40, len(BLOB) // 2, len(BLOB) - 1])
async def test_a_file_cut_off_anywhere_is_waited_for_however_long_it_rests(
    waiting, tmp_path, said, length
):
    (tmp_path / "b").write_text(BLOB[:length])
    task = waiting()
    assert await still_waits(task)
    assert len(said) == (1 if length else 0)
    assert all("not whole yet" in sentence for sentence in said)
    (tmp_path / "b").write_text(BLOB)
    assert await asyncio.wait_for(task, 2) == BLOB


@pytest.mark.parametrize("form", ["sdp", "json"])
async def test_sdp_and_json_cut_off_before_their_password_are_waited_for(waiting, tmp_path, form):
    text = OwnForm(form).written_line(BLOB)
    (tmp_path / "b").write_text(text[: text.index("ice-pwd")])
    task = waiting()
    assert await still_waits(task)
    (tmp_path / "b").write_text(text)
    assert signaling.read(await asyncio.wait_for(task, 2)).pwd == CREDENTIALS["pwd"]


async def test_rubbish_that_rests_is_named_with_its_file(waiting, tmp_path):
    (tmp_path / "b").write_text("Hello, Bob!")
    with pytest.raises(UnreadableFile, match="neither a blob") as caught:
        await asyncio.wait_for(waiting(), 2)
    assert str(caught.value).startswith(str(tmp_path / "b"))


async def test_rubbish_that_is_replaced_in_time_is_forgiven(waiting, tmp_path, monkeypatch):
    monkeypatch.setattr(blobfiles, "SETTLED", 5.0)
    (tmp_path / "b").write_text("Hello, Bob!")
    task = waiting()
    assert await still_waits(task, 0.05)
    (tmp_path / "b").write_text(BLOB)
    assert await asyncio.wait_for(task, 2) == BLOB


async def test_what_is_known_is_not_taken_twice_and_what_is_new_is(waiting, tmp_path):
    (tmp_path / "b").write_text(BLOB)
    task = waiting(known=BLOB)
    assert await still_waits(task)
    newer = signaling.write_blob(signaling.Description(**CREDENTIALS, made=1_800_000_600.0))
    (tmp_path / "b").write_text(newer)
    assert await asyncio.wait_for(task, 2) == newer


async def test_a_file_larger_than_any_description_is_rubbish(waiting, tmp_path):
    (tmp_path / "b").write_bytes(b"x" * (signaling.MAX_TEXT * 4))
    with pytest.raises(UnreadableFile, match="paste only the blob"):
        await asyncio.wait_for(waiting(), 5)


async def test_what_cannot_be_read_at_all_is_named(waiting, tmp_path):
    (tmp_path / "b").mkdir()
    with pytest.raises(UnreadableFile, match="cannot be read: Is a directory"):
        await asyncio.wait_for(waiting(), 2)


def test_a_reader_sees_all_of_a_file_or_nothing(tmp_path):
    path, texts = tmp_path / "a", ["a" * 100_000, "b" * 200_000]
    write_whole(path, texts[0])
    stop = threading.Event()

    def rewrite():
        while not stop.is_set():
            for text in texts:
                write_whole(path, text)

    writer = threading.Thread(target=rewrite)
    writer.start()
    try:
        assert {path.read_text() for _ in range(200)} <= set(texts)
    finally:
        stop.set()
        writer.join(5)
    assert [p.name for p in tmp_path.iterdir()] == ["a"]


def test_a_file_that_cannot_be_written_leaves_nothing_behind(tmp_path):
    (tmp_path / "a").mkdir()
    with pytest.raises(OSError, match="directory"):
        write_whole(tmp_path / "a", "text")
    assert [p.name for p in tmp_path.iterdir()] == ["a"]


@pytest.mark.parametrize("form", FORMS)
def test_every_format_is_read_back_as_the_same_description(form):
    read = signaling.read(OwnForm(form).written_line(BLOB))
    assert (read.ufrag, read.pwd) == (CREDENTIALS["ufrag"], CREDENTIALS["pwd"])
    assert [(c.address, c.port) for c in read.candidates] == [("127.0.0.1", 4000)]


class Told:
    """A source that tells events and remembers commands."""

    live = True
    hint = ""
    foreign = False

    def __init__(self, *stream):
        self.stream = stream
        self.sent = asyncio.Queue()

    async def events(self):
        for event in self.stream:
            yield event

    def send(self, command):
        self.sent.put_nowait(command)

    async def close(self):
        """Nothing to close."""


async def test_ours_is_rewritten_when_it_changes_and_theirs_is_pasted_when_it_does(tmp_path):
    newer = signaling.write_blob(signaling.Description(**CREDENTIALS, made=1_800_000_600.0))
    told = Told(*(events.BlobChanged(wall=t, t=t, blob=b) for t, b in ((1.0, BLOB), (2.0, newer))))
    source = WithBlobFiles(told, tmp_path / "a", tmp_path / "b")
    stream = source.events()
    await anext(stream)
    assert (tmp_path / "a").read_text() == BLOB + "\n"
    await anext(stream)
    assert (tmp_path / "a").read_text() == newer + "\n"
    for text in (BLOB, newer):
        write_whole(tmp_path / "b", text)
        assert await asyncio.wait_for(told.sent.get(), 2) == events.Paste(text=text)
    await source.close()


def changed(t, candidates, complete):
    more = [HOST, events.Candidate(id="", type="host", address="127.0.0.2", port=4001, priority=9)]
    description = signaling.Description(**CREDENTIALS, candidates=tuple(more[:candidates]), made=t)
    blob = signaling.write_blob(description)
    return events.BlobChanged(wall=t, t=t, blob=blob, candidates=candidates, complete=complete)


async def written(path):
    async with asyncio.timeout(5):
        while not path.exists():  # noqa: ASYNC110 - a file tells nobody
            await asyncio.sleep(0.01)


@pytest.mark.parametrize("form", ["sdp", "json", "base64"])
async def test_what_is_taken_once_is_written_when_all_candidates_are_in_it(tmp_path, form):
    told = Told(changed(1.0, 1, False), changed(2.0, 2, True))
    stream = (source := WithBlobFiles(told, tmp_path / "a", None, form)).events()
    await anext(stream)
    assert not (tmp_path / "a").exists()
    await anext(stream)
    assert len(signaling.read((tmp_path / "a").read_text()).candidates) == 2
    await source.close()


async def test_what_is_taken_once_waits_for_no_silent_server_and_has_all_that_came(
    tmp_path, monkeypatch
):
    monkeypatch.setattr(blobfiles, "GATHER_PATIENCE", 0.05)
    told = Told(changed(1.0, 1, False), changed(2.0, 2, False), changed(3.0, 1, False))
    stream = (source := WithBlobFiles(told, tmp_path / "a", None, "json")).events()
    await anext(stream)
    await anext(stream)
    await written(tmp_path / "a")
    assert len(signaling.read((tmp_path / "a").read_text()).candidates) == 2
    await anext(stream)  # later changes are written at once
    assert len(signaling.read((tmp_path / "a").read_text()).candidates) == 1
    await source.close()


async def test_after_a_restart_the_candidates_are_waited_for_again(tmp_path, monkeypatch):
    monkeypatch.setattr(blobfiles, "GATHER_PATIENCE", 0.01)
    restarted = events.SessionRestarted(wall=2.0, t=2.0, generation=1, ufrag="x")
    told = Told(changed(1.0, 1, False), restarted, changed(3.0, 2, False), changed(4.0, 2, True))
    stream = (source := WithBlobFiles(told, tmp_path / "a", None, "json")).events()
    await anext(stream)
    await written(tmp_path / "a")
    monkeypatch.setattr(blobfiles, "GATHER_PATIENCE", 3600.0)
    candidates = [
        len(signaling.read((tmp_path / "a").read_text()).candidates) async for _ in stream
    ]
    assert candidates == [1, 1, 2]
    await source.close()


async def test_a_folder_that_vanishes_is_a_problem_with_a_sentence_and_no_end(tmp_path, said):
    told = Told(events.BlobChanged(wall=1, t=1, blob=BLOB))
    source = WithBlobFiles(told, tmp_path / "gone" / "a", None, say=said.append)
    assert len([event async for event in source.events()]) == 1
    assert said == [f"{tmp_path / 'gone' / 'a'} cannot be written: No such file or directory"]


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no named pipes in folders")
def test_what_is_no_file_is_written_to_and_stays_what_it_is(tmp_path: Path) -> None:
    """As `--blob-out /dev/stdout`, which a rename would put a file in the place of."""
    pipe, link, file = tmp_path / "pipe", tmp_path / "link", tmp_path / "file"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    write_whole(pipe, "text")
    assert os.read(reader, 100) == b"text" and pipe.is_fifo()
    os.close(reader)
    file.write_text("before")
    link.symlink_to(file)
    write_whole(link, "after")
    assert link.is_symlink() and file.read_text() == "after"
    if Path("/dev/full").is_char_device():
        with pytest.raises(OSError, match="No space left"):
            write_whole(Path("/dev/full"), "text")
        assert Path("/dev/full").is_char_device()
