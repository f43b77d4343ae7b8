"""What all peers share: options, descriptions through files, and the result line.

Standard library only, for some peers run in another interpreter.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

CACHE = Path(os.environ.get("ICETUI_LAB_CACHE", Path.home() / ".cache/icetui-lab"))
"""Where install.sh puts what is neither a Debian package nor part of the project."""

UNCONNECTED = 5
POLL = 0.005

Call = Callable[..., Any]


@dataclasses.dataclass(frozen=True)
class Options:
    """The command line. Times in seconds."""

    role: str
    own: Path
    theirs: Path
    stun: list[str]
    turn: list[str]
    timeout: float
    hold: float
    relay_only: bool
    mdns: bool
    media: list[str]
    """Sections of an offer, in this order: `data`, `audio`, `video`."""
    lite: bool

    @property
    def offers(self) -> bool:
        return self.role == "offer"

    def ice_servers(self) -> list[dict[str, str]]:
        """As RTCConfiguration has them."""
        servers: list[dict[str, str]] = [{"urls": url} for url in self.stun]
        for url in self.turn:
            user, password, bare = split_turn(url)
            servers.append({"urls": bare, "username": user, "credential": password})
        return servers


def read_options(argv: list[str] | None = None) -> Options:
    """Parse the command line that all peers have."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--role", choices=("offer", "answer"), required=True)
    parser.add_argument("--out", type=Path, required=True, help="own description")
    parser.add_argument("--in", type=Path, required=True, dest="theirs")
    parser.add_argument("--stun", action="append", default=[], metavar="URL")
    parser.add_argument("--turn", action="append", default=[], metavar="URL")
    parser.add_argument("--timeout", type=float, default=12)
    parser.add_argument(
        "--hold", type=float, default=0.5, help="stay that long, or until it is lost"
    )
    parser.add_argument("--relay-only", action="store_true")
    parser.add_argument("--mdns", action="store_true", help="browsers: hide host addresses")
    parser.add_argument(
        "--media", default="data", help="of an offer: data, audio, video, joined by +"
    )
    parser.add_argument("--lite", action="store_true", help="be ICE lite, and say so")
    given = parser.parse_args(argv)
    return Options(
        role=given.role,
        own=given.out,
        theirs=given.theirs,
        stun=given.stun,
        turn=given.turn,
        timeout=given.timeout,
        hold=given.hold,
        relay_only=given.relay_only,
        mdns=given.mdns,
        media=given.media.split("+"),
        lite=given.lite,
    )


def split_turn(url: str) -> tuple[str, str, str]:
    """``turn:user:password@host…`` as user, password and the URL without them."""
    scheme, _, rest = url.partition(":")
    credentials, _, target = rest.rpartition("@")
    user, _, password = credentials.partition(":")
    return user, password, f"{scheme}:{target}"


def host_and_port(url: str) -> tuple[str, int]:
    """Of a STUN or TURN URL with a port."""
    host, _, port = url.partition(":")[2].rpartition("@")[2].partition("?")[0].rpartition(":")
    return host, int(port)


def write_description(path: Path, kind: str, sdp: str) -> None:
    """Write an offer or answer, whole or not at all."""
    draft = path.with_name(f"{path.name}.new")
    draft.write_text(json.dumps({"type": kind, "sdp": sdp}))
    draft.rename(path)


def read_description(path: Path, kind: str, timeout: float) -> str:
    """The other's SDP, as soon as the file holds one of that type. Raises ``TimeoutError``."""
    deadline = time.monotonic() + timeout
    while time.monotonic() < deadline:
        try:
            found = json.loads(path.read_text())
        except (FileNotFoundError, json.JSONDecodeError):
            found = {}
        if found.get("type") == kind:
            return str(found["sdp"])
        time.sleep(POLL)  # a file tells nobody
    raise TimeoutError(f"no {kind} in {path} after {timeout} s")


def converse(name: str, options: Options, call: Call) -> int:
    """Exchange descriptions and print the result; ``call`` runs a method of rtc.js's peer."""
    if options.offers:
        write_description(options.own, "offer", str(call("offer", options.media)))
        call("accept", read_description(options.theirs, "answer", options.timeout))
    else:
        offer = read_description(options.theirs, "offer", options.timeout)
        write_description(options.own, "answer", str(call("answer", offer)))
    result = call("result", options.timeout, options.hold)
    state = result.pop("state")
    return finish(name, state, **result)


def finish(
    peer: str,
    state: str,
    *,
    time_to_connect: float | None = None,
    local: dict[str, Any] | None = None,
    remote: dict[str, Any] | None = None,
    held: float | None = None,
    error: str | None = None,
) -> int:
    """Print the result line; returns the exit code."""
    types = [end.get("type") for end in (local, remote) if end]
    path = None
    if types:
        path = "relayed" if "relay" in types else "direct"
    result = {
        "peer": peer,
        "state": state,
        "path": path,
        "time_to_connect": time_to_connect,
        "selected_pair": {"local": local, "remote": remote} if types else None,
        "held": held,
        "error": error,
    }
    print(json.dumps(result), flush=True)
    return 0 if state == "connected" else UNCONNECTED


def run_in(interpreter: Path | str, module: str) -> None:
    """Go on as the same program in another interpreter; does not return."""
    os.execv(interpreter, [str(interpreter), "-m", module, *sys.argv[1:]])
