"""What two NATs, or one that both are behind, can keep apart."""

from __future__ import annotations

from icetui.diagnosis import nats
from icetui.diagnosis.evidence import Evidence
from icetui.diagnosis.hypothesis import Hypothesis, Speaks
from icetui.diagnosis.questions import is_public


def _silent(e: Evidence) -> bool:
    """Nothing came, though it was not for NATs alone to stop it."""
    return not e.heard and not e.answered and not e.free and not e.relays_only


def _open_there(e: Evidence) -> bool:
    """Whether an address of theirs is that of their machine itself, no NAT in front of it."""
    return any(c.type == "host" and is_public(c.address) for c in e.theirs)


def _relay(e: Evidence) -> bool:
    return bool(e.our_relays or e.their_relays)


def _excluding(e: Evidence) -> str:
    if e.mine.dependent and e.other.dependent:
        return (
            "no direct path can exist, as both routers use another port or address for every "
            "destination (symmetric NATs) and neither side has a relay"
        )
    whose, rest = ("our", "theirs") if e.mine.dependent else ("their", "ours")
    return (
        f"no direct path can exist, as {whose} router uses another port or address for every "
        f"destination (a symmetric NAT), {rest} lets in only ports it has written to, and "
        "neither side has a relay"
    )


def _one_dependent(e: Evidence) -> str:
    if not (e.mine.dependent or e.other.dependent):
        return "the NATs let no direct path through, and there is no relay"
    whose, rest = ("our", "theirs") if e.mine.dependent else ("their", "ours")
    return (
        f"{whose} router uses another port or address for every destination (a symmetric NAT), so "
        f"without a relay they only meet if {rest} lets unknown ports in"
    )


def _measured(e: Evidence) -> bool:
    return (
        e.excluded and not _relay(e) and not e.doubtful and _silent(e)
    )  # fmt: skip


def _known(e: Evidence) -> Speaks:
    said = nats.in_words(e.mine, e.other)
    return ((1.0, said),) if said else ()


def _how_dependent(e: Evidence) -> Speaks:
    if e.mine.dependent or e.other.dependent:
        return (
            (7.0 if _private(e) and not _explained(e) else 2.5, nats.in_words(e.mine, e.other)),
        )
    return ()


def _private(e: Evidence) -> bool:
    """Whether one side has no public address: with one the two would most likely not meet either,
    as nearly all NATs let in only ports they have written to."""
    return not e.our_public or not e.their_public


def _explained(e: Evidence) -> bool:
    """Whether there is a reason on one side for its having no public address."""
    return bool(e.udp_silent and not e.udp_ok) or e.their_servers in ("silent", "over-tcp")


def _where_local(e: Evidence) -> str:
    if e.neighbours:
        return (
            "their local address does not answer either (hosts of this network may be kept apart, "
            "or theirs is off or has left)"
        )
    return "their local address is in another network (two homes behind one provider's NAT?)"


def _turned_back(e: Evidence) -> Speaks:
    figure = f"both are seen at {e.shared}"
    if e.hairpinning is False:
        return ((3.0, f"{figure}; measured: this NAT does not hairpin"),)
    return ((1.0, figure),)


def _lets_in(e: Evidence) -> Speaks:
    """What speaks for their checks getting in by a port that ours do not leave from."""
    if not e.mine.dependent:
        return ()
    known = e.mine.filtering == "endpoint-independent"
    return ((20.0 if known else 6.0, nats.in_words(e.mine, e.other)),)


TURN = "Name a TURN server on one side (--turn turn:user:password@host), then exchange new blobs."

HYPOTHESES: tuple[Hypothesis[Evidence], ...] = (
    Hypothesis(
        code="nats-exclude",
        rule="no-direct-way",
        place="the way between",
        words=_excluding,
        common=lambda e: 30.0,
        possible=lambda e: e.possible is False and not _relay(e) and _silent(e),
        speaks=_known,
        proved=_measured,
        remedy=lambda e: TURN,
    ),
    Hypothesis(
        code="server-misleads",
        rule="no-direct-way",
        place="a server",
        words=lambda e: "our STUN server says a wrong address of us"
        if e.misled
        else "one of our STUN servers says a wrong port",
        common=lambda e: 80.0 if e.misled else 8.0,
        possible=lambda e: bool(e.doubtful or e.misled) and not e.heard,
        speaks=lambda e: ((1.0, e.misled or e.doubtful),),
        remedy=lambda e: "Leave out the STUN servers one by one and compare.",
    ),
    Hypothesis(
        code="nats-may-exclude",
        rule="nothing-answers",
        place="the way between",
        words=_one_dependent,
        common=lambda e: 2.0 if _open_there(e) else 9.0,
        possible=lambda e: e.possible is None and not _relay(e) and _silent(e) and not e.neighbours
        and e.shared is None and not (e.mine.absent or e.other.absent),
        speaks=_how_dependent,
        remedy=lambda e: "A TURN server on one side (--turn) gets around the NATs.",
    ),
    Hypothesis(
        code="nats-one-way",
        rule="not-heard",
        place="our network",
        words=lambda e: "our router lets their checks in and sends ours out from another port for "
        "every destination, and theirs lets in only ports it has written to",
        common=lambda e: 2.0,
        possible=lambda e: e.heard_long and not e.answered and not e.free and not e.mine.absent
        and not e.relays_only
        and e.mine.mapping != "endpoint-independent"
        and e.mine.filtering != "address-and-port-dependent",
        speaks=_lets_in,
        remedy=lambda e: "A TURN server on one side (--turn) gets around the NATs.",
    ),
    Hypothesis(
        code="no-hairpin",
        rule="no-hairpin",
        place="our network",
        words=lambda e: "both are behind one public address, and its NAT does not turn packets "
        f"back inside (no hairpinning); {_where_local(e)}",
        common=lambda e: 40.0,
        possible=lambda e: e.shared is not None and e.hairpinning is not True and not _relay(e)
        and not (e.neighbours and e.closed) and not e.misled
        and _silent(e),
        speaks=_turned_back,
        remedy=lambda e: "Let the hosts of this network reach each other (client isolation off), "
        "or name a TURN server on one side."
        if e.neighbours
        else "Name a TURN server on one side, or use IPv6 on both.",
    ),
)  # fmt: skip
