"""From the demo's options to its open source: a process that simulates an internet.

What belongs here: what the options mean, what is wrong with them, starting the process. The network
itself is built and checked in that process: nothing of the engine is loaded here.
"""

from __future__ import annotations

import difflib
import subprocess
import sys
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from icetui.printable import printable
from icetui.streams.cannot_open import CannotOpen

if TYPE_CHECKING:
    from pathlib import Path

    from icetui.events import StartNetwork
    from icetui.streams.source import Source

KINDS = ("open", "cone", "arc", "prc", "sym", "udpblock")
MOST_NATS = 3
"""In a row, on one side."""
FASTEST = "max"
HINT = "demo: Alice and Bob on a simulated internet. x: other side  i: network"
SIDES = ("alice", "bob")
LONGEST_FILE = 1_000_000
"""Bytes of a network file."""
CHECK_WITHIN = 20.0
"""Seconds for reading a network file."""


def asked_for(chosen: dict[str, Any]) -> tuple[StartNetwork, tuple[str, ...]]:
    """The command that builds the network as the options say, and the names of both sides. Raises
    CannotOpen."""
    from icetui.events import StartNetwork

    seed = None if chosen["seed"] is None else _number("--seed", chosen["seed"], 0, 2**63, whole=1)
    common: dict[str, Any] = {
        "seed": None if seed is None else int(seed),
        "speed": speed_of(chosen["speed"] or "1"),
        # With a seed every run is the same, to the microsecond.
        "wall": time.time() if seed is None else None,
    }
    if chosen["network"] is not None:
        described = [n for n in ("alice", "bob", "loss", "delay") if chosen[n] is not None]
        described += [f"no-{n}" for n in ("turn", "stun") if not chosen[n]]
        if described:
            raise CannotOpen(
                f"--network says all about the network; leave --{described[0]} out, or change "
                "the file"
            )
        text, sides = network_text(chosen["network"])
        return StartNetwork(text=text, **common), sides
    for name in ("alice", "bob"):
        check_kinds(f"--{name}", chosen[name] or "prc")
    start = StartNetwork(
        alice=chosen["alice"] or "prc",
        bob=chosen["bob"] or "prc",
        stun=chosen["stun"],
        turn=chosen["turn"],
        delay=_number("--delay", chosen["delay"] or "25", 0, 10_000) / 1000,
        loss=_number("--loss", (chosen["loss"] or "0").removesuffix("%"), 0, 100) / 100,
        **common,
    )
    return start, SIDES


def check_kinds(option: str, text: str) -> None:
    """NAT kinds joined by `+`, from the LAN outwards. Raises CannotOpen."""
    kinds = text.split("+")
    for kind in kinds:
        if kind not in KINDS:
            raise CannotOpen(f"{option}: {kind!r} is no kind of NAT; {nearest(kind, KINDS)}")
    if len(kinds) > MOST_NATS:
        raise CannotOpen(f"{option}: {len(kinds)} NATs in a row; {MOST_NATS} are the most")
    if len(kinds) > 1 and "open" in kinds:
        raise CannotOpen(f"{option}: open is no NAT, so it cannot be one of several in a row")


def nearest(word: str, known: Sequence[str]) -> str:
    """The valid word that was probably meant, and all of them."""
    near = difflib.get_close_matches(word.lower(), known, 1, 0.6)
    return f"{f'perhaps {near[0]}; ' if near else ''}there are {', '.join(known)}"


def speed_of(text: str) -> float | None:
    """`10`, `0.1`, `1/10`; None for `max`. Raises CannotOpen."""
    if text == FASTEST:
        return None
    above, slash, below = text.partition("/")
    speed = _number(
        "--speed", above or "1", 0, 1_000_000, f", a fraction such as 1/10, or {FASTEST}"
    )
    if slash:
        divisor = _number("--speed", below, 0, 1_000_000)
        if not divisor:
            raise CannotOpen(f"--speed: nothing can be divided by 0; {FASTEST} has no limit")
        speed = speed / divisor
    if not speed:
        raise CannotOpen("--speed: a network at speed 0 stands still; space pauses it")
    return speed


def _number(
    option: str, text: str, low: float, high: float, or_: str = "", whole: int = 0
) -> float:
    try:
        number = float(text)
    except ValueError:
        raise CannotOpen(f"{option}: {text[:40]!r} is no number{or_}") from None
    if not low <= number <= high or (whole and number != int(number)):
        kind = "a whole number" if whole else "a number"
        raise CannotOpen(f"{option} is {kind} from {low:,g} to {high:,g}, not {text[:40]}")
    return number


def process_argv() -> tuple[str, ...]:
    """How the process is started: as the engine is, see `process_source.engine_argv`."""
    if getattr(sys, "frozen", False):
        return (sys.executable, "network")
    return (sys.executable, "-P", "-m", "icetui.vnet")


def network_text(path: Path) -> tuple[str, tuple[str, ...]]:
    """The text of a network file that can be shown, and its two sides. Raises CannotOpen."""
    try:
        with path.open("rb") as file:
            data = file.read(LONGEST_FILE + 1)
    except OSError as error:
        raise CannotOpen(f"{path} cannot be read: {error.strerror}") from error
    if len(data) > LONGEST_FILE:
        raise CannotOpen(
            f"{path} is too long to be a network: {LONGEST_FILE // 1000} kB are the most"
        )
    try:
        done = subprocess.run(
            (*process_argv(), "--check"),
            input=data,
            capture_output=True,
            timeout=CHECK_WITHIN,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise CannotOpen(f"{path} could not be checked: {error}", 1) from error
    if done.returncode:
        problem = done.stderr.decode("utf-8", "replace").strip().splitlines()
        said = printable(problem[-1], 300) if problem else "it is no network"
        raise CannotOpen(f"{path}: {said}")
    return data.decode(), tuple(done.stdout.decode().split())


def demo_source(start: StartNetwork) -> Source:
    """The process, building its network already. Raises CannotOpen."""
    from icetui.streams.process_source import ProcessSource

    try:
        source = ProcessSource(process_argv(), first=(start,), hint=HINT)
    except OSError as error:
        raise CannotOpen(f"the network cannot be started: {error.strerror}", 1) from error
    source.foreign = False  # another program, but our own
    return source
