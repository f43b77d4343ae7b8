"""Our own description in the forms other ICE software reads: the blob, SDP, or JSON of SDP.

Imported by the dashboard only once there is a blob, so that the first frame does not wait for it.
"""

from __future__ import annotations

from icetui import signaling


def written(blob: str, form: str, sdp_type: str = "offer", mid: str = "0") -> str:
    """`blob` in another form; the blob itself where it cannot be read back."""
    try:
        description = signaling.read(blob)
    except signaling.UnreadableDescription:
        return blob
    write = signaling.write_sdp if form == "sdp" else signaling.write_json
    return write(description, sdp_type, mid)


def reply_to(text: str) -> tuple[str, str] | None:
    """The SDP type and `mid` ours must have after they sent `text`; None if it is no SDP."""
    try:
        theirs = signaling.read(text)
    except signaling.UnreadableDescription:
        return None
    if theirs.kind not in ("sdp", "json"):
        return None
    return ("offer", "0") if theirs.sdp_type == "answer" else ("answer", theirs.mid or "0")
