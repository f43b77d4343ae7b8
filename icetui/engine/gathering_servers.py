"""The servers that are asked: where they are, and what is told of each."""

from __future__ import annotations

import asyncio
import ipaddress
from typing import NamedTuple

import msgspec

from icetui import events
from icetui.engine import server_failure
from icetui.engine.core import Failure
from icetui.engine.core.likelihood import private
from icetui.engine.embedding import Embedding, discovered
from icetui.engine.interfaces import local_addresses
from icetui.engine.net import Address, Net, Unresolved
from icetui.engine.over_tcp import over_tcp
from icetui.engine.stream import Stream
from icetui.engine.tasks import INTERNAL, Tasks
from icetui.events import (
    Evidence,
    OverTcp,
    Reason,
    Server,
    StartSession,
    StunServer,
    TurnServer,
)
from icetui.signaling.server_mark import server_mark

WEB = 443
"""The port that is let out where nothing else is."""
RESOLVER_DEADLINE = 2.0
"""Seconds after which a resolver counts as dead."""


_SILENT = (Reason.TIMEOUT, Reason.ICMP_UNREACHABLE)


def _is_private(host: str) -> bool:
    """Whether it is written as an IP address of a private network."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False  # a name
    return private(host)


class Outlook(NamedTuple):
    """What one side says of the servers it asks."""

    seen: events.ServersSeen
    answering: tuple[bytes, ...] = ()
    silent: tuple[bytes, ...] = ()


class AskedServers:
    """Of one session, by URI."""

    def __init__(self, net: Net, stream: Stream, start: StartSession) -> None:
        self._net = net
        self._stream = stream
        self._start = start
        self._known: dict[str, Server] = {}
        self._experiments = Tasks()
        self._tried: dict[str, None] = {}
        """Servers whose machine was asked for a connection, by URI."""
        self.embedding: Embedding | None = None
        """Of the NAT64 that our resolver knows of, once it has told."""

    def stop(self) -> None:
        """No more experiments."""
        self._experiments.cancel()

    def __getitem__(self, url: str) -> Server:
        return self._known[url]

    def get(self, url: str) -> Server | None:
        return self._known.get(url)

    def answering(self) -> list[Address]:
        """Those that have answered over UDP, and may be asked where a socket is seen."""
        found = []
        for server in self._known.values():
            if server.state == "ok" and server.transport == "udp" and server.address is not None:
                host, _, port = server.address.rpartition(":")
                found.append((host.strip("[]"), int(port)))
        return found

    def outlook(self) -> Outlook:
        """What is to be said of them to the other side, once all have answered or failed."""
        udp = [s for s in self._known.values() if s.transport == "udp"]
        answering = [s for s in udp if s.state == "ok"]
        silent = [s for s in udp if s.state == "failed" and s.reason in _SILENT]
        seen: events.ServersSeen = "failed"
        if answering:
            seen = "answer"
        elif any(s.state == "ok" for s in self._known.values()):
            seen = "over-tcp"
        elif silent and len(silent) == len(udp):
            seen = "silent"
        elif not self._known and not self._start.unusable_servers:
            seen = "none"
        return Outlook(seen, self._marks(answering), self._marks(silent))

    def shared(self, marks: tuple[bytes, ...]) -> tuple[str, ...]:
        """URIs of those that are asked over UDP and have one of these marks."""
        return tuple(
            s.url
            for s in self._by_name()
            if s.url in self._known and server_mark(s.host, s.port) in marks
        )

    def _by_name(self) -> list[StunServer | TurnServer]:
        turn = [s for s in self._start.turn_servers if s.transport == "udp"]
        return [*self._start.stun_servers, *turn]

    def _marks(self, servers: list[Server]) -> tuple[bytes, ...]:
        urls = {s.url for s in servers}
        # A private address is another machine in every network.
        named = [s for s in self._by_name() if s.url in urls and not _is_private(s.host)]
        marks = [server_mark(s.host, s.port) for s in named]
        return tuple(dict.fromkeys(marks))

    def show(self, server: Server) -> None:
        """Tell what is known of it now."""
        self._known[server.url] = server
        self._stream.emit(events.ServerChanged, server=server)

    def failed(self, server: Server, began: float, why: Failure) -> None:
        """It is of no use; it has been asked since the loop time `began`."""
        self.show(
            msgspec.structs.replace(
                server,
                state="failed",
                time=self._net.now() - began,
                reason=why.reason,
                detail=why.detail,
                evidence=why.evidence,
            )
        )
        if why.reason == Reason.TIMEOUT and server.transport == "udp":
            self._try_over_tcp(server)

    def _try_over_tcp(self, server: Server) -> None:
        """It is silent over UDP: is its machine there? Once for each server."""
        if server.address is None or server.url in self._tried:
            return
        self._tried[server.url] = None
        host, _, port = server.address.rpartition(":")
        addr = host.strip("[]"), int(port)
        self._experiments.start(self._connect(server.url, addr, self._source(addr)))

    def _source(self, towards: Address) -> str | None:
        """The local address that the system would take, if its interface is in use, or another."""
        usable = [
            a.address
            for a in local_addresses(self._net, self._start.interfaces)
            if a.why_not is None and (":" in a.address) == (":" in towards[0])
        ]
        source = self._net.source_address(towards)
        return source if source in usable else next(iter(usable), None)

    async def _connect(self, url: str, addr: Address, source: str | None) -> None:
        outcome: OverTcp = "unreachable"
        over_web: OverTcp | None = None
        if source is not None:
            outcome = await over_tcp(self._net, addr, source)
            if outcome == "silent" and addr[1] != WEB:
                over_web = await over_tcp(self._net, (addr[0], WEB), source)
        known = self._known[url]
        if known.state == "failed":
            self.show(msgspec.structs.replace(known, over_tcp=outcome, over_web=over_web))

    def broke(self, url: str) -> None:
        """An error of our own ended what was done with this server."""
        known = self._known[url]
        if known.state != "ok":
            reason, detail = INTERNAL
            self.show(msgspec.structs.replace(known, state="failed", reason=reason, detail=detail))

    async def resolve(self, server: Server, host: str, port: int) -> list[Address] | None:
        """Addresses of a server in families that are in use, or None after its failure was told."""
        began = self._net.now()
        try:
            # Not wait_for, which before Python 3.12 can swallow the cancellation of its caller.
            async with asyncio.timeout(RESOLVER_DEADLINE):
                found = await self._net.resolve(host, port)
        except Unresolved as error:
            self.failed(server, began, server_failure.unresolved(host, error))
        except TimeoutError:
            silent = Unresolved("the resolver does not answer", "silent")
            self.failed(server, began, server_failure.unresolved(host, silent))
        else:
            if self._start.ipv4 and self.embedding is None:
                self.embedding = discovered(found)
            wanted = [a for a in found if (self._start.ipv6 if ":" in a[0] else self._start.ipv4)]
            if wanted:
                return wanted
            words = f"{host} has no address of a family in use"
            other = Failure(Reason.DNS, words, Evidence(resolver="other-family"))
            self.failed(server, began, other)
        return None
