"""A world: a network that runs in virtual time, changes, and can be watched."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from icetui.vnet import change_effects
from icetui.vnet.changes import AnyChange
from icetui.vnet.changes import change as change_named
from icetui.vnet.network import Network
from icetui.vnet.tap import Passage, Why
from icetui.vnet.world_parts import WorldParts


class World(WorldParts):
    """All of it. Nothing moves but by `clock`; the network's changes come at their times."""

    def __init__(self, network: Network) -> None:
        super().__init__(network)
        self.missed: list[AnyChange] = []
        """Changes of the network that could not happen: what they were for had gone before."""
        for change in self.network.changes:
            self.fabric.loop.call_later(change.at, self._in_time, change)

    def _in_time(self, change: AnyChange) -> None:
        try:
            self.bring_about(change)
        except KeyError:
            self.missed.append(change)

    def change(self, what: str, whom: str = "", **parameters: Any) -> None:
        """Let something happen now, by its name in a network file.

        Raises KeyError when there is nobody of that name to whom it can happen,
        `msgspec.ValidationError` for parameters that it does not take.
        """
        self.bring_about(change_named(what, whom, **parameters))

    def bring_about(self, change: AnyChange) -> None:
        """The same for a change as a value; its time does not count."""
        change_effects.apply(self, change)

    def close(self) -> None:
        """End everything that runs in it, without a word to anybody."""
        for host in self.hosts.values():
            host.reboot(0.0)
        for server in self.servers.values():
            server.stop()
        self.clock.run_for(0.0)
        for host in self.hosts.values():
            host.off = True
            host.loop.close()
        self.fabric.loop.close()

    def watch(self, callback: Callable[[Passage], None]) -> Callable[[], None]:
        """Be told of every packet that enters or leaves a line, or is dropped; returns what ends
        it."""
        self.fabric.tap.watchers.append(callback)
        return lambda: self.fabric.tap.watchers.remove(callback)

    @property
    def drops(self) -> dict[tuple[str, Why], int]:
        """Packets dropped so far, by place and reason."""
        return self.fabric.tap.drops

    @property
    def failures(self) -> list[dict[str, Any]]:
        """What went wrong in callbacks and tasks while nobody handled it."""
        loops = [self.fabric.loop, *(host.loop for host in self.hosts.values())]
        return [failure for loop in loops for failure in loop.failures]
