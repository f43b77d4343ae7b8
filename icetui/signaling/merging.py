"""The one description that the pieces of a text amount to, or why they amount to none.

What belongs here: which of several descriptions, media sections and repetitions counts, and what
is said about the others.
What must never come in: the syntax the pieces were written in.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Sequence

import msgspec

from icetui import events
from icetui.grammar import agreeing, count
from icetui.signaling import validity
from icetui.signaling.collected import Collected, Trickled
from icetui.signaling.description import (
    MAX_CANDIDATES,
    MAX_WARNINGS,
    Description,
    IncompleteDescription,
    UnreadableDescription,
)
from icetui.signaling.sections import Section, SessionDescription

ANOTHER_SECTION = "belongs to another media section"
MISMATCH = (
    "The other side reports an ICE mismatch (RFC 8839 section 5.3): something on the way, mostly a "
    "router's SIP helper (ALG), rewrote the addresses it was sent, so it does no ICE."
)
CUT = "The text stops in the middle: it was read as far as it goes, copy all of it for the rest."


@dataclasses.dataclass(frozen=True)
class _Transport:
    """The one that is used: its section, and what is known of it by now."""

    sdp: SessionDescription
    main: Section
    ufrag: str
    pwd: str


def merged(collected: Collected) -> Description:
    """Raises `UnreadableDescription` when there is nothing that can be used."""
    return _Merging(collected).description()


class _Merging:
    def __init__(self, collected: Collected) -> None:
        self._found = collected
        self._beyond = collected.beyond

    def description(self) -> Description:
        found = self._found
        sdp = self._the_sdp()
        main = sdp.main
        ufrags, pwds = sdp.credentials
        trickled = self._reference(sdp) if not pwds else main
        loose = [t for t in found.trickled if _belongs(t, trickled, sdp)]
        if not ufrags:
            ufrags = _union([t.ufrag] for t in loose if t.ufrag)
        self._refuse_contradictions(ufrags, pwds, loose)
        candidates = self._candidates(sdp, trickled, loose, keep_sections=not pwds)
        self._refuse_unusable(ufrags, pwds, candidates)
        ufrag, pwd = (ufrags or [""])[0], (pwds or [""])[0]
        if pwd:
            validity.check_credentials(ufrag, pwd)
        level = sdp.session
        return Description(
            ufrag=ufrag,
            pwd=pwd,
            candidates=candidates,
            lite=found.lite,
            complete=level.complete or main.complete or any(t.candidate is None for t in loose),
            kind=self._kind if pwd else "candidates",
            sdp_type=sdp.sdp_type or found.sdp_type or _type_by_setup(main.setup or level.setup),
            mid=main.mid or trickled.mid,
            mline=main.index if main.index is not None else trickled.index,
            media=_media(sdp) if pwd else (),
            bundle=sdp.bundle if pwd else None,
            ice_options=tuple(found.ice_options),
            setup=main.setup or level.setup,
            fingerprint=main.fingerprint or level.fingerprint,
            warnings=self._warnings(sdp, candidates, ufrag, pwd)[:MAX_WARNINGS],
            cut=found.cut,
        )

    # --- which one counts -----------------------------------------------------------------------

    def _the_sdp(self) -> SessionDescription:
        """The only one with credentials, or of several copies of one the last, with the candidates
        of all."""
        found = self._found
        some = [d for d in (*found.descriptions, found.objects) if d.anything or d.media]
        described = [d for d in some if d.credentials[1]] or some
        if not described:
            return found.descriptions[0]
        _refuse_both_sides(found.objects)
        last = described[-1]
        for other in described[:-1]:
            _refuse_two(other, last)
        for other in some:
            if other is not last:
                last.main.candidates[:0] = other.main.candidates
                last.main.complete |= other.main.complete
        return last

    def _reference(self, sdp: SessionDescription) -> Section:
        """The section that candidates without a description are taken for: the first."""
        if sdp.main.index is not None or sdp.main.mid is not None:
            return sdp.main
        placed = [t for t in self._found.trickled if t.mid is not None or t.mline is not None]
        if not placed:
            return sdp.main
        first = min(placed, key=lambda t: 0 if t.mline is None else t.mline)
        return Section(mid=first.mid, index=first.mline)

    def _candidates(
        self,
        sdp: SessionDescription,
        main: Section,
        loose: Sequence[Trickled],
        *,
        keep_sections: bool,
    ) -> tuple[events.Candidate, ...]:
        """All candidates: first those that are used, then those of other sections."""
        found = [*sdp.main.candidates, *(t.candidate for t in loose if t.candidate is not None)]
        if keep_sections:
            found = [_placed(c, main.mid, main.index) for c in found]
        ours = {(c.transport, c.component, c.address, c.port) for c in found}
        others = [
            _placed(c, s.mid, s.index) for s in sdp.media if s is not sdp.main for c in s.candidates
        ]
        others += [
            _placed(t.candidate, t.mid, t.mline)
            for t in self._found.trickled
            if t.candidate is not None and t not in loose
        ]
        for c in others:
            if (c.transport, c.component, c.address, c.port) in ours:
                continue
            why = c.unsupported or ANOTHER_SECTION
            place = {} if keep_sections else {"mid": None, "mline": None}
            found.append(msgspec.structs.replace(c, unsupported=why, **place))
        unique = validity.distinct(found)
        self._beyond += max(0, len(unique) - MAX_CANDIDATES)
        return tuple(validity.redundancy_marked(unique[:MAX_CANDIDATES]))

    @property
    def _kind(self) -> str:
        found = self._found
        if found.is_base64:
            return "base64"
        if found.is_jingle:
            return "jingle"
        if found.objects.anything and not found.is_sdp:
            return "object"
        return "json" if found.is_json else "sdp"

    # --- what is refused ------------------------------------------------------------------------

    def _refuse_contradictions(
        self, ufrags: list[str], pwds: list[str], loose: Iterable[Trickled]
    ) -> None:
        distinct = _union([ufrags, [t.ufrag for t in loose if t.ufrag]])
        if len(distinct) > 1:
            raise _two_ufrags(*distinct[:2])
        if len(pwds) > 1:
            raise _two_passwords()

    def _refuse_unusable(
        self, ufrags: list[str], pwds: list[str], candidates: tuple[events.Candidate, ...]
    ) -> None:
        found = self._found
        if found.lost_plus and pwds:
            raise UnreadableDescription(
                "The line of the ice-ufrag or of the ice-pwd ends with a space, where a + may have "
                "been lost on the way: copy the text again from where it was made."
            )
        if found.mismatch and not pwds:
            raise UnreadableDescription(MISMATCH)
        if found.shortened and not pwds:
            raise UnreadableDescription(
                "The console shortened the text: use "
                "copy(JSON.stringify(pc.localDescription)) and paste that."
            )
        described = any(s.ufrags for s in found.sections)
        if described and ufrags and not pwds:
            raise IncompleteDescription(
                "There is an ice-ufrag but no ice-pwd: the text was probably cut off, copy all of "
                "it again."
            )
        if pwds and not ufrags:
            raise IncompleteDescription(
                "There is an ice-pwd but no ice-ufrag: the text was probably cut off, copy all of "
                "it again."
            )
        if not pwds and found.is_sdp:
            raise UnreadableDescription(
                "This SDP has no ICE attributes (ice-ufrag, ice-pwd): copy "
                "pc.localDescription.sdp after setLocalDescription, and all of it."
            )
        if not pwds and not candidates and not found.usable:
            if found.junk:
                raise UnreadableDescription(
                    f"The candidate cannot be read ({found.junk[0]}): copy the whole line again."
                )
            raise UnreadableDescription(
                "This JSON has neither an SDP nor a candidate in it: copy "
                "JSON.stringify(pc.localDescription)."
            )

    # --- what is said about it ------------------------------------------------------------------

    def _warnings(
        self,
        sdp: SessionDescription,
        candidates: tuple[events.Candidate, ...],
        ufrag: str,
        pwd: str,
    ) -> tuple[str, ...]:
        found = self._found
        warnings: list[str] = []
        if found.cut:
            warnings.append(CUT)
        if pwd:
            warnings += _foreign(ufrag, pwd)
        if found.shortened and pwd:
            warnings.append("The console put `…` in place of a part of it: that part is missing.")
        if found.mismatch and pwd:
            warnings.append(MISMATCH)
        if found.junk:
            ignored = count(len(found.junk), "candidate", verb="was")
            warnings.append(f"{ignored} ignored: {found.junk[0]}.")
        if found.nameless:
            have = count(found.nameless, "candidate", verb="has")
            warnings.append(
                f"{have} no foundation, which RFC 8839 asks for and browsers do without; icetui "
                "makes one."
            )
        if self._beyond:
            extra, was = count(self._beyond, "candidate"), agreeing(self._beyond, "was")
            warnings.append(f"{extra} beyond the first {MAX_CANDIDATES} {was} ignored.")
        if sdp.beyond:
            extra, was = count(sdp.beyond, "media section"), agreeing(sdp.beyond, "was")
            warnings.append(f"{extra} beyond the first {len(sdp.media)} {was} ignored.")
        if found.unread_lines:
            warnings.append("It has too many lines: those at its end were not read.")
        if found.unterminated and found.is_sdp and pwd and not found.cut:
            warnings.append(
                "Its last line has no line end, which browsers refuse; icetui reads it all the "
                "same."
            )
        warnings += found.notes
        if pwd and not candidates:
            warnings.append(
                "There are no candidates in it: it was copied before gathering had finished, so "
                "paste its candidates too, or wait for its checks to arrive."
            )
        elif candidates and all(c.transport == "tcp" for c in candidates):
            warnings.append(
                "It has only TCP candidates and icetui speaks UDP: the other side must offer UDP "
                "or its checks must reach us."
            )
        elif candidates and all(c.unsupported is not None for c in candidates):
            warnings.append("None of its candidates can be used; the table says why.")
        return tuple(warnings)


def for_section(d: Description, mid: str | None, mline: int | None) -> Description:
    """Candidates that came alone, those marked that are of another media section than the one of
    this mid and number, which is the one whose transport is used."""
    if d.kind != "candidates":
        return d
    candidates = []
    for c in d.candidates:
        ours = _same_section(c.mid, c.mline, mid, mline)
        if not ours and c.unsupported is None:
            c = msgspec.structs.replace(c, unsupported=ANOTHER_SECTION)
        elif ours and c.unsupported == ANOTHER_SECTION:
            c = msgspec.structs.replace(c, unsupported=None)
        candidates.append(c)
    ours = _same_section(d.mid, d.mline, mid, mline)
    changed = msgspec.structs.replace(d, candidates=tuple(candidates))
    # An end, and the name of a transport, are of the section that they came with.
    return changed if ours else msgspec.structs.replace(changed, complete=False, ufrag="")


def _media(sdp: SessionDescription) -> tuple[events.MediaSection, ...]:
    """For the answer: all of them, or none where one is not understood."""
    understood = not sdp.beyond and all(s.kind for s in sdp.media)
    return tuple(s.repeated() for s in sdp.media) if understood else ()


def _same_section(
    mid: str | None, mline: int | None, main_mid: str | None, main_mline: int | None
) -> bool:
    if mid is not None and main_mid is not None:
        return mid == main_mid
    if mline is not None and main_mline is not None:
        return mline == main_mline
    return True


def _belongs(t: Trickled, main: Section, sdp: SessionDescription) -> bool:
    elsewhere = {u for s in sdp.media if s is not main for u in s.ufrags} - set(main.ufrags)
    if t.ufrag is not None and t.ufrag in elsewhere:
        return False
    return _same_section(t.mid, t.mline, main.mid, main.index)


def _placed(c: events.Candidate, mid: str | None, mline: int | None) -> events.Candidate:
    return msgspec.structs.replace(c, mid=mid, mline=mline)


def _foreign(ufrag: str, pwd: str) -> list[str]:
    """A word on characters that are no ice-chars and work with many; aioice's own check, for one,
    raises an error."""
    told = []
    for name, value in (("ice-ufrag", ufrag), ("ice-pwd", pwd)):
        odd = validity.foreign_characters(value)
        if odd:
            named = " and ".join(f"`{c}`" for c in odd)
            told.append(
                f"The {name} holds {named}, which RFC 8839 does not allow: browsers take it, "
                "aiortc and other strict ones refuse it; icetui uses it as it is."
            )
    return told


def _refuse_two(one: SessionDescription, other: SessionDescription) -> None:
    (ufrags, pwds), (others, other_pwds) = one.credentials, other.credentials
    if ufrags and others and ufrags != others:
        raise _two_ufrags(ufrags[0], others[0])
    if pwds and other_pwds and pwds != other_pwds:
        raise _two_passwords()


def _refuse_both_sides(objects: SessionDescription) -> None:
    by_side = {s.side: s for s in objects.media if s.ufrags and s.side}
    if "local" in by_side and "remote" in by_side:
        raise _two_ufrags(by_side["local"].ufrags[0], by_side["remote"].ufrags[0])


def _two_ufrags(one: str, other: str) -> UnreadableDescription:
    first, second = (validity.printable(u, 16) for u in (one, other))
    return UnreadableDescription(
        f"The text has two different ufrags ({first} and {second}): it holds two descriptions, "
        "paste the other side's alone."
    )


def _two_passwords() -> UnreadableDescription:
    return UnreadableDescription(
        "The text has two different ICE passwords for one ufrag: paste one description alone."
    )


def _union(lists: Iterable[Iterable[str]]) -> list[str]:
    union: dict[str, None] = {}
    for values in lists:
        union.update(dict.fromkeys(values))
    return list(union)


def _type_by_setup(setup: str | None) -> str | None:
    """`actpass` is legal in offers only, `passive` is what nobody offers (RFC 5763 section 5).

    `active` says nothing: answers have it, and so have our own offers.
    """
    return {"actpass": "offer", "passive": "answer"}.get(setup or "")
