"""Background work with one owner: started here, ended here, in the order in which it began."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Iterator
from typing import Any


class Tasks:
    """The tasks of one owner; one that has ended is forgotten."""

    def __init__(self) -> None:
        # Ordered, unlike a set: what is cancelled first must not hang on where objects lie.
        self._running: dict[asyncio.Task[Any], None] = {}

    def start(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Run something in the background."""
        task = asyncio.get_running_loop().create_task(work)
        self._running[task] = None
        task.add_done_callback(self._running.pop)
        return task

    def cancel(self) -> None:
        """End whatever still runs."""
        for task in list(self._running):
            task.cancel()

    def __iter__(self) -> Iterator[asyncio.Task[Any]]:
        return iter(list(self._running))

    def __bool__(self) -> bool:
        return bool(self._running)
