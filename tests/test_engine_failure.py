"""An error inside the engine is told in a sentence, with the path of a file of details."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from icetui import events
from icetui.events import EngineFailed, Paste, SessionClosed, StartSession
from icetui.streams.event_reader import EventReader

BROKEN = """
import sys
from icetui.engine import __main__ as engine
from icetui.engine.ice_session import IceSession

def fail(self, text):
    raise ZeroDivisionError("no one expected this")

IceSession.paste = fail
sys.exit(engine.main())
"""


def test_an_exception_becomes_an_event_and_a_log_and_the_session_is_closed() -> None:
    commands = (StartSession(interfaces=("lo",)), Paste(text="anything"))
    done = subprocess.run(
        [sys.executable, "-c", BROKEN],
        input=b"".join(events.encode(c) for c in commands),
        capture_output=True,
        timeout=20,
        check=False,
    )
    reader = EventReader()
    told = [reader.read(line) for line in done.stdout.splitlines()]
    failure = told[-1]
    assert isinstance(failure, EngineFailed), told[-3:]
    assert "no one expected this" in failure.problem
    assert "\n" not in failure.problem
    assert failure.log is not None
    details = Path(failure.log)
    assert "ZeroDivisionError" in details.read_text()
    details.unlink()
    assert any(isinstance(event, SessionClosed) for event in told)
    assert done.returncode == 1
    assert b"Traceback" not in done.stderr
