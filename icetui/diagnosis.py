"""Diagnosis: what a Session means, in plain words, with the evidence and what to do about it.

Pure rules over the fold. A finding never appears without figures behind it, and it is gone as soon
as the figures are: nothing is remembered here.
"""

from __future__ import annotations

from typing import Literal

import msgspec

from icetui.session import Session

Severity = Literal["good", "info", "warning", "problem"]


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """One thing worth saying."""

    severity: Severity
    claim: str
    """One sentence."""
    evidence: str
    """What it rests on: counts, times, pairs."""
    remedy: str = ""
    """What a person can do; empty when nothing needs doing."""


def diagnose(session: Session) -> list[Finding]:
    """All findings, the most important first."""
    raise NotImplementedError
