"""ALTERNATE-SERVER (RFC 8489 section 10): followed once per server, with the same credentials."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from icetui.engine.alternate_servers import MOST_FOLLOWED, Redirections
from icetui.events import Reason, StartSession, StunServer, TurnServer
from icetui.vnet.servers import Certificate, StunOptions, TurnOptions
from tests.engine.conftest import StartCoturn
from tests.engine.served import USERS, Internet, Served
from tests.engine.side import Side

ME, FIRST, SECOND = "192.0.2.1", "192.0.2.50", "192.0.2.60"


def asking_turn(**chosen: object) -> StartSession:
    turn = TurnServer(host=FIRST, username="alice", password="secret", **chosen)  # type: ignore[arg-type]  # as named
    return StartSession(ipv6=False, turn_servers=(turn,))


def elsewhere(address: str, to: str, realm: str = "one") -> TurnOptions:
    return TurnOptions(
        addresses=(address,), users=USERS, realm=realm, errors={"allocate": 300}, alternate=to
    )


def working(address: str, realm: str = "two", **chosen: object) -> TurnOptions:
    return TurnOptions(addresses=(address,), users=USERS, realm=realm, **chosen)  # type: ignore[arg-type]  # as named


def test_the_server_that_is_named_allocates_with_the_same_user_and_a_realm_of_its_own(
    internet: Internet,
) -> None:
    world = internet(ME, first=elsewhere(FIRST, f"{SECOND}:3478"), second=working(SECOND))
    one = Served(world, asking_turn())
    told = one.gather()
    assert told.state == "ok"
    assert (told.address, told.redirected) == (f"{SECOND}:3478", (f"{SECOND}:3478",))
    assert told.relayed is not None and told.relayed.startswith(SECOND)
    assert one.offered("relay") == [SECOND]
    to_first = [m for m in one.messages("Allocate") if m.remote.startswith(FIRST)]
    assert len(to_first) == 1, "once per server"


def test_a_loop_ends_at_once_and_is_a_field(internet: Internet) -> None:
    world = internet(
        ME, first=elsewhere(FIRST, f"{SECOND}:3478"), second=elsewhere(SECOND, f"{FIRST}:3478")
    )
    one = Served(world, asking_turn())
    told = one.gather(within=1.0)
    assert (told.state, told.reason) == ("failed", Reason.TRY_ALTERNATE)
    assert told.evidence is not None and told.evidence.code == 300
    assert told.evidence.alternate == f"{FIRST}:3478"
    assert told.evidence.alternate_refused == "loop"
    assert len(one.messages("Allocate")) == 2


@pytest.mark.parametrize(
    ("alternate", "why"),
    [
        ("", "none-named"),
        ("[2001:db8::7]:3478", "other-family"),
        ("224.0.0.1:3478", "impossible"),
        (f"{FIRST}:3478", "loop"),
    ],
)
@pytest.mark.parametrize("kind", ["stun", "turn"])
def test_where_nobody_can_be_asked_nobody_is(
    internet: Internet, kind: str, alternate: str, why: str
) -> None:
    if kind == "turn":
        one = Served(internet(ME, first=elsewhere(FIRST, alternate)), asking_turn())
    else:
        options = StunOptions(addresses=(FIRST,), error=300, alternate=alternate)
        start = StartSession(ipv6=False, stun_servers=(StunServer(host=FIRST),))
        one = Served(internet(ME, first=options), start)
    told = one.gather(within=1.0)
    assert (told.state, told.reason) == ("failed", Reason.TRY_ALTERNATE)
    assert told.evidence is not None and told.evidence.alternate_refused == why
    assert all(m.remote == f"{FIRST}:3478" for m in one.messages("Allocate"))


def test_a_chain_has_an_end() -> None:
    redirections = Redirections(("192.0.2.2", 1), ME)
    for number in range(MOST_FOLLOWED):
        assert redirections.follow(("192.0.2.3", 1 + number)) is None
    assert redirections.follow(("192.0.2.4", 1)) == "too-many"
    assert len(redirections.followed) == MOST_FOLLOWED


def test_a_stun_server_sends_us_to_another_one_that_tells_our_address(internet: Internet) -> None:
    options = StunOptions(addresses=(FIRST,), error=300, alternate=f"{SECOND}:3479")
    other = StunOptions(addresses=(SECOND,), port=3479, mapped_address="198.51.100.7")
    start = StartSession(ipv6=False, stun_servers=(StunServer(host=FIRST),))
    one = Served(internet(ME, first=options, second=other), start)
    told = one.gather()
    assert (told.state, told.redirected) == ("ok", (f"{SECOND}:3479",))
    assert told.address == f"{SECOND}:3479"
    assert one.offered("srflx") == ["198.51.100.7"]


def test_over_tls_the_other_server_shows_the_certificate_of_the_first_ones_name(
    internet: Internet,
) -> None:
    """No ALTERNATE-DOMAIN is told: the name that was asked for counts (section 10)."""
    reached = {}
    for names in ((FIRST,), ("other.example",)):
        second = working(SECOND, transports=("tls",), certificate=Certificate(names=names))
        first = elsewhere(FIRST, f"{SECOND}:5349")
        first = TurnOptions(
            addresses=(FIRST,), users=USERS, transports=("tls",), errors=first.errors,
            alternate=first.alternate,
        )  # fmt: skip
        one = Served(
            internet(ME, first=first, second=second), asking_turn(transport="tls", port=5349)
        )
        reached[names] = one.gather()
    right, wrong = reached.values()
    assert right.state == "ok"
    assert (wrong.reason, wrong.evidence and wrong.evidence.tls) == (Reason.TLS, "certificate-name")


async def test_coturns_alternate_is_followed(
    side: Callable[..., Side], start_coturn: StartCoturn
) -> None:
    """So real servers speak it: unsigned, before they ask who we are."""
    target = await start_coturn()
    pointing = await start_coturn(f"--alternate-server=127.0.0.1:{target.port}")
    one = side(StartSession(interfaces=("lo",), ipv6=False, turn_servers=(pointing.turn(),)))
    # On a busy machine the first try may have been given up; it is asked again then.
    await one.until(lambda s: [server.state for server in s.servers.values()] == ["ok"])
    (told,) = one.session.servers.values()
    assert told.redirected == (f"127.0.0.1:{target.port}",)
