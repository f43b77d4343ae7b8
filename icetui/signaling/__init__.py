"""Signaling: text that people copy and paste ↔ `Description`.

What belongs here: formats, in both directions, and what is wrong with damaged text. Everything
read is hostile input.
What must never come in: I/O, clocks (time is handed in), the engine, any screen.
"""

from icetui.signaling.blob import write_blob
from icetui.signaling.candidate_line import write_candidate
from icetui.signaling.description import (
    MAX_TEXT,
    Description,
    IncompleteDescription,
    OwnDescription,
    UnreadableDescription,
)
from icetui.signaling.exchange import check, controlling, random_credentials
from icetui.signaling.explain import CandidateRow, Explanation, explain, explain_accepted, facts
from icetui.signaling.merging import for_section
from icetui.signaling.reader import read
from icetui.signaling.stun_text import stun_bytes
from icetui.signaling.validity import redundant
from icetui.signaling.writing import write_base64, write_json, write_sdp

__all__ = [
    "MAX_TEXT",
    "CandidateRow",
    "Description",
    "Explanation",
    "IncompleteDescription",
    "OwnDescription",
    "UnreadableDescription",
    "check",
    "controlling",
    "explain",
    "explain_accepted",
    "facts",
    "for_section",
    "random_credentials",
    "read",
    "redundant",
    "stun_bytes",
    "write_base64",
    "write_blob",
    "write_candidate",
    "write_json",
    "write_sdp",
]
