"""Who can reach whom: the same as real NATs in the lab, and honest where something is unknown."""

from __future__ import annotations

import itertools

import pytest

from icetui.events import NatBehaviour
from icetui.reachability import (
    KINDS,
    Side,
    easiest,
    in_plain_words,
    path,
    towards,
    well_known_name,
)
from tests.lab.test_icetui import can_be_direct
from tests.lab.topology import KINDS as LAB_KINDS

BY_ID = {kind.id: kind for kind in KINDS}
INDEPENDENT, ADDRESS, ADDRESS_AND_PORT = (
    "endpoint-independent", "address-dependent", "address-and-port-dependent",
)  # fmt: skip


def side(kind: str, *relays: str) -> Side:
    known = BY_ID[kind]
    return Side(
        mapping=known.mapping, filtering=known.filtering, udp=known.udp, relays=frozenset(relays)
    )


def test_the_kinds_are_those_of_the_lab() -> None:
    assert tuple(BY_ID) == LAB_KINDS


@pytest.mark.parametrize(("one", "other"), list(itertools.product(LAB_KINDS, LAB_KINDS)))
def test_every_pair_gets_what_it_gets_in_the_lab(one: str, other: str) -> None:
    direct = can_be_direct(one, other)
    assert path(side(one), side(other)) == ("direct" if direct else "no")
    relays = ("udp", "tcp")  # the servers of the lab, known to both
    assert path(side(one, *relays), side(other, *relays)) == ("direct" if direct else "relay")


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        (side("sym", "udp"), side("sym"), "relay"),  # one relay is enough for two with UDP
        (side("sym"), side("prc", "tls"), "relay"),
        (side("udpblock", "udp"), side("open"), "no"),  # it cannot get there
        (side("udpblock", "tcp"), side("prc"), "relay"),
        (side("open", "udp", "tcp"), side("udpblock"), "no"),  # ours is of no use to them
        (side("open"), side("udpblock", "tls"), "relay"),
    ],
)
def test_a_relay_helps_whoever_gets_to_it(one: Side, other: Side, expected: str) -> None:
    assert path(one, other) == path(other, one) == expected


@pytest.mark.parametrize(
    ("ours", "peer", "expected"),
    [
        (Side(mapping=INDEPENDENT), "prc", "direct"),  # whatever our filter is
        (Side(mapping=INDEPENDENT), "sym", "direct-or-no"),
        (Side(mapping=INDEPENDENT, relays=frozenset({"udp"})), "sym", "direct-or-relay"),
        (Side(mapping=ADDRESS, filtering=ADDRESS), "prc", "no"),
        (Side(), "open", "direct"),
        (Side(told=None), "arc", "direct-or-no"),  # who is not told where we are lets nobody in
        (Side(told=None), "cone", "direct"),
        (Side(told=None, udp=False), "open", "no"),
    ],
)
def test_what_is_unknown_is_not_promised(ours: Side, peer: str, expected: str) -> None:
    assert towards(ours)[peer] == expected


def test_a_peer_without_udp_is_taken_to_have_our_servers() -> None:
    assert towards(side("open", "udp"))["udpblock"] == "no"
    assert towards(side("open", "tcp"))["udpblock"] == "relay"


def test_the_names_are_the_well_known_ones() -> None:
    assert well_known_name(INDEPENDENT, INDEPENDENT) == "full cone"
    assert well_known_name(INDEPENDENT, ADDRESS_AND_PORT) == "port-restricted cone"
    assert well_known_name(ADDRESS, ADDRESS) == "symmetric"
    assert well_known_name(ADDRESS_AND_PORT, "unknown") == "symmetric"
    assert well_known_name(INDEPENDENT, "unknown") is None
    assert well_known_name("unknown", ADDRESS) is None


@pytest.mark.parametrize("behind", [None, True, False])
@pytest.mark.parametrize("udp", [None, True, False])
def test_every_behaviour_has_a_sentence(behind: bool | None, udp: bool | None) -> None:
    values = ("unknown", INDEPENDENT, ADDRESS, ADDRESS_AND_PORT)
    for mapping, filtering in itertools.product(values, values):
        sentence = in_plain_words(mapping, filtering, behind, udp)  # type: ignore[arg-type]  # literals
        assert sentence[0].isupper()
        assert sentence.endswith(".")
        assert "dependent" not in sentence, "no term that needs an RFC"


def test_the_easiest_nat_speaks_for_a_side_and_ipv4_before_ipv6() -> None:
    six = NatBehaviour(local="2001:db8::1", mapping=INDEPENDENT)
    hard = NatBehaviour(local="192.168.1.2", mapping=ADDRESS_AND_PORT)
    soft = NatBehaviour(local="192.168.2.2", mapping=INDEPENDENT)
    open_question = NatBehaviour(local="172.17.0.1", udp=False)
    assert easiest([open_question, six, hard, soft]) is soft
    assert easiest([open_question, six, hard]) is hard
    assert easiest([open_question, six]) is six
    assert easiest([open_question]) is open_question
    assert easiest([]) is None
