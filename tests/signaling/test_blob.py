"""The blob: what it carries, how long it is, and how its versions get on with each other."""

import base64
import secrets
import zlib

import msgspec
import pytest
from hypothesis import assume, given, settings

from icetui.signaling import UnreadableDescription, armour, random_credentials, read, write_blob
from tests.signaling.makers import (
    BLOB,
    FOUR,
    MADE,
    candidate,
    description,
    descriptions,
    without_foundations,
)


def rewritten(blob, change):
    """A blob whose bytes before the checksum were changed by `change`, everything else right."""
    characters = blob.removeprefix("icetui:")
    plain = "".join(characters[i : i + 20][:-1] for i in range(0, len(characters), 20))
    data = bytearray(base64.urlsafe_b64decode(plain + "=" * (-len(plain) % 4))[:-4])
    change(data)
    data[1] = len(data) - 2 + 4
    return "icetui:" + armour.armoured(bytes(data) + zlib.crc32(data).to_bytes(4, "big"))


def test_four_ipv4_candidates_fit_in_a_hundred_characters():
    assert len(BLOB) <= 100
    assert "\n" not in BLOB


def test_even_an_answer_with_all_extras_keeps_to_a_hundred_and_forty():
    lowered = tuple(msgspec.structs.replace(c, priority=c.priority - (9 << 8)) for c in FOUR)
    full = description(
        answers="9QmZ",
        mapping="endpoint-independent",
        filtering="address-and-port-dependent",
        complete=True,
        candidates=lowered,
        servers="answer",
        answering=(b"abc", b"def"),
    )
    assert len(write_blob(full)) <= 140


@given(descriptions())
@settings(deadline=None)
def test_what_is_written_is_what_is_read(d):
    got = read(write_blob(d))
    assert (got.ufrag, got.pwd, got.lite, got.complete) == (d.ufrag, d.pwd, d.lite, d.complete)
    assert (got.answers, got.kind) == (d.answers, "blob")
    assert (got.mapping, got.filtering) == (d.mapping, d.filtering)
    assert (got.servers, got.answering, got.silent) == (d.servers, d.answering, d.silent)
    assert got.made == (None if d.made is None else d.made // 60 * 60)
    assert without_foundations(got.candidates) == without_foundations(d.candidates)
    assert all(c.id == "" and c.foundation for c in got.candidates)
    assert got.warnings == ()


@given(descriptions())
@settings(deadline=None)
def test_a_blob_read_and_written_again_is_the_same_blob(d):
    usable = read(write_blob(d))
    assume(all(c.unsupported is None for c in usable.candidates))
    assert write_blob(usable) == write_blob(d)


def test_what_a_later_version_says_of_servers_is_not_known_and_no_error():
    """A number that has no meaning yet, more marks than are read, and half a mark."""
    value = bytes([9]) + b"abcdefghijk"
    extras = bytes([3, len(value)]) + value + bytes([4, 2]) + b"xy"
    told = read(rewritten(BLOB, lambda data: data.extend(extras)))
    assert told.servers == "unknown"
    assert (told.answering, told.silent) == ((b"abc", b"def"), ())


@pytest.mark.parametrize("local_preference", [65535, 65534, 65280, 65279, 0])
def test_priorities_come_back_exactly(local_preference):
    c = candidate("srflx", "192.0.2.1", 5, local_preference=local_preference)
    assert read(write_blob(description(candidates=(c,)))).candidates[0].priority == c.priority


def test_a_priority_near_the_highest_costs_at_most_one_byte():
    def size(local_preference):
        c = candidate("host", "192.0.2.1", 5, local_preference=local_preference)
        return len(armour._unarmoured(write_blob(description(candidates=(c,)))[7:]))

    assert size(65534) == size(65535) + 1 == size(65280)


def test_candidates_of_one_type_and_base_share_a_foundation():
    base = ("192.168.1.20", 51234)
    got = read(
        write_blob(
            description(
                candidates=(
                    candidate("srflx", "203.0.113.7", 1000, related=base),
                    candidate("srflx", "203.0.113.8", 1001, related=base),
                    candidate("host", *base),
                )
            )
        )
    )
    first, second, host = (c.foundation for c in got.candidates)
    assert first == second != host


def test_tcp_candidates_and_component_2_are_not_written():
    tcp = msgspec.structs.replace(FOUR[0], transport="tcp", tcptype="active")
    rtcp = msgspec.structs.replace(FOUR[1], component=2)
    assert read(write_blob(description(candidates=(tcp, rtcp)))).candidates == ()


def test_a_name_that_is_not_local_is_kept_and_marked():
    got = read(write_blob(description(candidates=(candidate("host", "host.example.org", 9),))))
    assert "not looked up" in got.candidates[0].unsupported


def test_more_candidates_than_anyone_checks_are_cut_off():
    many = tuple(candidate("host", f"10.0.{i // 256}.{i % 256}", 5000) for i in range(1, 400))
    assert len(read(write_blob(description(candidates=many))).candidates) == 100


def test_extras_of_a_newer_minor_version_are_skipped():
    def newer(data):
        data[0] |= 5
        data += bytes([200, 3, 1, 2, 3])

    got = read(rewritten(BLOB, newer))
    assert (got.ufrag, len(got.candidates), got.made) == ("a7Kf", 4, MADE)


def test_a_newer_major_version_asks_for_an_update():
    def newer(data):
        data[0] = 0x20

    with pytest.raises(UnreadableDescription, match="newer icetui: update"):
        read(rewritten(BLOB, newer))


@pytest.mark.parametrize("at", [2, 25, 26])
def test_a_right_checksum_over_nonsense_is_not_believed(at):
    def nonsense(data):
        del data[at:]
        data += b"\x00\xff\xff"

    with pytest.raises(UnreadableDescription, match=r"makes no sense|too short|that ICE does"):
        read(rewritten(BLOB, nonsense))


@given(descriptions())
@settings(deadline=None, max_examples=30)
def test_every_single_altered_character_is_noticed(d):
    blob = write_blob(d)
    for at in range(7, min(len(blob), 60)):
        other = "A" if blob[at] != "A" else "B"
        with pytest.raises(UnreadableDescription):
            read(blob[:at] + other + blob[at + 1 :])


def test_our_credentials_have_the_entropy_that_ice_asks_and_fit_a_blob_packed():
    ufrag, pwd = random_credentials(secrets.token_bytes)
    assert (len(ufrag), len(pwd)) == (4, 22)
    assert len(base64.b64decode(ufrag)) * 8 == 24
    assert len(base64.b64decode(pwd + "==")) * 8 == 128
    foreign = description(ufrag="abcde", pwd="x" * 24)
    assert (
        len(write_blob(description(ufrag=ufrag, pwd=pwd))) == len(BLOB) < len(write_blob(foreign))
    )
