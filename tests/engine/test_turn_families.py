"""Relayed addresses of both IP families (RFC 8656 section 7), and servers that know less."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from icetui.events import Paste, Reason, SendText, StartSession, TurnServer
from icetui.vnet.servers import TurnOptions
from icetui.vnet.world import World
from tests.engine.conftest import StartCoturn
from tests.engine.served import USERS, Internet, Served
from tests.engine.side import Side

ME, SERVER, SERVER6 = "192.0.2.1", "192.0.2.50", "2001:db8:5::50"
TURN = TurnServer(host=SERVER, username="alice", password="secret")


def served(world: World, **chosen: object) -> Served:
    start = StartSession(relay_only=True, turn_servers=(TURN,), **chosen)  # type: ignore[arg-type]  # as named
    return Served(world, start)


def server(*addresses: str, **options: object) -> TurnOptions:
    return TurnOptions(addresses=addresses, relay_addresses=addresses, users=USERS, **options)  # type: ignore[arg-type]  # as named


def asked(one: Served) -> list[set[str]]:
    """What families each Allocate asked for."""
    names = {"REQUESTED-ADDRESS-FAMILY", "ADDITIONAL-ADDRESS-FAMILY"}
    return [{a.name for a in m.attributes} & names for m in one.messages("Allocate")]


def test_one_allocation_has_a_relayed_address_of_each_family(internet: Internet) -> None:
    one = served(internet(ME, turn=server(SERVER, SERVER6)))
    told = one.gather()
    assert one.offered("relay") == [SERVER, SERVER6]
    assert [r.rpartition(":")[0] for r in told.relays] == [SERVER, f"[{SERVER6}]"]
    assert told.not_relayed == ()
    assert len(one.messages("Allocate", "response")) == 1


def test_a_peer_with_the_other_family_alone_is_reached_through_it(internet: Internet) -> None:
    """An IPv4 host and an IPv6 host: they meet at the relay only."""
    bob6 = "2001:db8:5::77"
    world = internet(ME, turn=server(SERVER, SERVER6), bob=TurnOptions(addresses=(bob6,)))
    one = served(world)
    other = Served(world, StartSession(), host="bob")
    one.gather()
    assert world.clock.run_until_true(lambda: other.session.gathering == "complete", 5.0)
    one.peer.send(Paste(text=other.peer.blob))
    other.peer.send(Paste(text=one.peer.blob))
    both = (one.session, other.session)
    assert world.clock.run_until_true(lambda: all(s.state == "completed" for s in both), 5.0)
    one.peer.send(SendText(text="over IPv6"))
    world.clock.run_for(1.0)
    assert [t.text for t in other.session.texts] == ["over IPv6"]
    assert not world.failures


@pytest.mark.parametrize(
    ("chosen", "options", "relayed", "why"),
    [
        # It says that it has no other family, in a success.
        ({}, {"addresses": (SERVER,)}, [SERVER], (440, 6)),
        # It is older than the attribute and passes over it.
        ({}, {"addresses": (SERVER, SERVER6), "families": "unknown"}, [SERVER], None),
        # It refuses all because of it: it is asked without.
        ({}, {"addresses": (SERVER, SERVER6), "families": "refused"}, [SERVER], (440, 6)),
        # IPv4 alone is used here.
        ({"ipv6": False}, {"addresses": (SERVER, SERVER6)}, [SERVER], None),
    ],
)
def test_a_server_that_has_or_knows_no_other_family_lends_the_one(
    internet: Internet,
    chosen: dict[str, bool],
    options: dict[str, object],
    relayed: list[str],
    why: object,
) -> None:
    addresses = options.pop("addresses")
    one = served(internet(ME, turn=server(*addresses, **options)), **chosen)  # type: ignore[misc]  # a tuple
    told = one.gather()
    assert one.offered("relay") == relayed
    refused = [(e.code, e.family) for e in told.not_relayed]
    assert refused == ([why] if why else [])


@pytest.mark.parametrize(
    ("options", "reason", "code"),
    [
        ({}, Reason.FAMILY_UNSUPPORTED, 440),
        ({"families": "unknown"}, Reason.UNKNOWN_ATTRIBUTES, 420),
    ],
)
def test_where_only_ipv6_is_used_only_ipv6_is_asked_for(
    internet: Internet, options: dict[str, str], reason: Reason, code: int
) -> None:
    turn = TurnServer(host=SERVER6, username="alice", password="secret")
    start = StartSession(ipv4=False, relay_only=True, turn_servers=(turn,))
    has = TurnOptions(addresses=(SERVER6,), relay_addresses=(SERVER6,), users=USERS)
    one = Served(internet("2001:db8:5::1", turn=has), start)
    one.gather()
    assert one.offered("relay") == [SERVER6]
    assert asked(one)[-1] == {"REQUESTED-ADDRESS-FAMILY"}
    has_not = TurnOptions(
        addresses=(SERVER6,), relay_addresses=("192.0.2.50",), users=USERS, **options
    )  # type: ignore[arg-type]  # as named
    told = Served(internet("2001:db8:5::1", turn=has_not), start).gather()
    assert (told.state, told.reason) == ("failed", reason)
    assert told.evidence is not None and told.evidence.code == code


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        (400, Reason.BAD_REQUEST),
        (403, Reason.FORBIDDEN),
        (437, Reason.ALLOCATION_MISMATCH),
        (440, Reason.FAMILY_UNSUPPORTED),
        (441, Reason.WRONG_CREDENTIALS),
        (442, Reason.TRANSPORT_UNSUPPORTED),
        (443, Reason.PEER_FAMILY_MISMATCH),
        (486, Reason.QUOTA),
        (500, Reason.SERVER_ERROR),
        (508, Reason.INSUFFICIENT_CAPACITY),
        (599, Reason.ERROR_ANSWER),
    ],
)
def test_each_error_code_is_a_reason_of_its_own(
    internet: Internet, code: int, reason: Reason
) -> None:
    one = served(internet(ME, turn=server(SERVER, errors={"allocate": code})), ipv6=False)
    told = one.gather()
    assert (told.state, told.reason) == ("failed", reason)
    assert told.evidence is not None and told.evidence.code == code


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        (403, Reason.FORBIDDEN),
        (443, Reason.PEER_FAMILY_MISMATCH),
        (508, Reason.INSUFFICIENT_CAPACITY),
    ],
)
def test_a_peer_that_is_refused_has_the_codes_reason(
    internet: Internet, code: int, reason: Reason
) -> None:
    refusing = server(SERVER, errors={"channel-bind": code, "create-permission": code})
    world = internet(ME, turn=refusing, bob=TurnOptions(addresses=("192.0.2.77",)))
    one, other = served(world), Served(world, StartSession(), host="bob")
    one.gather()
    other.world.clock.run_for(3.0)
    one.peer.send(Paste(text=other.peer.blob))
    world.clock.run_for(3.0)
    failed = [p for p in one.session.pairs.values() if p.evidence and p.evidence.code]
    assert failed and {(p.reason, p.evidence and p.evidence.code) for p in failed} == {
        (reason, code)
    }


def test_both_addresses_end_with_their_allocation_and_one_renewal_brings_both_back(
    internet: Internet,
) -> None:
    world = internet(ME, turn=server(SERVER, SERVER6))
    one = served(world)
    one.gather()
    world.change("restart", "turn")
    world.clock.run_for(40.0)
    candidates = [c for c in one.session.local_candidates.values() if c.type == "relay"]
    assert [c.gone for c in candidates] == ["allocation", "allocation", None, None]
    assert one.offered("relay") == [SERVER, SERVER6]
    granted = one.messages("Allocate", "response")
    assert len(granted) == 2, "one allocation in the beginning, and one instead of it"
    one.peer.leave()
    world.clock.run_for(1.0)
    assert not world.hosts["alice"].bound
    assert not world.failures


async def test_coturn_lends_ipv4_where_both_are_used_and_ipv6_where_that_alone_is(
    side: Callable[..., Side], start_coturn: StartCoturn
) -> None:
    """4.6 passes over ADDITIONAL-ADDRESS-FAMILY by its present number."""
    coturn = await start_coturn("-L", "::1", "-E", "::1")
    six = TurnServer(host="::1", port=coturn.port, username="alice", password="secret")
    for turn, chosen, relayed in (
        (coturn.turn(), {}, ["127.0.0.1"]),
        (six, {"ipv4": False}, ["::1"]),
    ):
        start = StartSession(interfaces=("lo",), relay_only=True, turn_servers=(turn,), **chosen)
        one = side(start)
        await one.until(lambda s: s.gathering == "complete")
        assert [c.address for c in one.session.local_candidates.values()] == relayed
