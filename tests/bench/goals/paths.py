"""How soon the first path stands: kinds of NAT, many interfaces, late starters, loss."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path

from icetui import events
from tests.bench.goals.rig import (
    BOTH,
    ROUND_TRIP,
    Engine,
    await_path,
    engines,
    introduce,
    lab_of,
    later,
    relays,
)
from tests.bench.goals.row import Options, Row, seconds, within
from tests.lab.foreign import connect
from tests.lab.lab import Lab
from tests.lab.topology import Site, Topology
from tests.lab.weather import Weather

CELLS = (
    ("open", "open", 0.105),
    ("prc", "prc", 0.110),
    ("sym", "prc", 0.125),
    ("sym", "sym", 0.125),
)
LATE, VERY_LATE = (3, 10, 20), (120, 600)
EARLY = 1.5 * ROUND_TRIP + 0.020
"""For the one who waited: what the newcomer sends takes half a round trip to her, her own check,
triggered by it, a whole one."""
OTHERS_LATE = 1
"""Rounds of late starters of other implementations, which wait one after the other."""
APART = 0.7
"""Seconds between the rounds of late starters, which wait at the same time."""
WORDS = ("direct", "one relay", "TWO RELAYS")
NOMINATED = 1.5
"""Seconds after the first path until which the choice of the path has come to rest."""
WORST = 2.5
SETTLED = 10.0
"""Seconds within which a path under loss must have become a direct one."""


def first_paths(options: Options) -> Iterator[Row]:
    """Both sides' first path from the moment in which both know both."""
    for alice, bob, bound in CELLS:
        with lab_of(alice, bob) as lab:
            yield measured(lab, f"first path {alice}–{bob}", bound, options)


def interfaces(options: Options) -> Iterator[Row]:
    """Three uplinks and an idle bridge on each side."""
    names = {side: tuple(f"{side}{number}" for number in range(3)) for side in ("alice", "bob")}
    sites = [site for side in names.values() for site in side]
    topology = Topology(
        sites={site: Site(("prc",)) for site in sites}, hosts=names, idle=tuple(names)
    )
    with Lab.build(topology, weather={site: Weather(delay=0.025) for site in sites}) as lab:
        yield measured(lab, "3 interfaces and an idle one, prc–prc", 0.130, options)


def measured(lab: Lab, case: str, bound: float, options: Options) -> Row:
    """First paths of icetui and, in turns with it, of other implementations."""
    both: list[float | None] = []
    sooner: list[float] = []
    first, last = set(), set()
    others = Others(options.beside)
    for _ in range(options.times(5)):
        with engines(lab["alice"], lab["bob"], note=case) as pair:
            known = introduce(*pair)
            times = await_path(*pair)
            both.append(later(times, known))
            sooner += [min(t for t in times if t is not None) - known] if any(times) else []
            time.sleep(NOMINATED)  # what the path is then is part of the row
            first |= {relays(engine.session(), first=True) for engine in pair}
            last |= {relays(engine.session()) for engine in pair}
        others.connect(lab)
    return Row(
        case,
        f"both {seconds(both)}; sooner {seconds(sooner)}; {over(first)}, then {over(last)}",
        f"≤ {1000 * bound:.0f} ms",
        within(both, bound) and over(last) in WORDS[:2],
        str(others),
    )


def over(kinds: set[int | None]) -> str:
    """The longest way in words."""
    return "NO PATH" if None in kinds else WORDS[max(kind or 0 for kind in kinds)]


class Others:
    """Other implementations in the same lab, in turns with icetui: when each connects, counted by
    the side that learns last."""

    def __init__(self, names: Sequence[str]) -> None:
        self._taken: dict[str, list[float | None]] = {name: [] for name in names}
        self._relayed: dict[str, int] = dict.fromkeys(names, 0)

    def connect(self, lab: Lab, late: float = 0.0) -> None:
        """One connection of each, of which Alice learns `late` seconds later than she could."""
        for name, taken in self._taken.items():
            with tempfile.TemporaryDirectory() as folder:
                found = connect(name, lab["alice"], lab["bob"], Path(folder), late=late)
            connected = all(result["state"] == "connected" for result in found)
            taken.append(found[0]["time_to_connect"] if connected else None)
            self._relayed[name] += connected and "relayed" in [r["path"] for r in found]

    def __str__(self) -> str:
        return "; ".join(
            f"{name} {seconds(taken)}"
            + (f", {self._relayed[name]} relayed" if self._relayed[name] else "")
            for name, taken in self._taken.items()
        )


def late(options: Options) -> Iterator[Row]:
    """Alice knows both descriptions; Bob gets hers some seconds later."""
    for wait in (*LATE, *(VERY_LATE if options.long else ())):
        with lab_of("prc", "prc") as lab, ExitStack() as stack:
            pairs: list[tuple[Engine, ...]] = []
            for _ in range(options.times(5)):
                pair = stack.enter_context(
                    engines(lab["alice"], lab["bob"], start=BOTH, note=f"late {wait}")
                )
                for engine in pair:
                    engine.gathered()
                pairs.append(pair)
            due = []
            for alice, bob in pairs:
                alice.send(events.Paste(text=bob.gathered()))
                due.append(time.monotonic() + wait)
                time.sleep(APART)  # the pairs start one after the other
            for at, (alice, bob) in zip(due, pairs, strict=True):
                time.sleep(max(0.0, at - time.monotonic()))  # the lateness measured
                bob.send(events.Paste(text=alice.gathered()))
            newcomer, both = [], []
            for pair in pairs:
                times = await_path(*pair)
                newcomer.append(later(times[1:], pair[1].described_at()))
                both.append(later(times, pair[1].described_at()))
            others = Others(options.beside if wait in LATE else ())
            for _ in range(options.times(OTHERS_LATE)):
                others.connect(lab, wait)
            yield Row(
                f"{wait} s late, prc–prc",
                f"newcomer {seconds(newcomer)}; both {seconds(both)}",
                "≤ 125 ms; both ≤ 170 ms",
                within(newcomer, 0.125, worst=True) and within(both, EARLY, worst=True),
                str(others),
            )


def loss(options: Options) -> Iterator[Row]:
    """Loss on both uplinks, each way; the path must become direct, the median of the
    rounds soon enough, the worst in `WORST`."""
    for share, bound in ((0.1, 0.5), (0.3, WORST)):
        first: list[float | None] = []
        direct: list[float | None] = []
        others = Others(options.beside)
        with lab_of("prc", "prc", loss=share) as lab:
            for _ in range(options.times(15)):
                with engines(lab["alice"], lab["bob"], note=f"loss {share:.0%}") as pair:
                    known = introduce(*pair)
                    first.append(later(await_path(*pair), known))
                    direct.append(later([await_direct(engine, known) for engine in pair], known))
                others.connect(lab)
        yield Row(
            f"{share:.0%} loss a link, prc–prc",
            f"first {seconds(first)}; direct {seconds(direct)}",
            f"direct, ≤ {1000 * bound:.0f} ({1000 * WORST:.0f}) ms",
            within(direct, bound) and within(direct, WORST, worst=True),
            str(others),
        )


def await_direct(engine: Engine, since: float) -> float | None:
    """When a direct path came that was still there at the end."""
    while time.time() < since + SETTLED:
        session = engine.session()
        if relays(session) == 0 and session.nominated_at is not None:
            return session.path_history[-1].wall
        time.sleep(0.1)  # the stamp counts, not when it is looked at
    return None
