"""What a text is that holds no description, and where it belongs instead.

What belongs here: plain sentences on evidence. Without any, it is said only what the text is not.
What must never come in: reading a description; a word of the text that might be a password.
"""

from __future__ import annotations

import re

from icetui.signaling.stun_text import stun_bytes

NEITHER = (
    "This is neither a blob (`icetui:…`) nor SDP nor an ICE candidate: paste what the other side's "
    "icetui or browser shows."
)
_SERVERS = (
    "These are STUN or TURN servers, no description of the other side: they go with --stun and "
    "--turn (icetui --turn '…'), where this very text is taken."
)
STATISTICS = (
    "These are WebRTC statistics (getStats): both sides' addresses are in them, but no password. "
    "Copy JSON.stringify(pc.localDescription) on the other side instead."
)
_DUMP = (
    "This is a dump of webrtc-internals: both sides' descriptions are in it. Copy "
    "JSON.stringify(pc.localDescription) on the other side instead."
)
_STUN = (
    "This is a STUN message and no description; `icetui decode` shows what is in it. Paste what "
    "the other side's icetui or browser shows."
)

_UUID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}\Z")
_DUMPED = re.compile(r"[\"']PeerConnections[\"']\s*:")
_STATISTICS_INSIDE = re.compile(
    r"[\"']?type[\"']?\s*[:=]\s*[\"'](?:candidate-pair|local-candidate|remote-candidate)[\"']"
)
_SERVER_KEY = re.compile(r"\b(?:iceServers|ice_servers)\b|\bur(?:l|ls|is)\b[\"']?\s*[:=]")
_SERVER_URL = re.compile(r"(?:\A|[\s\"'\[,(=])(?:stuns?|turns?):[^\s]", re.IGNORECASE)
_ADDRESS = re.compile(r"(?:https?|wss?|ftp)://\S+\Z", re.IGNORECASE)
_MULTIADDR = re.compile(r"/(?:ip4|ip6|dns4?|dns6)/\S+\Z")
_FILE = re.compile(
    r"(?:file://|~?[./\\]|[A-Za-z]:\\)?[\w. /\\-]{1,200}\.[A-Za-z][A-Za-z0-9]{0,7}\Z"
)
_FILE_ENDINGS = (
    "sdp", "txt", "json", "jsonl", "blob", "log", "pcap", "pcapng", "md", "xml", "csv", "html",
    "icetui",
)  # fmt: skip
_PATH = re.compile(r"(?:~|\.{0,2})/[\w./ -]{1,200}\Z")


def sentence(text: str) -> str | None:
    """What cleaned `text` is instead, or None when nothing speaks for anything."""
    short = text[:20_000]
    word = short.strip().strip("'\"`")
    for found, said in _SIGNS:
        if found.search(short):
            return said
    if stun_bytes(short) is not None:
        return _STUN
    if _SERVER_URL.search(short) or (_SERVER_KEY.search(short) and "urn:" not in short):
        return _SERVERS
    if "\n" in word or len(word) > 400:
        return None
    return _of_one_line(word)


_SIGNS = [
    (_DUMPED, _DUMP),
    (_STATISTICS_INSIDE, STATISTICS),
    (
        re.compile("[\\[{]\u2026[\\]}]"),
        "The console shows only that there is something: use "
        "copy(JSON.stringify(pc.localDescription)) over there and paste that.",
    ),
    (
        re.compile(r"\[object [A-Z]\w+\]"),
        "This is what JavaScript makes of an object that is joined to a text: use "
        "JSON.stringify(pc.localDescription) over there and paste that.",
    ),
    (
        re.compile(r"\bPromise\s*\{\s*<?(?:pending|state)|Promise \{<pending>\}"),
        "This is a promise and not what comes of it: await it over there, then copy "
        "JSON.stringify(pc.localDescription).",
    ),
    (
        re.compile(r"-----BEGIN [A-Z ]+-----"),
        "This is a key or a certificate and no description of the other side: keep it to yourself.",
    ),
]


def is_dump(text: str) -> bool:
    """Whether it is a whole dump of webrtc-internals, which holds both sides' descriptions."""
    return _DUMPED.search(text) is not None


DUMP = _DUMP


def _of_one_line(word: str) -> str | None:
    plainly = "no blob, SDP or ICE candidate: paste what the other side's icetui or browser shows."
    if _UUID.match(word):
        return f"This is a UUID, {plainly}"
    if _ADDRESS.match(word):
        return f"This is a web address, {plainly}"
    if _MULTIADDR.match(word):
        return f"This is a multiaddress (libp2p), {plainly}"
    if word in ("undefined", "null", "None", "nil", "NaN", "{}", "[]"):
        return (
            f"This says only `{word}`: nothing was there yet over there when it was printed. Copy "
            "JSON.stringify(pc.localDescription) after setLocalDescription."
        )
    ending = word.rpartition(".")[2].lower()
    if (_FILE.match(word) and ending in _FILE_ENDINGS) or _PATH.match(word):
        return (
            "This is the name of a file and not what is in it: paste what it holds, or use "
            "`icetui decode FILE` and --blob-in FILE."
        )
    return None
