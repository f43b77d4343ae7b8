"""Runs an engine until gathering and NAT discovery are complete, bounded in time."""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import Callable

from icetui.doctor.facts import FAILED, as_json_line, facts
from icetui.doctor.text_report import as_text
from icetui.session import Session
from icetui.streams.console import Console
from icetui.streams.source import Source

PATIENCE = 10.0
"""Seconds for everything but the binding lifetime; a dead resolver and a dead server take four."""


async def examine(source: Source, lifetime: float, console: Console, *, as_json: bool) -> int:
    """Run, print what was found, and return the exit code."""
    interrupted = asyncio.Event()
    if sys.platform != "win32":
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, interrupted.set)
    examination = Examination(source, lifetime, console.say, interrupted)
    session = await examination.run()
    if session.failure is not None:
        console.say(session.failure.problem)
        code = FAILED
    else:
        found = facts(session, examination.cut_short)
        console.data(as_json_line(found) if as_json else as_text(found).encode())
        code = found.exit_code
    interrupted.clear()  # a second one, while nobody takes what was found
    whole = await console.drained(interrupted.is_set)
    return code if whole else FAILED


class Examination:
    """One run over a source that has been told to start a session."""

    def __init__(
        self,
        source: Source,
        lifetime: float,
        say: Callable[[str], None],
        interrupted: asyncio.Event,
    ) -> None:
        """`lifetime` is the longest time in seconds for which a binding is watched."""
        self._interrupted = interrupted
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
        interruption = asyncio.create_task(self._end_when_interrupted())
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
        interruption.cancel()
        self._ending.set()
        await closer
        return self.session

    def _watching(self) -> bool:
        """Whether nothing but the lifetime is open, and nobody has been told yet."""
        known = any(n.filtering != "unknown" or n.hairpinning for n in self.session.nats.values())
        return bool(self._lifetime) and known and not self._said_waiting

    async def _end_when_interrupted(self) -> None:
        await self._interrupted.wait()
        self._end("it was interrupted")

    def _end(self, cause: str) -> None:
        if not self._ending.is_set():
            self.cut_short = cause
            self._ending.set()

    async def _close_at_end(self) -> None:
        await self._ending.wait()
        await self._source.close()


def complete(session: Session) -> bool:
    """Whether every server and every NAT question is settled, and every relay was tried."""
    settled = session.gathering == "complete" and all(n.complete for n in session.nats.values())
    return settled and not untried(session)


def untried(session: Session) -> bool:
    """Whether a relay is still to be tried."""
    if session.started is None or not session.started.tries_relays:
        return False
    lent = (address for s in session.servers.values() for address in (s.relays or (s.relayed,)))
    return any(a is not None and a not in session.relays_tried for a in lent)
