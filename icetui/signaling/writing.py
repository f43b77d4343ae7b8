"""Our description as SDP, as one line of JSON, and as base64 of that.

What belongs here: an offer of a data channel, and an answer that repeats their media sections.
What must never come in: reading.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Sequence

from icetui import events
from icetui.signaling import validity
from icetui.signaling.candidate_line import write_candidate
from icetui.signaling.description import Description

_DATA = ("sctp-port:5000", "max-message-size:262144")


def write_sdp(
    d: Description,
    sdp_type: str = "offer",
    mid: str = "0",
    media: Sequence[events.MediaSection] = (),
    bundle: Sequence[str] | None = None,
) -> str:
    """The SDP of a data channel over this ICE transport, as every browser takes it; or, with
    `media` and `bundle` of their offer, an SDP that has the same media sections.

    Every m-section of an offer has its counterpart in the answer (RFC 3264 section 6, RFC 9429
    section 5.3.1): with a BUNDLE group all that are in it share our transport; without one the
    first does ICE and the others are rejected with port 0, as icetui has one transport only. No
    medium is sent or taken: `inactive`.

    It says `setup:active` in offers too, which keeps browsers from sending DTLS, and the
    fingerprint is a throw-away value that is always the same for one ufrag and password: icetui
    does ICE alone, the DTLS above it never comes up. Candidates that cannot be paired are left out.
    """
    if sdp_type not in ("offer", "answer"):
        raise ValueError(f"an SDP is an offer or an answer, not {validity.printable(sdp_type)}")
    if not validity.is_token(mid):
        raise ValueError(f"not a mid: {validity.printable(mid)}")
    digest = hashlib.sha256(f"icetui {d.ufrag} {d.pwd}".encode()).digest()
    if not media:
        media, bundle = (_data_channel(mid),), (mid,)
    live = _live(media, bundle)
    lines = [
        "v=0",
        # A session id is a positive number of at most 63 bits (RFC 8866 section 5.2).
        f"o=- {int.from_bytes(digest[:8], 'big') >> 2} 2 IN IP4 127.0.0.1",
        "s=-",
        "t=0 0",
    ]
    if bundle is not None:
        mids = {section.mid for section, on in zip(media, live, strict=True) if on}
        lines.append(" ".join(["a=group:BUNDLE", *(m for m in bundle if m in mids)]))
    lines += ["a=ice-lite"] if d.lite else []
    for section, on in zip(media, live, strict=True):
        lines += _section(d, section, digest.hex(":").upper(), on=on, known=not section.rejected)
    return "".join(line + "\r\n" for line in lines)


def _data_channel(mid: str) -> events.MediaSection:
    return events.MediaSection(
        kind="application",
        protocol="UDP/DTLS/SCTP",
        formats=("webrtc-datachannel",),
        attributes=_DATA,
        mid=mid,
    )


def _live(media: Sequence[events.MediaSection], bundle: Sequence[str] | None) -> list[bool]:
    """Which sections are answered with a port: those of the group, else the first that is on."""
    bundled = [not s.rejected and s.mid in (bundle or ()) for s in media]
    if any(bundled):
        return bundled
    first = next((i for i, s in enumerate(media) if not s.rejected), None)
    return [i == first for i in range(len(media))]


def _section(
    d: Description, section: events.MediaSection, fingerprint: str, *, on: bool, known: bool
) -> list[str]:
    """One media section. Each says all of ICE and DTLS again: libwebrtc, Firefox and aiortc differ
    in which of several bundled ones they look at. One that was off in the offer says nothing."""
    formats = " ".join(section.formats)
    lines = [f"m={section.kind} {9 if on else 0} {section.protocol} {formats}".rstrip()]
    lines.append("c=IN IP4 0.0.0.0")
    if known:
        lines += [f"a={write_candidate(c)}" for c in d.candidates if validity.usable(c)]
        lines += ["a=end-of-candidates"] if d.complete else []
        lines += [
            f"a=ice-ufrag:{d.ufrag}",
            f"a=ice-pwd:{d.pwd}",
            "a=ice-options:trickle ice2 renomination",
            f"a=fingerprint:sha-256 {fingerprint}",
            "a=setup:active",
        ]
    if section.mid is not None:
        lines.append(f"a=mid:{section.mid}")
    if section.kind != "application":
        lines += ["a=inactive", "a=rtcp-mux"]
    return lines + [f"a={attribute}" for attribute in section.attributes]


def write_json(
    d: Description,
    sdp_type: str = "offer",
    mid: str = "0",
    media: Sequence[events.MediaSection] = (),
    bundle: Sequence[str] | None = None,
) -> str:
    """`{"type":…,"sdp":…}` on one line; it is a JavaScript literal too."""
    sdp = write_sdp(d, sdp_type, mid, media, bundle)
    return json.dumps({"type": sdp_type, "sdp": sdp}, separators=(",", ":"))


def write_base64(
    d: Description,
    sdp_type: str = "offer",
    mid: str = "0",
    media: Sequence[events.MediaSection] = (),
    bundle: Sequence[str] | None = None,
) -> str:
    """The JSON of `write_json` as base64 (RFC 4648 section 4), on one line."""
    return base64.b64encode(write_json(d, sdp_type, mid, media, bundle).encode()).decode("ascii")
