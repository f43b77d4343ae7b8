"""What enters as a line: text cleaned, numbers finite, length bounded, whoever wrote it."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from icetui import events
from icetui.streams.event_reader import LONGEST_TEXT, MOST_ATTRIBUTES, EventReader
from icetui.streams.line_splitter import LONGEST_LINE, Lines
from tests.making import any_event
from tests.test_printable import TRAPS


def strings(value: Any) -> list[str]:
    """Every string in a value, keys too."""
    if isinstance(value, str):
        return [value]
    if isinstance(value, dict):
        return [s for item in value.items() for s in strings(item)]
    if isinstance(value, list | tuple):
        return [s for item in value for s in strings(item)]
    return []


def planted(event: events.AnyEvent, trap: str) -> bytes:
    """The event's line with a trap in every text that is no code or id of ours."""
    kept = {"event", "state", "type", "kind", "transport", "direction", "message_class", "reason",
            "role", "purpose", "mapping", "filtering", "severity", "where", "outcome", "gone",
            "tls", "resolver", "alternate_refused", "name_state", "over_tcp",
            "over_web", "servers", "occasion"}  # fmt: skip
    if isinstance(event, events.DescriptionReplaced | events.CredentialsRenewed):
        kept |= {"cause"}  # one of three words, elsewhere a sentence
    if isinstance(event, events.NetworkChanged):
        kept |= {"by"}

    def plant(value: Any, key: str = "") -> Any:
        if isinstance(value, str) and key not in kept:
            return f"{value}{trap}x"
        if isinstance(value, dict):
            return {k: plant(v, k) for k, v in value.items()}
        if isinstance(value, list):
            return [plant(v, key) for v in value]
        return value

    return json.dumps(plant(msgspec.to_builtins(event))).encode()


SURE_TRAPS = {name: trap for name, trap in TRAPS.items() if name != "lone surrogate"}


@settings(deadline=None, max_examples=300)
@given(any_event, st.sampled_from(list(SURE_TRAPS.values())))
def test_no_event_of_any_kind_carries_a_trap_in(event: events.AnyEvent, trap: str) -> None:
    read = EventReader().read(planted(event, trap))
    assert read is not None
    for text in strings(msgspec.to_builtins(read)):
        assert text.isprintable()


@pytest.mark.parametrize("raw", [False, True], ids=["escaped", "raw"])
def test_a_trap_is_found_escaped_as_well_as_raw(raw: bool) -> None:
    line = json.dumps(
        {"event": "peer-left", "wall": 1, "t": 1, "session": "\x9b31m\u202e"}, ensure_ascii=not raw
    )
    read = EventReader().read(line)
    assert read is not None
    assert read.session == "·31m·"


@pytest.mark.parametrize("number", ["1e308", "-1e300", "1e999", "9" * 5000, "-" + "9" * 400])
def test_a_number_that_no_figure_can_be_makes_the_line_unreadable(number: str) -> None:
    for line in (
        f'{{"event":"peer-left","wall":{number},"t":1}}',
        f'{{"event":"round-trip-measured","wall":1,"t":1,"pair":"a","seconds":{number}}}',
        f'{{"event":"text-sent","wall":1,"t":1,"id":{number},"text":"a"}}'
        if "e" not in number
        else '{"event":"peer-left","wall":1e300,"t":1}',
    ):
        reader = EventReader()
        assert reader.read(line) is None
        assert reader.unreadable == 1


def test_a_message_of_thousands_of_attributes_is_cut() -> None:
    attribute = events.StunAttribute(name="n" * 2000, value="v" * 2000)
    message = events.StunMessage(
        wall=1, t=1, direction="in", local="a", remote="b", method="m", message_class="request",
        transaction="0", attributes=(attribute,) * 200,
    )  # fmt: skip
    read = EventReader().read(events.encode(message))
    assert isinstance(read, events.StunMessage)
    assert len(read.attributes) == MOST_ATTRIBUTES
    assert len(events.encode(read)) < 40_000


def test_a_text_of_a_megabyte_is_cut() -> None:
    line = events.encode(events.PeerLeft(wall=1, t=1, session="x" * (LONGEST_LINE - 100)))
    read = EventReader().read(line)
    assert read is not None
    assert len(read.session) == LONGEST_TEXT


def test_our_own_blob_comes_through_whole() -> None:
    blob = events.BlobChanged(wall=1, t=1, blob="icetui:" + "A" * 30_000)
    assert EventReader().read(events.encode(blob)) == blob


# --- lines ---------------------------------------------------------------------------------------


@given(st.lists(st.binary(max_size=9).map(lambda b: b.replace(b"x", b"\n")), max_size=30))
def test_lines_are_the_same_in_whatever_chunks_they_come(chunks: list[bytes]) -> None:
    lines = Lines()
    told = [line for chunk in chunks for line in lines.feed(chunk)]
    assert [*told, lines.rest()] == b"".join(chunks).split(b"\n")
    assert lines.too_long == 0


@pytest.mark.parametrize("size", [1, 7, 100, 5000])
def test_a_line_too_long_is_passed_over_and_its_neighbours_are_read(size: int) -> None:
    data = b"first\n" + b"a" * 1001 + b"\nsecond\n" + b"b" * 1000 + b"\nthird\n"
    lines = Lines(longest=1000)
    told = [line for at in range(0, len(data), size) for line in lines.feed(data[at : at + size])]
    assert told == [b"first", b"second", b"b" * 1000, b"third"]
    assert lines.too_long == 1


def test_a_stream_without_line_ends_takes_time_in_proportion_and_no_memory() -> None:
    lines = Lines(longest=64 * 1024)
    chunk = b"a" * 65536
    for _ in range(5000):  # 328 MB; a joined rest would have been copied 5,000 times
        assert lines.feed(chunk) == []
    assert lines.too_long == 1
    assert lines.rest() == b""


def test_bytes_that_are_no_text_in_a_field_nobody_knows_do_no_harm() -> None:
    reader = EventReader()
    assert reader.read(b'{"event":"peer-left","wall":1,"t":1,"mood":"\xe7"}') is None
    assert reader.read(b'{"event":"peer-left","wall":1,"t":1,"\xb8":1}') is None
    assert reader.unreadable == 2
