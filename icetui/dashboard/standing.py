"""How a session stands: one answer for header, path, pairs and next step."""

from __future__ import annotations

from icetui.session import Session


def over(session: Session) -> bool:
    """Whether nothing can come of it any more: it was left by either side, or its engine died."""
    return session.peer_left or session.closed is not None or session.failure is not None


def lost(session: Session) -> bool:
    """Whether a path stood and went. Checks go on, so it may come back."""
    return session.lost_after_connected and not over(session)


def in_use(session: Session) -> bool:
    """Whether the selected pair carries data now."""
    return session.selected is not None and not over(session) and not session.lost_after_connected
