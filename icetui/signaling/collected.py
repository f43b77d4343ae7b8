"""What was found in foreign text, piece by piece, and the one description it amounts to.

What belongs here: which of several media sections, levels and repetitions counts.
What must never come in: the syntax the pieces were written in.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable

import msgspec

from icetui import events
from icetui.grammar import agreeing, count
from icetui.signaling import validity
from icetui.signaling.candidate_line import NotACandidate, read_candidate
from icetui.signaling.description import (
    MAX_CANDIDATES,
    MAX_WARNINGS,
    Description,
    IncompleteDescription,
    UnreadableDescription,
)

_MOST_KEPT = 4 * MAX_CANDIDATES
"""Candidates kept before repetitions are removed (pion says each one twice)."""
_MOST_UFRAGS = 8
"""Two are already an error."""


@dataclasses.dataclass
class Section:
    """The ICE attributes of one level: a session, a media section, or loose trickle."""

    mid: str | None = None
    rejected: bool = False
    """Port 0 and not merely bundled (RFC 3264 section 6)."""
    ufrags: list[str] = dataclasses.field(default_factory=list)
    pwds: list[str] = dataclasses.field(default_factory=list)
    candidates: list[events.Candidate] = dataclasses.field(default_factory=list)
    complete: bool = False
    setup: str | None = None
    fingerprint: str | None = None


class Collected:
    """Pieces of one side's description, in the order in which they were found."""

    def __init__(self) -> None:
        self.session = Section()
        self.media: list[Section] = []
        self.loose = Section()
        """Trickled candidates, which stand outside of any SDP."""
        self.candidate_ufrags: list[str] = []
        self.lite = False
        self.ice_options: list[str] = []
        self.sdp_type: str | None = None
        self.is_sdp = False
        self.is_json = False
        self.is_base64 = False
        """The JSON came as base64, as pion's examples exchange it."""
        self.unterminated = False
        """An SDP has no line end behind its last line."""
        self.shortened = False
        """A console put `…` in place of a part."""
        self.junk: list[str] = []
        self.beyond = 0

    @property
    def section(self) -> Section:
        """The level that lines now belong to."""
        return self.media[-1] if self.media else self.session

    @property
    def sections(self) -> list[Section]:
        return [self.session, *self.media, self.loose]

    @property
    def anything(self) -> bool:
        """Whether there is any sign that the text was a description at all."""
        ice = any(s.ufrags or s.pwds or s.candidates or s.complete for s in self.sections)
        return ice or self.is_sdp or self.is_json or bool(self.junk or self.candidate_ufrags)

    @property
    def usable(self) -> bool:
        """Whether there is a password or a candidate, the least that is of any use."""
        return any(s.pwds or s.candidates or s.complete for s in self.sections)

    def add_candidate(self, value: str, section: Section) -> None:
        """Keep what follows `candidate:`, or why it is junk."""
        kept = sum(len(s.candidates) for s in self.sections)
        if kept >= _MOST_KEPT:
            self.beyond += 1
            return
        try:
            parsed = read_candidate(value)
        except NotACandidate as why:
            self.junk.append(str(why))
            return
        section.candidates.append(parsed.candidate)
        if parsed.ufrag is not None and len(self.candidate_ufrags) < _MOST_UFRAGS:
            add(self.candidate_ufrags, parsed.ufrag)

    def description(self) -> Description:
        """All of it together; raises `UnreadableDescription` when it is not usable."""
        active = [s for s in self.media if not s.rejected] or self.media
        # What stands in a media section overrides what stands at session level (RFC 8839 5.4).
        ufrags = _union(s.ufrags for s in active) or self.session.ufrags or self.loose.ufrags
        pwds = _union(s.pwds for s in active) or self.session.pwds
        main = next((s for s in active if s.candidates), active[0] if active else self.session)
        candidates, beyond = self._candidates(main, active)
        self._refuse_unusable(ufrags, pwds, candidates)
        ufrag = (ufrags or self.candidate_ufrags or [""])[0]
        pwd = pwds[0] if pwds else ""
        if pwd:
            validity.check_credentials(ufrag, pwd)
        fallback = self.session
        return Description(
            ufrag=ufrag,
            pwd=pwd,
            candidates=candidates,
            lite=self.lite,
            complete=any(s.complete for s in (self.session, main, self.loose)),
            kind=self._kind if pwd else "candidates",
            sdp_type=self.sdp_type or _type_by_setup(main.setup or fallback.setup),
            mid=main.mid or self.loose.mid,
            ice_options=tuple(self.ice_options),
            setup=main.setup or fallback.setup,
            fingerprint=main.fingerprint or fallback.fingerprint,
            warnings=self._warnings(candidates, beyond, bool(pwd))[:MAX_WARNINGS],
        )

    @property
    def _kind(self) -> str:
        if self.is_base64:
            return "base64"
        return "json" if self.is_json else "sdp"

    def _candidates(
        self, main: Section, active: list[Section]
    ) -> tuple[tuple[events.Candidate, ...], int]:
        """All candidates, and how many more there were."""
        found = [*self.session.candidates]
        found += [] if main is self.session else main.candidates
        found += self.loose.candidates
        ours = {(c.transport, c.component, c.address, c.port) for c in found}
        for other in (s for s in active if s is not main):
            for c in other.candidates:
                if (c.transport, c.component, c.address, c.port) not in ours:
                    why = c.unsupported or "belongs to another media section"
                    found.append(msgspec.structs.replace(c, unsupported=why))
        unique = validity.distinct(found)
        beyond = self.beyond + max(0, len(unique) - MAX_CANDIDATES)
        return tuple(validity.redundancy_marked(unique[:MAX_CANDIDATES])), beyond

    def _refuse_unusable(
        self, ufrags: list[str], pwds: list[str], candidates: tuple[events.Candidate, ...]
    ) -> None:
        distinct = _union([ufrags, self.candidate_ufrags])
        if len(distinct) > 1:
            first, second = (validity.printable(u, 16) for u in distinct[:2])
            raise UnreadableDescription(
                f"The text has two different ufrags ({first} and {second}): paste one side's "
                "description alone, with one ICE transport (bundled)."
            )
        if len(pwds) > 1:
            raise UnreadableDescription(
                "The text has two different ICE passwords for one ufrag: paste one description "
                "alone."
            )
        if self.shortened and not pwds:
            raise UnreadableDescription(
                "The console shortened the text: use "
                "copy(JSON.stringify(pc.localDescription)) and paste that."
            )
        if ufrags and not pwds and (self.session.ufrags or self.media):
            raise IncompleteDescription(
                "There is an ice-ufrag but no ice-pwd: the text was probably cut off, copy all of "
                "it again."
            )
        if pwds and not (ufrags or self.candidate_ufrags):
            raise IncompleteDescription(
                "There is an ice-pwd but no ice-ufrag: the text was probably cut off, copy all of "
                "it again."
            )
        if not pwds and self.is_sdp:
            raise UnreadableDescription(
                "This SDP has no ICE attributes (ice-ufrag, ice-pwd): copy "
                "pc.localDescription.sdp after setLocalDescription, and all of it."
            )
        if not pwds and not candidates and not any(s.complete for s in self.sections):
            if self.junk:
                raise UnreadableDescription(
                    f"The candidate cannot be read ({self.junk[0]}): copy the whole line again."
                )
            raise UnreadableDescription(
                "This JSON has neither an SDP nor a candidate in it: copy "
                "JSON.stringify(pc.localDescription)."
            )

    def _warnings(
        self, candidates: tuple[events.Candidate, ...], beyond: int, is_description: bool
    ) -> tuple[str, ...]:
        warnings = []
        if self.junk:
            ignored = count(len(self.junk), "candidate", verb="was")
            warnings.append(f"{ignored} ignored: {self.junk[0]}.")
        if beyond:
            extra = count(beyond, "candidate")
            was = agreeing(beyond, "was")
            warnings.append(f"{extra} beyond the first {MAX_CANDIDATES} {was} ignored.")
        if self.unterminated and self.is_sdp and is_description:
            warnings.append(
                "Its last line has no line end, which browsers refuse; icetui reads it all the "
                "same."
            )
        if is_description and not candidates:
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


def add(values: list[str], value: str) -> None:
    """Append unless it is there."""
    if value not in values:
        values.append(value)


def _union(lists: Iterable[list[str]]) -> list[str]:
    union: dict[str, None] = {}
    for values in lists:
        union.update(dict.fromkeys(values))
    return list(union)


def _type_by_setup(setup: str | None) -> str | None:
    """`actpass` is legal in offers only, `passive` is what nobody offers (RFC 5763 section 5).

    `active` says nothing: answers have it, and so have our own offers.
    """
    return {"actpass": "offer", "passive": "answer"}.get(setup or "")
