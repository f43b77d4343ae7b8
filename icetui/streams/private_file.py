"""Files for their owner only: what we write says who talked to whom, and may hold a password.

What belongs here: opening one to write. What is written is the caller's business.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import IO

MODE = 0o600


def open_private(path: Path) -> IO[bytes]:
    """An empty file at `path`, unbuffered, that only its owner may read; one that was there is
    emptied and taken from the others. Devices and pipes stay as they are.

    Raises OSError.
    """
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | getattr(os, "O_BINARY", 0)
    file = os.open(path, flags, MODE)
    if hasattr(os, "fchmod") and stat.S_ISREG(os.fstat(file).st_mode):
        os.fchmod(file, MODE)
    return os.fdopen(file, "wb", buffering=0)
