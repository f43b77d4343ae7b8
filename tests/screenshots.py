"""Makes screenshots/ from recorded sessions: `python -m tests.screenshots`; `--check` compares.

Each scene is a recording of a real session between two NATs, folded up to a moment, drawn by the
real dashboard at one size, with some keys pressed. The same recording always gives the same
picture, so `--check` fails as soon as the dashboard draws something else.
"""

from __future__ import annotations

import argparse
import asyncio
import re
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import msgspec

from icetui import events, signaling
from icetui.dashboard.app import Dashboard
from icetui.dashboard.taste import Taste
from icetui.events import AnyCommand, AnyEvent
from icetui.settings.preferences import Preferences
from icetui.streams.recording import read

HERE = Path(__file__).parent
RECORDINGS = HERE / "recordings"
SCREENSHOTS = HERE.parent / "screenshots"
WIDE, SMALL = (140, 40), (80, 24)


@dataclass(frozen=True, slots=True)
class Scene:
    """One picture."""

    name: str
    recording: str
    until: float
    """Seconds of the recording that are folded before the picture is taken."""
    size: tuple[int, int] = WIDE
    keys: tuple[str, ...] = ()
    theme: str | None = None


SCENES = (
    Scene("connected", "connected", 11.0),
    Scene("connected-80x24", "connected", 11.0, SMALL),
    Scene("connect-card", "waiting", 4.0),
    Scene("connect-card-80x24", "waiting", 4.0, SMALL),
    Scene("connected-light", "connected", 11.0, theme="light"),
    Scene("failed", "failed", 8.0),
    Scene("relayed", "relayed", 11.0),
    Scene("pair-details", "connected", 11.0, keys=("enter",)),
    Scene("theirs", "connected", 11.0, SMALL, keys=("t",)),
    Scene("diagnosis", "relayed", 11.0, keys=("d",)),
    Scene("diagnosis-80x24", "failed", 8.0, SMALL, keys=("d",)),
    Scene("round-trips", "relayed", 11.0, SMALL, keys=("p",)),
    Scene("timeline", "relayed", 11.0, SMALL, keys=("T",)),
    Scene("help", "connected", 11.0, SMALL, keys=("question_mark",)),
)

EXCHANGE = tuple(
    Scene(f"exchange-{n}", "connected", until, (100, 30))
    for n, until in enumerate((0.012, 0.12, 0.2, 2.0, 4.0, 6.0, 8.0, 11.0))
)
"""The frames of the picture that moves: from one's own blob to a path."""
FRAME = 2.0
"""Seconds a frame is seen."""


class Frozen:
    """A source that has everything at once and then stays open, as a live one does."""

    live = True
    hint = ""
    foreign = False

    def __init__(self, recorded: list[AnyEvent]) -> None:
        self._recorded = recorded
        self.drained = asyncio.Event()
        self._closed = asyncio.Event()

    async def events(self) -> AsyncIterator[AnyEvent]:
        for event in self._recorded:
            yield event
        self.drained.set()
        await self._closed.wait()

    def send(self, command: AnyCommand) -> None:
        """Nobody is there to hear it."""

    async def close(self) -> None:
        self._closed.set()


def _shown(event: AnyEvent) -> AnyEvent:
    """Recordings hold no blob; the picture shows one of documentation addresses (RFC 5737)."""
    if not isinstance(event, events.BlobChanged):
        return event
    hosts = (("host", "192.168.1.20", 51234), ("srflx", "203.0.113.7", 61001))
    candidates = tuple(
        events.Candidate(id="", type=kind, address=address, port=port, priority=priority)
        for (kind, address, port), priority in zip(hosts, (2130706431, 1694498815), strict=True)
    )
    described = signaling.Description(
        ufrag="a7Kf", pwd="A" * 22, candidates=candidates, made=1_700_000_000.0
    )
    return msgspec.structs.replace(event, blob=signaling.write_blob(described))


async def draw(scene: Scene) -> str:
    """The scene as SVG."""
    recorded = list(read(RECORDINGS / f"{scene.recording}.jsonl"))
    start = recorded[0].t
    source = Frozen([_shown(e) for e in recorded if e.t - start <= scene.until])
    taste = Taste(Preferences(theme=scene.theme))
    app = Dashboard(source, monotonic=lambda: 0.0, taste=taste)  # no clock moves in a picture
    async with app.run_test(size=scene.size) as pilot:
        await source.drained.wait()
        await pilot.pause(0.3)  # one repaint, at ten a second, behind the last event
        for key in scene.keys:
            await pilot.press(key)
        await pilot.pause(0.3)
        app._paint()
        await pilot.pause()
        return app.export_screenshot(title=f"icetui · {scene.name}", simplify=True)


async def draw_all() -> dict[str, str]:
    pictures = {scene.name: await draw(scene) for scene in SCENES}
    return pictures | {"exchange": moving([await draw(scene) for scene in EXCHANGE])}


def moving(frames: list[str]) -> str:
    """One SVG that shows the frames in turn, by its own style sheet."""
    box = re.search(r'viewBox="([^"]+)"', frames[0])
    assert box is not None
    share, whole = 100 / len(frames), FRAME * len(frames)
    style = (
        f".f{{visibility:hidden;animation:f {whole:g}s step-end infinite}}"
        f"@keyframes f{{0%{{visibility:visible}}{share:.3f}%{{visibility:hidden}}}}"
    )
    parts = [
        f'<g class="f" style="animation-delay:{n * FRAME:g}s">{frame}</g>'
        for n, frame in enumerate(frames)
    ]
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="{box[1]}"><style>{style}</style>'
        + "\n".join(parts)
        + "</svg>\n"
    )


def main() -> int:
    """Write the pictures, or with --check say which differ; exit 1 when any does."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="compare instead of writing")
    check = parser.parse_args().check
    SCREENSHOTS.mkdir(exist_ok=True)
    stale = []
    for name, svg in asyncio.run(draw_all()).items():
        path = SCREENSHOTS / f"{name}.svg"
        if check and (not path.exists() or path.read_text() != svg):
            stale.append(path.name)
        elif not check:
            path.write_text(svg)
    if stale:
        print(f"not current, run `python -m tests.screenshots`: {', '.join(stale)}")
    elif check:
        print(f"{len(SCENES) + 1} screenshots are current")
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main())
