"""Which labs exist on this machine, whose they are, and the removal of those that are orphaned.

A lab's state is a folder in /run/icelab, written before its first namespace is made; the
namespaces' names begin with ``icelab-`` and the lab's id.
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.lab import netns

STATE = Path("/run/icelab")
PREFIX = "icelab-"


@dataclasses.dataclass(frozen=True)
class Owner:
    """A process, and when it started: process ids are used again."""

    pid: int
    started: int

    @classmethod
    def me(cls) -> Owner:
        return cls(os.getpid(), _start_time(os.getpid()) or 0)

    @property
    def lives(self) -> bool:
        return _start_time(self.pid) == self.started


@dataclasses.dataclass(frozen=True)
class Entry:
    """One lab as its state folder describes it."""

    id: str
    owner: Owner | None
    """``None``: it stays until someone removes it."""
    facts: dict[str, Any]

    @property
    def is_orphaned(self) -> bool:
        return self.owner is not None and not self.owner.lives


def folder(lab_id: str) -> Path:
    """Where a lab keeps its state."""
    return STATE / lab_id


def new_id(wanted: str | None = None) -> str:
    """Reserve an id: the wanted one, or this process's id and a letter."""
    STATE.mkdir(exist_ok=True)
    if wanted is not None and not re.fullmatch(r"[a-z0-9]{1,12}", wanted):
        raise ValueError("a lab's id is up to 12 small letters and digits")
    candidates = [wanted] if wanted else [f"{os.getpid()}{suffix}" for suffix in _suffixes()]
    for candidate in candidates:
        with contextlib.suppress(FileExistsError):
            folder(candidate).mkdir()
            return candidate
    raise ValueError(f"there is already a lab called {wanted}")


def write(lab_id: str, owner: Owner | None, facts: dict[str, Any]) -> None:
    """Write a lab's state, whole or not at all."""
    data = {"owner": dataclasses.asdict(owner) if owner else None, **facts}
    draft = folder(lab_id) / "lab.json.new"
    draft.write_text(json.dumps(data))
    draft.rename(folder(lab_id) / "lab.json")


def read(lab_id: str) -> Entry:
    """A lab's state. Raises ``KeyError`` if there is no such lab."""
    try:
        facts = json.loads((folder(lab_id) / "lab.json").read_text())
    except (FileNotFoundError, NotADirectoryError):
        raise KeyError(f"there is no lab called {lab_id}") from None
    owner = facts.pop("owner")
    return Entry(lab_id, Owner(**owner) if owner else None, facts)


def entries() -> list[Entry]:
    """All labs that have written their state."""
    if not STATE.is_dir():
        return []
    found = []
    for path in sorted(STATE.iterdir()):
        with contextlib.suppress(KeyError):
            found.append(read(path.name))
    return found


def remove(lab_id: str) -> None:
    """Remove whatever there is of a lab. Safe to repeat."""
    netns.remove(netns.existing(f"{PREFIX}{lab_id}-"))
    for path in sorted(netns.FILES.glob(f"{PREFIX}{lab_id}-*")):
        shutil.rmtree(path, ignore_errors=True)
    shutil.rmtree(folder(lab_id), ignore_errors=True)


def remove_orphans() -> list[str]:
    """Remove the labs whose owner is gone; returns their ids."""
    removed = []
    for entry in entries():
        if entry.is_orphaned:
            remove(entry.id)
            removed.append(entry.id)
    return removed


def _suffixes() -> Iterator[str]:
    for number in range(26 * 27):
        first, second = divmod(number, 26)
        yield (chr(96 + first) if first else "") + chr(97 + second)


def _start_time(pid: int) -> int | None:
    """In clock ticks since the machine started; ``None`` if the process is gone or a zombie."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return None
    fields = text.rpartition(")")[2].split()
    return None if fields[0] == "Z" else int(fields[19])
