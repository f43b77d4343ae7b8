"""Options that several commands share (click)."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, TypeVar

import click

F = TypeVar("F", bound=Callable[..., Any])


class File(click.Path):
    """A path to a file; pathlib is imported when one is given, not for --help."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        from pathlib import Path

        return Path(str(super().convert(value, param, ctx)))


FILE = File(dir_okay=False)


class Finite(click.FloatRange):
    """A number that is one: neither nan nor infinite."""

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        number = float(super().convert(value, param, ctx))
        if not math.isfinite(number):
            self.fail(f"{value} is not a number that can be reckoned with.", param, ctx)
        return number


def options(*decorators: Callable[[F], F]) -> Callable[[F], F]:
    """Several options as one decorator, shown in this order."""

    def decorate(function: F) -> F:
        for decorator in reversed(decorators):
            function = decorator(function)
        return function

    return decorate


server_options = options(
    click.option(
        "--stun",
        multiple=True,
        metavar="URL",
        help="STUN server, stun:host:port. Repeatable; iceServers as JSON, too.",
    ),
    click.option(
        "--turn",
        multiple=True,
        metavar="URL",
        help="TURN server, turn:user:password@host:port, also turns: and ?transport=tcp; a colon "
        "in the password is %3A. Repeatable; iceServers as JSON, too.",
    ),
    click.option(
        "--turn-secret",
        metavar="TEXT",
        help="Secret shared with the TURN servers: credentials for a day are made of it. "
        "ICETUI_TURN_SECRET keeps it off the command line.",
    ),
    click.option(
        "--turn-credentials",
        metavar="FILE",
        help="File that holds user:password for the TURN servers.",
    ),
)
session_options = options(
    server_options,
    click.option("--no-servers", is_flag=True, default=None, help="Ask no server at all."),
    click.option(
        "--interface",
        multiple=True,
        metavar="NAME",
        help="Gather from this interface only. Repeatable; lo is allowed.",
    ),
    click.option("--ipv4/--no-ipv4", default=None, help="Use IPv4 (on by default)."),
    click.option("--ipv6/--no-ipv6", default=None, help="Use IPv6 (on by default)."),
    click.option(
        "--relay-only", is_flag=True, default=None, help="Use relayed candidates only (TURN)."
    ),
    click.option("--port", type=int, metavar="N", help="Local UDP port; any free one by default."),
    click.option(
        "--pace", type=int, metavar="MS", help="Milliseconds between two checks, Ta; 5 by default."
    ),
    click.option(
        "--rto",
        type=int,
        metavar="MS",
        help="Milliseconds until a check is sent again; by the servers' round trips by default.",
    ),
    click.option(
        "--strict",
        is_flag=True,
        default=None,
        help="Keep to the letter of the RFCs where icetui leaves them on purpose; slower.",
    ),
)
record_option = click.option(
    "--record",
    type=FILE,
    metavar="FILE",
    help="Write the event stream to FILE, without passwords; an earlier recording there is kept "
    "as FILE.1 and so on.",
)
mask_option = click.option(
    "--mask",
    is_flag=True,
    help="Replace every address by a pseudonym in all that is shown or kept.",
)
quiet_option = click.option(
    "--quiet", "-q", is_flag=True, help="Leave no lines about the session on the terminal."
)
blob_options = options(
    click.option(
        "--blob-out",
        type=FILE,
        metavar="FILE",
        help="Write our blob to FILE, again whenever it changes.",
    ),
    click.option(
        "--blob-in",
        type=FILE,
        metavar="FILE",
        help="Read their blob from FILE; waits until it is there and whole.",
    ),
)
