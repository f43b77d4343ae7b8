"""ICE in objects: descriptions and candidates of W3C's API, ICE parameters and candidates as ORTC,
mediasoup, pion, aiortc and sdp-transform have them.

What belongs here: which keys mean what.
What must never come in: how the values were written (`literals`), SDP attributes.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Mapping
from functools import partial
from typing import Any

from icetui.signaling import validity
from icetui.signaling.candidate_line import candidate_of
from icetui.signaling.collected import Collected
from icetui.signaling.sdp import collect_sdp, is_unterminated, lost_a_plus
from icetui.signaling.sections import MOST_SECTIONS, Section

_MOST_VALUES = 4000
_DESCRIPTION_TYPES = ("offer", "answer", "pranswer")
_UFRAG = ("usernameFragment", "ufrag", "iceUfrag", "ice_ufrag", "ice-ufrag", "username_fragment")
_PWD = ("password", "pwd", "icePwd", "ice_pwd", "ice-pwd")
_CANDIDATE_KEYS = {
    "foundation": ("foundation",),
    "component": ("component", "componentId", "component_id"),
    "protocol": ("protocol", "transport"),
    "priority": ("priority",),
    "address": ("address", "ip", "host", "ipAddress"),
    "port": ("port",),
    "type": ("type", "typ", "candidateType", "candidate_type"),
    "raddr": ("relatedAddress", "raddr", "related_address", "relAddr", "rel-addr"),
    "rport": ("relatedPort", "rport", "related_port", "relPort", "rel-port"),
    "tcptype": ("tcpType", "tcptype", "tcp_type"),
}
_STATISTICS = {
    "candidate-pair", "local-candidate", "remote-candidate", "inbound-rtp", "outbound-rtp",
    "transport", "peer-connection", "certificate", "codec", "data-channel", "media-source",
    "remote-inbound-rtp", "remote-outbound-rtp",
}  # fmt: skip
"""Types of W3C webrtc-stats."""

# The look-behinds keep a long row of backslashes from being tried again from each of them.
_LINE_END = re.compile(
    r"(?<!\\)\\+(?:r|u000[dD]|x0[dD]|015)(?:\\+(?:n|u000[aA]|x0[aA]|012))?"
    r"|(?<!\\)\\+(?:n|u000[aA]|x0[aA]|012)"
)
_EQUALS = re.compile(r"(?<!\\)\\+(?:u003d|x3d)", re.IGNORECASE)
_ESCAPED = re.compile(r"(?<!\\)\\+(?=[\"'/`])")
_KEY_LINE = re.compile(
    r"^[ \t>|*]*[\"']?(candidate|sdp|type|sdpMid|sdpMLineIndex|usernameFragment|password|iceLite|"
    r"foundation|component|protocol|priority|address|ip|port|relatedAddress|relatedPort|tcpType)"
    r"[\"']?[ \t]*:[ \t]+(\"(?:[^\"\\\n]|\\.)*\"|'(?:[^'\\\n]|\\.)*'|null|true|false|[\w.:+/-]+)"
    r"[ \t,]*$",
    re.MULTILINE,
)
_MOST_KEY_LINES = 2000
_WORDS = {"null": None, "true": True, "false": False}
_TYPE = re.compile(r"\btype[\"']?\s*[:=]\s*[\"'](offer|answer|pranswer)[\"']")
_SDP_KEY = re.compile(r"\bsdp[\"']?\s*[:=]\s*[\"'`]")
_CANDIDATE_KEY = re.compile(r"\bcandidate[\"']?\s*[:=]\s*(?:[\"'`](?=[\"'`c])|null)")
_NO_MORE = re.compile(r"\bcandidate[\"']?\s*:\s*(?:null\b|\"\"|'')")


def collect_value(value: Any, into: Collected) -> bool:
    """Collect from a value and everything in it; False if there was nothing for us."""
    found = False
    waiting: list[tuple[Any, Section | None, str]] = [(value, None, "")]
    for _ in range(_MOST_VALUES):
        if not waiting:
            break
        item, section, side = waiting.pop()
        if isinstance(item, list):
            waiting.extend((v, section, side) for v in reversed(item[:_MOST_VALUES]))
        elif isinstance(item, dict):
            section = _parameters(item, into, side) or section
            found |= _collect_object(item, into, section)
            found |= section is not None
            for key, inner in reversed(item.items()):
                if isinstance(inner, dict | list):
                    waiting.append((inner, section, _side(str(key)) or side))
    if waiting:
        into.notes.append("It has more values than are read: those at its end were left out.")
    return found


def collect_key_lines(text: str, into: Collected) -> str:
    """Collect from objects that a browser's console shows opened, one key on each line; what is
    left of the text comes back."""
    lines = list(itertools.islice(_KEY_LINE.finditer(text), _MOST_KEY_LINES))
    if len(lines) < 2:
        return text
    items: list[dict[str, Any]] = [{}]
    rest: list[str] = []
    at = 0
    for found in lines:
        key, value = found.groups()
        if key in items[-1]:
            items.append({})
        if value[0] in "\"'":
            items[-1][key] = unescaped(value[1:-1])
        elif value.isdecimal() and len(value) < 12:
            items[-1][key] = int(value)
        else:
            items[-1][key] = _WORDS.get(value, value)
        rest.append(text[at : found.start()])
        at = found.end()
    used = [collect_value(item, into) for item in items]
    return "".join([*rest, text[at:]]) if any(used) else text


def note_keys(text: str, into: Collected) -> None:
    """What keys that stand in no whole object say: that a console or a program printed this."""
    kind = _TYPE.search(text) if "type" in text else None
    if kind:
        into.sdp_type = into.sdp_type or ("answer" if kind[1] == "pranswer" else kind[1])
    has_candidate = "candidate" in text
    if (
        kind
        or ("sdp" in text and _SDP_KEY.search(text))
        or (has_candidate and _CANDIDATE_KEY.search(text))
    ):
        into.is_json = True
        into.shortened |= "\u2026" in text
    if has_candidate and _NO_MORE.search(text):
        into.end()


def unescaped(text: str) -> str:
    """With line ends, quotes and slashes as themselves, however often they were escaped."""
    if "\\" not in text:
        return text
    return _ESCAPED.sub("", _EQUALS.sub("=", _LINE_END.sub("\n", text)))


def _collect_object(item: dict[str, Any], into: Collected, section: Section | None) -> bool:
    named = item.get("type")
    named = named if isinstance(named, str) else ""
    if named in _STATISTICS and "id" in item:
        into.statistics += 1
        return True
    found = False
    sdp = item.get("sdp")
    if named in _DESCRIPTION_TYPES:
        kind = "answer" if named == "pranswer" else named
        found = into.is_json = True
        if not isinstance(sdp, str):
            into.sdp_type = into.sdp_type or kind
    else:
        kind = None
    if isinstance(sdp, str) and ("=" in sdp or "\\" in sdp):
        collect_description(unescaped(sdp), into, kind)
        found = into.is_json = True
    found |= _collect_trickle(item, into)
    if not found and _is_candidate(item):
        into.add_made(partial(candidate_of, _named(item)), section, **_about(item))
        found = True
    return found


def collect_description(sdp: str, into: Collected, kind: str | None) -> None:
    """Collect from the SDP of a description, which is one by itself."""
    into.begin_sdp()
    into.sdp.sdp_type = kind
    into.unterminated |= is_unterminated(sdp)
    into.shortened |= "\u2026" in sdp
    if lost_a_plus(sdp):
        into.lost_plus = True
    collect_sdp(sdp, into, quoted=False)


def _collect_trickle(item: dict[str, Any], into: Collected) -> bool:
    """W3C's RTCIceCandidateInit, and Janus' word for the end."""
    if item.get("completed") is True and len(item) < 4:
        into.end()
        into.is_json = True
        return True
    if "candidate" not in item:
        return False
    candidate = item["candidate"]
    about = _about(item)
    if candidate is None or candidate == "":
        mid, mline = about["mid"], about["mline"]
        into.end(mid if isinstance(mid, str) else None, mline if isinstance(mline, int) else None)
    elif isinstance(candidate, str) and (" " in candidate or "candidate:" in candidate):
        into.add_candidate(candidate.split("candidate:", 1)[-1], None, **about)
    else:
        return False
    into.is_json = True
    return True


def _about(item: dict[str, Any]) -> dict[str, object]:
    """Section and user fragment that a candidate says it is of."""
    mid, mline = item.get("sdpMid", item.get("mid")), item.get("sdpMLineIndex")
    mline = mline if mline is not None else item.get("sdpMlineIndex")
    ufrag = _first(item, _UFRAG)
    return {
        "mid": mid if isinstance(mid, str) and validity.is_token(mid) else None,
        "mline": mline if isinstance(mline, int) and 0 <= mline < MOST_SECTIONS else None,
        "ufrag": ufrag if isinstance(ufrag, str) and validity.is_ufrag(ufrag) else None,
    }


# --- ICE parameters and candidates as objects ---------------------------------------------------


def _parameters(item: dict[str, Any], into: Collected, side: str) -> Section | None:
    """The section of a transport whose parameters stand in this object or right in it."""
    for holder in (item, *(v for v in item.values() if isinstance(v, dict))):
        ufrag, pwd = _first(holder, _UFRAG), _first(holder, _PWD)
        if isinstance(ufrag, str) and isinstance(pwd, str) and ufrag and pwd:
            break
    else:
        return None
    for known in into.objects.media:
        if known.ufrags == [ufrag] and known.pwds == [pwd]:
            return known
    objects = into.objects
    if len(objects.media) >= MOST_SECTIONS:
        objects.beyond += 1
        return None
    section = Section(index=len(objects.media), side=side or _side_inside(item, holder))
    section.ufrags, section.pwds = [ufrag], [pwd]
    section.mid = (
        mid if isinstance(mid := item.get("mid"), str) and validity.is_token(mid) else None
    )
    section.fingerprint = _fingerprint(item)
    if holder.get("iceLite") is True or item.get("iceLite") is True:
        into.lite = True
    objects.media.append(section)
    return section


def _side(key: str) -> str:
    word = key.lower()
    return next((s for s in ("local", "remote") if word.startswith(s)), "")


def _side_inside(item: dict[str, Any], holder: dict[str, Any]) -> str:
    return next((_side(str(k)) for k, v in item.items() if v is holder), "")


def _fingerprint(item: dict[str, Any]) -> str | None:
    """Of the DTLS parameters beside ICE's, the first (ORTC section 4.2)."""
    dtls = item.get("dtlsParameters")
    prints = dtls.get("fingerprints") if isinstance(dtls, dict) else None
    first = prints[0] if isinstance(prints, list) and prints else None
    if not isinstance(first, dict):
        return None
    said = f"{first.get('algorithm')} {first.get('value')}"
    return said if validity.is_fingerprint(said) else None


def _is_candidate(item: dict[str, Any]) -> bool:
    """Whether it has what only a candidate has: an address, a port, and a rank or a kind."""
    has = {name for name, keys in _CANDIDATE_KEYS.items() if _first(item, keys) is not None}
    return {"address", "port"} <= has and bool({"foundation", "priority"} & has) and "type" in has


def _named(item: dict[str, Any]) -> Mapping[str, str]:
    """Its values by SDP's names."""
    values: dict[str, str] = {}
    for name, keys in _CANDIDATE_KEYS.items():
        value = _first(item, keys)
        if isinstance(value, str) and value:
            values[name] = value
        elif isinstance(value, int | float) and not isinstance(value, bool):
            values[name] = str(value)
    return values


def _first(item: Mapping[str, Any], keys: tuple[str, ...]) -> Any:
    """The value of the first of these keys; Go writes them with a capital."""
    for key in keys:
        if key in item:
            return item[key]
        capital = key[:1].upper() + key[1:]
        if capital in item:
            return item[capital]
    return None
