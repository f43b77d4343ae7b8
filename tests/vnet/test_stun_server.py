"""The STUN server, as it should be and as it should not."""

from __future__ import annotations

import errno
from typing import Any

import pytest
from aioice import stun as foreign

from icetui.vnet import stun_messages as stun
from icetui.vnet.servers import Certificate, StunOptions
from icetui.vnet.stun_server import StunServer
from tests.vnet.asking import Asking, address, code, plain
from tests.vnet.lan import Lan

CLIENT = "192.0.2.1"
FIRST, SECOND = "192.0.2.10", "192.0.2.11"
SERVER = (FIRST, 3478)


def asking(**options: Any) -> Asking:
    """A client of a server with these options."""
    lan = Lan()
    host = lan.host(FIRST, SECOND, "2001:db8::10", "2001:db8::11")
    server = StunServer(StunOptions(**options), host)
    host.run(server.start())
    return Asking(lan.host(CLIENT), SERVER).open()


def discovery(**options: Any) -> Asking:
    """The same with RFC 5780."""
    return asking(other_addresses=(SECOND, "2001:db8::11"), **options)


def test_a_client_learns_its_address_in_one_round_trip() -> None:
    one = asking()
    answer = one.ask(stun.BINDING)
    assert address(answer, stun.XOR_MAPPED_ADDRESS) == one.address
    assert stun.OTHER_ADDRESS not in answer.attributes  # type: ignore[union-attr]  # it came
    assert one.host.lan.clock.now == pytest.approx(0.01)


def test_a_foreign_codec_reads_its_answers() -> None:
    one = discovery(software="test server", mapped="both")
    one.send(bytes(foreign.Message(foreign.Method.BINDING, foreign.Class.REQUEST, bytes(12))))
    data = one.wait()
    assert data is not None
    assert foreign.parse_message(data).attributes == {
        "XOR-MAPPED-ADDRESS": one.address,
        "MAPPED-ADDRESS": one.address,
        "RESPONSE-ORIGIN": SERVER,
        "OTHER-ADDRESS": (SECOND, 3479),
        "SOFTWARE": "test server",
        "FINGERPRINT": int.from_bytes(data[-4:], "big"),
    }


@pytest.mark.parametrize("asked", [(a, p) for a in (FIRST, SECOND) for p in (3478, 3479)])
@pytest.mark.parametrize("change", [0, 2, 4, 6])
def test_answers_come_from_where_the_change_asks_for(asked: Any, change: int) -> None:
    one = discovery()
    one.send(
        stun.build(stun.BINDING, 0, bytes(12), [(stun.CHANGE_REQUEST, bytes((0, 0, 0, change)))]),
        asked,
    )
    one.host.lan.clock.run_for(1)
    [(data, source)] = one.heard
    other = (SECOND if asked[0] == FIRST else FIRST, 3479 if asked[1] == 3478 else 3478)
    expected = (other[0] if change & 4 else asked[0], other[1] if change & 2 else asked[1])
    assert source == expected
    answer = stun.parse(data)
    assert plain(answer, stun.RESPONSE_ORIGIN) == expected
    assert plain(answer, stun.OTHER_ADDRESS) == other


@pytest.mark.parametrize(("how", "expected"), [("dropped", None), ("refused", 420), ("ignored", 0)])
def test_a_change_that_is_not_done(how: Any, expected: int | None) -> None:
    one = discovery(change_request=how)
    answer = one.ask(stun.BINDING, (stun.CHANGE_REQUEST, b"\0\0\0\6"))
    assert (None if answer is None else code(answer)) == expected


def test_a_server_without_another_address_refuses_a_change() -> None:
    answer = asking().ask(stun.BINDING, (stun.CHANGE_REQUEST, b"\0\0\0\6"))
    assert code(answer) == 420
    assert answer is not None and answer.attributes[stun.UNKNOWN_ATTRIBUTES] == b"\0\3"


def test_a_server_with_another_port_only_changes_that() -> None:
    one = asking(other_port=4000)
    one.ask(stun.BINDING, (stun.CHANGE_REQUEST, b"\0\0\0\6"))
    one.send(stun.build(stun.BINDING, 0, bytes(12), [(stun.CHANGE_REQUEST, b"\0\0\0\6")]))
    one.host.lan.clock.run_for(1)
    assert [source for _, source in one.heard] == [(FIRST, 4000)]


def test_the_answer_goes_to_the_response_port() -> None:
    one = discovery()
    other = Asking(one.host, SERVER).open()
    port = other.address[1].to_bytes(2, "big") + b"\0\0"
    assert one.ask(stun.BINDING, (stun.RESPONSE_PORT, port)) is None
    assert address(stun.parse(other.wait() or b""), stun.XOR_MAPPED_ADDRESS) == one.address


def test_padding_is_answered_with_padding_but_not_beside_a_response_port() -> None:
    one = discovery()
    answer = one.ask(stun.BINDING, (stun.PADDING, bytes(1400)))
    assert answer is not None and len(answer.attributes[stun.PADDING]) == 1500
    both = one.ask(stun.BINDING, (stun.PADDING, bytes(8)), (stun.RESPONSE_PORT, b"\1\0\0\0"))
    assert code(both) == 400


def test_an_unknown_attribute_is_named() -> None:
    answer = asking().ask(stun.BINDING, (0x7001, b"what"), (0x9001, b"optional"))
    assert code(answer) == 420
    assert answer is not None and answer.attributes[stun.UNKNOWN_ATTRIBUTES] == b"\x70\1"


def test_lies_about_the_mapped_address() -> None:
    one = asking(mapped_address="10.0.0.5", mapped_port_shift=7)
    answer = one.ask(stun.BINDING)
    assert address(answer, stun.XOR_MAPPED_ADDRESS) == ("10.0.0.5", one.address[1] + 7)


def test_old_and_empty_answers() -> None:
    answer = asking(mapped="plain").ask(stun.BINDING)
    assert answer is not None and set(answer.attributes) == {stun.MAPPED_ADDRESS, stun.FINGERPRINT}
    answer = asking(mapped="none", fingerprint=False).ask(stun.BINDING)
    assert answer is not None and not answer.attributes


@pytest.mark.parametrize("number", [300, 400, 420, 500])
def test_errors(number: int) -> None:
    answer = asking(error=number, alternate="192.0.2.77:3479").ask(stun.BINDING)
    assert code(answer) == number
    if number == 300:
        assert plain(answer, stun.ALTERNATE_SERVER) == ("192.0.2.77", 3479)


def test_silence() -> None:
    assert asking(silent=True).ask(stun.BINDING) is None


def test_only_some_clients() -> None:
    assert asking(clients=("198.51.100.0/24",)).ask(stun.BINDING) is None
    assert asking(clients=("198.51.100.0/24", "192.0.2.0/24")).ask(stun.BINDING) is not None


def test_a_silent_second_address() -> None:
    one = discovery(other_silent=True)
    assert one.ask(stun.BINDING, to=(SECOND, 3479)) is None
    assert one.ask(stun.BINDING) is not None


def test_another_address_told_than_there_is() -> None:
    answer = discovery(told_other="203.0.113.9:99").ask(stun.BINDING)
    assert plain(answer, stun.OTHER_ADDRESS) == ("203.0.113.9", 99)


@pytest.mark.parametrize(
    ("options", "source"),
    [
        ({"answers_from_address": SECOND}, (SECOND, 3478)),
        ({"answers_from_port": 9}, (FIRST, 9)),
    ],
)
def test_answers_from_elsewhere(options: Any, source: Any) -> None:
    one = asking(**options)
    one.send(stun.build(stun.BINDING, 0, bytes(12), []))
    one.host.lan.clock.run_for(1)
    assert [s for _, s in one.heard] == [source]


def test_slow_answers() -> None:
    one = asking(delay=0.5, delay_spread=0.2)
    times = []
    for _ in range(8):
        began = one.host.lan.clock.now
        assert one.ask(stun.BINDING) is not None
        times.append(one.host.lan.clock.now - began)
    assert 0.51 <= min(times) < max(times) <= 0.71


def test_a_limit_holds_for_each_address_and_fills_up_again() -> None:
    one = asking(rate=2.0, burst=3.0)
    assert [one.ask(stun.BINDING, within=0.02) is not None for _ in range(5)] == [1, 1, 1, 0, 0]
    one.host.lan.clock.run_for(0.6)
    assert one.ask(stun.BINDING) is not None
    other = Asking(one.host.lan.host("192.0.2.2"), SERVER).open()
    assert other.ask(stun.BINDING) is not None


def test_a_share_of_requests_is_ignored() -> None:
    one = asking(ignores=0.3)
    answered = sum(one.ask(stun.BINDING, within=0.05) is not None for _ in range(200))
    assert 110 < answered < 170


@pytest.mark.parametrize("tls", [None, "stun.test"])
def test_binding_over_streams(tls: str | None) -> None:
    lan = Lan()
    host = lan.host(FIRST)
    options = StunOptions(transports=("tcp", "tls"), certificate=Certificate(names=("stun.test",)))
    server = StunServer(options, host)
    host.run(server.start())
    one = Asking(lan.host(CLIENT), (FIRST, 5349 if tls else 3478)).connect(tls)
    for _ in range(2):
        assert address(one.ask(stun.BINDING), stun.XOR_MAPPED_ADDRESS) == one.address
    server.stop()
    lan.clock.run_for(1)
    assert one.lost


def test_a_stream_that_is_no_stun_is_closed() -> None:
    lan = Lan()
    host = lan.host(FIRST)
    host.run(StunServer(StunOptions(transports=("tcp",)), host).start())
    one = Asking(lan.host(CLIENT), SERVER).connect()
    one.send(b"\x16\x03\x01\x02\0 a TLS hello")
    lan.clock.run_for(1)
    assert one.lost and not one.heard


def test_a_stopped_server_is_refused_and_a_started_one_answers_again() -> None:
    lan = Lan()
    host = lan.host(FIRST)
    server = StunServer(StunOptions(delay=0.2), host)
    one = Asking(lan.host(CLIENT), SERVER).open()
    host.run(server.start())
    assert one.ask(stun.BINDING) is not None
    one.send(stun.build(stun.BINDING, 0, bytes(12), []))
    lan.clock.run_for(0.1)
    server.stop()  # with an answer under way, which dies with it
    host.run(server.start())
    assert one.wait() is None
    server.stop()
    assert one.ask(stun.BINDING) is None
    assert one.refused
    host.run(server.start())
    assert not host.loop.failures
    assert one.ask(stun.BINDING) is not None


def test_a_taken_port_is_an_error_and_leaves_nothing_open() -> None:
    lan = Lan()
    host = lan.host(FIRST)
    Asking(host, SERVER).host.run(host.open_udp(Asking(host, SERVER), FIRST, 3479))
    server = StunServer(StunOptions(other_port=3479), host)
    with pytest.raises(OSError) as raised:
        host.run(server.start())
    assert raised.value.errno == errno.EADDRINUSE
    assert not server.running
    assert list(host.sockets) == [(FIRST, 3479)]


def test_ipv6_is_served_with_its_own_second_address() -> None:
    one = discovery()
    six = Asking(one.host.lan.host("2001:db8::1"), ("2001:db8::10", 3478)).open()
    answer = six.ask(stun.BINDING)
    assert address(answer, stun.XOR_MAPPED_ADDRESS) == six.address
    assert plain(answer, stun.OTHER_ADDRESS) == ("2001:db8::11", 3479)


@pytest.mark.parametrize("size", range(0, 60, 3))
def test_what_is_cut_short_or_wrong_is_not_answered(size: int) -> None:
    one = asking()
    whole = stun.build(stun.BINDING, 0, bytes(12), [(stun.USERNAME, bytes(30))], fingerprint=True)
    one.send(whole[:size])
    one.send(whole[:2] + b"\0\x05" + whole[4:])
    one.send(whole[:22] + b"\xff\xff" + whole[24:])
    assert one.wait() is None
