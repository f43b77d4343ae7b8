"""What people paste by mistake, and a part of the one sentence that names it."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass

from icetui.signaling import Description, read, write_blob
from tests.signaling import samples
from tests.signaling.makers import BLOB, description

_ADDRESS = re.compile(r"\b(?!0\.)[0-9]{1,3}(?:\.[0-9]{1,3}){3}\b|\b[0-9a-f-]{36}\.local\b")


def here(text: str) -> str:
    """The same with loopback for every address: real engines read these, and check."""
    return _ADDRESS.sub("127.0.0.1", text)


CHROMIUM = here(samples.CHROMIUM_OFFER)
OFFER = json.dumps({"type": "offer", "sdp": CHROMIUM})
GOOD_CANDIDATE = here(samples.CANDIDATE_LINE)
NO_ICE = "v=0\no=- 1 1 IN IP4 192.0.2.1\ns=-\nt=0 0\nm=audio 5004 RTP/AVP 0\nc=IN IP4 192.0.2.1\n"
TWO_UFRAGS = CHROMIUM + here(samples.FIREFOX_ANSWER)
SHORT_PASSWORD = CHROMIUM.replace("CIo+6TPkVmdYDSqrd3wF8T8/", "tooshort")
ONLY_TCP = "".join(line for line in CHROMIUM.splitlines(keepends=True) if " udp " not in line)


@dataclass(frozen=True)
class Bad:
    """`usable`: it is read all the same, with the sentence as a note."""

    name: str
    text: str
    sentence: str
    usable: bool = False


def texts() -> list[Bad]:
    """Each kind of mistake once; what belongs to an exchange under way comes from its test."""

    def ours(**changes: object) -> Description:
        return description(candidates=read(GOOD_CANDIDATE).candidates, **changes)

    other_alphabet = next(
        text.replace("-", "+").replace("_", "/")
        for text in (write_blob(ours(made=1_800_000_000.0 + 60 * n)) for n in range(500))
        if "-" in text and "_" in text
    )
    return [
        Bad("no-ice", NO_ICE, "This SDP has no ICE attributes"),
        Bad("two-ufrags", TWO_UFRAGS, "The text has two different ufrags (9QmZ and 1f2e3d4c)"),
        Bad("short-password", SHORT_PASSWORD, "The ice-pwd is too short (8 characters"),
        Bad("only-tcp", ONLY_TCP, "It has only TCP candidates and icetui speaks UDP", True),
        Bad(
            "answer-to-another-offer",
            here(samples.FIREFOX_ANSWER),
            "This is an answer to another offer (its mid is data, yours is",
        ),
        Bad(
            "blob-for-somebody-else",
            write_blob(ours(answers="xxxx")),
            "This is an answer to another offer (to xxxx, yours is",
        ),
        Bad("1-MB", "x" * 1024 * 1024, "This is more than 256 kB of text"),
        Bad("1-MB-of-controls", "\x01\n" * 512 * 1024, "This is more than 256 kB of text"),
        Bad("other-alphabet", other_alphabet, "The blob had + and / where icetui writes", True),
        Bad(
            "curly-quotes",
            OFFER.replace('"', "\u201c", 1).replace('"', "\u201d"),
            "Its quotes had been made curly; they were read as plain ones",
            True,
        ),
        Bad(
            "no-final-newline",
            CHROMIUM.rstrip("\n"),
            "Its last line has no line end",
            True,
        ),
        Bad("damaged-blob", BLOB[:40] + BLOB[43:], "3 characters of the blob are missing"),
    ]
