"""An error of icetui's own ends the work it happened in, and no more."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from icetui import events
from icetui.engine import core, gathering_reflexive, gathering_relays
from icetui.events import Leave, Reason, StartSession, StunServer, TurnServer
from icetui.streams.event_reader import EventReader
from tests.engine.side import Side, connect
from tests.engine.test_refusing import ask, check

Errors = list[dict[str, Any]]

BROKEN = """
import sys
from icetui.engine import __main__ as engine, gathering_reflexive

async def binding(*_, **__):
    raise ZeroDivisionError("no one expected this")

gathering_reflexive.binding = binding
sys.exit(engine.main())
"""


async def broken(*_: object, **__: object) -> None:
    raise ZeroDivisionError("no one expected this")


async def test_a_server_that_breaks_us_fails_alone(
    side: Callable[..., Side], monkeypatch: pytest.MonkeyPatch, errors: Errors
) -> None:
    monkeypatch.setattr(gathering_reflexive, "binding", broken)
    monkeypatch.setattr(gathering_relays, "allocate", broken)
    start = StartSession(
        interfaces=("lo",),
        ipv6=False,
        stun_servers=(StunServer(host="127.0.0.1", port=9),),
        turn_servers=(TurnServer(host="127.0.0.1", port=9, username="a", password="b"),),
    )
    one, other = side(start), side()
    await one.until(lambda s: s.gathering == "complete", within=4)
    reasons = {s.kind: s.reason for s in one.session.servers.values()}
    assert reasons == {"stun": Reason.INTERNAL, "turn": Reason.INTERNAL}
    await connect(one, other)
    assert {type(e["exception"]) for e in errors} == {ZeroDivisionError}
    errors.clear()


async def test_a_datagram_that_breaks_us_is_refused_and_the_next_one_counts(
    pair: tuple[Side, Side], monkeypatch: pytest.MonkeyPatch, errors: Errors
) -> None:
    one, other = pair
    await one.blob()
    real = core.Agent.received

    def breaks(self: core.Agent, base: core.Base, *rest: Any) -> None:
        if "strn" in (rest[1].username or ""):
            raise ZeroDivisionError
        real(self, base, *rest)

    monkeypatch.setattr(core.Agent, "received", breaks)
    assert await ask(one, check(f"{one.agent.ufrag}:strn", one.agent._pwd)) is None
    assert one.of(events.Refused)[-1].reason == Reason.INTERNAL
    assert len(errors) == 1
    errors.clear()
    one.agent.paste(await other.blob())
    other.agent.paste(await one.blob())
    await one.until(lambda s: s.connected)


def test_the_details_are_kept_in_a_file_and_the_engine_goes_on(tmp_path: Path) -> None:
    server = StunServer(host="127.0.0.1", port=9)
    commands = (StartSession(interfaces=("lo",), stun_servers=(server,)), Leave())
    engine = subprocess.Popen(
        [sys.executable, "-c", BROKEN],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={"TMPDIR": str(tmp_path)},
    )
    assert engine.stdin is not None and engine.stdout is not None
    engine.stdin.write(events.encode(commands[0]))
    engine.stdin.flush()
    reader = EventReader()
    for line in engine.stdout:
        told = reader.read(line)
        if isinstance(told, events.ServerChanged) and told.server.state == "failed":
            assert told.server.reason == Reason.INTERNAL
            engine.stdin.write(events.encode(commands[1]))
            engine.stdin.flush()
            break
    rest, _ = engine.communicate(timeout=20)
    assert b"session-closed" in rest and b"engine-failed" not in rest
    assert engine.returncode == 0
    (details,) = tmp_path.glob("icetui-engine-*.log")
    assert "ZeroDivisionError: no one expected this" in details.read_text()
