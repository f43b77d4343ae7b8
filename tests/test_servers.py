"""Server URIs: what people type is read, what is wrong is named, no password is repeated."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from icetui.events import StunServer, TurnServer
from icetui.servers import DEFAULT_STUN, BadServer, parse_stun, parse_turn

SECRET = "Geheim-9x7"


@pytest.mark.parametrize(
    ("url", "server"),
    [
        ("stun:stun.example.org", StunServer(host="stun.example.org", port=3478)),
        ("stun:stun.example.org:19302", StunServer(host="stun.example.org", port=19302)),
        ("stun:192.0.2.1:1", StunServer(host="192.0.2.1", port=1)),
        ("stun:[2001:db8::1]", StunServer(host="2001:db8::1", port=3478)),
        ("stun:[2001:db8::1]:65535", StunServer(host="2001:db8::1", port=65535)),
        ("  STUN:stun.example.org \n", StunServer(host="stun.example.org")),
        ("stun://stun.example.org", StunServer(host="stun.example.org")),
    ],
)
def test_a_stun_uri_is_read(url, server):
    assert parse_stun(url) == server


@pytest.mark.parametrize(
    ("url", "host", "port", "transport"),
    [
        ("turn:me:pw@turn.example.org", "turn.example.org", 3478, "udp"),
        ("turn:me:pw@turn.example.org:80?transport=udp", "turn.example.org", 80, "udp"),
        ("turn:me:pw@turn.example.org?transport=tcp", "turn.example.org", 3478, "tcp"),
        ("turns:me:pw@turn.example.org", "turn.example.org", 5349, "tls"),
        ("turns:me:pw@turn.example.org:443?transport=tcp", "turn.example.org", 443, "tls"),
        ("turn:me:pw@[2001:db8::1]:3479", "2001:db8::1", 3479, "udp"),
        ("turn://me:pw@turn.example.org", "turn.example.org", 3478, "udp"),
    ],
)
def test_a_turn_uri_is_read(url, host, port, transport):
    assert parse_turn(url) == TurnServer(
        host=host, port=port, transport=transport, username="me", password="pw"
    )


def test_credentials_may_hold_what_a_uri_escapes():
    server = parse_turn("turn:a%3Ab%40c:p%40ss%2Fw:rd@turn.example.org")
    assert (server.username, server.password) == ("a:b@c", "p@ss/w:rd")
    assert parse_turn("turn:1700000000:me:x@y@turn.example.org").host == "turn.example.org"


def test_a_turn_server_without_credentials_may_be_asked():
    assert parse_turn("turn:127.0.0.1") == TurnServer(host="127.0.0.1")


def test_a_server_read_from_its_own_uri_is_the_same():
    for url in ("turn:[::1]:5?transport=tcp", "turns:a.example:6", "turn:b.example:7"):
        assert parse_turn(url).url == url
    for url in (*DEFAULT_STUN, "stun:[::1]:5"):
        assert parse_stun(url).url == url


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("", "names no server"),
        ("stun.example.org", "must begin with stun:"),
        ("http://stun.example.org", "must begin with stun:"),
        ("turn:turn.example.org", "goes with --turn"),
        ("turns:turn.example.org", "goes with --turn"),
        ("stuns:stun.example.org", "STUN over TLS"),
        ("stun:me@stun.example.org", "takes no user name"),
        ("stun:", "host or host:port"),
        ("stun::3478", "host or host:port"),
        ("stun:a b", "host or host:port"),
        ("stun:host/path", "host or host:port"),
        ("stun:2001:db8::1", "IPv6 address in brackets"),
        ("stun:::1:3478", "IPv6 address in brackets"),
        ("stun:[::1", "in brackets"),
        ("stun:host:0", "between 1 and 65535"),
        ("stun:host:65536", "between 1 and 65535"),
        ("stun:host:http", "host or host:port"),
        ("stun:host:", "host or host:port"),
    ],
)
def test_what_is_wrong_with_a_stun_uri_is_named_in_one_sentence(url, words):
    with pytest.raises(BadServer) as caught:
        parse_stun(url)
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("stun:turn.example.org", "goes with --stun"),
        ("ftp:turn.example.org", "must begin with turn: or turns:"),
        (f":{SECRET}@turn.example.org", "must begin with turn: or turns:"),
        (f"trun:me:{SECRET}@turn.example.org", "must begin with turn: or turns:"),
        (f"turn::{SECRET}@turn.example.org", "user:password@"),
        ("turn:me@turn.example.org", "user:password@"),
        ("turn:me:@turn.example.org", "user:password@"),
        (f"turn:me:{SECRET}@turn.example.org?transport=sctp", "transport is udp or tcp"),
        (f"turns:me:{SECRET}@turn.example.org?transport=udp", "DTLS"),
        (f"turn:me:{SECRET}@2001:db8::1", "IPv6 address in brackets"),
        (f"turn:me:{SECRET}@turn.example.org:99999", "between 1 and 65535"),
        (f"turn:me:{SECRET}@", "host or host:port"),
    ],
)
def test_what_is_wrong_with_a_turn_uri_is_named_and_the_password_never_repeated(url, words):
    with pytest.raises(BadServer) as caught:
        parse_turn(url)
    assert words in str(caught.value)
    assert SECRET not in str(caught.value)
    assert "\n" not in str(caught.value)


@given(st.text(max_size=40) | st.text("stunr:@[]?=.%1a ", max_size=30).map("turn:{}".format))
def test_no_text_at_all_is_worse_than_a_bad_server(text):
    for parse in (parse_stun, parse_turn):
        try:
            server = parse(text)
        except BadServer as problem:
            assert str(problem)
        else:
            assert server.host
            assert 0 < server.port < 65536
