"""The vocabulary: what is written is read back, and no line of anybody's brings a reader down."""

import json

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from icetui import events
from icetui.events import NotUnderstood
from icetui.streams.event_reader import EventReader, cleaned
from tests.making import COMMAND_TYPES, EVENT_TYPES, any_event, structs

EXAMPLES = 25


@pytest.mark.parametrize("kind", EVENT_TYPES, ids=lambda k: events.kebab(k.__name__))
def test_every_event_is_read_back_as_it_was_written_but_for_what_is_cleaned(kind):
    @settings(max_examples=EXAMPLES, deadline=None)
    @given(structs(kind))
    def check(event):
        reader = EventReader()
        line = events.encode(event)
        assert line.endswith(b"\n")
        assert line.count(b"\n") == 1
        assert reader.read(line) == cleaned(event)
        assert reader.skipped == 0

    check()


@pytest.mark.parametrize("kind", COMMAND_TYPES, ids=lambda k: events.kebab(k.__name__))
def test_every_command_is_read_back_as_it_was_written(kind):
    @settings(max_examples=EXAMPLES, deadline=None)
    @given(structs(kind))
    def check(command):
        assert events.decode_command(events.encode(command)) == command

    check()


def test_the_tag_of_an_event_is_its_name_in_kebab_case():
    line = events.encode(events.SelectedPairChanged(wall=1.0, t=2.0, pair=None))
    assert json.loads(line)["event"] == "selected-pair-changed"


def test_an_event_of_a_newer_version_is_skipped_and_counted():
    reader = EventReader()
    assert reader.read(b'{"event":"weather-changed","wall":1,"t":1,"sky":"blue"}') is None
    assert (reader.unknown_events, reader.unknown_fields, reader.unreadable) == (1, 0, 0)


def test_a_field_of_a_newer_version_is_skipped_and_counted():
    reader = EventReader()
    line = b'{"event":"role-changed","wall":1,"t":2,"role":"controlled","mood":"calm"}'
    assert reader.read(line) == events.RoleChanged(wall=1, t=2, role="controlled")
    assert (reader.unknown_events, reader.unknown_fields, reader.unreadable) == (0, 1, 0)


def test_unknown_fields_inside_nested_values_are_counted_too():
    reader = EventReader()
    pair = {"id": "L1-R1", "local": "L1", "remote": "R1", "colour": 1, "smell": 2}
    line = json.dumps({"event": "pair-changed", "wall": 1, "t": 1, "pair": pair})
    assert reader.read(line) is not None
    assert reader.unknown_fields == 2
    attribute = {"name": "REALM", "value": "x", "taste": 3}
    message = events.StunMessage(
        wall=1, t=1, direction="in", local="a:1", remote="b:2", method="Binding",
        message_class="request", transaction="00",
    )  # fmt: skip
    raw = json.loads(events.encode(message)) | {"attributes": [attribute, attribute]}
    assert reader.read(json.dumps(raw)) is not None
    assert reader.unknown_fields == 4


def test_a_known_event_with_a_value_of_the_wrong_kind_is_unreadable():
    reader = EventReader()
    assert reader.read(b'{"event":"role-changed","wall":1,"t":2,"role":"king"}') is None
    assert reader.read(b'{"event":"role-changed","wall":"x","t":2,"role":"controlled"}') is None
    assert reader.unreadable == 2


@pytest.mark.parametrize(
    "line",
    [
        b"", b"\n", b"hello", b"[]", b"{}", b"null", b"7", b'"event"', b'{"event":7}',
        b'{"event":"peer-left"}', b"\xff\xfe", b'{"event":"peer-left","wall":1,"t":',
        b"[" * 100_000, b'{"a":' * 100_000, b'{"event":"\xff"}', "\ud800", b'{"event":"\\ud800"}',
    ],
    ids=lambda line: repr(line[:24]),
)  # fmt: skip
def test_junk_is_counted_and_never_raises(line):
    reader = EventReader()
    assert reader.read(line) is None
    assert reader.skipped == 1


@settings(deadline=None)
@given(st.binary(max_size=200) | st.text(max_size=200))
def test_no_bytes_at_all_make_a_reader_raise(line):
    EventReader().read(line)


@settings(deadline=None)
@given(any_event, st.data())
def test_a_cut_or_altered_line_never_raises(event, data):
    line = bytearray(events.encode(event))
    del line[data.draw(st.integers(0, len(line))) :]
    for _ in range(data.draw(st.integers(0, 3)) if line else 0):
        line[data.draw(st.integers(0, len(line) - 1))] = data.draw(st.integers(0, 255))
    EventReader().read(bytes(line))


@settings(deadline=None)
@given(st.binary(max_size=200) | st.text(max_size=200))
def test_a_line_that_is_no_command_is_named_so(line):
    with pytest.raises(NotUnderstood, match="not a command"):
        events.decode_command(line)


@pytest.mark.parametrize(
    "line",
    [b'{"command":"dance"}', b'{"command":"nominate"}', b'{"command":"paste","text":1}',
     b"[" * 100_000, b'{"command":"leave","x":' + b"[" * 100_000, "\ud800"],
    ids=lambda line: repr(line[:24]),
)  # fmt: skip
def test_a_command_that_is_unknown_incomplete_or_mistyped_is_named(line):
    with pytest.raises(NotUnderstood):
        events.decode_command(line)


def test_a_command_of_a_newer_version_keeps_what_is_known_of_it():
    command = events.decode_command(b'{"command":"nominate","pair":"L1-R1","gently":true}')
    assert command == events.Nominate(pair="L1-R1")


def test_the_schema_names_every_event_and_every_command():
    schema = json.loads(json.dumps(events.schema()))
    assert schema["protocol"] == events.PROTOCOL

    def tags(union, tag):
        names = [option["$ref"].removeprefix("#/$defs/") for option in union["anyOf"]]
        return {schema["$defs"][name]["properties"][tag]["enum"][0] for name in names}

    assert tags(schema["events"], "event") == {events.kebab(k.__name__) for k in EVENT_TYPES}
    assert tags(schema["commands"], "command") == {events.kebab(k.__name__) for k in COMMAND_TYPES}


def test_every_reference_in_the_schema_leads_somewhere():
    schema = events.schema()
    text = json.dumps(schema)
    for name in {part.partition('"')[0] for part in text.split('"#/$defs/')[1:]}:
        assert name in schema["$defs"]


def test_the_command_line_prints_the_schema(icetui):
    done = icetui("events", "--schema")
    assert done.returncode == 0
    assert json.loads(done.stdout) == json.loads(json.dumps(events.schema()))


def test_every_event_type_is_in_the_union_that_readers_use():
    def below(kind):
        for child in kind.__subclasses__():
            yield child
            yield from below(child)

    assert {k for k in below(events.Event) if k.__module__.startswith("icetui.events.")} == set(
        EVENT_TYPES
    )
    assert {k for k in below(events.Command) if k.__module__.startswith("icetui.events.")} == set(
        COMMAND_TYPES
    )


def test_servers_write_uris_that_name_no_user():
    server = events.TurnServer(host="::1", port=5, transport="tcp", username="u", password="geheim")
    assert server.url == "turn:[::1]:5?transport=tcp"
    assert msgspec.structs.replace(server, transport="tls").url == "turns:[::1]:5"
    assert events.StunServer(host="a.example").url == "stun:a.example:3478"
