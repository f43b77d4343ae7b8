"""Answers to `.local` questions: hand-made ones are read, junk is not, and nothing raises.

Nothing here sends anything; the exchange itself is in tests/lab.
"""

import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from icetui.engine import mdns
from icetui.engine.net import Unresolved
from icetui.engine.net.system import System

NAME = "3d7e1f2a-5b60-4c1d-9e8f-0123456789ab.local"
A, AAAA, NSEC, TXT = 1, 28, 47, 16
UNIQUE = 0x8001
POINTER = b"\xc0\x0c"
"""To the first name of the datagram."""


def encoded(name):
    return b"".join(bytes([len(p)]) + p.encode() for p in name.split(".")) + b"\0"


def record(name, kind, data, *, family=UNIQUE, lifetime=120):
    return name + struct.pack("!2HIH", kind, family, lifetime, len(data)) + data


def answer(*records, flags=0x8400, questions=(), more=()):
    head = struct.pack("!6H", 0, flags, len(questions), len(records), 0, len(more))
    return head + b"".join([*questions, *records, *more])


IPV4 = record(encoded(NAME), A, bytes([192, 168, 1, 20]))
IPV6 = record(encoded(NAME), AAAA, bytes.fromhex("20010db8000000000000000000000020"))
COMPRESSED_NSEC = record(POINTER, NSEC, POINTER + b"\x00\x01\x40")
"""As Chromium sends it: owner and next name are pointers to the first name."""


def test_an_address_is_read():
    assert mdns.addresses(answer(IPV4), NAME) == ["192.168.1.20"]
    assert mdns.addresses(answer(IPV6), NAME) == ["2001:db8::20"]


def test_ipv4_comes_first():
    assert mdns.addresses(answer(IPV6, IPV4), NAME) == ["192.168.1.20", "2001:db8::20"]


def test_case_does_not_matter():
    shouted = record(encoded(NAME.upper()), A, bytes([192, 168, 1, 20]))
    assert mdns.addresses(answer(shouted), NAME) == ["192.168.1.20"]


def test_an_nsec_record_with_a_compressed_next_name_does_not_matter():
    assert mdns.addresses(answer(IPV4, more=[COMPRESSED_NSEC]), NAME) == ["192.168.1.20"]
    before = record(encoded(NAME), NSEC, POINTER + b"\x00\x01\x40")
    after = record(POINTER, A, bytes([192, 168, 1, 20]))
    assert mdns.addresses(answer(before, after), NAME) == ["192.168.1.20"]


def test_names_are_followed_through_pointers():
    # The question holds the name, a TXT record's owner points to it, ours to `local` inside it.
    asked = encoded(NAME) + struct.pack("!2H", A, 1)
    text = record(POINTER, TXT, b"\x03hi!")
    local = 12 + len(encoded(NAME)) - len(encoded("local"))
    label = NAME.removesuffix(".local").encode()
    ours = bytes([len(label)]) + label + struct.pack("!H", 0xC000 | local)
    found = answer(text, record(ours, A, bytes([10, 0, 0, 4])), questions=[asked])
    assert mdns.addresses(found, NAME) == ["10.0.0.4"]


def test_additional_records_count():
    assert mdns.addresses(answer(more=[IPV4]), NAME) == ["192.168.1.20"]


def test_what_precedes_damage_counts():
    assert mdns.addresses(answer(IPV4, b"\xc0"), NAME) == ["192.168.1.20"]
    assert mdns.addresses(answer(IPV4, IPV6)[:-1], NAME) == ["192.168.1.20"]


@pytest.mark.parametrize(
    "datagram",
    [
        b"",
        b"\0" * 11,
        answer(IPV4, flags=0),  # a question
        answer(record(encoded("other.local"), A, bytes([192, 168, 1, 20]))),
        answer(record(encoded(NAME), A, bytes([192, 168, 1, 20]), lifetime=0)),  # a goodbye
        answer(record(encoded(NAME), A, bytes([192, 168, 1, 20]), family=3)),  # class CHAOS
        answer(record(encoded(NAME), A, b"\1\2\3")),
        answer(record(encoded(NAME), TXT, bytes([192, 168, 1, 20]))),
        answer(record(POINTER, A, bytes([192, 168, 1, 20]))),  # points to itself
        answer(record(b"\x80", A, bytes([192, 168, 1, 20]))),
        answer(record(encoded("a" * 63 + "." + ".".join(["b" * 63] * 5)), A, bytes(4)), IPV4),
    ],
)
def test_what_is_no_answer_is_none(datagram):
    assert mdns.addresses(datagram, NAME) == []


@pytest.mark.parametrize(
    "data",
    [
        bytes(4),
        bytes([127, 0, 0, 1]),
        bytes([224, 0, 0, 251]),
        b"\xff" * 4,
        bytes(16),
        bytes(15) + b"\1",
        bytes.fromhex("fe800000000000000000000000000001"),
        bytes(10) + b"\xff\xff\xc0\xa8\x01\x14",
    ],
)
def test_addresses_that_are_no_other_hosts_are_none(data):
    kind = A if len(data) == 4 else AAAA
    assert mdns.addresses(answer(record(encoded(NAME), kind, data)), NAME) == []


def test_long_chains_of_pointers_end():
    chain = b"".join(struct.pack("!H", 0xC000 | 12 + 2 * (n + 1)) for n in range(4000))
    assert mdns.addresses(struct.pack("!6H", 0, 0x8400, 0, 65535, 0, 0) + chain, NAME) == []


def test_a_question_is_what_it_should_be():
    asked = mdns.question("a.local", A)
    assert asked == bytes.fromhex("0000 0000 0001 0000 0000 0000 01 61 05 6c6f63616c 00 0001 0001")


@given(st.binary(max_size=600))
def test_junk_never_raises(datagram):
    assert mdns.addresses(datagram, NAME) == []


@settings(max_examples=300)
@given(st.data())
def test_damaged_answers_never_raise(data):
    datagram = bytearray(answer(COMPRESSED_NSEC, IPV4, IPV6, more=[COMPRESSED_NSEC, IPV4]))
    places = st.integers(0, len(datagram) - 1)
    for place in data.draw(st.lists(places, max_size=6)):
        datagram[place] = data.draw(st.integers(0, 255))
    cut = data.draw(places)
    assert isinstance(mdns.addresses(bytes(datagram[:cut]), NAME), list)


@pytest.mark.parametrize(
    "name",
    [
        "",
        "local",
        ".local",
        "example.org",
        "a..local",
        "a.local.example.org",
        "a b.local",
        "é.local",
        "\ud800.local",
        "a.local\n",
        "x" * 64 + ".local",
        ".".join(["x" * 50] * 5) + ".local",
    ],
)
async def test_other_names_are_not_asked_for(name, monkeypatch):
    monkeypatch.setattr(System, "open_multicast", lambda *_: pytest.fail("it was asked for"))
    with pytest.raises(Unresolved, match="none that multicast DNS can be asked for"):
        await mdns.resolve(System(), name)


async def test_without_a_network_nothing_is_asked(monkeypatch):
    monkeypatch.setattr(System, "open_multicast", lambda *_: pytest.fail("it was asked"))
    with pytest.raises(Unresolved, match="no IPv4 network to ask in"):
        await mdns.resolve(System(), NAME, interfaces=("lo", "nothing0"))
