"""Fixtures for engine tests: sides that are always closed, a coturn on loopback."""

from __future__ import annotations

import asyncio
import os
import shutil
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from icetui.events import StunServer, TurnServer
from icetui.vnet.world import World
from tests.engine.held_loop import HeldLoop
from tests.engine.served import Internet, simulated_internet
from tests.engine.side import Side

OUTSIDE = {"coturn", "start_coturn", "start", "peer", "icetui"}
"""Fixtures that are processes of their own, whose time is the machine's."""


@pytest.hookimpl(optionalhook=True)
def pytest_asyncio_loop_factories(
    config: pytest.Config, item: pytest.Item
) -> dict[str, Callable[[], asyncio.AbstractEventLoop]]:
    """A held clock wherever that can be."""
    if OUTSIDE & set(getattr(item, "fixturenames", ())):
        return {"real": asyncio.new_event_loop}
    return {"held": HeldLoop}


@pytest.fixture
async def side() -> AsyncIterator[Callable[..., Side]]:
    """Makes sides; closes them afterwards."""
    made: list[Side] = []

    def make(*args: Any, **kwargs: Any) -> Side:
        made.append(Side(*args, **kwargs))
        return made[-1]

    yield make
    await asyncio.gather(*(s.agent.leave("the test is over") for s in made))


@pytest.fixture
def internet() -> Iterator[Internet]:
    """Makes simulated networks; ends them afterwards."""
    made: list[World] = []

    def make(*client: str, **servers: Any) -> World:
        made.append(simulated_internet(*client, **servers))
        return made[-1]

    yield make
    for world in made:
        world.close()


@pytest.fixture
async def pair(side: Callable[..., Side]) -> tuple[Side, Side]:
    """Two sides with default settings."""
    return side(), side()


class Coturn:
    """A TURN and STUN server of this test's own."""

    def __init__(self, program: str, folder: Path, options: Sequence[str] = ()) -> None:
        self._program = program
        self._folder = folder
        self._options = options
        self.port = free_port()
        self.process: asyncio.subprocess.Process

    @property
    def stun(self) -> StunServer:
        return StunServer(host="127.0.0.1", port=self.port)

    def turn(self, password: str = "secret", transport: Any = "udp") -> TurnServer:
        return TurnServer(
            host="127.0.0.1",
            port=self.port,
            transport=transport,
            username="alice",
            password=password,
        )

    async def start(self) -> None:
        """Start it, again on the same port; returns when it answers."""
        self.process = await asyncio.create_subprocess_exec(
            self._program,
            *("-n", "--no-cli", "--no-tls", "--no-dtls", "--no-rfc5780", "--log-file", "stdout"),
            *("-L", "127.0.0.1", "-E", "127.0.0.1", "-p", str(self.port)),
            *("--allow-loopback-peers", "--lt-cred-mech", "-u", "alice:secret"),
            *("-r", "icetui.test"),
            *("--pidfile", str(self._folder / "pid"), "--userdb", str(self._folder / "db")),
            *self._options,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
        )
        await _answers(self.port)

    async def kill(self) -> None:
        """End it at once; its allocations go with it."""
        if self.process.returncode is None:
            self.process.kill()
        await self.process.wait()


def free_port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


StartCoturn = Callable[..., Awaitable[Coturn]]


@pytest.fixture
async def start_coturn(tmp_path: Path) -> AsyncIterator[StartCoturn]:
    """Starts coturns with options of their own, ready to answer; ends them afterwards."""
    program = shutil.which("turnserver")
    if program is None:
        assert not os.environ.get("ICETUI_REQUIRE_LAB"), "coturn is required here and missing"
        # Never in CI: the line above makes it a failure there.
        pytest.skip("coturn is not installed (Debian package coturn)")
    started: list[Coturn] = []

    async def start(*options: str) -> Coturn:
        folder = tmp_path / f"coturn{len(started)}"
        folder.mkdir()
        started.append(Coturn(program, folder, options))
        await started[-1].start()
        return started[-1]

    yield start
    for server in started:
        await server.kill()


@pytest.fixture
async def coturn(start_coturn: StartCoturn) -> Coturn:
    """A running coturn, ready to answer."""
    return await start_coturn()


async def _answers(port: int) -> None:
    """Wait until the server accepts a TCP connection, at most 20 s: the machine may be busy."""
    for _ in range(400):
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
        except OSError:
            await asyncio.sleep(0.05)
        else:
            writer.close()
            await writer.wait_closed()
            return
    raise AssertionError("coturn did not come up")
