"""`read`: whatever people paste, without being told its kind.

What belongs here: the order in which kinds are tried, and which of several complaints is said.
What must never come in: the syntax of any one kind.
"""

from __future__ import annotations

import msgspec

from icetui.signaling import armour, blob, javascript
from icetui.signaling.cleaning import cleaned, has_curly_quotes
from icetui.signaling.collected import Collected
from icetui.signaling.description import (
    MAX_TEXT,
    Description,
    IncompleteDescription,
    UnreadableDescription,
)


def read(text: str) -> Description:
    """The description in `text`: a blob, SDP, JSON, base64 of JSON, or candidates.

    Raises `UnreadableDescription` and nothing else, for any text, in time linear in its length;
    its subclass `IncompleteDescription` when all that is wrong is that the text stops too early.
    """
    if len(text) > MAX_TEXT:
        raise UnreadableDescription(
            f"This is more than {MAX_TEXT // 1024} kB of text and no description is so long: paste "
            "only the blob."
        )
    clean = cleaned(text)
    if not clean.strip():
        raise UnreadableDescription("There is no text: copy the other side's blob and paste it.")
    whole, damages = armour.find(clean)
    if whole:
        return _one(whole, damages, other_alphabet=armour.in_other_alphabet(clean))
    certain = max(damages, key=lambda d: d.certainty, default=None)
    if certain is not None and certain.certainty:
        raise _as_error(certain)
    collected = _collected(clean)
    if collected.anything:
        try:
            return _noted(collected.description(), text)
        except UnreadableDescription:
            if certain is None or collected.is_sdp or collected.is_json:
                raise
    if certain is not None:
        raise _as_error(certain)
    if armour.PREFIX.startswith(clean.strip().lower()):
        raise IncompleteDescription(
            "Only the first letters of a blob are here: copy the whole line."
        )
    if armour.looks_torn(clean):
        raise UnreadableDescription(
            "This looks like the inside of a blob whose start is missing or damaged: copy the "
            "whole line, from `icetui:` on."
        )
    raise UnreadableDescription(
        "This is neither a blob (`icetui:…`) nor SDP nor an ICE candidate: paste what the other "
        "side's icetui or browser shows."
    )


def _noted(description: Description, text: str) -> Description:
    """With a word on what was put right before it was read."""
    if not has_curly_quotes(text):
        return description
    note = "Its quotes had been made curly; they were read as plain ones."
    return msgspec.structs.replace(description, warnings=(*description.warnings, note))


def _as_error(damage: armour.Damage) -> UnreadableDescription:
    kind = IncompleteDescription if damage.incomplete else UnreadableDescription
    return kind(damage.sentence)


def _one(whole: list[bytes], damages: list[armour.Damage], *, other_alphabet: bool) -> Description:
    """The description of blobs that were pasted together."""
    read_ones = [blob.read_bytes(data) for data in dict.fromkeys(whole)]
    newest = read_ones[-1]
    for other in read_ones[:-1]:
        if (other.ufrag, other.pwd) != (newest.ufrag, newest.pwd):
            raise UnreadableDescription(
                f"Two different blobs were pasted (of {other.ufrag} and {newest.ufrag}): paste "
                "only the one that the other side sent you."
            )
    warnings = newest.warnings
    if len(read_ones) > 1:
        # The same side made them one after the other; made says which is newer, else the place.
        newest = max(enumerate(read_ones), key=lambda p: (p[1].made or 0, p[0]))[1]
        warnings = (
            *newest.warnings,
            "Several blobs of the same side were pasted; the newest is used.",
        )
    if any(d.certainty for d in damages):
        warnings = (*warnings, "The blob was pasted more than once; a whole one is used.")
    if other_alphabet:
        note = "The blob had + and / where icetui writes - and _; it was read all the same."
        warnings = (*warnings, note)
    return msgspec.structs.replace(newest, warnings=warnings)


def _collected(clean: str) -> Collected:
    """Everything that any foreign kind has in it."""
    plain = _collected_plainly(clean)
    if not plain.usable:
        inside = javascript.decoded_base64(clean)
        if inside is not None:
            decoded = _collected_plainly(cleaned(inside))
            decoded.is_json |= "{" in inside
            decoded.is_base64 = decoded.is_json
            return decoded
    return plain


def _collected_plainly(clean: str) -> Collected:
    collected = Collected()
    javascript.collect_javascript(javascript.collect_json(clean, collected), collected)
    return collected
