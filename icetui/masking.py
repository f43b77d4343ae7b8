"""Events with every address replaced by a stable pseudonym of the same kind (`--mask`).

A pseudonym is an address too: private stays private, IPv6 stays IPv6, so that what is said about
the session stays true. The blob is left alone, because it has to be sent; the screen hides it.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import AsyncIterator
from typing import Any

import msgspec

from icetui import events
from icetui.events import AnyEvent
from icetui.sources import Source, Wrapper

_ADDRESS = re.compile(
    r"(?<![\w.])\d{1,3}(?:\.\d{1,3}){3}(?!\w|\.\d)"
    r"|(?<![\w.:])[0-9A-Fa-f]*:[0-9A-Fa-f:]*:[0-9A-Fa-f.]*(?!\w)"
)
_NAME = re.compile(r"[\w-]+\.local\b")
_KINDS: Any = AnyEvent


class Mask:
    """One session's pseudonyms, given in the order of appearance."""

    def __init__(self) -> None:
        self._known: dict[str, str] = {}
        self._given: dict[str, int] = {}

    def event(self, event: AnyEvent) -> AnyEvent:
        """The same event without a real address in it."""
        if isinstance(event, events.BlobChanged):
            return event
        masked: AnyEvent = msgspec.convert(self._value(msgspec.to_builtins(event)), _KINDS)
        return masked

    def _value(self, value: Any) -> Any:
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, dict):
            return {key: self._value(item) for key, item in value.items()}
        if isinstance(value, list | tuple):
            return [self._value(item) for item in value]
        return value

    def text(self, text: str) -> str:
        """`text` with its addresses and `.local` names replaced."""
        text = _ADDRESS.sub(lambda match: self._address(match[0]), text)
        return _NAME.sub(lambda match: self._pseudonym(match[0].lower(), "host-{}.local"), text)

    def _address(self, text: str) -> str:
        try:
            address = ipaddress.ip_address(text)
        except ValueError:
            return text
        if address.is_loopback or address.is_unspecified:
            return text
        return self._pseudonym(str(address), _shape(address))

    def _pseudonym(self, key: str, shape: str) -> str:
        if key not in self._known:
            number = self._given[shape] = self._given.get(shape, 0) + 1
            self._known[key] = shape.format(_digits(number, shape))
        return self._known[key]


class Masked(Wrapper):
    """A source without a real address in its events; one set of pseudonyms for screen, recording
    and report. It goes around whatever exchanges blobs, and inside whatever keeps or shows."""

    def __init__(self, inner: Source) -> None:
        super().__init__(inner)
        self._mask = Mask()

    async def events(self) -> AsyncIterator[AnyEvent]:
        async for event in super().events():
            yield self._mask.event(event)


def _digits(number: int, shape: str) -> str:
    if ":" in shape:
        return f"{number:x}"
    if shape.count(".") == 3:
        return str(min(number, 254))
    return f"{number // 250}.{number % 250 + 1}" if shape[0].isdigit() else str(number)


def _shape(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> str:
    """A range of the same kind. For public ones the withdrawn 6to4 anycast range (RFC 7526):
    nobody's, and yet not special to anything that asks whether an address is global."""
    if address.version == 6:
        if address.is_link_local:
            return "fe80::{}"
        return "fd00::{}" if address.is_private else "2002:c058:6301::{}"
    if address.is_link_local:
        return "169.254.{}"
    if address in ipaddress.ip_network("100.64.0.0/10"):
        return "100.64.{}"
    return "10.99.{}" if address.is_private else "192.88.99.{}"
