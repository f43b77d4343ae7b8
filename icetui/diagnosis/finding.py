"""What a finding is. What must never come in: any rule."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Literal

import msgspec

from icetui.diagnosis.elimination import Strength
from icetui.diagnosis.hypothesis import Suspect
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
    strength: Strength = "is"
    """`is`: the claim says what is so; `one of`: it lists what may be, `hypotheses`, the likeliest
    first and not necessarily all; `unknown`: nothing we know explains what the evidence shows."""
    hypotheses: tuple[Suspect, ...] = ()
    """What may be the cause, or is it, each with the figures that speak for it."""
    head: str = ""
    """The claim without its list of causes, where it has one."""

    @property
    def causes(self) -> tuple[str, ...]:
        """What may be, the likeliest first and something else last; empty: the claim says it."""
        if self.strength != "one of" or not self.head:
            return ()
        return (*(one.words for one in self.hypotheses), "something else")

    @property
    def short(self) -> str:
        """The claim, for whoever draws its causes as a list below it."""
        return f"{self.head}. Likeliest first:" if self.causes else self.claim


Rule = Callable[[Session], Iterator[Finding]]
