"""What mail, logs, consoles and web pages make of a text on its way, undone.

What belongs here: from text to text, each wrapping recognised by marks that no description has.
What must never come in: what the text means; base64 (`packed`).
"""

from __future__ import annotations

import html
import re
from urllib.parse import unquote

_TWICE = 2
"""How often one wrapping is undone: text is escaped again where it is quoted."""

_CARET = re.compile(r"\^M(?:\^J)?\$?(?=\s|\Z|[a-z]=)|\^J(?=\s|\Z|[a-z]=)")
_DOLLAR = re.compile(r"\$[ \t]*$", re.MULTILINE)
_NAMED_END = re.compile(
    r"(?:#015)?#012|#015|(?:<CR>)?<LF>|<CR>|\[CR\]\[LF\]|\[CRLF\]|<CRLF>|[\u240a\u240d\u21b5\u23ce]+"
)
_NAMED_END_MARKS = ("#01", "<LF>", "<CR", "[CR", "\u240a", "\u240d", "\u21b5", "\u23ce")
_SOFT_BREAK = re.compile(r"=[ \t]*\r?\n(?:[ \t]*>[ \t]?)*")
_QUOTED = re.compile(r"=([0-9A-F]{2})")
_PRINTED = re.compile(r"[a-z]=3D")
_PERCENT = re.compile(r"%(?:25)?(?:0D|0A|3D|22|7B|3A|20)", re.IGNORECASE)
_LEAST_PERCENT = 3
_FORM_BLANK = re.compile(r"\+(?:udp|tcp|IN|IP4|IP6|typ)\+", re.IGNORECASE)
_LINE_TAG = re.compile(r"</?(?:br|p|div|pre|li|tr|h[1-6])\b[^<>]{0,200}>", re.IGNORECASE)
_TAG = re.compile(
    r"</?(?:span|code|td|th|b|i|em|strong|font|a|html|body|table|tbody|ul|ol|textarea|blockquote)\b"
    r"[^<>]{0,400}>",
    re.IGNORECASE,
)
_ENTITY = re.compile(r"&(?:quot|lt|gt|amp|nbsp|apos|#[0-9]{1,7}|#x[0-9a-f]{1,6});", re.IGNORECASE)
_DISSECTED = re.compile(r"^[ \t]*[A-Z][A-Za-z ,/-]{2,60}\(([a-z])\):[ \t]*", re.MULTILINE)


def undone(text: str) -> str:
    """`text` as it was before it was wrapped."""
    if "^M" in text or "^J" in text:
        text = _CARET.sub("\n", text)
    if text.count("$\n") > 2:  # as `cat -A` shows line ends
        text = _DOLLAR.sub("", text)
    if any(mark in text for mark in _NAMED_END_MARKS):
        text = _NAMED_END.sub("\n", text)
    if "=3D" in text and _PRINTED.search(text):
        text = _quoted_printable(text)
    for _ in range(_TWICE):
        if "%" not in text or len(_PERCENT.findall(text)) < _LEAST_PERCENT:
            break
        text = _percent_decoded(text)
    if "<" in text and ">" in text:
        text = _TAG.sub("", _LINE_TAG.sub("\n", text))
    for _ in range(_TWICE):
        if "&" not in text or not _ENTITY.search(text):
            break
        text = html.unescape(text)
        text = _LINE_TAG.sub("\n", text)
    return _DISSECTED.sub(r"\1=", text) if "):" in text else text


def _quoted_printable(text: str) -> str:
    """RFC 2045 section 6.7; what is not ASCII means nothing to a description."""
    joined = _SOFT_BREAK.sub("", text)
    return _QUOTED.sub(lambda found: chr(int(found.group(1), 16)), joined)


def _percent_decoded(text: str) -> str:
    """RFC 3986 section 2.1, or as web forms have it: there a blank is `+`, and a `+` an escape."""
    if " " not in text.strip() and _FORM_BLANK.search(text):
        text = text.replace("+", " ")
    return unquote(text, errors="replace")
