"""`read`: whatever people paste, without being told its kind.

What belongs here: the order in which kinds are tried, and which of several complaints is said.
What must never come in: the syntax of any one kind.
"""

from __future__ import annotations

import re

import msgspec

from icetui.signaling import armour, blob, misplaced, objects, packed, wrappings
from icetui.signaling.cleaning import cleaned, has_curly_quotes
from icetui.signaling.collected import Collected
from icetui.signaling.description import (
    MAX_TEXT,
    Description,
    IncompleteDescription,
    UnreadableDescription,
)
from icetui.signaling.jingle import collect_jingle
from icetui.signaling.literals import take_values
from icetui.signaling.merging import merged
from icetui.signaling.sdp import collect_sdp, is_unterminated, lost_a_plus

_DEEPEST = 3
"""How often one text may be packed into another."""
_BESIDE_A_BLOB = re.compile(r"ice-pwd|candidate:|\"sdp\"|usernameFragment")


def read(text: str) -> Description:
    """The description in `text`: a blob, SDP, JSON, base64 of JSON, objects, XML, or candidates.

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
        return _beside(_one(whole, damages, other_alphabet=armour.in_other_alphabet(clean)), clean)
    certain = max(damages, key=lambda d: d.certainty, default=None)
    if certain is not None and certain.certainty:
        raise _as_error(certain)
    if misplaced.is_dump(clean):
        raise UnreadableDescription(misplaced.DUMP)
    collected = Collected()
    _collect(clean, collected)
    if collected.anything:
        try:
            return _noted(merged(collected), text)
        except UnreadableDescription:
            if certain is None or collected.is_sdp or collected.is_json:
                raise
    if certain is not None:
        raise _as_error(certain)
    if armour.PREFIX.startswith(clean.strip().lower()):
        raise IncompleteDescription(
            "Only the first letters of a blob are here: copy the whole line."
        )
    raise UnreadableDescription(_what_it_is(clean, collected))


def _what_it_is(clean: str, collected: Collected) -> str:
    """The sentence on a text without a description."""
    if collected.statistics:
        return misplaced.STATISTICS
    if collected.notes:
        return collected.notes[0]
    if armour.is_torn(clean):
        return (
            "This looks like the inside of a blob whose start is missing or damaged: copy the "
            "whole line, from `icetui:` on."
        )
    return misplaced.sentence(clean) or misplaced.NEITHER


def _beside(description: Description, clean: str) -> Description:
    """With a word on what else the text holds."""
    if not _BESIDE_A_BLOB.search(clean):
        return description
    note = "There is SDP beside the blob; the blob is used and the SDP left out."
    return msgspec.structs.replace(description, warnings=(*description.warnings, note))


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


def _collect(text: str, into: Collected, depth: int = 0) -> None:
    """Everything that any foreign kind has in it: first what is an object, then XML, then lines,
    then what is packed."""
    text = wrappings.undone(text)
    rest = take_values(text, lambda value: objects.collect_value(value, into))
    into.cut |= rest.cut
    # A preview leaves out what the line of a candidate says, too; of parameters, their candidates.
    into.shortened |= rest.shortened and (bool(into.objects.media) or not into.usable)
    lines = objects.unescaped(collect_jingle(rest.text, into))
    lines = objects.collect_key_lines(lines, into)
    objects.note_keys(lines, into)
    if not into.is_json:
        into.unterminated |= is_unterminated(lines)
        into.lost_plus |= lost_a_plus(lines)
    collect_sdp(lines, into)
    if depth == _DEEPEST:
        return
    for payload in packed.payloads(rest.text):
        if payload.problem:
            into.notes.append(payload.problem)
            continue
        into.cut |= payload.cut
        into.is_base64 |= "{" in payload.text and "v=0" not in payload.text[:10]
        _collect(cleaned(payload.text), into, depth + 1)
