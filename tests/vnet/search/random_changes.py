"""What happens in random networks while they run."""

from __future__ import annotations

from collections.abc import Callable, Collection
from random import Random

from icetui.vnet import changes
from icetui.vnet.changes import AnyChange
from icetui.vnet.network_parts import (
    Direction,
    Host,
    Interface,
    Line,
    Router,
    Rule,
    Session,
)
from tests.vnet.search.dice import DELAYS, one


class RandomChanges:
    """To one network; `part` gives each part its own stream."""

    def __init__(
        self,
        part: Callable[[str], Random],
        routers: dict[str, Router],
        hosts: dict[str, Host],
        servers: Collection[str],
    ) -> None:
        self.part = part
        self.routers = routers
        self.hosts = hosts
        self.servers = servers

    def changes(self, sessions: dict[str, Session]) -> tuple[AnyChange, ...]:
        """All of them, in order."""
        random = self.part("changes")
        if random.random() > 0.35:
            return ()
        begin = 4.0 + max(max(s.pastes_at or 0.0, s.starts_at) for s in sessions.values())
        found: list[AnyChange] = []
        for number in range(random.choice((1, 1, 1, 2, 3))):
            at = round(random.uniform(-4.0, 12.0) + begin, 2)
            found += self._change(number, max(0.0, at))
        return possible(sorted(found, key=lambda c: c.at))

    def _change(self, number: int, at: float) -> list[AnyChange]:
        random = self.part(f"change {number}")
        routers, hosts = list(self.routers), ["alice", "bob"]
        nats = [n for n, r in self.routers.items() if r.nat != "open"]
        lines = routers + [f"{h}.{i.name}" for h in hosts for i in self.hosts[h].interfaces
                           if i.link is not None]  # fmt: skip
        what = one(
            random,
            {
                "cut": 25, "rebind": 14, "renumber": 6, "suspend": 8, "stop": 5, "server": 18,
                "weather": 8, "rules": 10, "uplink": 3, "unplug": 3, "roam": 3, "wall": 3,
            },
        )  # fmt: skip
        lasts = one(random, {1.5: 2, 4.0: 3, 8.0: 3, 20.0: 2, 35.0: 1})
        then = round(at + lasts, 2)
        if what == "cut":
            whom = random.choice(lines)
            direction: Direction = random.choice(("both", "both", "up", "down"))
            gone: list[AnyChange] = [changes.Cut(whom=whom, at=at, direction=direction)]
            if random.random() < 0.85:
                gone.append(changes.Restore(whom=whom, at=then, direction=direction))
            return gone
        if what == "rebind" and nats:
            return [changes.Rebind(whom=random.choice(nats), at=at)]
        if what == "renumber" and nats:
            whom = random.choice(nats)
            if self.routers[whom].outside[0].link == "internet":
                address = f"203.0.113.{random.randrange(200, 250)}/28"
                return [changes.Renumber(whom=whom, at=at, addresses=(address,))]
        if what == "suspend":
            whom = random.choice(hosts)
            return [changes.Suspend(whom=whom, at=at), changes.Resume(whom=whom, at=then)]
        if what == "stop":
            whom = random.choice(hosts)
            return [changes.Stop(whom=whom, at=at), changes.Continue(whom=whom, at=then)]
        if what == "server":
            whom = random.choice(list(self.servers))
            kind = random.choice(("restart", "stop", "pause", "reboot"))
            if kind == "restart":
                return [changes.Restart(whom=whom, at=at)]
            if kind == "reboot":
                return [changes.Reboot(whom=whom, at=at, takes=lasts)]
            stopped: list[AnyChange] = [changes.Stop(whom=whom, at=at)]
            return stopped if kind == "stop" else [*stopped, changes.Start(whom=whom, at=then)]
        if what == "weather":
            line = Line(
                delay=random.choice(DELAYS), loss=random.choice((0.0, 0.1, 0.3)),
                duplicate=random.choice((0.0, 0.0, 0.05)),
            )  # fmt: skip
            return [changes.Weather(whom=random.choice(lines), at=at, line=line)]
        if what == "rules":
            whom = random.choice(routers + hosts)
            chain = "forward" if whom in routers else random.choice(("input", "output"))
            rule = Rule(
                # `chain` is one of the three; the dice give a string.
                name=f"late{number}", protocol="udp", chain=chain,  # type: ignore[arg-type]  # one of two
                action=random.choice(("drop", "drop", "reject")),
                destination_ports=random.choice(((), ("1024-3477", "3479-65535"))),
            )  # fmt: skip
            added: list[AnyChange] = [changes.AddRules(whom=whom, at=at, rules=(rule,))]
            if random.random() < 0.7:
                added.append(changes.RemoveRules(whom=whom, at=then, name=rule.name))
            return added
        if what == "unplug":
            whom = random.choice(hosts)
            names = [i.name for i in self.hosts[whom].interfaces]
            return [changes.Unplug(whom=f"{whom}.{random.choice(names)}", at=at)]
        if what == "roam":
            whom = random.choice(hosts)
            link = random.choice(("internet", f"{whom}-lan2"))
            if link == "internet" or link in [i.link for i in self.hosts[whom].interfaces]:
                return [changes.Roam(whom=whom, at=at, interface=Interface("internet"))]
        if what == "wall":
            return [changes.Wall(whom=random.choice(hosts), at=at, error=random.choice((-50, 9e6)))]
        return []


def possible(found: list[AnyChange]) -> tuple[AnyChange, ...]:
    """Without those to an interface that is gone by then."""
    gone: list[str] = []
    kept: list[AnyChange] = []
    for change in found:
        if change.whom in gone or (isinstance(change, changes.Roam) and any(
            line.startswith(f"{change.whom}.") for line in gone
        )):  # fmt: skip
            continue
        if isinstance(change, changes.Unplug):
            gone.append(change.whom)
        kept.append(change)
    return tuple(kept)
