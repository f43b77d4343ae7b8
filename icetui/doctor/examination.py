"""Runs an engine until gathering and NAT discovery are complete, bounded in time."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import sys
from collections.abc import Callable
from typing import IO

from icetui.doctor.facts import FAILED, as_json_line, facts
from icetui.doctor.text import as_text
from icetui.session import Session
from icetui.sources import Source

PATIENCE = 10.0
"""Seconds for everything but the binding lifetime; a dead resolver and a dead server take four."""


async def examine(
    source: Source, lifetime: float, out: IO[bytes], say: Callable[[str], None], *, as_json: bool
) -> int:
    """Run, print what was found to `out`, and return the exit code."""
    examination = Examination(source, lifetime, say)
    session = await examination.run()
    if session.failure is not None:
        say(session.failure.problem)
        return FAILED
    found = facts(session, examination.cut_short)
    with contextlib.suppress(BrokenPipeError):  # nobody reads any more; the code still counts
        out.write(as_json_line(found) if as_json else as_text(found).encode())
        out.flush()
    return found.exit_code


class Examination:
    """One run over a source that has been told to start a session."""

    def __init__(self, source: Source, lifetime: float, say: Callable[[str], None]) -> None:
        """`lifetime` is the longest time in seconds for which a binding is watched."""
        self._source = source
        self._lifetime = lifetime
        self._say = say
        self._ending = asyncio.Event()
        self._said_waiting = False
        self.session = Session()
        self.cut_short = ""
        """Why it ended before all was known."""

    async def run(self) -> Session:
        """To the end; the session holds all that was found."""
        loop = asyncio.get_running_loop()
        if sys.platform != "win32":
            for number in (signal.SIGINT, signal.SIGTERM):
                loop.add_signal_handler(number, self._end, "it was interrupted")
        patience = PATIENCE + 2 * self._lifetime
        timer = loop.call_later(patience, self._end, f"it was not complete after {patience:g} s")
        closer = asyncio.create_task(self._close_at_end())
        async for event in self._source.events():
            if self._ending.is_set():
                continue  # what is said while leaving is no finding: sockets are closed
            self.session.apply(event)
            if complete(self.session):
                self._ending.set()
            elif self._watching():
                self._said_waiting = True
                self._say(f"watching unused NAT bindings for {self._lifetime:g} s …")
        timer.cancel()
        self._ending.set()
        await closer
        return self.session

    def _watching(self) -> bool:
        """Whether nothing but the lifetime is open, and nobody has been told yet."""
        known = any(n.filtering != "unknown" or n.hairpinning for n in self.session.nats.values())
        return bool(self._lifetime) and known and not self._said_waiting

    def _end(self, cause: str) -> None:
        if not self._ending.is_set():
            self.cut_short = cause
            self._ending.set()

    async def _close_at_end(self) -> None:
        await self._ending.wait()
        await self._source.close()


def complete(session: Session) -> bool:
    """Whether every server and every NAT question is settled."""
    return session.gathering == "complete" and all(n.complete for n in session.nats.values())
