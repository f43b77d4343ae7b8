"""What there is to see of an app right now, as the value that the screens draw."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from icetui.dashboard.view import View
from icetui.diagnosis import Finding

if TYPE_CHECKING:
    from icetui.dashboard.app import Dashboard


def glance(app: Dashboard) -> View:
    """The session looked at, what it means, and where the user is."""
    watch = app.looked
    focused = app.main.focused if app.main.is_mounted else None
    findings = [_as_here(finding, app) for finding in watch.findings()]
    return View(
        watch.session, watch.chronicle, findings, watch.now, watch.exchange,
        live=watch.source.live, current=watch.source is app.living.source,
        frozen=app.frozen is not None, masked=app.masked, hint=watch.source.hint,
        trouble=watch.trouble, again=app.again is not None,
        number=1 if app.stage else app.looked_at + 1,
        sessions=1 if app.stage else len(app.watches), side=app.side,
        highlighted=app.main.pairs.highlighted, focus=focused.id or "" if focused else "",
        keys=app.taste.keys,
    )  # fmt: skip


def _as_here(finding: Finding, app: Dashboard) -> Finding:
    """A finding's remedy where another session can be begun in the same window."""
    if finding.rule != "peer-left" or app.again is None:
        return finding
    return msgspec.structs.replace(
        finding, remedy="N begins another session; both sides need new blobs for it."
    )


def file_name(app: Dashboard) -> str:
    """The part of a file's name that tells sessions apart."""
    started = app.looked.session.started
    return "".join(c for c in started.ufrag if c.isalnum()) if started else "own"
