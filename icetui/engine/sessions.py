"""The sessions of one engine: which command goes to which, and what is refused.

What belongs here: commands carried out. Where they come from is `__main__.py`'s business.
"""

from __future__ import annotations

import asyncio

from icetui import events
from icetui.engine.ice_session import IceSession
from icetui.engine.net import Net
from icetui.engine.sockets import Sockets
from icetui.engine.stream import Stream
from icetui.events import AnyCommand, NotUnderstood


class Sessions:
    """The sessions of one engine; carries out commands until it is told to end."""

    def __init__(self, net: Net, stream: Stream) -> None:
        self._net = net
        self._stream = stream
        self._sockets = Sockets(net)
        self._agents: dict[str, IceSession] = {}
        self.ended = asyncio.Event()
        self.cause = "user"

    def take(self, line: bytes) -> None:
        """One line of JSON."""
        if not line.strip():
            return
        try:
            self.carry_out(events.decode_command(line))
        except NotUnderstood as problem:
            self._stream.emit(events.CommandRefused, command="", problem=str(problem)[:300])

    def carry_out(self, command: AnyCommand) -> None:
        """Do what is asked, or say why not."""
        if isinstance(command, events.StartSession):
            self._open(command)
            return
        agent = self._agents.get(command.session) or next(iter(self._agents.values()), None)
        match command:
            case events.Leave():
                self.end("user")
            case _ if agent is None:
                name = events.kebab(type(command).__name__)
                self._stream.emit(
                    events.CommandRefused, command=name, problem="there is no session yet"
                )
            case events.Paste():
                agent.paste(command.text)
            case events.TakeFormer():
                agent.take_former()
            case events.SendText():
                agent.send_text(command.text)
            case events.Restart():
                agent.restart()
            case events.Nominate():
                agent.nominate(command.pair)
            case _:
                name = events.kebab(type(command).__name__)
                self._stream.emit(
                    events.CommandRefused,
                    command=name,
                    problem="this engine runs on the real network, which nobody here can change",
                )

    def _open(self, command: events.StartSession) -> None:
        name = command.session or f"s{len(self._agents) + 1}"
        if name in self._agents:
            self._stream.emit(
                events.CommandRefused, command="start-session", problem=f"{name} exists already"
            )
            return
        stream = self._stream.for_session(name)
        agent = IceSession(self._net, stream, command, sockets=self._sockets)
        self._agents[name] = agent
        agent.begin()

    def end(self, cause: str) -> None:
        """Leave all sessions, then stop; the first cause counts."""
        if not self.ended.is_set():
            self.cause = cause
            self.ended.set()

    async def close(self) -> None:
        await asyncio.gather(*(agent.leave(self.cause) for agent in self._agents.values()))
