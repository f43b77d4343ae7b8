"""What all events are."""

from __future__ import annotations

import msgspec

from icetui.events.codes import Seconds, kebab


class Event(
    msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="event", tag=kebab
):
    """Something that happened, stamped."""

    wall: Seconds
    """Unix time, seconds."""
    t: Seconds
    """Monotonic seconds since the engine started."""
    session: str = ""
    """Id of the ICE session it belongs to; empty for the engine itself."""
