"""Fixtures for tests that run icetui as it is run: processes with an environment of their own."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from functools import partial
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import pytest

from icetui.vnet.clock import HostLoop
from icetui.vnet.world import World
from tests.running import ALONE, ICETUI, Running, environment, run

Start = Callable[..., Awaitable[Running]]
RunIcetui = Callable[..., "CompletedProcess[str]"]


@pytest.fixture(autouse=True)
def worlds_end(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """What runs in simulated networks ends with the test: coroutines that the garbage collector
    finds in the middle of something fail whichever test is running then."""
    made: list[World] = []
    really = World.__init__

    def running(world: World) -> bool:
        return not all(host.loop.is_closed() for host in world.hosts.values())

    def make(world: World, *args: Any, **kwargs: Any) -> None:
        really(world, *args, **kwargs)
        made[:] = [*filter(running, made), world]

    monkeypatch.setattr(World, "__init__", make)
    yield
    for world in filter(running, made):
        world.close()


@pytest.fixture(autouse=True)
def errors(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[dict[str, Any]]]:
    """Exceptions in callbacks and tasks that nobody handled, on loops of any kind: each fails the
    test, unless the test has expected it and taken it out."""
    seen: list[dict[str, Any]] = []

    def noting(real: Callable[..., None]) -> Callable[..., None]:
        def handler(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
            # A connection that is given up while it is being made leaves a future that nobody
            # looks at any more; a task's error and a callback's come otherwise.
            given_up = isinstance(context.get("exception"), ConnectionAbortedError)
            if "exception" in context and not (given_up and "future" in context):
                seen.append(context)
            real(loop, context)

        return handler

    for kind in (asyncio.BaseEventLoop, HostLoop):
        handler = noting(kind.default_exception_handler)
        monkeypatch.setattr(kind, "default_exception_handler", handler)
    yield seen
    assert not seen, seen


@pytest.fixture
def env(tmp_path: Path) -> dict[str, str]:
    """An environment without anybody's settings."""
    home = tmp_path / "home"
    home.mkdir()
    return environment(home)


@pytest.fixture
def icetui(env: dict[str, str]) -> RunIcetui:
    """``icetui("decode", "…")``: one icetui from start to end."""
    return partial(run, env=env)


@pytest.fixture
async def start(env: dict[str, str]) -> AsyncIterator[Start]:
    """``await start("demo")``: an icetui that runs until it ends or the test does."""
    started: list[Running] = []

    async def begin(*argv: str, program: tuple[str, ...] = ICETUI) -> Running:
        started.append(await Running.start((*program, *argv), env))
        return started[-1]

    yield begin
    await asyncio.gather(*(running.dispose() for running in started))


@pytest.fixture
def peer(start: Start) -> Start:
    """``await peer("--json")``: a headless peer on loopback that asks no server."""

    async def begin(*argv: Any) -> Running:
        return await start("peer", *ALONE, *(str(a) for a in argv))

    return begin


@pytest.fixture
def unused_port() -> int:
    """A UDP port that nobody has, on IPv4 and IPv6."""
    with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as probe:
        probe.bind(("::", 0))
        return int(probe.getsockname()[1])


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Where tests run in several processes, those of a file stay together, and so do all of the
    lab: its browsers and networks want the machine for themselves."""
    from xdist.scheduler import LoadScopeScheduling

    class ByFile(LoadScopeScheduling):  # type: ignore[misc]  # xdist has no types
        def _split_scope(self, nodeid: str) -> str:
            file = nodeid.partition("::")[0]
            return "lab" if file.startswith("tests/lab/") else file

    return ByFile(config, log)
