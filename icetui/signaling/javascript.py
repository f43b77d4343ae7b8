"""JSON and what consoles print: SDP and trickled candidates wrapped in JavaScript, or in base64.

What belongs here: getting SDP text and candidates out of their wrapping; writing one-line JSON.
What must never come in: SDP attributes.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from typing import Any

from icetui.signaling import validity
from icetui.signaling.collected import Collected, add
from icetui.signaling.description import Description
from icetui.signaling.sdp import collect_sdp, is_unterminated, write_sdp

_MOST_FAILURES = 20
"""Places that look like JSON and are not, after which no more are tried: each may cost a scan."""
_MOST_VALUES = 2000
_DESCRIPTION_TYPES = ("offer", "answer", "pranswer")

# The look-behinds keep a long row of backslashes from being tried again from each of them.
_LINE_END = re.compile(r"(?<!\\)\\+r(?:\\+n)?|(?<!\\)\\+n")
_EQUALS = re.compile(r"(?<!\\)\\+u003d", re.IGNORECASE)
_ESCAPED = re.compile(r"(?<!\\)\\+(?=[\"'/`])")
_TYPE = re.compile(r"\btype[\"']?\s*[:=]\s*[\"'](offer|answer|pranswer)[\"']")
_SDP_KEY = re.compile(r"\bsdp[\"']?\s*[:=]\s*[\"'`]")
_CANDIDATE_KEY = re.compile(r"\bcandidate[\"']?\s*[:=]\s*(?:[\"'`](?=[\"'`c])|null)")
_MID = re.compile(r"\bsdpMid[\"']?\s*:\s*[\"']([^\"'\s]{1,64})[\"']")
_FRAGMENT = re.compile(r"\busernameFragment[\"']?\s*:\s*[\"']([^\"'\s]{1,256})[\"']")
_NO_MORE = re.compile(r"\bcandidate[\"']?\s*:\s*(?:null\b|\"\"|'')")
_BASE64_START = re.compile(r"(?:eyJ|ewo|ewog|eyAi|dj0w)[A-Za-z0-9+/_-]")
_BASE64 = re.compile(r"[A-Za-z0-9+/_-]+")


def collect_json(text: str, into: Collected) -> str:
    """Collect from every JSON value in `text`; what is left of the text comes back."""
    decoder = json.JSONDecoder()
    rest: list[str] = []
    at = failures = 0
    while failures < _MOST_FAILURES:
        start = min((i for i in (text.find("{", at), text.find("[", at)) if i >= 0), default=-1)
        if start < 0:
            break
        try:
            value, end = decoder.raw_decode(text, start)
        except (ValueError, RecursionError):  # not JSON, too long a number; nested too deep
            failures += 1
            rest.append(text[at : start + 1])
            at = start + 1
            continue
        rest.append(text[at:start])
        if not _collect_value(value, into):
            rest.append(text[start:end])
        at = end
    rest.append(text[at:])
    return "".join(rest)


def _collect_value(value: Any, into: Collected) -> bool:
    """Collect from a decoded value, wrapped in other objects or not; False if there was nothing."""
    found = False
    waiting = [value]
    for _ in range(_MOST_VALUES):
        if not waiting:
            break
        item = waiting.pop()
        if isinstance(item, list):
            waiting.extend(reversed(item[:_MOST_VALUES]))
        elif isinstance(item, dict):
            found |= _collect_object(item, into)
            waiting.extend(v for v in reversed(item.values()) if isinstance(v, dict | list))
    return found


def _collect_object(item: dict[str, Any], into: Collected) -> bool:
    found = False
    sdp, candidate = item.get("sdp"), item.get("candidate")
    if item.get("type") in _DESCRIPTION_TYPES:
        _note_type(item["type"], into)
        found = True
    if isinstance(sdp, str):
        plain = unescaped(sdp)
        into.unterminated |= is_unterminated(plain)
        collect_sdp(plain, into)
        found = True
    if isinstance(candidate, str) or ("candidate" in item and candidate is None):
        found = True
        if candidate:
            value = candidate.split("candidate:", 1)[-1]
            into.add_candidate(value, into.loose)
        else:
            into.loose.complete = True
        _note_mid(item.get("sdpMid"), into)
        _note_fragment(item.get("usernameFragment"), into)
    if found:
        into.is_json = True
    return found


def collect_javascript(text: str, into: Collected) -> None:
    """Collect from what a console prints, from source code, and from bare SDP lines."""
    plain = unescaped(text)
    kind = _TYPE.search(plain)
    if kind:
        _note_type(kind.group(1), into)
    is_candidate = _CANDIDATE_KEY.search(plain) is not None
    if kind or is_candidate or _SDP_KEY.search(plain):
        into.is_json = True
    if not into.is_json:
        into.unterminated |= is_unterminated(plain)
    into.shortened |= into.is_json and "\u2026" in plain
    if _NO_MORE.search(plain):
        into.loose.complete = True
    for found in list(_MID.finditer(plain))[:1]:
        _note_mid(found.group(1), into)
    for found, _ in zip(_FRAGMENT.finditer(plain), range(8), strict=False):
        _note_fragment(found.group(1), into)
    collect_sdp(plain, into, trickled=into.loose if is_candidate else None)


def unescaped(text: str) -> str:
    """With line ends, quotes and slashes as themselves, however often they were escaped."""
    return _ESCAPED.sub("", _EQUALS.sub("=", _LINE_END.sub("\n", text)))


def decoded_base64(text: str) -> str | None:
    """The JSON or SDP that stands in `text` as base64, wrapped or quoted or not."""
    for found, _ in zip(_BASE64_START.finditer(text), range(4), strict=False):
        characters = "".join(_BASE64.findall(text[found.start() :]))
        characters = characters.replace("-", "+").replace("_", "/")
        try:
            data = base64.b64decode(characters[: len(characters) // 4 * 4])
            data += base64.b64decode(_last(characters))
        except binascii.Error:
            continue
        decoded = data.decode("utf-8", "replace")
        if any(word in decoded for word in ("sdp", "candidate", "v=0", "ice-ufrag")):
            return decoded
    return None


def _last(characters: str) -> str:
    """The incomplete group of four at the end, padded; a single character says nothing."""
    last = characters[len(characters) // 4 * 4 :]
    return last + "=" * (4 - len(last)) if len(last) > 1 else ""


def write_json(d: Description, sdp_type: str = "offer", mid: str = "0") -> str:
    """`{"type":…,"sdp":…}` on one line; it is a JavaScript literal too."""
    sdp = write_sdp(d, sdp_type, mid)
    return json.dumps({"type": sdp_type, "sdp": sdp}, separators=(",", ":"))


def write_base64(d: Description, sdp_type: str = "offer", mid: str = "0") -> str:
    """The JSON of `write_json` as base64 (RFC 4648 section 4), on one line."""
    return base64.b64encode(write_json(d, sdp_type, mid).encode()).decode("ascii")


def _note_type(kind: str, into: Collected) -> None:
    into.sdp_type = into.sdp_type or ("answer" if kind == "pranswer" else kind)


def _note_mid(mid: object, into: Collected) -> None:
    if isinstance(mid, str) and validity.is_token(mid):
        into.loose.mid = into.loose.mid or mid


def _note_fragment(ufrag: object, into: Collected) -> None:
    if not isinstance(ufrag, str) or not validity.is_ice_chars(ufrag):
        return
    if validity.MIN_UFRAG <= len(ufrag) <= validity.MAX_CREDENTIAL:
        add(into.candidate_ufrags, ufrag)
