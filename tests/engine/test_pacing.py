"""How checks are paced and in which order they leave."""

from __future__ import annotations

import itertools
from collections.abc import Callable

from icetui import events, signaling
from icetui.engine.core import Timing
from icetui.engine.core.likelihood import unlikely
from icetui.events import Candidate
from icetui.signaling import Description
from tests.engine.side import Side


def candidate(kind: str, address: str, port: int = 4000, number: str = "") -> Candidate:
    return Candidate(id=number, type=kind, address=address, port=port)  # type: ignore[arg-type]  # a kind


async def test_no_two_checks_leave_closer_than_ta(side: Callable[..., Side]) -> None:
    """RFC 8445 section 14.2; retransmissions are paced like first sendings."""
    one = side()
    await one.blob()
    nobody = tuple(candidate("host", "127.0.0.1", port) for port in range(20001, 20021))
    theirs = Description(ufrag="abcd", pwd="p" * 22, candidates=nobody)
    one.agent.paste(signaling.write_blob(theirs))
    await one.until(
        lambda s: sum(p.requests_sent + p.retransmissions_sent for p in s.pairs.values()) >= 30
    )
    sent = [m.t for m in one.of(events.StunMessage) if m.direction == "out"]
    gaps = [later - earlier for earlier, later in itertools.pairwise(sent)]
    assert min(gaps) >= Timing().pace * 0.8, "the clocks differ by a little"


async def test_a_user_may_choose_ta_and_rto(side: Callable[..., Side]) -> None:
    chosen = events.StartSession(interfaces=("lo",), ipv6=False, pace=0.03, rto=0.4)
    one = side(chosen)
    await one.blob()
    nobody = tuple(candidate("host", "127.0.0.1", port) for port in range(20001, 20004))
    theirs = Description(ufrag="abcd", pwd="p" * 22, candidates=nobody)
    unplugged = one.agent.endpoints[0]
    unplugged.unreachable = lambda addr, detail: None  # type: ignore[method-assign]  # no ICMP
    one.agent.paste(signaling.write_blob(theirs))
    await one.until(lambda s: all(p.retransmissions_sent for p in s.pairs.values()))
    sent = [m for m in one.of(events.StunMessage) if m.direction == "out"]
    gaps = [later.t - earlier.t for earlier, later in itertools.pairwise(sent)]
    assert min(gaps) >= 0.03 * 0.8, "the clocks differ by a little"
    first = {m.pair: m.t for m in reversed(sent) if m.transmission == 1}
    again = {m.pair: m.t for m in reversed(sent) if m.transmission == 2}
    assert min(again[pair] - first[pair] for pair in again) >= 0.4 * 0.8


HOME = "192.168.1.20"
"""Where the routing table would send from."""


def test_documentation_addresses_are_as_likely_as_public_ones() -> None:
    here = candidate("host", HOME)
    for public in ("203.0.113.9", "8.8.8.8"):
        assert unlikely(here, candidate("srflx", public), HOME, True) == unlikely(
            here, candidate("srflx", public), HOME, False
        )


def test_private_networks_come_after_what_the_outside_sees() -> None:
    here = candidate("host", HOME)
    assert unlikely(here, candidate("host", "10.7.0.4"), HOME, True) > 0
    assert unlikely(here, candidate("host", "10.7.0.4"), HOME, False) == unlikely(
        here, candidate("srflx", "203.0.113.9"), HOME, False
    ), "with nothing else to go by nothing is put last"
    relay = candidate("relay", "198.51.100.7")
    assert unlikely(relay, candidate("host", "10.7.0.4"), HOME, True) > 0


async def test_likelihood_counts_what_the_whole_description_says(
    side: Callable[..., Side],
) -> None:
    """A blob lists host candidates first; that there are others is known only at its end.

    Without their credentials nothing is sent to either.
    """
    one = side()
    await one.blob()
    core = one.agent.core
    core.add_remote(candidate("host", "10.7.0.4"), 0.0)
    core.add_remote(candidate("srflx", "127.0.0.1", 20001), 0.0)
    core.newest.checks.reprioritise()
    by_remote = {p.remote.type: p.unlikely for p in core.newest.pairs}
    assert by_remote["srflx"] < by_remote["host"]
