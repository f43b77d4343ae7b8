"""`icetui peer` on a simulated host: the real engine, ended when the real command would end it."""

from __future__ import annotations

import msgspec

from icetui import events
from icetui.commands.peer_command import peer as command
from icetui.events import AnyEvent, StartSession
from icetui.session import Session
from icetui.settings.session_settings import Settings
from icetui.streams.blob_files import POLL
from icetui.vnet.peer import Peer
from icetui.vnet.world_parts import Machine
from tests.lab.scenarios.stage import LONG

PIPE = 0.005
"""Seconds from an event to what the command makes of it: it is a process of its own."""


def start_of(*arguments: str) -> StartSession:
    """What `icetui peer` with these arguments tells its engine, without the user's settings."""
    chosen = command.make_context("peer", list(arguments)).params
    names = {field.name for field in msgspec.structs.fields(Settings)}
    flags = {k: v for k, v in chosen.items() if k in names and v is not None and v != ()}
    return msgspec.convert(flags, Settings).start()


class SimulatedPeer:
    """One run of it, with `--hold` and `--give-up` as all of the lab's have."""

    def __init__(self, host: Machine, *arguments: str) -> None:
        self.events: list[AnyEvent] = []
        self.session = Session()
        self._looked_at = 0
        self.connected = False
        self._read = False
        self._host = host
        self._ended = self._killed = False
        self.engine = Peer(host, start_of(*arguments), self._heard)
        host.loop.run(host.loop.call_later, LONG, self._give_up)

    def fold(self) -> Session:
        """Of what it has said so far."""
        while self._looked_at < len(self.events):
            self.session.apply(self.events[self._looked_at])
            self._looked_at += 1
        return self.session

    def paste(self, text: str) -> None:
        """It reads it when it looks at its file next."""
        self._host.loop.run(self._host.loop.call_later, POLL, self._read_text, text)

    def _read_text(self, text: str) -> None:
        if not self._ended:
            self.engine.send(events.Paste(text=text))

    def _heard(self, event: AnyEvent) -> None:
        """The exits of `icetui.commands.headless`."""
        if self._killed:
            return
        self.events.append(event)
        match event:
            case events.ConnectionStateChanged(state="connected"):
                if not self.connected:
                    self._host.loop.call_later(LONG, self.leave)
                self.connected = True
            case events.ConnectionStateChanged(state="failed") if self.connected:
                self._host.loop.call_later(PIPE, self.leave)
            case events.DescriptionAccepted():
                self._read = True
            case events.DescriptionRefused() if not self._read:
                self._host.loop.call_later(PIPE, self.leave)
            case events.PeerLeft():
                self._host.loop.call_later(PIPE, self.leave)
            case events.GatheringStateChanged(state="complete"):
                if not self.fold().local_candidates:
                    self._host.loop.call_later(PIPE, self.leave)

    def _give_up(self) -> None:
        if not self.connected:
            self.leave()

    def leave(self) -> None:
        """As its user would."""
        if not self._ended:
            self._ended = True
            self.engine.leave()

    def kill(self) -> None:
        """It is gone, and says nothing any more; its host sees to its sockets."""
        self._ended = self._killed = True
