"""Frames: signed by whoever holds both passwords, each good once and in one direction."""

from __future__ import annotations

import itertools

import pytest

from icetui.engine.core import frames
from icetui.engine.core.frames import BYE, ECHO, TEXT, Frame, Received

ALICE, BOB = b"VOkJxbRl1RmTxUk/WvJxBt", b"asd88fgpdd777uzjYhagZg"
"""Passwords of RFC 8445's and RFC 8839's examples."""


def test_keys_and_frames_are_those_of_the_vectors() -> None:
    """Reckoned with another implementation of HMAC-SHA-256 (openssl dgst -hmac)."""
    keys = frames.keys(ALICE, BOB)
    assert keys.ours.hex() == ("74f7cabcaf8976de478eec420b2520dc4802c1e9c1c502a7427e3ce28b6f2159")
    assert frames.bye(keys.ours, 1).hex() == "f11300000001" + "f5b7e824da1203fd"
    assert (
        frames.text(keys.ours, 2, 7, b"hi").hex() == "f11100000002000000076869" + "b96250ccf3787011"
    )


def test_each_side_reads_what_the_other_signed() -> None:
    ours, theirs = frames.keys(ALICE, BOB), frames.keys(BOB, ALICE)
    assert (ours.ours, ours.theirs) == (theirs.theirs, theirs.ours)
    made = {
        TEXT: frames.text(ours.ours, 5, 9, "grüße".encode()),
        ECHO: frames.echo(ours.ours, 6, 9),
        BYE: frames.bye(ours.ours, 7),
    }
    assert frames.read(theirs.theirs, made[TEXT]) == Frame(TEXT, 5, 9, "grüße".encode())
    assert frames.read(theirs.theirs, made[ECHO]) == Frame(ECHO, 6, 9, b"")
    assert frames.read(theirs.theirs, made[BYE]) == Frame(BYE, 7, 0, b"")
    for frame in made.values():
        assert frames.read(ours.theirs, frame) is None, "sent back to where it came from"


@pytest.mark.parametrize("kind", [frames.text, frames.bye], ids=["text", "bye"])
def test_no_altered_byte_passes(kind: object) -> None:
    key = frames.keys(ALICE, BOB).ours
    frame = frames.bye(key, 3) if kind is frames.bye else frames.text(key, 3, 1, b"pay 10")
    for at, bit in itertools.product(range(len(frame)), range(8)):
        altered = bytearray(frame)
        altered[at] ^= 1 << bit
        assert frames.read(key, bytes(altered)) is None
    for length in range(len(frame)):
        assert frames.read(key, frame[:length]) is None


def test_each_number_is_taken_once_and_late_ones_within_the_window() -> None:
    received = Received()
    assert [received.take(n) for n in (1, 3, 2, 3, 2, 1)] == [True, True, True, False, False, False]
    assert received.take(200)
    assert not received.take(200 - frames.WINDOW)
    assert received.take(200 - frames.WINDOW + 1)
    assert not received.take(3)
