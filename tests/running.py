"""icetui as processes: started with pipes, read line by line, ended by their own pid."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

ICETUI = (sys.executable, "-m", "icetui")
ALONE = ("--no-servers", "--interface", "lo")
"""Every session of the tests stays on loopback and asks nobody."""
PATIENCE = 15.0
"""Seconds anything awaited here may take."""


def environment(home: Path, **more: str) -> dict[str, str]:
    """Without the settings of whoever runs the tests, and without the terminal size that a runner
    of several processes tells them."""
    sizes = ("COLUMNS", "LINES")
    kept = {k: v for k, v in os.environ.items() if not k.startswith("ICETUI_") and k not in sizes}
    return kept | {"HOME": str(home), "XDG_CONFIG_HOME": str(home)} | more


class Running:
    """One process; its output is kept as it comes."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process
        self.out: list[str] = []
        self.err: list[str] = []
        self._news = asyncio.Condition()
        assert process.stdout is not None
        assert process.stderr is not None
        self._readers = [
            asyncio.create_task(self._read(process.stdout, self.out)),
            asyncio.create_task(self._read(process.stderr, self.err)),
        ]

    @classmethod
    async def start(cls, argv: tuple[str, ...], env: dict[str, str]) -> Running:
        pipe = asyncio.subprocess.PIPE
        return cls(
            await asyncio.create_subprocess_exec(
                *argv, stdin=pipe, stdout=pipe, stderr=pipe, env=env, limit=1 << 20
            )
        )

    @property
    def pid(self) -> int:
        return self.process.pid

    async def _read(self, stream: asyncio.StreamReader, into: list[str]) -> None:
        while line := await stream.readline():
            async with self._news:
                into.append(line.decode("utf-8", "replace").rstrip("\n"))
                self._news.notify_all()
        async with self._news:
            self._news.notify_all()

    async def _line(self, lines: list[str], wanted: Callable[[str], bool], within: float) -> str:
        def found() -> str | None:
            return next((line for line in lines if wanted(line)), None)

        def settled() -> bool:
            return found() is not None or all(r.done() for r in self._readers)

        async with self._news:
            waiting = self._news.wait_for(settled)
            try:
                await asyncio.wait_for(waiting, within)
            except TimeoutError:
                raise AssertionError(f"not said in time; {self.out[-5:]} {self.err}") from None
        line = found()
        assert line is not None, f"it ended without saying it; {self.out[-5:]} {self.err}"
        return line

    async def says(self, words: str, within: float = PATIENCE) -> str:
        """The first line on stdout with `words` in it."""
        return await self._line(self.out, lambda line: words in line, within)

    async def tells(self, words: str, within: float = PATIENCE) -> str:
        """The first line on stderr with `words` in it."""
        return await self._line(self.err, lambda line: words in line, within)

    async def event(self, name: str, within: float = PATIENCE, **fields: Any) -> dict[str, Any]:
        """The first event of that name, and with these fields, in a `--json` stream."""

        def wanted(line: str) -> bool:
            event = json.loads(line)
            return event["event"] == name and fields.items() <= event.items()

        event: dict[str, Any] = json.loads(await self._line(self.out, wanted, within))
        return event

    async def write(self, text: str | bytes) -> None:
        """Onto its stdin, which stays open."""
        assert self.process.stdin is not None
        self.process.stdin.write(text.encode() if isinstance(text, str) else text)
        await self.process.stdin.drain()

    def close_stdin(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.close()

    async def ends(self, within: float = PATIENCE) -> int:
        """Its exit code, once it has ended and all it said is read."""
        code = await asyncio.wait_for(self.process.wait(), within)
        await asyncio.wait_for(asyncio.gather(*self._readers), PATIENCE)
        assert not any("Traceback" in line for line in self.err), self.err
        return code

    @property
    def summary(self) -> dict[str, Any]:
        """The last line of a `--json` run."""
        summary: dict[str, Any] = json.loads(self.out[-1])
        assert summary["event"] == "summary"
        return summary

    async def dispose(self) -> None:
        """End it however it stands."""
        if self.process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                self.process.kill()
        with contextlib.suppress(OSError):
            self.close_stdin()
        await self.process.wait()
        # An engine that outlived its parent holds the pipes for a moment until it has left.
        _, late = await asyncio.wait(self._readers, timeout=3.0)
        for reader in late:
            reader.cancel()


def run(
    *argv: str, env: dict[str, str], text: str | bytes = b"", within: float = PATIENCE
) -> subprocess.CompletedProcess[str]:
    """One icetui from start to end; what it printed never holds a traceback."""
    data = text.encode() if isinstance(text, str) else text
    done = subprocess.run(
        [*ICETUI, *argv], input=data, capture_output=True, env=env, timeout=within, check=False
    )
    out, err = done.stdout.decode("utf-8", "replace"), done.stderr.decode("utf-8", "replace")
    assert "Traceback" not in err, err
    return subprocess.CompletedProcess(done.args, done.returncode, out, err)
