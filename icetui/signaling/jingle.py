"""XMPP's Jingle: ICE transports and candidates in XML (XEP-0166, XEP-0176, XEP-0320, XEP-0338).

What belongs here: tags and attributes. No XML parser: what is pasted is a part of a document,
and a hostile one must cost nothing.
What must never come in: what the transports amount to.
"""

from __future__ import annotations

import html
import re
from functools import partial

from icetui.signaling import validity
from icetui.signaling.candidate_line import candidate_of
from icetui.signaling.collected import Collected, add
from icetui.signaling.sections import MOST_SECTIONS, Section

_MARK = "urn:xmpp:jingle:"
_TAG = re.compile(
    r"<(/?)(?:\w{1,40}:)?([a-z][\w-]{0,60})"
    r"((?:\s+[\w:.-]{1,60}\s*=\s*(?:\"[^\"<]{0,600}\"|'[^'<]{0,600}'))*)\s*(/?)>([^<]{0,300})"
)
_ATTRIBUTE = re.compile(r"([\w:.-]{1,60})\s*=\s*(?:\"([^\"<]{0,600})\"|'([^'<]{0,600})')")
_NAMES = {"rel-addr": "raddr", "rel-port": "rport", "ip": "address"}
_TYPES = {"session-initiate": "offer", "session-accept": "answer"}


def collect_jingle(text: str, into: Collected) -> str:
    """Collect from the tags in `text`; what is left of the text comes back."""
    if "<candidate" not in text and "<transport" not in text and _MARK not in text:
        return text
    sdp = into.objects
    section: Section | None = None
    content: str | None = None
    grouped = False
    for found in _TAG.finditer(text):
        closing, name, inside, _, behind = found.groups()
        if closing:
            grouped = grouped and name != "group"
            continue
        values = {
            key: html.unescape(one or other) for key, one, other in _ATTRIBUTE.findall(inside)
        }
        if name == "jingle":
            into.sdp_type = into.sdp_type or _TYPES.get(values.get("action", ""))
        elif name == "group" and values.get("semantics") == "BUNDLE" and len(sdp.groups) < 8:
            grouped = True
            sdp.groups.append(())
        elif name == "content" and validity.is_token(values.get("name", "")):
            if grouped:
                sdp.groups[-1] += (values["name"],)
            else:
                content = values["name"]
        elif name == "transport":
            section = _transport(values, content, into)
        elif name == "fingerprint" and section is not None:
            said = f"{values.get('hash', '')} {behind.strip()}"
            if validity.is_fingerprint(said):
                section.fingerprint = section.fingerprint or said
        elif name == "gathering-complete" and section is not None:
            section.complete = True
        elif name == "candidate" and "ip" in values:
            into.is_jingle = True
            named = {_NAMES.get(k, k): v for k, v in values.items()}
            into.add_made(partial(candidate_of, named), section, mid=content)
    return _TAG.sub("\n", text) if into.is_jingle else text


def _transport(values: dict[str, str], content: str | None, into: Collected) -> Section | None:
    """A transport begins; without credentials it only brings candidates."""
    media = into.objects.media
    if len(media) >= MOST_SECTIONS:
        into.objects.beyond += 1
        return None
    section = Section(index=len(media), mid=content)
    for name, kept in (("ufrag", section.ufrags), ("pwd", section.pwds)):
        if values.get(name):
            add(kept, values[name])
            into.is_jingle = True
    media.append(section)
    return section
