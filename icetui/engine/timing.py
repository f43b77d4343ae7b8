"""The clocks of a check list, in one place, so that a test or a bench can hand in others."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Timing:
    """All in seconds."""

    pace: float = 0.005
    """Ta: the least time between two checks, first or repeated (RFC 8445 section 14.2)."""
    retransmit: tuple[float, ...] = (0.15, 0.15, 0.2, 0.2, 0.2, 0.25, 0.3, 0.3, 0.35, 0.4)
    """How long each sending of a check waits for its answer; their sum is when a pair has failed.
    RFC 8445 section 14.3 doubles from 500 ms for want of pacing; here all sendings are paced."""
    recheck_first: float = 0.5
    """From a pair's failure to its next check, and between the next few; then it doubles up to …"""
    rechecks_quick: int = 6
    """How many of these "few" there are: a lossy direct path is found while people still look."""
    recheck: float = 2.0
    """… this while there is no path, because late is normal, …"""
    recheck_direct: float = 10.0
    """… and this for a direct pair while only a relayed path stands."""
    again: float = 0.01
    """The least time after a check before an incoming one triggers it anew."""

    settle_direct: float = 0.05
    """How long a direct pair waits for a better one before it is nominated."""
    settle_relayed: float = 0.5
    """How long a relayed pair waits for a direct one."""
    nomination_timeout: float = 0.15
    """Until a nomination is sent again; at least one and a half round trips."""
    nominations: int = 20
    """How often one nomination is sent."""

    tick: float = 0.05
    """How often upkeep looks at the valid pairs."""
    probe_selected: float = 1.0
    probe_others: float = 5.0
    """At most, between probes; up to a quarter less, so that they do not march in step as RFC 7675
    section 5.1 asks, and a cut is still known within two seconds."""
    probe_suspect: float = 0.1
    """Between probes while the last one is overdue: many in the time that `silence` leaves, so
    that loss is not taken for a dead path."""
    silence: float = 0.6
    """From the first request that nothing answers, plus two round trips, until a path counts as
    `disconnected`; with a probe a second that is within two seconds of the cut."""
    settled: float = 3.0
    """How long a pair that went silent must answer again before the path returns to it."""
    consent: float = 30.0
    """After the last answer, when we must stop sending (RFC 7675 section 5.1)."""
