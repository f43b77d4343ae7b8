"""The clocks of a check list, in one place, so that a test or a bench can hand in others."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Timing:
    """All in seconds."""

    pace: float = 0.005
    """Ta: the least time between two checks, first or repeated (RFC 8445 section 14.2)."""
    rto: float | None = None
    """How long the first sending of a check waits for its answer. None: by the round trips that
    were measured already, to this address or else to servers; without any, `rto_unknown`."""
    rto_unknown: float = 0.1
    rto_least: float = 0.05
    rto_most: float = 0.5
    rto_round_trips: float = 1.5
    """RTO per round trip to the nearest server. RFC 8445 section 14.3 starts at 500 ms for want of
    pacing; here every sending, first or repeated, is paced."""
    rto_growth: float = 1.08
    """What each sending waits longer than the one before it."""
    verdict: float = 2.4
    """After how long without an answer a pair has failed, …"""
    sendings: int = 6
    """… but never before this many sendings."""
    trickle: float = 15.0
    """For how long after their description more candidates may come before all has failed, unless
    they have said that none will (RFC 8838)."""
    recheck_lively: float = 0.2
    """Between checks of a failed pair for `lively` after the other side was first heard: a lossy
    direct path is found while people still look."""
    lively: float = 15.0
    lively_share: float = 0.25
    """What part of all sendings that Ta allows such rechecks may take together."""
    recheck_first: float = 0.5
    """Otherwise: from a pair's failure to its next check; then it doubles up to …"""
    recheck: float = 2.0
    """… this while there is no path, because late is normal, …"""
    recheck_only_we: float = 0.2
    """… or this, where a check of theirs cannot reach us and only one of ours opens the way, …"""
    recheck_direct: float = 10.0
    """… and this for a direct pair while only a relayed path stands."""
    unanswered: float = 60.0
    """How long an IP address is tried like that; then it gets less (see `rechecks.py`)."""
    again: float = 0.01
    """The least time after a check before an incoming one triggers it anew, …"""
    again_growth: float = 1.3
    """… longer by this each time that nothing came of it, up to …"""
    again_most: float = 2.0
    """… this: where each check of theirs triggers one of ours and the other way round, two sides
    that never get an answer would go on for ever."""
    fruitless: int = 12
    """After so many of these a triggered check is sent once and not repeated."""

    stubborn: float = 2.0
    """How long the other side may claim our role in spite of 487 before we take the other one."""
    keep_open: float = 15.0
    """Between indications to who knocks before their description is here (RFC 8445 section 11)."""

    settle_direct: float = 0.05
    """How long a direct pair waits for a better one before it is nominated."""
    settle_relayed: float = 0.5
    """How long a relayed pair waits for a direct one."""
    settle_for_good: float = 2.0
    """The same where no other may be nominated after it."""
    nomination_timeout: float = 0.15
    """Until a nomination is sent again; at least one and a half round trips."""
    nominations: int = 20
    """How often one nomination is sent."""
    overtaken: float = 0.3
    """For how long a nomination of the pair that another has just replaced is taken for one that
    was overtaken on its way; at least one and a half round trips. One that is meant comes again
    with the next request for consent."""

    tick: float = 0.05
    """For how long changes of a pair's figures are gathered before it is shown."""
    probe_selected: float = 1.0
    probe_others: float = 5.0
    """At most, between probes; up to a quarter less, so that they do not march in step as RFC 7675
    section 5.1 asks, and a cut is still known within two seconds."""
    probe_suspect: float = 0.1
    """Between probes while the last one is overdue: many in the time that `silence` leaves, so
    that loss is not taken for a dead path."""
    probe_silent: float = 2.0
    """At most, between probes of a silent pair for each check of theirs that comes; the first ones
    are `probe_suspect` apart, then twice as long each: where a policer drops what is too much, two
    sides that ask each other for ever would keep it busy."""
    probe_lossy: float = 0.05
    """The same on a pair that loses more than `lossy` of its requests."""
    lossy: float = 0.1
    loss_unknown: float = 0.5
    """What a pair is taken to lose before there is experience."""
    probe_settling: float = 0.2
    """Between probes of a valid direct pair for `lively`, until one is nominated: each lets the
    other side try again at once."""
    false_alarm: float = 0.0002
    """How likely it may be that loss alone explains a silence. By the loss seen so far this many
    requests must stay unanswered, for `silence_most` at the most."""
    silence_most: float = 3.0
    silence: float = 0.6
    """From the first request that nothing answers, plus two round trips, until a path counts as
    `disconnected`; with a probe a second that is within two seconds of the cut."""
    settled: float = 3.0
    """How long a pair that went silent must answer again before the path returns to it."""
    consent: float = 30.0
    """After the last answer, when we must stop sending (RFC 7675 section 5.1)."""
    jitter: tuple[float, float] = (0.75, 1.0)
    """By which factor each probe's interval is between."""

    # What is no time, and follows the letter of the RFCs where `STRICT` sets it.

    doubled: int | None = None
    """Rc: so many sendings, each waiting twice as long as the one before, the last one 16 times the
    first (RFC 8489 section 6.2.1). None: as `rto_growth` and `verdict` say."""
    rechecks: bool = True
    """Whether a pair that has failed is tried again though nothing came from there."""
    renominates: bool = True
    """Whether another pair may be nominated after the first one, without a restart, where the other
    side agrees or the first one is silent."""
    revives: bool = True
    """Whether a pair whose consent has expired may be checked again with the same credentials."""
    most_pairs: int | None = None
    """In the check list (RFC 8445 section 6.1.2.5)."""

    def trigger_again(self, fruitless: int) -> float:
        """Seconds after a check before another one of theirs triggers it anew."""
        growth = self.again_growth ** min(fruitless, 64)
        return min(self.again * growth, self.again_most)

    def retransmit(self, round_trip: float | None, checks: int = 0) -> tuple[float, ...]:
        """How long each sending of a check waits for its answer; their sum is when it has failed.

        `round_trip` is what is known of the way to this address, seconds; `checks` are all pairs
        times those that wait or are in progress (RFC 8445 section 14.3).
        """
        if self.doubled is not None:
            first = max(self.rto or self.rto_most, self.pace * checks)
            return (*(first * 2.0**n for n in range(self.doubled - 1)), 16 * first)
        if self.rto is not None:
            wait = self.rto
        elif round_trip is None:
            wait = self.rto_unknown
        else:
            wait = min(max(self.rto_least, self.rto_round_trips * round_trip), self.rto_most)
        waits: list[float] = []
        while len(waits) < self.sendings or sum(waits) < self.verdict:
            waits.append(wait)
            wait *= self.rto_growth
        return tuple(waits)


STRICT = Timing(
    pace=0.05,  # RFC 8445 section 14.2
    rto=0.5,  # section 14.3, at least
    doubled=7,  # RFC 8489 section 6.2.1
    rechecks=False,
    again=0.05,
    probe_selected=5.0,  # RFC 7675 section 5.1
    probe_others=15.0,  # RFC 8445 section 11
    probe_suspect=5.0,
    probe_lossy=5.0,
    probe_settling=5.0,
    jitter=(0.8, 1.2),
    silence=30.0,
    silence_most=30.0,
    renominates=False,  # RFC 8445 section 8.1.1
    revives=False,  # RFC 7675 section 5.1
    most_pairs=100,  # RFC 8445 section 6.1.2.5
)
"""To the letter, where we leave the RFCs on purpose otherwise."""
