"""Blobs through files: ours written whole, theirs read when it is there and whole.

Two programs on machines with a shared folder, or a script between them, exchange blobs this way.
"""

from __future__ import annotations

import asyncio
import os
import tempfile
from collections.abc import AsyncIterator, Callable
from pathlib import Path

from icetui import events, signaling
from icetui.events import AnyEvent
from icetui.signaling import IncompleteDescription, UnreadableDescription
from icetui.streams.own_form import GATHER_PATIENCE, own_form
from icetui.streams.source import Source, Wrapper

POLL = 0.01
POLL_AGAIN = 0.1
"""Seconds between looks at the file of theirs: before and after it was read once. The side that
is first to know both descriptions waits for the other's next look."""
SETTLED = 2.0
"""Seconds without a change after which an unreadable file is not just half-written."""


class UnreadableFile(ValueError):
    """What is in the file is no description; the message is the sentence for the user."""


def write_whole(path: Path, text: str) -> None:
    """Write a file so that a reader sees all of it or nothing; only its owner may read it. What is
    no file (a device, a pipe, a terminal) is written to, and never put out of its place.

    Raises OSError.
    """
    path = Path(os.path.realpath(path))
    if path.exists() and not path.is_file():
        with path.open("w", encoding="utf-8", newline="") as device:
            device.write(text)
        return
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="") as file:
            file.write(text)
        Path(temporary).replace(path)
    except BaseException:  # cancelled or interrupted too: no half-written file stays behind
        Path(temporary).unlink(missing_ok=True)
        raise


async def wait_for_text(path: Path, known: str | None, say: Callable[[str], None]) -> str:
    """The file's text once it can be read as a description and differs from `known`.

    A file that is missing, empty or cut off is waited for without limit.
    Raises `UnreadableFile` when it holds something else and rests.
    """
    loop = asyncio.get_running_loop()
    seen: str | None = None
    problem: UnreadableDescription | None = None
    since = loop.time()
    told = cut = False
    while True:
        text = _look(path)
        if text is not None and text != seen:
            seen, since, problem, cut = text, loop.time(), None, False
            if text.strip() and text != known:
                try:
                    cut = signaling.read(text).cut
                except UnreadableDescription as error:
                    problem, cut = error, False
                if problem is None and not cut:
                    return text
        if cut and text is not None and loop.time() - since > SETTLED:
            return text  # nobody writes the rest
        if problem is not None and not told and loop.time() - since > SETTLED:
            if not isinstance(problem, IncompleteDescription):
                raise UnreadableFile(f"{path}: {problem}")
            told = True
            say(f"{path} is not whole yet: {problem} Waiting for the rest.")
        await asyncio.sleep(POLL if known is None else POLL_AGAIN)


def _look(path: Path) -> str | None:
    try:
        with path.open("rb") as file:
            return file.read(signaling.MAX_TEXT + 1).decode("utf-8", "replace")
    except FileNotFoundError:
        return None
    except OSError as error:
        raise UnreadableFile(f"{path} cannot be read: {error.strerror}") from None


class WithBlobFiles(Wrapper):
    """A source whose blobs are exchanged through files."""

    def __init__(
        self,
        inner: Source,
        out: Path | None,
        into: Path | None,
        form: str | None = None,
        say: Callable[[str], None] = lambda _: None,
    ) -> None:
        """`form` of our description; None: a blob, or the kind they send.

        `say` hears what the user should know while we wait.
        """
        super().__init__(inner)
        self._out = out
        self._into = into
        self._form = own_form(form)
        self._say = say
        self._task: asyncio.Task[None] | None = None
        self._unwritten: events.BlobChanged | None = None
        self._patience: asyncio.TimerHandle | None = None
        self._patience_over = False
        self.on_unreadable: Callable[[str], None] = say
        """Hears the sentence when the file of theirs holds something else."""
        self.on_unwritable: Callable[[str], None] = say
        """Hears the sentence when ours cannot be written."""

    async def events(self) -> AsyncIterator[AnyEvent]:
        if self._into is not None:
            self._task = asyncio.create_task(self._follow(self._into))
        async for event in super().events():
            yield event

    def saw(self, event: AnyEvent) -> None:
        self._form.see(event)
        if isinstance(event, events.SessionRestarted):
            self._be_patient_again()
        if isinstance(event, events.BlobChanged) and self._out is not None:
            self._unwritten = event
            if not self._form.taken_once or event.complete or self._patience_over:
                self._write(self._out)
            elif self._patience is None:
                loop = asyncio.get_running_loop()
                self._patience = loop.call_later(GATHER_PATIENCE, self._waited_enough, self._out)

    def _be_patient_again(self) -> None:
        """What was gathered before goes nowhere any more."""
        if self._patience is not None:
            self._patience.cancel()
        self._patience, self._patience_over, self._unwritten = None, False, None

    def _waited_enough(self, path: Path) -> None:
        self._patience_over = True
        self._write(path)

    def _write(self, path: Path) -> None:
        """Write the newest of ours."""
        if self._unwritten is None:
            return
        blob, self._unwritten = self._unwritten.blob, None
        if self._form.surprise:
            self._say(self._form.surprise)
        text = self._form.written_line(blob)
        self._form.hand_out()
        try:
            write_whole(path, text)
        except OSError as error:
            self.on_unwritable(f"{path} cannot be written: {error.strerror}")

    async def _follow(self, path: Path) -> None:
        """Take theirs, and again whenever it changes: later candidates refresh a blob."""
        known: str | None = None
        while True:
            try:
                known = await wait_for_text(path, known, self._say)
            except UnreadableFile as problem:
                self.on_unreadable(str(problem))
                return
            self.send(events.Paste(text=known))

    async def close(self) -> None:
        if self._task is not None:
            self._task.cancel()
        self._be_patient_again()
        await super().close()
