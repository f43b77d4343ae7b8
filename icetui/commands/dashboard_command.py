"""`icetui`: the dashboard over an engine of its own."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, NoReturn

from icetui.commands import opened_sources
from icetui.commands.exits import fail, say
from icetui.commands.screen import has_terminal, hold_garbage, no_terminal, run_dashboard

if TYPE_CHECKING:
    from pathlib import Path

    from icetui.streams.source import Source


def dashboard(
    theirs: str | None,
    record: Path | None,
    mask: bool,
    quiet: bool,
    blob_out: Path | None,
    blob_in: Path | None,
    chosen: dict[str, Any],
) -> NoReturn:
    """The dashboard over an engine of its own; `theirs` is pasted at the start."""
    hold_garbage()
    if theirs is None:
        theirs = theirs_from_stdin()
    if not has_terminal():
        fail(no_terminal())
    problems: list[str] = []
    start = opened_sources.start_command(chosen, problems)
    record, mask = own_habits(record, mask)
    opened_sources.check_folder(blob_out)
    pseudonyms = opened_sources.mask(start) if mask else None

    begun = 0

    def another() -> Source:
        nonlocal begun
        begun += 1
        path = record
        if path is not None and begun > 1:
            from icetui.streams.recording import numbered

            path = numbered(path, begun)
        files = opened_sources.with_files(opened_sources.engine(start), blob_out, blob_in)
        return opened_sources.recorded(files, path, pseudonyms, say)

    source = another()
    if theirs:
        opened_sources.paste(source, theirs)
    run_dashboard(source, mask, again=another, quiet=quiet, problems=tuple(problems))


def own_habits(record: Path | None, mask: bool) -> tuple[Path | None, bool]:
    """What the user's settings say where the command line says nothing."""
    from pathlib import Path

    from icetui.settings.preferences import preferences
    from icetui.settings.session_settings import config_path

    wanted, _ = preferences(config_path())
    if record is None and wanted.record:
        record = Path(wanted.record).expanduser()
    return record, mask or wanted.mask


def theirs_from_stdin() -> str | None:
    """What a file or pipe on stdin holds; the keyboard is then read from the terminal itself.

    None where stdin is a terminal, or there is no other to read keys from.
    """
    import os
    import stat

    if sys.stdin is None or sys.stdin.isatty() or sys.stdout is None or not sys.stdout.isatty():
        return None
    kind = os.fstat(sys.stdin.fileno()).st_mode
    if not (stat.S_ISREG(kind) or stat.S_ISFIFO(kind)):
        return None
    try:
        keyboard = os.open("/dev/tty", os.O_RDWR)
    except OSError:
        return None
    text = sys.stdin.buffer.read(1024 * 1024).decode("utf-8", "replace")
    os.dup2(keyboard, 0)
    os.close(keyboard)
    return text
