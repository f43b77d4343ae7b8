"""Server URIs: what people type is read, what is wrong is named, no password is repeated."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from icetui.events import StunServer, TurnServer
from icetui.servers.rest_credentials import LIFETIME, credentials
from icetui.servers.server_urls import (
    DEFAULT_STUN,
    BadServer,
    credentialed,
    parse_stun,
    parse_turn,
    read_servers,
)

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
    server = parse_turn("turn:a%3Ab%40c:p%40ss%2Fw%3Ard@turn.example.org")
    assert (server.username, server.password) == ("a:b@c", "p@ss/w:rd")
    assert parse_turn("turn:1700000000:me:x@y@turn.example.org").host == "turn.example.org"


@pytest.mark.parametrize(
    ("url", "username", "password"),
    [
        ("turn:1999999999:alice:HMAC=@turn.example.org", "1999999999:alice", "HMAC="),
        ("turn:1999:@al:m.example:x/y+z=@turn.example.org", "1999:@al:m.example", "x/y+z="),
        ("turn:me:100%@turn.example.org", "me", "100%"),
        ("turn:me:50%zz%2@turn.example.org", "me", "50%zz%2"),
        ("turn:me:%ff%fe@turn.example.org", "me", "%ff%fe"),
        ("turn:me:a%20b@turn.example.org", "me", "a b"),
        ("turn:turn.example.org,me,pw", "me", "pw"),
        ("turn:turn.example.org:3478,me,p:w", "me", "p:w"),
        ("turn:me:pw:turn.example.org:3478", "me", "pw"),
        ("turn:1999999999:alice:pw:turn.example.org:3478?transport=udp", "1999999999:alice", "pw"),
        ("turn:me:pw:turn.example.org", "me", "pw"),
        ("me:pw:turn.example.org:3478", "me", "pw"),
        ("1999:me:p=w:turn.example.org:3478", "1999:me", "p=w"),
    ],
)  # fmt: skip
def test_credentials_as_people_write_them(url, username, password):
    server = parse_turn(url)
    assert (server.username, server.password) == (username, password)
    assert server.url == "turn:turn.example.org:3478"


def test_a_transport_may_be_written_in_capitals():
    assert parse_turn("turn:a:b@h?transport=UDP").transport == "udp"
    assert parse_turn("turn:a:b@h?transport=TCP").transport == "tcp"
    assert parse_stun("stun:h?transport=udp") == StunServer(host="h")


ICE_SERVERS = (
    '{"iceServers": [{"urls": ["stun:a.example:3478", "turn:a.example?transport=udp"], '
    f'"username": "1700000000:u", "credential": "{SECRET}"}}]}}'
)
NAMED = TurnServer(host="a.example", username="1700000000:u", password=SECRET)


@pytest.mark.parametrize(
    "text",
    [
        ICE_SERVERS,
        ICE_SERVERS[len('{"iceServers": ') : -1],
        ICE_SERVERS[len('{"iceServers": [') : -2],
        f"const pc = new RTCPeerConnection({ICE_SERVERS});",
        f"{{iceServers: [{{urls: ['stun:a.example', 'turn:a.example'], username: '1700000000:u', "
        f"credential: '{SECRET}',}},]}}",
        f'{{"username":"1700000000:u","password":"{SECRET}","ttl":86400,'
        '"uris":["turn:a.example:3478?transport=udp","stun:a.example"]}',
    ],
)
def test_ice_servers_are_taken_with_either_option(text):
    for wanted in ("stun", "turn"):
        found = read_servers([text], wanted)
        assert found.stun == (StunServer(host="a.example"),)
        assert (found.turn, found.unusable) == ((NAMED,), ())


@pytest.mark.parametrize("between", [",", " ", ", ", ";", "\n"])
def test_two_urls_in_one_text(between):
    found = read_servers([f"stun:a.example{between}stun:b.example:5"], "stun")
    assert [s.url for s in found.stun] == ["stun:a.example:3478", "stun:b.example:5"]


def test_of_a_list_with_a_bad_url_the_rest_is_used_and_the_bad_one_shown():
    found = read_servers(["stun:a.example", f"stun:me:{SECRET}@b.example:99999"], "stun")
    assert [s.url for s in found.stun] == ["stun:a.example:3478"]
    [bad] = found.unusable
    assert (bad.kind, bad.shown) == ("stun", "stun:b.example:99999")
    assert SECRET not in str(bad)
    with pytest.raises(BadServer):
        read_servers(["stun:host:0", "stun:host:http"], "stun")


@pytest.mark.parametrize(
    "text",
    [
        f'{{"iceServers": [{{"username": "{SECRET}"',
        f'[{{"urls": [5], "credential": "{SECRET}"}}]',
        f'{{"credential": "{SECRET}"}}',
        f'{{"urls": "turn:a", "credentialType": "oauth", "credential": "{SECRET}"}}',
        f"{{{SECRET}",
        f"[{SECRET}",
    ],
)
def test_ice_servers_that_cannot_be_used_are_named_without_a_password(text):
    with pytest.raises(BadServer) as caught:
        read_servers([text], "turn")
    assert SECRET not in str(caught.value)


def test_credentials_of_a_shared_secret_are_as_coturn_reckons_them():
    [server] = credentialed([parse_turn("turn:alice@turn.example.org")], secret="north")
    name, password = credentials(server, 1_700_000_000.9)
    assert name == f"{1_700_000_000 + LIFETIME}:alice"
    assert password == "SXua5ne/+mDhiHTp0pQJzRO4ESg="
    [nameless] = credentialed([parse_turn("turn:turn.example.org")], secret="north")
    assert credentials(nameless, 0)[0] == str(LIFETIME)
    [own] = credentialed([parse_turn("turn:me:pw@turn.example.org")], secret="north")
    assert credentials(own, 0) == ("me", "pw")


@pytest.mark.parametrize(
    "text", [f"me:{SECRET}\n", f"me\n{SECRET}\n", f'{{"username":"me","credential":"{SECRET}"}}']
)
def test_credentials_may_stand_in_a_file(text):
    [server] = credentialed([parse_turn("turn:turn.example.org")], credentials=text)
    assert (server.username, server.password) == ("me", SECRET)


def test_a_name_without_a_password_or_a_secret_is_not_enough():
    with pytest.raises(BadServer, match="user:password@"):
        credentialed([parse_turn("turn:me@turn.example.org")])
    with pytest.raises(BadServer, match="file holds"):
        credentialed([parse_turn("turn:h")], credentials=SECRET)


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
        (f"stun:me:{SECRET}@stun.example.org", "takes no user name"),
        (f"stun:stun.example.org,me,{SECRET}", "takes no user name"),
        (f"stun:me:{SECRET}:stun.example.org:3478", "in brackets"),
        ("stun:stun.example.org?transport=tcp", "asked over UDP"),
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
    assert SECRET not in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("stun:turn.example.org", "goes with --stun"),
        ("ftp:turn.example.org", "must begin with turn: or turns:"),
        (f":{SECRET}@turn.example.org", "must begin with turn: or turns:"),
        (f"trun:me:{SECRET}@turn.example.org", "must begin with turn: or turns:"),
        (f"turn::{SECRET}@turn.example.org", "user:password@"),
        ("turn:me:@turn.example.org", "user:password@"),
        (f"turn:me:{SECRET}@turn.example.org?transport=sctp", "transport is udp or tcp"),
        (f"turn:me:{SECRET}@turn.example.org?transport=TLS", "written turns:host"),
        (f"turn:turn.example.org,{SECRET}", "user:password@host:port"),
        (f"turn:me:{SECRET}:host:x", "user:password@"),
        (f"turn:me:{SECRET}:3478", "user:password@"),
        (f"turn:me:{SECRET}@turn.example.org:port", "host or host:port"),
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
