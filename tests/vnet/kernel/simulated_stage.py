"""A stage in virtual time: the lab's scenarios play on it as they are."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from icetui import signaling
from icetui.events import AnyEvent
from icetui.session import Session
from icetui.streams.blob_files import POLL
from icetui.vnet.changes import AddRules
from icetui.vnet.network_parts import INTERNET
from tests.lab.lab import INTERNET as LAB_INTERNET
from tests.lab.scenarios.scenario import Scenario, looked_at
from tests.lab.scenarios.stage import GATHERING, WITH_TURN, Change, Stage
from tests.vnet.kernel import ip_commands, nftables
from tests.vnet.kernel.outcome import Outcome, outcome
from tests.vnet.kernel.simulated_lab import SimulatedLab
from tests.vnet.kernel.simulated_peer import SimulatedPeer

CONNECTING = 40.0
"""Seconds after which a connection is given up (the lab's limit)."""
LOOK = 0.05
"""Seconds between two looks at a session."""
UNTRUSTING = {"SSL_CERT_FILE": "/dev/null"}
"""The only setting of a scenario's environment that there is."""


class SimulatedStage(Stage):
    """Built on a simulated lab."""

    def __init__(self, lab: SimulatedLab) -> None:
        self.lab: SimulatedLab = lab
        self.peers: dict[str, SimulatedPeer] = {}
        self._running: list[tuple[str, SimulatedPeer]] = []
        self._stopped: list[str] = []

    # --- peers ----------------------------------------------------------------------------------

    def start(
        self,
        name: str,
        *options: str,
        servers: Sequence[str] = WITH_TURN,
        run: str = "",
        typed: bool = False,
        **environment: str,
    ) -> SimulatedPeer:
        if environment == UNTRUSTING:
            self.lab.distrust()
        elif environment:
            raise NotImplementedError(f"{environment} has no counterpart")
        peer = SimulatedPeer(self.lab.world.hosts[name], *servers, *options)
        self._running.append((name, peer))
        self.peers[name] = peer
        return peer

    def gathered(self, *names: str) -> None:
        engines = [self.peers[name].engine for name in names]
        self._await(lambda: all(e.gathered for e in engines), GATHERING, f"blob of {names}")

    def blob_of(self, name: str) -> str:
        return self.peers[name].engine.blob

    def put(self, taker: str, blob: str, change: Change | None = None) -> None:
        if change is not None:
            blob = signaling.write_blob(change(signaling.read(blob)))
        self.peers[taker].paste(blob)

    def type_in(self, name: str, text: str) -> None:
        self.peers[name].paste(text)

    def connected(self, *names: str) -> None:
        peers = [self.peers[name] for name in names]
        self._await(lambda: all(p.connected for p in peers), CONNECTING, f"path of {names}")
        self.wait(1.0)

    def kill(self, name: str) -> None:
        for host, peer in self._running:
            if host == name:
                peer.kill()
        self.lab.world.change("reboot", name, takes=0.0)
        self.wait(LOOK)

    def suspend(self, name: str) -> None:
        self.lab.world.change("stop", name)
        self._stopped.append(name)

    def leave(self, name: str) -> None:
        self.peers[name].leave()

    # --- the network ----------------------------------------------------------------------------

    def rules(self, part: str, rule: str, hook: str = "forward") -> None:
        whom = INTERNET if part == LAB_INTERNET else part
        self.lab.change(AddRules(whom=whom, rules=(nftables.rule(rule, hook),)))

    def ip(self, part: str, *lines: str) -> None:
        if part == LAB_INTERNET:
            changes = ip_commands.of_internet(lines)
        else:
            changes = ip_commands.of_host(part, self.lab[part].interfaces, lines)
        for change in changes:
            self.lab.change(change)

    def home(self, name: str, network: int) -> None:
        self.lab.home(name, network)

    # --- looking --------------------------------------------------------------------------------

    def wall(self) -> float:
        return self.lab.world.hosts["alice"].net.wall()

    def wait(self, seconds: float) -> None:
        self.lab.world.clock.run_for(seconds)

    def told(self, name: str) -> list[AnyEvent]:
        return list(self.peers[name].events) if name in self.peers else []

    def session(self, name: str) -> Session:
        return self.peers[name].fold()

    def until(self, name: str, holds: Callable[[Session], bool], timeout: float) -> bool:
        clock = self.lab.world.clock
        deadline = clock.now + timeout
        while clock.now < deadline:
            if holds(self.session(name)):
                return True
            self.wait(LOOK)
        return False

    def end(self) -> None:
        for name in self._stopped:
            self.lab.world.change("continue", name)
        for peer in self.peers.values():
            peer.leave()
        self.wait(1.0)

    def _await(self, true: Callable[[], bool], within: float, what: str) -> None:
        if not self.lab.world.clock.run_until_true(true, within):
            raise TimeoutError(f"no {what} within {within:g} s")


def play(scenario: Scenario, seed: int = 1) -> Outcome:
    """One scenario, to the moment at which its outcome is looked at.

    Raises TimeoutError where it does not get there, and AssertionError for what failed unseen.
    """
    stage = SimulatedStage(SimulatedLab(scenario.topology, server=scenario.server, seed=seed))
    scenario.play(stage)
    stage.wait(POLL + scenario.watch)  # from when the blobs are read
    told, verdicts = looked_at(scenario, stage)
    stage.end()
    failures = stage.lab.world.failures
    assert not failures, failures
    return outcome(told, verdicts)
