"""Virtual time: one clock for a world, and for every host in it an event loop of its own.

What belongs here: what runs when. The clock jumps to the next timer. Callbacks due at one time run
in the order in which they were put in, whichever host they belong to; time is counted in
nanoseconds, so that it neither vanishes beside the clock nor rounds. A host's loop has no selector,
no executor and no thread: whoever uses them raises. Its timers stand still while it is suspended.
"""

from __future__ import annotations

import asyncio
import contextvars
import heapq
import itertools
import math
from asyncio import events as asyncio_events
from collections.abc import Callable, Coroutine
from typing import Any

SECOND = 1_000_000_000
"""Nanoseconds."""
BOOTED = 1_000.0
"""Seconds that a host's clock shows when the world begins."""


class Deadlock(RuntimeError):
    """Something is waited for that nothing will bring about; the message names the tasks."""


class Clock:
    """The world's time and whatever is due."""

    def __init__(self) -> None:
        self._now = 0
        self._order = itertools.count()
        self._loops: list[HostLoop] = []
        self._heap: list[tuple[int, int, HostLoop, asyncio.Handle]] = []
        """When it is due, order, whose it is, what to run: of all loops that are not held."""
        self.steps = 0
        """Callbacks run so far."""

    @property
    def now(self) -> float:
        """Seconds since the world began."""
        return self._now / SECOND

    @property
    def nanoseconds(self) -> int:
        return self._now

    def loop(self, name: str) -> HostLoop:
        """A new host's loop."""
        loop = HostLoop(self, name)  # type: ignore[abstract]  # what is not defined raises
        self._loops.append(loop)
        return loop

    def order(self) -> int:
        """The next number in the order of things put in."""
        return next(self._order)

    def next_due(self) -> float | None:
        """When the next callback is due, in seconds since the world began; None: never."""
        heap = self._heap
        while heap and heap[0][3].cancelled():
            heapq.heappop(heap)
        return heap[0][0] / SECOND if heap else None

    def put(self, due: int, order: int, loop: HostLoop, handle: asyncio.Handle) -> None:
        """Have a loop's callback run when the world's time is `due`."""
        heapq.heappush(self._heap, (due, order, loop, handle))

    def take_out(self, loop: HostLoop) -> list[tuple[int, int, asyncio.Handle]]:
        """Everything of a loop that is yet to run."""
        taken = [(due, n, handle) for due, n, owner, handle in self._heap if owner is loop]
        if taken:
            self._heap = [entry for entry in self._heap if entry[2] is not loop]
            heapq.heapify(self._heap)
        return taken

    def run_until(self, when: float) -> None:
        """Run everything that is due up to and including `when` (seconds since the beginning)."""
        self._run(round(when * SECOND), None)

    def run_for(self, seconds: float) -> None:
        """Let so many seconds pass."""
        self._run(self._now + round(seconds * SECOND), None)

    def run_until_true(self, true: Callable[[], bool], within: float) -> bool:
        """Run until `true()`, looked at after each callback, for `within` seconds at most."""
        if not true():
            self._run(self._now + round(within * SECOND), true)
        return true()

    def complete(self, future: asyncio.Future[Any]) -> Any:
        """Run until a future is done and return its result.

        Raises `Deadlock` when nothing is due any more and it is not done.
        """
        while not future.done():
            if not self._step(None):
                raise Deadlock(self._waiting())
        return future.result()

    def _run(self, until: int, true: Callable[[], bool] | None) -> None:
        while self._step(until):
            if true is not None and true():
                return
        self._now = max(self._now, until)

    def _step(self, until: int | None) -> bool:
        """Run the next callback; False when none is due by then."""
        heap = self._heap
        while heap and heap[0][3].cancelled():
            heapq.heappop(heap)
        if not heap or (until is not None and heap[0][0] > until):
            return False
        due, _, loop, handle = heapq.heappop(heap)
        self._now = max(self._now, due)
        self.steps += 1
        before = asyncio_events._get_running_loop()
        asyncio_events._set_running_loop(loop)
        try:
            handle._run()
        finally:
            asyncio_events._set_running_loop(before)
        return True

    def _waiting(self) -> str:
        waiting = [
            f"{loop.name}: {task.get_coro()!r}"
            for loop in self._loops
            for task in sorted(asyncio.all_tasks(loop), key=lambda t: t.get_name())
        ]
        return "nothing is due any more, and these wait: " + "; ".join(waiting or ["no task"])


class HostLoop(asyncio.AbstractEventLoop):
    """One host's event loop: its own clock over the world's, nothing but callbacks and timers."""

    def __init__(self, clock: Clock, name: str) -> None:
        self._clock = clock
        self.name = name
        self._offset = round(BOOTED * SECOND)
        """What this host's clock is ahead of the world's, nanoseconds."""
        self._suspended_at: int | None = None
        self._stopped = False
        self._held: list[tuple[int, int, asyncio.Handle]] | None = None
        """While nothing of it may run: due by this host's clock, order, what to run."""
        self._closed = False
        self._handler: Callable[[asyncio.AbstractEventLoop, dict[str, Any]], object] | None = None
        self.failures: list[dict[str, Any]] = []
        """What went wrong in callbacks and tasks while nobody handled it."""

    # --- this host's time -----------------------------------------------------------------------

    def time(self) -> float:
        return self._local() / SECOND

    def _local(self) -> int:
        world = self._clock.nanoseconds if self._suspended_at is None else self._suspended_at
        return world + self._offset

    def suspend(self) -> None:
        """Stop this host's clock and everything on it."""
        if self._suspended_at is None:
            self._suspended_at = self._clock.nanoseconds
            self._hold()

    def resume(self) -> None:
        """Go on where it stopped; its clock has lost the time between."""
        if self._suspended_at is not None:
            self._offset -= self._clock.nanoseconds - self._suspended_at
            self._suspended_at = None
            self._release()

    @property
    def suspended(self) -> bool:
        return self._suspended_at is not None

    def stop(self) -> None:
        """Run nothing from now on, while the clock goes on, as after SIGSTOP."""
        self._stopped = True
        self._hold()

    @property
    def stopped(self) -> bool:
        return self._stopped

    def go_on(self) -> None:
        """Undo `stop`; what has become due meanwhile runs at once."""
        self._stopped = False
        self._release()

    def _hold(self) -> None:
        if self._held is None:
            taken = self._clock.take_out(self)
            self._held = [(due + self._offset, order, handle) for due, order, handle in taken]

    def _release(self) -> None:
        held = self._held
        if held is not None and self._suspended_at is None and not self._stopped:
            self._held = None
            for when, order, handle in held:
                self._clock.put(when - self._offset, order, self, handle)

    def _put(self, when: int, handle: asyncio.Handle) -> None:
        """Have it run when this host's clock shows `when`."""
        if self._held is None:
            self._clock.put(when - self._offset, self._clock.order(), self, handle)
        elif not self._closed:
            self._held.append((when, self._clock.order(), handle))

    def run(self, function: Callable[..., Any], *args: Any) -> Any:
        """Call something as this host, now."""
        before = asyncio_events._get_running_loop()
        asyncio_events._set_running_loop(self)
        try:
            return function(*args)
        finally:
            asyncio_events._set_running_loop(before)

    # --- what asyncio asks of a loop ------------------------------------------------------------

    def call_soon(  # type: ignore[override]  # typeshed binds the arguments' types
        self,
        callback: Callable[..., object],
        *args: Any,
        context: contextvars.Context | None = None,
    ) -> asyncio.Handle:
        handle = asyncio.Handle(callback, args, self, context)
        self._put(self._local(), handle)
        return handle

    def call_later(  # type: ignore[override]  # as above
        self,
        delay: float,
        callback: Callable[..., object],
        *args: Any,
        context: contextvars.Context | None = None,
    ) -> asyncio.TimerHandle:
        return self._at(self._local() + max(0, round(delay * SECOND)), callback, args, context)

    def call_at(  # type: ignore[override]  # as above
        self,
        when: float,
        callback: Callable[..., object],
        *args: Any,
        context: contextvars.Context | None = None,
    ) -> asyncio.TimerHandle:
        due = math.ceil(when * SECOND)
        if due / SECOND < when:
            due += 1  # whoever is called must see the time that it asked for
        return self._at(max(self._local(), due), callback, args, context)

    def _at(
        self,
        when: int,
        callback: Callable[..., object],
        args: tuple[Any, ...],
        context: contextvars.Context | None,
    ) -> asyncio.TimerHandle:
        handle = asyncio.TimerHandle(when / SECOND, callback, args, self, context)
        self._put(when, handle)
        return handle

    def _timer_handle_cancelled(self, handle: asyncio.TimerHandle) -> None:
        """It is thrown away when its turn comes."""

    def create_future(self) -> asyncio.Future[Any]:
        return asyncio.Future(loop=self)

    def create_task(  # type: ignore[override]  # its signature grows with Python's versions
        self, coro: Coroutine[Any, Any, Any], *, name: str | None = None, **more: Any
    ) -> asyncio.Task[Any]:
        more.pop("eager_start", None)
        return asyncio.Task(coro, loop=self, name=name or f"task {self._clock.order()}", **more)

    def get_debug(self) -> bool:
        return False

    def is_running(self) -> bool:
        return asyncio_events._get_running_loop() is self

    def is_closed(self) -> bool:
        return self._closed

    def close(self) -> None:
        """Nothing of this host runs any more."""
        self._closed = True
        self._clock.take_out(self)
        self._held = []

    def set_exception_handler(
        self, handler: Callable[[asyncio.AbstractEventLoop, dict[str, Any]], object] | None
    ) -> None:
        self._handler = handler

    def get_exception_handler(
        self,
    ) -> Callable[[asyncio.AbstractEventLoop, dict[str, Any]], object] | None:
        return self._handler

    def default_exception_handler(self, context: dict[str, Any]) -> None:
        self.failures.append(context)

    def call_exception_handler(self, context: dict[str, Any]) -> None:
        if self._handler is not None:
            self._handler(self, context)
        else:
            self.default_exception_handler(context)
