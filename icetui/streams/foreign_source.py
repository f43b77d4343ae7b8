"""A stream told by another program, perhaps on another machine: what it may hand us.

What belongs here: what must not come through from there although our own engine may say it. Text is
cleaned before (`event_reader`); nothing of such a stream acts without a key (`Source.foreign`).
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator

import msgspec

from icetui import events
from icetui.events import AnyEvent
from icetui.streams.source import Wrapper

_BLOB = re.compile(r"icetui:[A-Za-z0-9_-]{16,65536}")


class Foreign(Wrapper):
    """Lets a description of ours through only if it is one and nothing else: it goes to the
    clipboard when asked for, and from there anywhere, a shell too."""

    async def events(self) -> AsyncIterator[AnyEvent]:
        async for event in super().events():
            if isinstance(event, events.BlobChanged) and not is_description(event.blob):
                yield msgspec.structs.replace(event, blob="")
            else:
                yield event


def is_description(text: str) -> bool:
    """Whether the text is a blob, whole and with nothing around it."""
    if _BLOB.fullmatch(text) is None:
        return False
    from icetui import signaling

    try:
        signaling.read(text)
    except signaling.UnreadableDescription:
        return False
    return True
