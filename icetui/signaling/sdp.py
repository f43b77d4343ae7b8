"""SDP: ICE and media attributes found in lines of text.

What belongs here: lines, levels and attributes (RFC 8866, RFC 8839).
What must never come in: JSON, JavaScript, base64; what the attributes amount to; writing.
"""

from __future__ import annotations

import re

from icetui.signaling import validity
from icetui.signaling.collected import Collected, add
from icetui.signaling.sections import Section

_MOST_LINES = 20_000
_MOST_VALUES = 8
"""Different ufrags, passwords or options kept of one level; two are already an error."""
_MOST_FORMATS = 256
_NAMES = (
    "candidate|ice-ufrag|ice-pwd|ice-lite|ice-options|ice-mismatch|end-of-candidates|setup|"
    "fingerprint|mid|bundle-only|group|rtpmap|fmtp|sctp-port|sctpmap"
)
_ATTRIBUTE = re.compile(rf"(a\s*=\s*)?({_NAMES})\s*(?:(:\s*)(.*))?\Z", re.IGNORECASE | re.DOTALL)
_CANDIDATE_INSIDE = re.compile(
    r"\bcandidate[:(]\s?([^\s:]{1,64}\s[0-9]{1,3}\s.*)", re.DOTALL | re.IGNORECASE
)
_CANDIDATE_START = re.compile(r"\S*\s+[0-9]{1,3}(?:\s|\Z)|[^\s\[{(\"']*\Z")
_TYPED_LINE = re.compile(r"([a-z])=(.*)\Z", re.DOTALL)
_CONTINUATION = re.compile(
    r"(?:[0-9a-f.:]+|udp|tcp|typ|host|srflx|prflx|relay|raddr|rport|tcptype|generation|ufrag|"
    r"network-id|network-cost)(?:\s|\Z)",
    re.IGNORECASE,
)
# Chat apps that lose line ends leave `… a=mid:0 a=sctp-port:5000 …`.
_LOST_LINE_END = re.compile(r"[ \t](?=(?:a=[a-z]|m=[a-z]+ [0-9]|v=0\b))")
_BREAKS = re.compile(r"[\r\n]+")
_QUOTES = re.compile(r"['\"`]+")
_LEADING = " \t>|*+,;{}()[]\u2502"
_TRAILING = " \t|,;{}()[]\u2502"  # no `+`: a password may end with it
_NUMBERED = re.compile(r"^[ \t]*(?:[\w./-]{1,80}:)?[0-9]{1,6}[:)\t]\s?(?=[a-z]=)", re.MULTILINE)
_BROKEN = re.compile(r"a=(?:fingerprint|ice-pwd|ice-ufrag|fmtp):")
_BEHIND_TYPE = re.compile(
    r"(?: (?:raddr [0-9A-Fa-f.:]+|ufrag \S+|tcptype [a-z]+|"
    r"(?:rport|generation|network-id|network-cost) [0-9]+))*(?: [a-z-]{0,12}(?: \S{0,40})?)?\Z"
)
_GOES_ON = re.compile(r"(?![a-z]=)[A-Za-z0-9+/=_:;,.-]+\Z")
_PRINTABLE = re.compile(r"[ -~]{0,400}\Z")
LOST_PLUS = re.compile(r"^[ \t]*a=ice-(?:ufrag|pwd):[^\s]+ $", re.MULTILINE)
_ANY_BLANK_END = re.compile(r"^[ \t]*[a-z]=.*[ \t]$", re.MULTILINE)


def collect_sdp(text: str, into: Collected, *, quoted: bool = True) -> None:
    """Find the attributes in `text`; escapes of JSON and JavaScript are undone already.

    `quoted`: quotes may stand around its lines, which they end.
    """
    for line in _lines(text, into, quoted=quoted):
        attribute = _ATTRIBUTE.match(line)
        if attribute:
            marked, name, colon, value = attribute.groups()
            if name.lower() == "candidate" and not _may_be_a_candidate(marked, colon, value):
                continue
            _collect_attribute(name.lower(), (value or "").strip(), into)
            continue
        typed = _TYPED_LINE.match(line)
        if typed and typed.group(1) in "vm":
            _collect_typed(typed.group(1), typed.group(2), into)
            continue
        inside = _CANDIDATE_INSIDE.search(line) if "andidate" in line else None
        if inside:
            into.add_candidate(inside.group(1), _media(into))


def is_unterminated(text: str) -> bool:
    """Whether the last line is one of an SDP and has no line end (RFC 8866 section 5)."""
    last = re.split(r"[\r\n]", text[-1000:])[-1]
    return _TYPED_LINE.match(last.lstrip(_LEADING)) is not None


def lost_a_plus(text: str) -> bool:
    """Whether only the lines of ufrag or password end with a blank: there a `+` may have been."""
    ends = len(LOST_PLUS.findall(text))
    return ends > 0 and len(_ANY_BLANK_END.findall(text)) == ends


def _may_be_a_candidate(marked: str | None, colon: str | None, value: str | None) -> bool:
    """A key of that name in an object, and the word in a sentence, are none."""
    if marked is not None:
        return True
    return colon is not None and bool(value) and _CANDIDATE_START.match(str(value)) is not None


def _media(into: Collected) -> Section | None:
    """The media section that lines belong to; candidates never stand at session level."""
    media = into.sdp.media
    return media[-1] if media else None


def _lines(text: str, into: Collected, *, quoted: bool) -> list[str]:
    """Lines without quote marks; those that were wrapped are whole again."""
    text = _NUMBERED.sub("", text) if "=" in text else text
    shown = _BREAKS.split(_LOST_LINE_END.sub("\n", text), _MOST_LINES)
    if len(shown) > _MOST_LINES:
        into.unread_lines += 1
        shown = shown[:_MOST_LINES]
    widest = max(map(len, shown), default=0)
    lines: list[str] = []
    full = blank = False
    for raw in shown:
        for piece in _QUOTES.split(raw) if quoted else (raw,):
            line = piece.lstrip(_LEADING).rstrip(_TRAILING)
            if not line:
                continue
            between = "" if full and not blank and piece[0] != " " else " "
            if lines and _continues(lines[-1] + (between if full else ""), line, full=full):
                if len(lines[-1]) < 1000:
                    lines[-1] += between + line
            else:
                lines.append(line)
            full = False
        full, blank = len(raw) == widest, raw[-1:] == " "
    return lines


def _continues(before: str, line: str, *, full: bool) -> bool:
    """Whether a line goes on with the one before it. A terminal breaks where a line is `full`, and
    loses nothing there; a mail program breaks at a blank, which is lost."""
    if full and _BROKEN.match(before):
        return _GOES_ON.match(line) is not None
    if "candidate:" not in before[:200]:
        return False
    if full and line[1:2] != "=" and _ATTRIBUTE.match(line) is None and _is_broken(before + line):
        return True
    return _CONTINUATION.match(line) is not None


def _is_broken(candidate: str) -> bool:
    """Whether it is a candidate's line, or the beginning of one."""
    head, typed, tail = candidate.partition(" typ ")
    words = len(head.split())
    if not typed:
        return words <= 7
    return words == 6 and _BEHIND_TYPE.match(tail[len(tail.split(" ", 1)[0]) :]) is not None


def _collect_typed(letter: str, value: str, into: Collected) -> None:
    if letter == "v" and value.strip() == "0":
        into.begin_sdp()
        into.is_sdp = True
    elif letter == "m":
        words = value.split(None, _MOST_FORMATS)
        if len(words) >= 3 and words[1].split("/")[0].isdecimal():
            into.is_sdp = True
            plain = all(validity.is_token(word.replace("/", ".")) for word in words)
            kind = words[0] if plain else ""
            into.sdp.begin_media(kind, words[1], words[2], words[3:] if plain else [])


def _collect_attribute(name: str, value: str, into: Collected) -> None:
    sdp = into.sdp
    section = sdp.section
    first = value.split(None, 1)[0] if value else ""
    if name == "candidate":
        into.add_candidate(value, _media(into))
    elif name == "end-of-candidates":
        section.complete = True
    elif name == "ice-ufrag" and len(section.ufrags) < _MOST_VALUES:
        add(section.ufrags, value)
    elif name == "ice-pwd" and len(section.pwds) < _MOST_VALUES:
        add(section.pwds, value)
    elif name == "ice-lite":
        into.lite = True
    elif name == "ice-mismatch":
        into.mismatch = True
    elif name == "ice-options":
        for option in value.split(None, _MOST_VALUES)[:_MOST_VALUES]:
            if validity.is_token(option) and len(into.ice_options) < _MOST_VALUES:
                add(into.ice_options, option)
    elif name == "setup" and first.lower() in ("active", "passive", "actpass", "holdconn"):
        section.setup = section.setup or first.lower()
    elif name == "fingerprint" and validity.is_fingerprint(value):
        section.fingerprint = section.fingerprint or value
    elif name == "mid" and validity.is_token(first):
        section.mid = section.mid or first
    elif name == "bundle-only":
        section.bundle_only = True
    elif name == "group" and first.upper() == "BUNDLE" and len(sdp.groups) < _MOST_VALUES:
        mids = value.split(None, 64)[1:65]
        sdp.groups.append(tuple(mid for mid in mids if validity.is_token(mid)))
    elif name in ("rtpmap", "fmtp", "sctp-port", "sctpmap") and _PRINTABLE.match(value):
        _collect_format(name, value, section)


def _collect_format(name: str, value: str, section: Section) -> None:
    if name.startswith("sctp"):
        if len(section.sctp) < _MOST_VALUES:
            add(section.sctp, f"{name}:{value}")
        return
    payload, _, said = value.partition(" ")
    kept = section.rtpmaps if name == "rtpmap" else section.fmtps
    if said and len(kept) < _MOST_FORMATS:
        kept.setdefault(payload, said.strip())
