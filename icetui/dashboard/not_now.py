"""Why a key does nothing now: one sentence that says so, and what would help.

What belongs here: the sentences of keys that somebody presses in the hope that something happens.
One that is silent here moves a cursor or chooses a view, and there is none to choose.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from icetui.dashboard.view import View


def _engineless(now: View) -> str | None:
    """Where nobody is there to be told anything."""
    if not now.live:
        return "This is a recording: nobody is there to hear it."
    if not now.current:
        return "This is an earlier session: ] goes to the one that lives."
    if now.trouble is not None or now.session.failure is not None:
        return "The engine has ended: N begins another session."
    if now.session.closed is not None:
        return "This session has ended: N begins another one."
    return None


def _by_themselves(now: View) -> str | None:
    if now.side:
        return "In the demo both sides exchange their blobs by themselves."
    return None


def _pasted(now: View) -> str:
    return _by_themselves(now) or _engineless(now) or (
        "A path stands, so nothing has to be pasted; to exchange anew restart first (r)."
    )  # fmt: skip


def _blob(now: View) -> str:
    if not now.live:
        return "A recording holds no blob of ours, because that is a secret."
    return _by_themselves(now) or _engineless(now) or (
        "There is no blob of ours yet: no candidate has been gathered."
    )  # fmt: skip


def _talk(now: View) -> str:
    return _engineless(now) or "No path stands yet that a message could take."


def _nominate(now: View) -> str:
    problem = _engineless(now)
    pair = now.highlighted
    if problem is not None:
        return problem
    if now.session.role != "controlling":
        return "This side is controlled: only the controlling side nominates (RFC 8445 8.1)."
    if pair is None:
        return "Choose a pair first: n nominates the one under the cursor."
    if pair.id == now.session.selected:
        return "This pair is the path already."
    return f"{pair.id} has not succeeded, so it cannot be nominated."


def _restart(now: View) -> str:
    problem = _engineless(now)
    if problem is not None:
        return problem
    if now.session.peer_left:
        return "They have left: N begins another session."
    return "There is nothing to restart before theirs has been pasted."


def _another(now: View) -> str:
    if not now.again:
        return "No other session can be begun from here: what is shown comes from elsewhere."
    if not now.current:
        return "This is an earlier session: ] goes to the one that lives."
    return "This session goes on: N begins another one once it has ended."


WHY: Mapping[str, Callable[[View], str]] = {
    "connect": lambda now: _by_themselves(now) or _engineless(now) or "There is nothing to send.",
    "paste": _pasted,
    "theirs": lambda now: "What they sent is not known yet: nothing of theirs has been pasted.",
    "message": _talk,
    "copy": _blob,
    "save": _blob,
    "raw": _blob,
    "form": _blob,
    "nominate": _nominate,
    "restart": _restart,
    "another": _another,
    "report": lambda now: "Nothing has happened yet that a report could tell.",
    "chart": lambda now: "No round trip has been measured yet.",
    "timeline": lambda now: "There are no pairs yet: theirs has not been pasted.",
    "side": lambda now: "Only the demo has both sides to look at.",
    "network": lambda now: "Only the demo has a network to look at.",
}
"""By the id of the action."""
