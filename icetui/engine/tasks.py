"""Background work with one owner: started here, ended here, in the order in which it began.

What belongs here: what becomes of an error of our own in such work. It ends that work and no more:
its owner says so with the reason `internal`, and the details go to the loop's exception handler,
which keeps them in a file, and which fails the test under test.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterator
from typing import Any

from icetui.events import Reason

INTERNAL = Reason.INTERNAL, "an error of icetui's own"
"""What is told of work that has ended by one."""


def contain(error: Exception, what: str) -> None:
    """An error of our own ended `what`, and is to end nothing else."""
    asyncio.get_running_loop().call_exception_handler(
        {"message": f"an error ended {what}", "exception": error, "contained": True}
    )


class Tasks:
    """The tasks of one owner; one that has ended is forgotten."""

    def __init__(self) -> None:
        # Ordered, unlike a set: what is cancelled first must not hang on where objects lie.
        self._running: dict[asyncio.Task[Any], None] = {}

    def start(
        self, work: Coroutine[Any, Any, None], failed: Callable[[], None] | None = None
    ) -> asyncio.Task[None]:
        """Run something in the background; `failed` is called when an error of our own ends it."""
        task = asyncio.get_running_loop().create_task(contained(work, failed))
        self._running[task] = None
        task.add_done_callback(self._running.pop)
        # Of one that is cancelled before its first step nobody would ever await the work.
        task.add_done_callback(lambda _: work.close())
        return task

    def cancel(self) -> None:
        """End whatever still runs."""
        for task in list(self._running):
            task.cancel()

    def __iter__(self) -> Iterator[asyncio.Task[Any]]:
        return iter(list(self._running))

    def __bool__(self) -> bool:
        return bool(self._running)


async def contained(
    work: Coroutine[Any, Any, None], failed: Callable[[], None] | None = None
) -> None:
    """Do it; an error of our own ends it, and nothing else."""
    try:
        await work
    except Exception as error:  # whatever it is: the others are to go on
        contain(error, getattr(work, "__qualname__", "a task"))
        if failed is not None:
            failed()
