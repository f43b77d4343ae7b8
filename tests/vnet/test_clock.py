"""Virtual time: what runs when, on whose clock."""

from __future__ import annotations

import asyncio

import pytest

from icetui.vnet.clock import BOOTED, Clock, Deadlock


def test_callbacks_of_one_time_run_in_the_order_in_which_they_were_put_in() -> None:
    clock = Clock()
    one, other = clock.loop("one"), clock.loop("other")
    ran: list[int] = []
    for number in range(6):
        (one, other)[number % 2].call_later(1.0, ran.append, number)
    one.call_later(0.5, ran.append, 10)
    other.call_soon(ran.append, 11)
    clock.run_for(0.75)
    assert ran == [11, 10]
    clock.run_for(1.0)
    assert ran == [11, 10, 0, 1, 2, 3, 4, 5]


def test_time_jumps_to_what_is_due_and_on_to_where_it_was_told() -> None:
    clock = Clock()
    loop = clock.loop("host")
    seen: list[float] = []
    loop.call_later(2.5, lambda: seen.append(loop.time()))
    assert clock.next_due() == 2.5
    clock.run_until(10.0)
    assert seen == [BOOTED + 2.5]
    assert (clock.now, loop.time(), clock.next_due()) == (10.0, BOOTED + 10.0, None)
    assert clock.steps == 1


def test_what_is_cancelled_does_not_run() -> None:
    clock = Clock()
    loop = clock.loop("host")
    ran: list[int] = []
    timer = loop.call_later(1.0, ran.append, 1)
    loop.call_later(2.0, ran.append, 2)
    timer.cancel()
    assert clock.next_due() == 2.0
    clock.run_for(3)
    assert ran == [2]


def test_a_suspended_loop_s_timers_wait_as_long_as_it_sleeps() -> None:
    clock = Clock()
    loop, other = clock.loop("host"), clock.loop("other")
    seen: list[tuple[str, float]] = []
    loop.call_later(2.0, lambda: seen.append(("host", clock.now)))
    other.call_later(3.0, lambda: seen.append(("other", clock.now)))
    clock.run_for(1)
    loop.suspend()
    loop.suspend()
    loop.call_soon(lambda: seen.append(("soon", clock.now)))
    clock.run_for(10)
    assert seen == [("other", 3.0)]
    assert loop.time() == BOOTED + 1
    loop.resume()
    clock.run_for(10)
    assert seen[1:] == [("soon", 11.0), ("host", 12.0)]
    assert loop.time() == BOOTED + 11


def test_a_stopped_loop_catches_up_when_it_goes_on() -> None:
    clock = Clock()
    loop = clock.loop("host")
    seen: list[tuple[int, float]] = []
    for number, delay in enumerate((2.0, 1.0, 30.0)):
        loop.call_later(delay, lambda n=number: seen.append((n, loop.time() - BOOTED)))
    loop.stop()
    clock.run_for(10)
    assert not seen
    assert loop.time() == BOOTED + 10
    loop.go_on()
    clock.run_for(0)
    assert seen == [(1, 10.0), (0, 10.0)]
    clock.run_for(20)
    assert seen[2:] == [(2, 30.0)]


def test_a_loop_that_is_both_stopped_and_suspended_needs_both_undone() -> None:
    clock = Clock()
    loop = clock.loop("host")
    ran: list[float] = []
    loop.call_later(1.0, lambda: ran.append(clock.now))
    loop.stop()
    loop.suspend()
    clock.run_for(5)
    loop.go_on()
    clock.run_for(5)
    assert not ran
    loop.resume()
    clock.run_for(5)
    assert ran == [11.0]


def test_waiting_for_what_cannot_come_is_a_deadlock_that_names_the_task() -> None:
    clock = Clock()
    loop = clock.loop("host")

    async def forever() -> None:
        await loop.create_future()

    task = loop.create_task(forever())
    with pytest.raises(Deadlock, match=r"host: <coroutine object .*forever"):
        clock.complete(task)
    task.cancel()
    clock.run_for(0)
    assert task.cancelled()


def test_a_closed_loop_runs_nothing_any_more() -> None:
    clock = Clock()
    loop, other = clock.loop("host"), clock.loop("other")
    ran: list[int] = []
    loop.call_soon(ran.append, 1)
    other.call_soon(ran.append, 2)
    loop.close()
    clock.run_for(1)
    assert ran == [2]


def test_a_task_s_sleep_and_timeout_are_virtual() -> None:
    clock = Clock()
    loop = clock.loop("host")

    async def program() -> str:
        await asyncio.sleep(60)
        try:
            async with asyncio.timeout(3600):
                await asyncio.sleep(7200)
        except TimeoutError:
            return "timed out"
        return "slept"

    assert clock.complete(loop.create_task(program())) == "timed out"
    assert clock.now == 3660
