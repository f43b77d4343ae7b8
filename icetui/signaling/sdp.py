"""SDP: ICE attributes found in lines of text, and the SDP that every browser takes.

What belongs here: lines, levels and attributes (RFC 8866, RFC 8839).
What must never come in: JSON, JavaScript, base64; what the attributes amount to.
"""

from __future__ import annotations

import hashlib
import re

from icetui.signaling import validity
from icetui.signaling.candidate_line import write_candidate
from icetui.signaling.collected import Collected, Section, add
from icetui.signaling.description import Description

_MOST_LINES = 20_000
_MOST_VALUES = 8
"""Different ufrags, passwords or options kept of one level; two are already an error."""
_NAMES = (
    "candidate|ice-ufrag|ice-pwd|ice-lite|ice-options|end-of-candidates|setup|fingerprint|mid|"
    "bundle-only"
)
_ATTRIBUTE = re.compile(rf"(?:a\s*=\s*)?({_NAMES})\s*(?::\s*(.*))?\Z", re.IGNORECASE | re.DOTALL)
_CANDIDATE_INSIDE = re.compile(r"\bcandidate:\s?([^\s:]{1,64}\s[0-9]{1,3}\s.*)", re.DOTALL)
_TYPED_LINE = re.compile(r"([a-z])=(.*)\Z", re.DOTALL)
_CONTINUATION = re.compile(
    r"(?:[0-9a-f.:]+|udp|tcp|typ|host|srflx|prflx|relay|raddr|rport|tcptype|generation|ufrag|"
    r"network-id|network-cost)(?:\s|\Z)",
    re.IGNORECASE,
)
# Chat apps that lose line ends leave `… a=mid:0 a=sctp-port:5000 …`.
_LOST_LINE_END = re.compile(r"[ \t](?=(?:a=[a-z]|m=[a-z]+ [0-9]))")
_BREAKS = re.compile(r"[\r\n'\"`]+")
_LEADING = " \t>|*+,;{}()[]\u2502"
_TRAILING = " \t|,;{}()[]\u2502"  # no `+`: a password may end with it
_FINGERPRINT = re.compile(r"[A-Za-z0-9-]{1,16} [0-9A-Fa-f:]{2,200}\Z")


def collect_sdp(text: str, into: Collected, *, trickled: Section | None = None) -> None:
    """Find the ICE attributes in `text`; escapes of JSON and JavaScript are undone already.

    Candidates outside of any SDP are kept in `trickled` when it is given.
    """
    for line in _lines(text):
        attribute = _ATTRIBUTE.match(line)
        if attribute:
            name, value = attribute.group(1).lower(), (attribute.group(2) or "").strip()
            _collect_attribute(name, value, into, trickled)
            continue
        typed = _TYPED_LINE.match(line)
        if typed and typed.group(1) in "vm":
            _collect_typed(typed.group(1), typed.group(2), into)
            continue
        inside = _CANDIDATE_INSIDE.search(line)
        if inside:
            into.add_candidate(inside.group(1), trickled or into.section)


def is_unterminated(text: str) -> bool:
    """Whether the last line is one of an SDP and has no line end (RFC 8866 section 5)."""
    last = re.split(r"[\r\n]", text[-1000:])[-1]
    return _TYPED_LINE.match(last.lstrip(_LEADING)) is not None


def _lines(text: str) -> list[str]:
    """Lines without quote marks; candidate lines that were wrapped are whole again."""
    lines: list[str] = []
    for piece in _BREAKS.split(_LOST_LINE_END.sub("\n", text), _MOST_LINES)[:_MOST_LINES]:
        line = piece.lstrip(_LEADING).rstrip(_TRAILING)
        if not line:
            continue
        if lines and "candidate:" in lines[-1][:200] and _CONTINUATION.match(line):
            if len(lines[-1]) < 1000:
                lines[-1] += " " + line
            continue
        lines.append(line)
    return lines


def _collect_typed(letter: str, value: str, into: Collected) -> None:
    if letter == "v" and value.strip() == "0":
        into.is_sdp = True
    elif letter == "m":
        words = value.split(None, 3)
        if len(words) >= 3 and words[1].split("/")[0].isdecimal():
            into.is_sdp = True
            if len(into.media) < 64:
                into.media.append(Section(rejected=words[1] == "0"))


def _collect_attribute(name: str, value: str, into: Collected, trickled: Section | None) -> None:
    section = into.section
    first = value.split(None, 1)[0] if value else ""
    if name == "candidate":
        into.add_candidate(value, trickled or section)
    elif name == "end-of-candidates":
        (trickled or section).complete = True
    elif name == "ice-ufrag" and len(section.ufrags) < _MOST_VALUES:
        add(section.ufrags, first)
    elif name == "ice-pwd" and len(section.pwds) < _MOST_VALUES:
        add(section.pwds, first)
    elif name == "ice-lite":
        into.lite = True
    elif name == "ice-options":
        for option in value.split(None, _MOST_VALUES)[:_MOST_VALUES]:
            if validity.is_token(option) and len(into.ice_options) < _MOST_VALUES:
                add(into.ice_options, option)
    elif name == "setup" and first.lower() in ("active", "passive", "actpass", "holdconn"):
        section.setup = section.setup or first.lower()
    elif name == "fingerprint" and _FINGERPRINT.match(value):
        section.fingerprint = section.fingerprint or value
    elif name == "mid" and validity.is_token(first):
        section.mid = section.mid or first
    elif name == "bundle-only":
        section.rejected = False


def write_sdp(d: Description, sdp_type: str = "offer", mid: str = "0") -> str:
    """The SDP of a data channel over this ICE transport, as every browser takes it.

    It says `setup:active` in offers too, which keeps browsers from sending DTLS, and the
    fingerprint is a throw-away value that is always the same for one ufrag and password: icetui
    does ICE alone, the DTLS above it never comes up. Candidates that cannot be paired are left out.
    """
    if sdp_type not in ("offer", "answer"):
        raise ValueError(f"an SDP is an offer or an answer, not {validity.printable(sdp_type)}")
    if not validity.is_token(mid):
        raise ValueError(f"not a mid: {validity.printable(mid)}")
    digest = hashlib.sha256(f"icetui {d.ufrag} {d.pwd}".encode()).digest()
    lines = [
        "v=0",
        # A session id is a positive number of at most 63 bits (RFC 8866 section 5.2).
        f"o=- {int.from_bytes(digest[:8], 'big') >> 2} 2 IN IP4 127.0.0.1",
        "s=-",
        "t=0 0",
        f"a=group:BUNDLE {mid}",
    ]
    lines += ["a=ice-lite"] if d.lite else []
    lines += ["m=application 9 UDP/DTLS/SCTP webrtc-datachannel", "c=IN IP4 0.0.0.0"]
    lines += [f"a={write_candidate(c)}" for c in d.candidates if validity.usable(c)]
    lines += ["a=end-of-candidates"] if d.complete else []
    lines += [
        f"a=ice-ufrag:{d.ufrag}",
        f"a=ice-pwd:{d.pwd}",
        "a=ice-options:trickle",
        f"a=fingerprint:sha-256 {digest.hex(':').upper()}",
        "a=setup:active",
        f"a=mid:{mid}",
        "a=sctp-port:5000",
        "a=max-message-size:262144",
    ]
    return "".join(line + "\r\n" for line in lines)
