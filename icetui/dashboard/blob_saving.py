"""Writing a blob to a file: whole or not at all, readable by its owner only."""

from __future__ import annotations

import contextlib
import os
import tempfile
from pathlib import Path


class NotSaved(Exception):
    """The file could not be written; the message is the sentence for the user."""


def save(path: Path, text: str) -> Path:
    """Write `text` to `path` by rename, mode 0600 (it holds the session's password).

    Raises `NotSaved`.
    """
    target = path.expanduser()
    try:
        handle, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")  # mode 0600
    except OSError as error:
        raise NotSaved(f"Cannot write in {target.parent}: {error.strerror or error}.") from None
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as file:
            file.write(text if text.endswith("\n") else text + "\n")
        Path(name).replace(target)
    except OSError as error:
        with contextlib.suppress(OSError):
            Path(name).unlink()
        raise NotSaved(f"Cannot write {target}: {error.strerror or error}.") from None
    return target
