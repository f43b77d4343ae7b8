"""A STUN message as text: hexadecimal digits in any notation, a hex dump, base64 → its bytes.

What belongs here: getting at the bytes. What they say is told elsewhere.
"""

from __future__ import annotations

import base64
import binascii
import re

MOST = 64 * 1024
"""Characters looked at; a datagram has at most 64 kB, and one of STUN some hundred bytes."""
_HEADER = 20
_COOKIE = b"\x21\x12\xa4\x42"
_DUMP_LINE = re.compile(
    r"^[ \t]*(?:0x)?[0-9A-Fa-f]{4,8}[:|]?[ \t]+"
    r"((?:[0-9A-Fa-f]{2}(?:[0-9A-Fa-f]{2})?(?:[ \t]{1,3}|$)){1,32})",
    re.MULTILINE,
)
_PAIR_MARK = re.compile(r"0[xX]|\\[xX]|[\s:,;|{}\[\]()\"'-]+|\bb(?=[\"'])")
_HEX = re.compile(r"[0-9A-Fa-f]{40,}\Z")
_BASE64 = re.compile(r"[A-Za-z0-9+/_-]{27,}={0,2}\Z")


def stun_bytes(text: str) -> bytes | None:
    """The bytes of the STUN message (RFC 8489 section 5) that `text` is, or None."""
    head = text[:MOST].strip()
    lines = _DUMP_LINE.findall(head)
    dumped = "".join("".join(line.split()) for line in lines)
    for digits in (dumped, _PAIR_MARK.sub("", head)):
        if _HEX.match(digits) and len(digits) % 2 == 0:
            data = _message_in(bytes.fromhex(digits))
            if data is not None:
                return data
    joined = "".join(head.split()).strip("\"'`")
    if _BASE64.match(joined):
        plain = joined.rstrip("=").replace("-", "+").replace("_", "/")
        try:
            data = base64.b64decode(plain + "=" * (-len(plain) % 4))
        except binascii.Error:
            return None
        return _message_in(data)
    return None


def _message_in(data: bytes) -> bytes | None:
    """The message, known by its first byte 0–3 (RFC 7983) and its magic cookie; headers of the
    layers below it may stand in front, as where a whole frame was copied."""
    start = data.find(_COOKIE) - 4
    if start < 0 or len(data) - start < _HEADER or data[start] > 3:
        return None
    if start == 0:
        return data
    length = int.from_bytes(data[start + 2 : start + 4], "big")
    return data[start : start + _HEADER + length]
