"""What a finding is. What must never come in: any rule."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Literal

import msgspec

from icetui.session import Session

Severity = Literal["problem", "warning", "info", "good"]
WORST_FIRST: dict[Severity, int] = {"problem": 0, "warning": 1, "info": 2, "good": 3}


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """One thing worth saying."""

    rule: str
    """Stable name for scripts, in lower case with hyphens."""
    severity: Severity
    claim: str
    """One sentence, no more than the evidence allows."""
    evidence: str
    """What it rests on: counts, times, pairs."""
    remedy: str = ""
    """What a person can do; empty when nothing needs doing."""
    pairs: tuple[str, ...] = ()
    """Ids of the pairs it rests on."""


Rule = Callable[[Session], Iterator[Finding]]
