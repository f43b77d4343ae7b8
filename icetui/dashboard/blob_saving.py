"""Saving a text to a file that only its owner can read, or saying in one sentence why not."""

from __future__ import annotations

from pathlib import Path

from icetui.streams.blob_files import write_whole


class NotSaved(Exception):
    """The file could not be written; the message is the sentence for the user."""


def save(path: Path, text: str) -> Path:
    """Write `text` to `path`, whole or not at all (it may hold the session's password).

    Raises `NotSaved`.
    """
    target = path.expanduser()
    try:
        write_whole(target, text if text.endswith("\n") else text + "\n")
    except OSError as error:
        where = target if target.parent.is_dir() else f"in {target.parent}"
        raise NotSaved(f"Cannot write {where}: {error.strerror or error}.") from None
    return target
