"""A writer whose reader does not keep up: bounded, counted, and every state told in the end."""

from __future__ import annotations

import asyncio
import contextlib
import os
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from icetui import events
from icetui.session import fold
from icetui.streams.event_reader import EventReader
from icetui.streams.event_writer import MOST_NEWS, MOST_WAITING, EventWriter


@pytest.fixture
def pipe() -> Iterator[tuple[int, int]]:
    reading, writing = os.pipe()
    yield reading, writing
    for end in (reading, writing):
        with contextlib.suppress(OSError):  # a test has closed it
            os.close(end)


def message(number: int) -> events.StunMessage:
    return events.StunMessage(
        wall=1, t=number, direction="in", local="a:1", remote="b:2", method="Binding",
        message_class="request", transaction=f"{number:024x}",
        attributes=(events.StunAttribute(name="SOFTWARE", value="x" * 100),),
    )  # fmt: skip


def pair(number: int, sent: int) -> events.PairChanged:
    name = f"L1-R{number}"
    return events.PairChanged(
        wall=1,
        t=sent,
        pair=events.Pair(id=name, local="L1", remote=f"R{number}", requests_sent=sent),
    )


def read_all(end: int) -> list[events.AnyEvent]:
    """Everything until the writing end is closed."""
    data = b""
    while chunk := os.read(end, 1 << 20):
        data += chunk
    reader = EventReader()
    told = [reader.read(line) for line in data.splitlines()]
    assert reader.skipped == 0
    return [event for event in told if event is not None]


def late_reading(end: int, into: list[events.AnyEvent]) -> threading.Thread:
    thread = threading.Thread(target=lambda: into.extend(read_all(end)), daemon=True)
    thread.start()
    return thread


def test_all_is_written_in_order_to_a_reader_that_keeps_up(pipe: tuple[int, int]) -> None:
    told: list[events.AnyEvent] = []
    reading = late_reading(pipe[0], told)
    writer = EventWriter(pipe[1])
    sent = [message(n) for n in range(500)]
    for event in sent:
        writer.put(event)
    writer.finish(10)
    os.close(pipe[1])
    reading.join(10)
    assert told == sent
    assert writer.dropped == 0


def test_a_stopped_reader_costs_bounded_memory_and_hears_every_state_later(
    pipe: tuple[int, int],
) -> None:
    writer = EventWriter(pipe[1])
    rounds = 60_000
    for n in range(rounds):
        writer.put(message(n))
        writer.put(pair(n % 10, n))
    assert writer.waiting < MOST_WAITING + 2000
    assert writer.dropped > rounds
    told: list[events.AnyEvent] = []
    reading = late_reading(pipe[0], told)
    writer.finish(20)
    os.close(pipe[1])
    reading.join(20)
    folded = fold(told)
    assert {p.requests_sent for p in folded.pairs.values()} == set(range(rounds - 10, rounds))


async def test_a_reader_that_comes_back_is_told_how_much_was_left_out(
    pipe: tuple[int, int],
) -> None:
    writer = EventWriter(pipe[1])
    for n in range(10_000):
        writer.put(message(n))
    left_out = writer.dropped
    assert left_out > 1000
    told: list[events.AnyEvent] = []
    reading = late_reading(pipe[0], told)
    while writer.waiting > MOST_NEWS // 4:  # noqa: ASYNC110  only the thread knows
        await asyncio.sleep(0.001)
    writer.put(events.Heartbeat(wall=1, t=10_000))
    await writer.drained()
    os.close(pipe[1])
    await asyncio.to_thread(reading.join, 10)
    [dropped] = [e for e in told if isinstance(e, events.EventsDropped)]
    assert (dropped.where, dropped.count) == ("engine", left_out)
    assert sum(isinstance(e, events.StunMessage) for e in told) == 10_000 - left_out


async def test_the_end_waits_for_no_reader_that_has_stopped(pipe: tuple[int, int]) -> None:
    writer = EventWriter(pipe[1])
    for n in range(5000):
        writer.put(pair(n, 1))
    loop = asyncio.get_running_loop()
    began = loop.time()
    await writer.drained()
    assert 0.3 < loop.time() - began < 1.5
    began = loop.time()
    await writer.drained(hurry=lambda: True)
    assert loop.time() - began < 0.1


async def test_a_reader_that_has_gone_is_told_once_and_nothing_raises(
    pipe: tuple[int, int],
) -> None:
    writer = EventWriter(pipe[1])
    failed = asyncio.Event()
    loop = asyncio.get_running_loop()
    writer.on_error = lambda _: loop.call_soon_threadsafe(failed.set)
    os.close(pipe[0])
    writer.put(message(1))
    await asyncio.wait_for(failed.wait(), 5)
    assert isinstance(writer.error, BrokenPipeError)
    writer.put(message(2))
    writer.put_bytes(b"x")
    writer.finish(1)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
def test_a_full_disk_is_an_error_of_the_writer_and_no_exception() -> None:
    file = os.open("/dev/full", os.O_WRONLY)
    writer = EventWriter(file)
    writer.put(message(1))
    writer.finish(5)
    os.close(file)
    assert writer.error is not None
    assert writer.error.strerror == "No space left on device"


def test_news_is_left_out_before_any_state_is(pipe: tuple[int, int]) -> None:
    """As much news as would fill the queue twice leaves room for every state, in order."""
    writer = EventWriter(pipe[1])
    for n in range(20_000):
        writer.put(message(n))
    states = [pair(1, n) for n in range(1000)]
    for state in states:
        writer.put(state)
    told: list[events.AnyEvent] = []
    reading = late_reading(pipe[0], told)
    writer.finish(20)
    os.close(pipe[1])
    reading.join(20)
    assert [e for e in told if isinstance(e, events.PairChanged)] == states
