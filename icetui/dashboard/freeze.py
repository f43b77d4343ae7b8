"""A snapshot of a Session that stands still while the original goes on folding."""

from __future__ import annotations

import copy
import dataclasses

from icetui.session import Session
from icetui.session.event_log import EventLog


def snapshot(session: Session) -> Session:
    """A copy that later events do not reach.

    Events, pairs and candidates are immutable and shared; only the containers and the few mutable
    values in them are copied. (`copy.deepcopy` rebuilds every event of the log: a visible pause.)
    """
    still = copy.copy(session)
    for field in dataclasses.fields(session):
        value = getattr(session, field.name)
        if isinstance(value, dict | list | EventLog):
            setattr(still, field.name, value.copy())
    still.quality = {
        pair: dataclasses.replace(quality, samples=quality.samples.copy(), sent=quality.sent.copy())
        for pair, quality in session.quality.items()
    }
    still.texts = [dataclasses.replace(line) for line in session.texts]
    return still
