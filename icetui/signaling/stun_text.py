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
            data = bytes.fromhex(digits)
            if _is_stun(data):
                return data
    joined = "".join(head.split()).strip("\"'`")
    if _BASE64.match(joined):
        plain = joined.rstrip("=").replace("-", "+").replace("_", "/")
        try:
            data = base64.b64decode(plain + "=" * (-len(plain) % 4))
        except binascii.Error:
            return None
        if _is_stun(data):
            return data
    return None


def _is_stun(data: bytes) -> bool:
    """First byte 0–3 (RFC 7983) and the magic cookie."""
    return len(data) >= _HEADER and data[0] < 4 and data[4:8] == _COOKIE
