"""What was found in foreign text, piece by piece.

What belongs here: the pieces, whatever they were written in, and how many of them are kept.
What must never come in: syntax; what the pieces amount to (`merging`).
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

from icetui import events
from icetui.signaling.candidate_line import NotACandidate, Parsed, read_candidate
from icetui.signaling.description import MAX_CANDIDATES
from icetui.signaling.sections import Section, SessionDescription

_MOST_KEPT = 4 * MAX_CANDIDATES
"""Candidates kept before repetitions are removed (pion says each one twice)."""
_MOST_DESCRIPTIONS = 64


@dataclasses.dataclass(frozen=True)
class Trickled:
    """A candidate, or the end of them (None), that came outside of any media section."""

    candidate: events.Candidate | None
    mid: str | None = None
    mline: int | None = None
    ufrag: str | None = None


class Collected:
    """Pieces of one side's description, in the order in which they were found."""

    def __init__(self) -> None:
        self.descriptions = [SessionDescription()]
        self.objects = SessionDescription()
        """Transports whose parameters stood in objects, each as a media section."""
        self.trickled: list[Trickled] = []
        self.lite = False
        self.ice_options: list[str] = []
        self.sdp_type: str | None = None
        """Where the text says it beside an SDP and not with it."""
        self.is_sdp = False
        self.is_json = False
        self.is_base64 = False
        """The JSON came as base64, as pion's examples exchange it."""
        self.is_jingle = False
        self.unterminated = False
        """An SDP has no line end behind its last line."""
        self.cut = False
        """The text stops in the middle of a value."""
        self.shortened = False
        """A console put `…` in place of a part."""
        self.lost_plus = False
        """Nothing but a ufrag or a password ends with a blank: a `+` became one."""
        self.mismatch = False
        """`a=ice-mismatch` was said."""
        self.statistics = 0
        """Entries of getStats(): they are of both sides."""
        self.nameless = 0
        """Candidates whose foundation is empty."""
        self.junk: list[str] = []
        self.beyond = 0
        """Candidates that were too many."""
        self.unread_lines = 0
        self.notes: list[str] = []
        """What was put right or left out on the way here."""
        self._kept = 0

    @property
    def sdp(self) -> SessionDescription:
        """The SDP that lines now belong to."""
        return self.descriptions[-1]

    @property
    def sections(self) -> list[Section]:
        """Those of every SDP and object."""
        return [s for d in (*self.descriptions, self.objects) for s in d.sections]

    @property
    def usable(self) -> bool:
        """Whether there is a password or a candidate, the least that is of any use."""
        return bool(self.trickled) or any(
            s.pwds or s.candidates or s.complete for s in self.sections
        )

    @property
    def anything(self) -> bool:
        """Whether there is any sign that the text was a description at all."""
        ice = self.usable or any(s.ufrags for s in self.sections) or bool(self.junk)
        return ice or self.is_sdp or self.is_json or self.mismatch

    def begin_sdp(self) -> None:
        """What follows is of another SDP than what came before."""
        last = self.sdp
        if (last.anything or last.media) and len(self.descriptions) < _MOST_DESCRIPTIONS:
            self.descriptions.append(SessionDescription())

    def add_candidate(self, value: str, section: Section | None = None, **about: object) -> None:
        """Keep what follows `candidate:`, or why it is junk; without a section, `about` says what
        `Trickled` says of it."""
        self._add(lambda: read_candidate(value), section, **about)

    def add_made(
        self, make: Callable[[], events.Candidate], section: Section | None, **about: object
    ) -> None:
        """Likewise, of a candidate whose values were read by themselves."""
        self._add(lambda: Parsed(make(), None), section, **about)

    def _add(
        self,
        make: Callable[[], Parsed],
        section: Section | None,
        mid: object = None,
        mline: object = None,
        ufrag: object = None,
    ) -> None:
        if self._kept >= _MOST_KEPT:
            self.beyond += 1
            return
        try:
            parsed = make()
        except NotACandidate as why:
            self.junk.append(str(why))
            return
        self._kept += 1
        self.nameless += not parsed.has_foundation
        if section is not None:
            section.candidates.append(parsed.candidate)
            return
        self.trickled.append(
            Trickled(
                parsed.candidate,
                mid if isinstance(mid, str) else None,
                mline if isinstance(mline, int) else None,
                ufrag if isinstance(ufrag, str) else parsed.ufrag,
            )
        )

    def end(self, mid: str | None = None, mline: int | None = None) -> None:
        """There are no more candidates of that section."""
        if len(self.trickled) < _MOST_KEPT:
            self.trickled.append(Trickled(None, mid, mline))


def add(values: list[str], value: str) -> None:
    """Append unless it is there."""
    if value not in values:
        values.append(value)
