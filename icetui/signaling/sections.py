"""The levels of an SDP: which media section's ICE transport counts, and what an answer repeats.

What belongs here: the intermediate form that every kind of text is read into.
What must never come in: any syntax; sentences.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from icetui import events

MOST_SECTIONS = 64
_UNSPEAKABLE = ("rtx", "red", "ulpfec", "flexfec", "flexfec-03", "telephone-event", "cn")
"""Payload formats that carry no medium by themselves."""
_LARGEST_MESSAGE = "max-message-size:262144"
_STATIC_COMFORT_NOISE = ("13", "19")
"""Payload types that need no rtpmap (RFC 3551 section 6; 19 was its number before)."""


@dataclasses.dataclass
class Section:
    """What was said at one level: a session's, or a media section's with its transport."""

    kind: str = ""
    """`audio`, `video` …; `""` at session level."""
    protocol: str = ""
    formats: tuple[str, ...] = ()
    port_zero: bool = False
    bundle_only: bool = False
    mid: str | None = None
    index: int | None = None
    """Its number among the media sections, from 0."""
    side: str = ""
    """`local` or `remote`, where the text names whose it is."""
    ufrags: list[str] = dataclasses.field(default_factory=list)
    pwds: list[str] = dataclasses.field(default_factory=list)
    candidates: list[events.Candidate] = dataclasses.field(default_factory=list)
    complete: bool = False
    setup: str | None = None
    fingerprint: str | None = None
    sctp: list[str] = dataclasses.field(default_factory=list)
    """`sctp-port:5000`, or what was written before RFC 8841: `sctpmap:5000 …`."""
    rtpmaps: dict[str, str] = dataclasses.field(default_factory=dict)
    fmtps: dict[str, str] = dataclasses.field(default_factory=dict)

    @property
    def rejected(self) -> bool:
        """Off for good. Port 0 with `bundle-only` is merely bundled (RFC 9143 section 6)."""
        return self.port_zero and not self.bundle_only

    @property
    def anything(self) -> bool:
        """Whether ICE was spoken of at this level."""
        return bool(self.ufrags or self.pwds or self.candidates or self.complete)

    def repeated(self) -> events.MediaSection:
        """What an answer to it says again."""
        attributes: list[str] = []
        formats = self.formats
        if self.kind == "application":
            attributes = [*self.sctp, _LARGEST_MESSAGE]
        else:
            spoken = next((f for f in formats if self._carries_a_medium(f)), None)
            formats = (spoken,) if spoken is not None else formats
            for name, values in (("rtpmap", self.rtpmaps), ("fmtp", self.fmtps)):
                attributes += [f"{name}:{f} {values[f]}" for f in formats if f in values]
        return events.MediaSection(
            kind=self.kind,
            protocol=self.protocol,
            formats=formats,
            attributes=tuple(attributes),
            mid=self.mid,
            rejected=self.rejected,
        )

    def _carries_a_medium(self, payload: str) -> bool:
        name = self.rtpmaps.get(payload, "").partition("/")[0].strip().lower()
        return name not in _UNSPEAKABLE and (bool(name) or payload not in _STATIC_COMFORT_NOISE)


@dataclasses.dataclass
class SessionDescription:
    """One side's SDP, or what amounts to one."""

    session: Section = dataclasses.field(default_factory=Section)
    media: list[Section] = dataclasses.field(default_factory=list)
    groups: list[tuple[str, ...]] = dataclasses.field(default_factory=list)
    """The mids of each BUNDLE group (RFC 9143)."""
    sdp_type: str | None = None
    beyond: int = 0
    """Media sections that were too many."""

    @property
    def section(self) -> Section:
        """The level that what comes next belongs to."""
        return self.media[-1] if self.media else self.session

    @property
    def sections(self) -> list[Section]:
        return [self.session, *self.media]

    @property
    def anything(self) -> bool:
        return any(s.anything for s in self.sections)

    def begin_media(self, kind: str, port: str, protocol: str, formats: Sequence[str]) -> None:
        """A media section begins."""
        if len(self.media) >= MOST_SECTIONS:
            self.beyond += 1
            return
        section = Section(kind, protocol, tuple(formats), port == "0", index=len(self.media))
        self.media.append(section)

    @property
    def bundle(self) -> tuple[str, ...] | None:
        """The mids of the first group; there may be several, each a transport of its own."""
        return self.groups[0] if self.groups else None

    @property
    def main(self) -> Section:
        """Whose transport ICE is done for: the BUNDLE-tagged section (RFC 9143 section 7.2.1), else
        the first one that is on."""
        live = [s for s in self.media if not s.rejected] or self.media
        by_mid = {s.mid: s for s in reversed(live) if s.mid is not None}
        tagged = [by_mid[mid] for mid in self.bundle or () if mid in by_mid]
        ordered = [*tagged, *live]
        described = (s for s in ordered if s.pwds or (self.session.pwds and not s.ufrags))
        return next(described, ordered[0] if ordered else self.session)

    @property
    def credentials(self) -> tuple[list[str], list[str]]:
        """Ufrags and passwords of the main section. What stands in it overrides what stands at
        session level (RFC 8839 section 5.4); more than one of either is a contradiction."""
        return (
            self.main.ufrags or self.session.ufrags,
            self.main.pwds or self.session.pwds,
        )
