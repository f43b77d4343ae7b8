"""Lines ↔ events as they enter a process: forgiving towards a newer writer, hard on a hostile one.

What belongs here: decoding, counting what was passed over, and the cleaning of all text: a line may
come from another machine or out of anybody's file. Behind it every string is one printable line and
every number finite.
"""

from __future__ import annotations

import functools
import typing
from typing import Any

import msgspec

from icetui import events
from icetui.events import AnyEvent, Event, kebab
from icetui.printable import printable
from icetui.streams.line_splitter import LONGEST_LINE

LONGEST_TEXT = 4096
"""Characters of one string, but for our own description."""
LONGEST_BLOB = 64 * 1024
MOST_ATTRIBUTES, LONGEST_ATTRIBUTE = 64, 256
"""Of one STUN message, and characters of one of them."""
LONG = 8 * 1024
"""Bytes of a line above which its strings and lists are looked at."""

_KINDS: Any = AnyEvent
_encode = msgspec.json.Encoder().encode
_TYPES: dict[str, type[Event]] = {kebab(k.__name__): k for k in typing.get_args(AnyEvent)}


@functools.cache
def _decoder() -> msgspec.json.Decoder[AnyEvent]:
    """Made when the first line comes: the first frame of a screen need not wait for it."""
    return msgspec.json.Decoder(AnyEvent)


class EventReader:
    """Reads event lines; never raises.

    `unknown_events` and `unknown_fields` count what was skipped, `unreadable` the lines that were
    no event at all.
    """

    def __init__(self) -> None:
        self.unknown_events = 0
        self.unknown_fields = 0
        self.unreadable = 0
        self._fields: dict[type[msgspec.Struct], dict[str, type[msgspec.Struct] | None]] = {}

    @property
    def skipped(self) -> int:
        """All that was passed over."""
        return self.unknown_events + self.unknown_fields + self.unreadable

    def read(self, line: bytes | str) -> AnyEvent | None:
        """The event on a line, or None when it had to be skipped."""
        try:
            data = line.encode() if isinstance(line, str) else line
            if len(data) > LONGEST_LINE:
                self.unreadable += 1
                return None
            event = _decoder().decode(data)
            # What our own writer wrote comes out the same again and so holds nothing unknown. Only
            # a newer or a foreign one is worth the second, much slower look; which may find what
            # is no JSON in a field that the first one passed over.
            encoded = _encode(event)
            if encoded != data and encoded != data.rstrip():
                unknown = self._count_unknown(type(event), msgspec.json.decode(data))
                self.unknown_fields += unknown - 1  # "event" itself is the tag
        except (msgspec.MsgspecError, UnicodeError, RecursionError):
            self._count_skipped(line)
            return None
        # JSON writes every control character as an escape, so a line of plain ASCII without a
        # backslash holds none; and hardly any line of ours is another.
        if not data.isascii() or b"\\" in data or b"\x7f" in data or len(data) > LONG:
            return cleaned(event)
        return event

    def _count_skipped(self, line: bytes | str) -> None:
        try:
            raw = msgspec.json.decode(line)
        except (msgspec.MsgspecError, UnicodeError, RecursionError):
            raw = None
        named = raw.get("event") if isinstance(raw, dict) else None
        if isinstance(named, str) and named not in _TYPES:
            self.unknown_events += 1
        else:
            self.unreadable += 1

    def _count_unknown(self, kind: type[msgspec.Struct], raw: dict[str, Any]) -> int:
        """How many keys of `raw` the struct has no field for, its tag among them."""
        fields = self._fields.get(kind)
        if fields is None:
            fields = self._fields[kind] = _known_fields(kind)
        unknown = 0
        for key, value in raw.items():
            if key not in fields:
                unknown += 1
                continue
            nested = fields[key]
            if nested is None:
                continue
            for item in value if isinstance(value, list) else [value]:
                if isinstance(item, dict):
                    unknown += self._count_unknown(nested, item)
        return unknown


def cleaned(event: AnyEvent) -> AnyEvent:
    """The event with every text in it on one printable line of bounded length."""
    fields: Any = msgspec.to_builtins(event)
    blob = fields.pop("blob", None) if isinstance(event, events.BlobChanged) else None
    if isinstance(event, events.StunMessage) and "attributes" in fields:
        fields["attributes"] = [
            {k: printable(v, LONGEST_ATTRIBUTE) for k, v in attribute.items()}
            for attribute in fields["attributes"][:MOST_ATTRIBUTES]
        ]
    fields = _cleaned_value(fields)
    if blob is not None:
        fields["blob"] = printable(blob, LONGEST_BLOB)
    converted: AnyEvent = msgspec.convert(fields, _KINDS)
    return converted


def _cleaned_value(value: Any) -> Any:
    if isinstance(value, str):
        return printable(value, LONGEST_TEXT)
    if isinstance(value, dict):
        return {printable(k, LONGEST_TEXT): _cleaned_value(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_cleaned_value(item) for item in value]
    return value


def _known_fields(kind: type[msgspec.Struct]) -> dict[str, type[msgspec.Struct] | None]:
    return {f.encode_name: _nested_struct(f.type) for f in msgspec.structs.fields(kind)}


def _nested_struct(annotation: Any) -> type[msgspec.Struct] | None:
    """The struct inside `X`, `X | None` or `tuple[X, ...]`."""
    if isinstance(annotation, type) and issubclass(annotation, msgspec.Struct):
        return annotation
    for argument in typing.get_args(annotation):
        found = _nested_struct(argument)
        if found is not None:
            return found
    return None
