"""The TURN server in virtual time: what it grants, for how long, and what it refuses."""

from __future__ import annotations

import base64
import hmac
from typing import Any

import pytest

from icetui.engine.net import Address
from icetui.vnet import stun_messages as stun
from icetui.vnet.servers import Certificate, TurnOptions
from icetui.vnet.turn_server import TurnServer
from tests.vnet.asking import UDP, Asking, address, code, plain
from tests.vnet.lan import BEGINNING, Lan

CLIENT, PEER, RELAY = "192.0.2.1", "192.0.2.2", "192.0.2.10"
SERVER = (RELAY, 3478)
CHANNEL = (stun.CHANNEL_NUMBER, b"\x40\0\0\0")


class Place:
    """A server, a client of it, a peer."""

    def __init__(self, **options: Any) -> None:
        options.setdefault("users", {"alice": "secret", "bob": "other"})
        self.lan = Lan()
        self.machine = self.lan.host(RELAY, "2001:db8::10")
        self.server = TurnServer(TurnOptions(**options), self.machine)
        self.machine.run(self.server.start())
        self.home = self.lan.host(CLIENT)
        self.client = Asking(self.home, SERVER).open()
        self.peer = Asking(self.lan.host(PEER), SERVER).open()

    def another(self) -> Asking:
        """One more client."""
        return Asking(self.home, SERVER).open()

    def wait(self, seconds: float) -> None:
        self.lan.clock.run_for(seconds)


def seconds(answer: stun.Message) -> int | None:
    return answer.number(stun.LIFETIME)


def send(client: Asking, peer: Address, data: bytes) -> None:
    """A Send indication."""
    tid = bytes(12)
    said = [(stun.XOR_PEER_ADDRESS, stun.xor_address(peer, tid)), (stun.DATA, data)]
    client.send(stun.build(stun.SEND, stun.INDICATION, tid, said))


def indicated(data: bytes | None) -> tuple[bytes, Address | None]:
    """What a Data indication brings, and from whom."""
    message = stun.parse(data or b"")
    assert message is not None
    assert (message.method, message.kind) == (stun.DATA_METHOD, stun.INDICATION)
    return message.attributes[stun.DATA], address(message, stun.XOR_PEER_ADDRESS)


# --- who may ------------------------------------------------------------------------------------


def test_a_stranger_is_challenged_with_realm_and_nonce() -> None:
    answer = Place().client.ask(stun.ALLOCATE, UDP)
    assert code(answer) == 401
    assert answer is not None and answer.attributes[stun.REALM] == b"turn.test"
    assert answer.attributes[stun.NONCE] and answer.integrity_at is None


@pytest.mark.parametrize(("user", "password"), [("alice", "wrong"), ("mallory", "secret")])
def test_wrong_credentials_are_refused(user: str, password: str) -> None:
    client = Place().client
    client.user, client.password = user, password
    client.ask(stun.ALLOCATE, UDP)
    assert code(client.request(stun.ALLOCATE, UDP)) == 401


@pytest.mark.parametrize("left", [60, -60])
def test_a_time_limited_user_is_one_until_then(left: int) -> None:
    client = Place(secret="deep").client
    client.user = f"{int(BEGINNING) + left}:@alice:example.org"
    digest = hmac.digest(b"deep", client.user.encode(), "sha1")
    client.password = base64.b64encode(digest).decode()
    client.ask(stun.ALLOCATE, UDP)
    assert code(client.request(stun.ALLOCATE, UDP)) == (0 if left > 0 else 401)


def test_a_nonce_grows_stale_and_the_answer_has_a_new_one() -> None:
    place = Place(nonce_lifetime=10)
    place.client.allocate()
    old = place.client.nonce
    place.wait(11)
    answer = place.client.ask(stun.REFRESH, signed=True)
    assert code(answer) == 438
    assert place.client.nonce != old
    assert code(place.client.ask(stun.REFRESH, signed=True)) == 0


def test_another_nonces_owner_is_a_stranger() -> None:
    """A client that its NAT moved is another 5-tuple: 438, then 437 and 400 for ever."""
    place = Place()
    place.client.allocate()
    moved = place.another()
    moved.nonce = place.client.nonce
    assert code(moved.ask(stun.CREATE_PERMISSION, peer=(PEER, 1), signed=True)) == 438
    assert code(moved.ask(stun.CREATE_PERMISSION, peer=(PEER, 1), signed=True)) == 400
    assert code(moved.ask(stun.CHANNEL_BIND, CHANNEL, peer=(PEER, 1), signed=True)) == 400
    assert code(moved.ask(stun.REFRESH, signed=True)) == 437


def test_nobody_becomes_somebody_else_on_one_5_tuple() -> None:
    place = Place()
    place.client.allocate()
    place.client.user, place.client.password = "bob", "other"
    assert code(place.client.ask(stun.REFRESH, signed=True)) == 441
    assert code(place.client.ask(stun.ALLOCATE, UDP, signed=True)) == 437


# --- allocations --------------------------------------------------------------------------------


def test_an_allocation_tells_relayed_and_mapped_address() -> None:
    place = Place(relay_ports=(50000, 50003))
    relayed = place.client.allocate()
    assert relayed[0] == RELAY and 50000 <= relayed[1] <= 50003
    [view] = place.server.allocations
    assert (view.user, view.relayed) == ("alice", (relayed,))
    assert view.client.remote == place.client.address
    assert view.left == pytest.approx(600, abs=0.1)
    assert relayed in place.machine.sockets


def test_a_repeated_request_is_answered_again_and_another_one_refused() -> None:
    client = Place().client
    client.ask(stun.ALLOCATE, UDP)
    tid = bytes(range(12))
    first = client.request(stun.ALLOCATE, UDP, transaction=tid)
    again = client.request(stun.ALLOCATE, UDP, transaction=tid)
    assert code(first) == code(again) == 0
    relayed = stun.XOR_RELAYED_ADDRESS
    assert address(first, relayed) == address(again, relayed)
    assert code(client.request(stun.ALLOCATE, UDP)) == 437


@pytest.mark.parametrize(
    ("asked", "granted"), [(None, 600), (5, 600), (1000, 1000), (100_000, 3600), (0, 600)]
)
def test_lifetimes_are_granted_between_default_and_most(asked: int | None, granted: int) -> None:
    place = Place()
    more = [] if asked is None else [(stun.LIFETIME, asked.to_bytes(4, "big"))]
    place.client.ask(stun.ALLOCATE, UDP)
    answer = place.client.request(stun.ALLOCATE, UDP, *more)
    assert seconds(answer) == granted
    place.wait(granted - 1)
    assert place.server.allocations
    place.wait(1.1)
    assert not place.server.allocations
    assert code(place.client.request(stun.REFRESH)) == 437


def test_a_refresh_keeps_it_and_one_of_0_ends_it() -> None:
    place = Place()
    relayed = place.client.allocate()
    for _ in range(5):
        place.wait(400)
        assert seconds(place.client.request(stun.REFRESH)) == 600
    assert seconds(place.client.request(stun.REFRESH, (stun.LIFETIME, bytes(4)))) == 0
    assert not place.server.allocations
    assert relayed not in place.machine.sockets
    assert code(place.client.request(stun.ALLOCATE, UDP)) == 0


def test_an_allocation_for_no_time_ends_as_it_begins() -> None:
    place = Place(most_lifetime=0)
    place.client.ask(stun.ALLOCATE, UDP)
    assert seconds(place.client.request(stun.ALLOCATE, UDP)) == 0
    assert not place.server.allocations


def test_quota_and_capacity() -> None:
    place = Place(quota=1, capacity=2)
    place.client.allocate()
    second = place.another()
    second.ask(stun.ALLOCATE, UDP)
    assert code(second.request(stun.ALLOCATE, UDP)) == 486
    third = place.another()
    third.user, third.password = "bob", "other"
    third.allocate()
    place.client.request(stun.REFRESH, (stun.LIFETIME, bytes(4)))
    assert code(second.request(stun.ALLOCATE, UDP)) == 0  # alice has one again
    fourth = place.another()
    fourth.user, fourth.password = "bob", "other"
    fourth.ask(stun.ALLOCATE, UDP)
    assert code(fourth.request(stun.ALLOCATE, UDP)) == 486


def test_a_full_server_has_no_capacity() -> None:
    place = Place(capacity=1)
    place.client.allocate()
    second = place.another()
    second.ask(stun.ALLOCATE, UDP)
    assert code(second.request(stun.ALLOCATE, UDP)) == 508


def test_no_port_left_is_no_capacity() -> None:
    place = Place(relay_ports=(50000, 50001))
    place.client.allocate()
    place.another().allocate()
    third = place.another()
    third.ask(stun.ALLOCATE, UDP)
    assert code(third.request(stun.ALLOCATE, UDP)) == 508


def test_a_port_that_another_program_has_is_not_taken() -> None:
    place = Place(relay_ports=(50000, 50001))
    place.machine.run(place.machine.open_udp(Asking(place.machine, SERVER), RELAY, 50000))
    assert place.client.allocate() == (RELAY, 50001)


@pytest.mark.parametrize(
    ("attributes", "expected"),
    [
        ([], 400),
        ([(stun.REQUESTED_TRANSPORT, b"\x63\0\0\0")], 400),
        ([(stun.REQUESTED_TRANSPORT, b"\x06\0\0\0")], 400),
        ([UDP, (stun.REQUESTED_ADDRESS_FAMILY, b"\x09\0\0\0")], 440),
        ([UDP, (0x7001, b"what")], 420),
        ([UDP, (stun.RESERVATION_TOKEN, bytes(8))], 404),
        ([UDP, (stun.RESERVATION_TOKEN, bytes(8)), (stun.EVEN_PORT, b"\0")], 400),
        (
            [
                UDP,
                (stun.REQUESTED_ADDRESS_FAMILY, b"\2\0\0\0"),
                (stun.ADDITIONAL_ADDRESS_FAMILY, b"\2\0\0\0"),
            ],
            400,
        ),
    ],
)
def test_what_it_cannot_allocate(attributes: Any, expected: int) -> None:
    client = Place().client
    client.ask(stun.ALLOCATE, UDP)
    answer = client.request(stun.ALLOCATE, *attributes)
    assert code(answer) == expected
    assert answer.integrity_at is not None


def test_relayed_tcp_is_refused_on_a_stream_with_442() -> None:
    place = Place()
    client = Asking(place.home, SERVER).connect()
    client.ask(stun.ALLOCATE, UDP)
    answer = client.request(stun.ALLOCATE, (stun.REQUESTED_TRANSPORT, b"\x06\0\0\0"))
    assert code(answer) == 442


def test_the_other_family_where_it_has_it() -> None:
    place = Place()
    six = place.client.allocate((stun.REQUESTED_ADDRESS_FAMILY, b"\2\0\0\0"))
    assert six[0] == "2001:db8::10"
    answer = place.client.request(stun.CREATE_PERMISSION, peer=(PEER, 1))
    assert code(answer) == 443
    only = Place(relay_addresses=(RELAY,)).client
    only.ask(stun.ALLOCATE, UDP)
    wanted = only.request(stun.ALLOCATE, UDP, (stun.REQUESTED_ADDRESS_FAMILY, b"\2\0\0\0"))
    assert code(wanted) == 440


def test_both_families_at_once() -> None:
    place = Place()
    place.client.allocate((stun.ADDITIONAL_ADDRESS_FAMILY, b"\2\0\0\0"))
    [view] = place.server.allocations
    assert [ip for ip, _ in view.relayed] == [RELAY, "2001:db8::10"]


def test_an_even_port() -> None:
    place = Place(relay_ports=(50001, 50012))
    ports = [place.another().allocate((stun.EVEN_PORT, b"\0"))[1] for _ in range(6)]
    assert sorted(ports) == [50002, 50004, 50006, 50008, 50010, 50012]


def test_a_reserved_port_is_kept_for_half_a_minute() -> None:
    place = Place()
    place.client.ask(stun.ALLOCATE, UDP)
    answer = place.client.request(stun.ALLOCATE, UDP, (stun.EVEN_PORT, b"\x80"))
    relayed = address(answer, stun.XOR_RELAYED_ADDRESS)
    token = (stun.RESERVATION_TOKEN, answer.attributes[stun.RESERVATION_TOKEN])
    assert relayed is not None and relayed[1] % 2 == 0
    other = place.another()
    assert other.allocate(token) == (RELAY, relayed[1] + 1)
    late = place.another()
    late.ask(stun.ALLOCATE, UDP)
    assert code(late.request(stun.ALLOCATE, UDP, token)) == 404
    again = late.request(stun.ALLOCATE, UDP, (stun.EVEN_PORT, b"\x80"))
    token = (stun.RESERVATION_TOKEN, again.attributes[stun.RESERVATION_TOKEN])
    before = len(place.machine.sockets)
    place.wait(31)
    assert len(place.machine.sockets) == before - 1
    assert code(place.another().ask(stun.ALLOCATE, UDP, token)) == 401


@pytest.mark.parametrize("number", [401, 442, 486, 508])
def test_errors_that_are_asked_for(number: int) -> None:
    client = Place(errors={"allocate": number}).client
    client.ask(stun.ALLOCATE, UDP)
    assert code(client.request(stun.ALLOCATE, UDP)) == number


def test_an_alternate_server_is_named_to_whoever_asks() -> None:
    client = Place(errors={"allocate": 300}, alternate="[2001:db8::7]:3478").client
    answer = client.ask(stun.ALLOCATE, UDP)
    assert code(answer) == 300
    assert plain(answer, stun.ALTERNATE_SERVER) == ("2001:db8::7", 3478)


# --- relaying -----------------------------------------------------------------------------------


def test_nothing_passes_without_a_permission_and_with_it_both_ways() -> None:
    place = Place()
    relayed = place.client.allocate()
    place.peer.send(b"too early", relayed)
    send(place.client, place.peer.address, b"too early")
    assert place.peer.wait() is None and not place.client.heard
    # Permissions are for an address, whatever the port (section 9).
    assert code(place.client.request(stun.CREATE_PERMISSION, peer=(PEER, 1))) == 0
    send(place.client, place.peer.address, b"hello")
    place.wait(0.1)
    assert place.peer.heard == [(b"hello", relayed)]
    place.peer.send(b"hello back", relayed)
    assert indicated(place.client.wait()) == (b"hello back", place.peer.address)
    [view] = place.server.allocations
    assert (view.permissions, view.to_peers, view.from_peers) == ((PEER,), 1, 1)


def test_a_permission_ends_after_five_minutes() -> None:
    place = Place()
    relayed = place.client.allocate()
    place.client.request(stun.CREATE_PERMISSION, peer=place.peer.address)
    place.wait(299)
    place.peer.send(b"in time", relayed)
    assert place.client.wait() is not None
    place.wait(1)
    place.peer.send(b"late", relayed)
    send(place.client, place.peer.address, b"late")
    assert place.client.wait() is None and not place.peer.heard
    [view] = place.server.allocations
    assert view.permissions == ()


def test_a_channel_carries_both_ways_and_ends_after_ten_minutes() -> None:
    place = Place()
    relayed = place.client.allocate()
    bound = place.client.request(stun.CHANNEL_BIND, CHANNEL, peer=place.peer.address)
    assert code(bound) == 0
    place.client.send(b"\x40\0\0\3abc and more")
    place.wait(0.1)
    assert place.peer.heard.pop() == (b"abc", relayed)
    place.peer.send(b"defg!", relayed)
    assert place.client.wait() == b"\x40\0\0\5defg!"
    place.wait(400)
    place.client.request(stun.CREATE_PERMISSION, peer=place.peer.address)
    place.client.request(stun.REFRESH)
    place.wait(190)
    place.peer.send(b"still", relayed)
    assert place.client.wait() == b"\x40\0\0\5still"
    place.wait(20)
    place.peer.send(b"bare", relayed)
    assert indicated(place.client.wait()) == (b"bare", place.peer.address)
    place.client.send(b"\x40\0\0\3abc")
    assert place.peer.wait() is None


def test_channels_and_peers_are_one_to_one() -> None:
    client = Place().client
    client.allocate()
    other = (stun.CHANNEL_NUMBER, b"\x40\1\0\0")
    assert code(client.request(stun.CHANNEL_BIND, CHANNEL, peer=(PEER, 1))) == 0
    assert code(client.request(stun.CHANNEL_BIND, CHANNEL, peer=(PEER, 1))) == 0
    assert code(client.request(stun.CHANNEL_BIND, CHANNEL, peer=(PEER, 2))) == 400
    assert code(client.request(stun.CHANNEL_BIND, other, peer=(PEER, 1))) == 400
    assert code(client.request(stun.CHANNEL_BIND, other, peer=(PEER, 2))) == 0
    low = (stun.CHANNEL_NUMBER, b"\x30\0\0\0")
    assert code(client.request(stun.CHANNEL_BIND, low, peer=(PEER, 3))) == 400


def test_a_channel_that_ended_can_be_another_peers() -> None:
    place = Place(channel_lifetime=10)
    client = place.client
    client.allocate()
    assert code(client.request(stun.CHANNEL_BIND, CHANNEL, peer=(PEER, 1))) == 0
    place.wait(11)
    assert code(client.request(stun.CHANNEL_BIND, CHANNEL, peer=place.peer.address)) == 0
    client.send(b"\x40\0\0\3abc")
    assert place.peer.wait() == b"abc"


def test_a_peer_whose_channel_ended_gets_another_and_keeps_it() -> None:
    place = Place(channel_lifetime=10)
    client, second = place.client, (stun.CHANNEL_NUMBER, b"\x40\1\0\0")
    relayed = client.allocate()
    client.request(stun.CHANNEL_BIND, CHANNEL, peer=place.peer.address)
    place.wait(11)
    assert code(client.request(stun.CHANNEL_BIND, second, peer=place.peer.address)) == 0
    assert code(client.request(stun.CHANNEL_BIND, CHANNEL, peer=(PEER, 1))) == 0
    place.peer.send(b"abc", relayed)
    assert client.wait() == b"\x40\1\0\3abc"


def test_denied_peers_are_forbidden_and_none_of_a_request_permitted() -> None:
    place = Place(denied=("192.0.2.0/24",), allowed=(PEER + "/32",))
    client = place.client
    client.allocate()
    assert code(client.request(stun.CREATE_PERMISSION, peer=(PEER, 1))) == 0
    tid = bytes(range(12))
    more = (stun.XOR_PEER_ADDRESS, stun.xor_address(("198.51.100.1", 1), tid))
    answer = client.request(stun.CREATE_PERMISSION, more, peer=(CLIENT, 1), transaction=tid)
    assert code(answer) == 403
    assert code(client.request(stun.CHANNEL_BIND, CHANNEL, peer=(CLIENT, 1))) == 403
    [view] = place.server.allocations
    assert view.permissions == (PEER,)


def test_loopback_peers_are_forbidden_unless_allowed() -> None:
    client = Place().client
    client.allocate()
    assert code(client.request(stun.CREATE_PERMISSION, peer=("127.0.0.1", 1))) == 403


def test_two_allocations_of_one_server_reach_each_other() -> None:
    place = Place(external=("203.0.113.9",))
    one, other = place.client, place.another()
    first, second = one.allocate(), other.allocate()
    assert first[0] == second[0] == "203.0.113.9"
    one.request(stun.CHANNEL_BIND, CHANNEL, peer=second)
    other.request(stun.CREATE_PERMISSION, peer=first)
    one.send(b"\x40\0\0\3abc")
    assert indicated(other.wait()) == (b"abc", first)
    send(other, first, b"def")
    assert one.wait() == b"\x40\0\0\3def"


def test_a_wrong_external_address_is_told_and_relays_nothing_from_outside() -> None:
    place = Place(external=("10.0.0.7",))
    relayed = place.client.allocate()
    assert relayed[0] == "10.0.0.7"
    place.client.request(stun.CREATE_PERMISSION, peer=place.peer.address)
    place.peer.send(b"lost", relayed)
    assert place.client.wait() is None


def test_deaf_relays_and_relays_that_ask_no_permission() -> None:
    deaf = Place(deaf_relays=True)
    relayed = deaf.client.allocate()
    deaf.client.request(stun.CREATE_PERMISSION, peer=deaf.peer.address)
    deaf.peer.send(b"lost", relayed)
    send(deaf.client, deaf.peer.address, b"lost")
    assert deaf.client.wait() is None and not deaf.peer.heard
    lax = Place(ignores_permissions=True)
    lax.peer.send(b"taken", lax.client.allocate())
    assert indicated(lax.client.wait()) == (b"taken", lax.peer.address)


def test_icmp_about_a_peer_is_told_where_the_server_does() -> None:
    place = Place(tells_icmp=True)
    place.client.allocate()
    place.client.request(stun.CREATE_PERMISSION, peer=(PEER, 9))
    send(place.client, (PEER, 9), b"anyone?")
    message = stun.parse(place.client.wait() or b"")
    assert message is not None and address(message, stun.XOR_PEER_ADDRESS) == (PEER, 9)
    assert message.attributes[stun.ICMP] == bytes((0, 0, 3 << 1, 3, 0, 0, 0, 0))


# --- streams ------------------------------------------------------------------------------------


@pytest.mark.parametrize("tls", [None, "turn.test"])
def test_relaying_over_a_stream_pads_and_ends_with_it(tls: str | None) -> None:
    place = Place(transports=("udp", "tcp", "tls"), certificate=Certificate(names=("turn.test",)))
    client = Asking(place.home, (RELAY, 5349 if tls else 3478)).connect(tls)
    relayed = client.allocate()
    client.request(stun.CHANNEL_BIND, CHANNEL, peer=place.peer.address)
    client.send(b"\x40\0\0\5abcde\0\0\0\x40\0\0\1f\0\0\0")
    place.wait(0.1)
    assert [data for data, _ in place.peer.heard] == [b"abcde", b"f"]
    place.peer.send(b"ghijk", relayed)
    place.peer.send(b"l", relayed)
    assert client.wait() == b"\x40\0\0\5ghijk" and client.wait() == b"\x40\0\0\1l"
    client.transport.close()
    place.wait(1)
    assert not place.server.allocations and relayed not in place.machine.sockets


# --- stopping -----------------------------------------------------------------------------------


def test_a_restarted_server_has_forgotten_everything() -> None:
    place = Place()
    relayed = place.client.allocate()
    stream = Asking(place.home, SERVER).connect()
    stream.allocate()
    place.server.stop()
    place.wait(1)
    assert stream.lost and relayed not in place.machine.sockets
    assert place.client.ask(stun.REFRESH, signed=True) is None
    assert place.client.refused[0].code == 3
    place.machine.run(place.server.start())
    assert code(place.client.ask(stun.REFRESH, signed=True)) == 438
    assert code(place.client.ask(stun.REFRESH, signed=True)) == 437
    place.client.allocate()


def test_it_answers_binding_requests_unless_told_not_to() -> None:
    place = Place()
    answer = place.client.ask(stun.BINDING)
    assert address(answer, stun.XOR_MAPPED_ADDRESS) == place.client.address
    assert Place(binding=False).client.ask(stun.BINDING) is None


def test_what_is_no_message_is_not_answered() -> None:
    place = Place()
    place.client.allocate()
    for data in (b"", b"\x40", b"\x40\0\0\xff", b"\xff" * 50, b"\0\3\0\0", b"\0\x16" + bytes(30)):
        place.client.send(data)
    assert place.client.wait() is None
    assert not place.machine.loop.failures


def test_the_same_seed_gives_the_same_bytes() -> None:
    def all_of_it() -> list[bytes]:
        place = Place(delay_spread=0.1)
        heard = []
        for method in (stun.BINDING, stun.ALLOCATE, stun.ALLOCATE, stun.REFRESH):
            answer = place.client.ask(method, UDP, signed=method != stun.BINDING)
            heard.append(b"" if answer is None else answer.raw)
        return heard

    assert all_of_it() == all_of_it()
