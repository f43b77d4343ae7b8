"""The clocks of a session with what the user chose of them."""

from __future__ import annotations

import dataclasses

from icetui import events
from icetui.engine.core import STRICT, Timing

LEAST_PACE = 0.005
"""Seconds; RFC 8445 section 14.2 allows no smaller Ta."""


def chosen_timing(timing: Timing, start: events.StartSession) -> Timing:
    """The clocks with what the user chose of them."""
    if start.strict:
        timing = STRICT
    if start.pace is not None:
        timing = dataclasses.replace(timing, pace=max(LEAST_PACE, start.pace))
    if start.rto is not None:
        timing = dataclasses.replace(timing, rto=max(timing.rto_least, start.rto))
    return timing
