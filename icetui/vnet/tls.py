"""TLS as it looks from outside: its round trips, its bytes and its refusals, without cryptography.

What belongs here: TLS 1.3's handshake over a connection (RFC 8446 section 2) as records of the
usual kinds and sizes, and a certificate's examination in OpenSSL's words.
"""

from __future__ import annotations

import asyncio
import errno
import os
from collections.abc import Callable
from typing import Any

import msgspec

from icetui.engine.net import StreamReceiver, StreamTransport, TlsFailure
from icetui.vnet.clock import HostLoop
from icetui.vnet.servers import Certificate

ALERT, HANDSHAKE, DATA = 0x15, 0x16, 0x17
"""Record types."""
CLIENT_HELLO, SERVER_FLIGHT, FINISHED = 512, 2900, 74
"""Bytes of the handshake's flights, as common servers and clients have them."""
OVERHEAD = 17
"""Bytes that encryption adds to a record: its inner type and the tag."""
LONGEST = 16_384
HANDSHAKE_WITHIN = 60.0
"""Seconds, asyncio's ssl_handshake_timeout."""

WRONG_VERSION = "wrong version number"
SELF_SIGNED = "self-signed certificate"
EXPIRED = "certificate has expired"


class _NotTls(Exception):
    """The other side speaks something else."""


def refusal(certificate: Certificate, name: str) -> TlsFailure | None:
    """Why a client that asked for `name` takes no such certificate; in OpenSSL's order."""
    if not certificate.trusted:
        return TlsFailure(SELF_SIGNED, "certificate-untrusted")
    if certificate.names and not any(_matches(pattern, name) for pattern in certificate.names):
        address = ":" in name or name.replace(".", "").isdigit()
        kind = "IP address" if address else "Hostname"
        words = f"{kind} mismatch, certificate is not valid for '{name}'."
        return TlsFailure(words, "certificate-name")
    return TlsFailure(EXPIRED, "certificate-expired") if certificate.expired else None


def _matches(pattern: str, name: str) -> bool:
    """RFC 6125 section 6.4: a star is one whole label."""
    if pattern.startswith("*."):
        return name.partition(".")[2].lower() == pattern[2:].lower()
    return pattern.lower() == name.lower()


class _Records:
    """A stream as records."""

    def __init__(self) -> None:
        self._data = bytearray()

    def feed(self, data: bytes) -> list[tuple[int, bytes]]:
        """Type and content of what is complete now. Raises `_NotTls`."""
        self._data += data
        found = []
        while len(self._data) >= 3:
            if self._data[0] not in (ALERT, HANDSHAKE, DATA) or self._data[1] != 3:
                raise _NotTls
            if len(self._data) < 5:
                break
            end = 5 + int.from_bytes(self._data[3:5], "big")
            if len(self._data) < end:
                break
            found.append((self._data[0], bytes(self._data[5:end])))
            del self._data[:end]
        return found


def _alert(content: bytes) -> TlsFailure:
    return TlsFailure(f"alert {content.decode('ascii', 'replace')}", "alert")


def _record(kind: int, content: bytes) -> bytes:
    return bytes((kind, 3, 3)) + len(content).to_bytes(2, "big") + content


def _flight(said: Any, size: int) -> bytes:
    """A handshake record of a size, with what is said at its beginning."""
    return _record(HANDSHAKE, msgspec.json.encode(said).ljust(size, b"\0"))


class _Tls:
    """Either end: the receiver of a connection, and the transport of whoever uses TLS."""

    def __init__(self, loop: HostLoop) -> None:
        self._loop = loop
        self._records = _Records()
        self._stream: StreamTransport | None = None
        self._receiver: StreamReceiver | None = None
        """Set once the handshake is done."""
        self._timer: asyncio.TimerHandle | None = None
        self._closing = False

    # --- a transport ----------------------------------------------------------------------------

    def write(self, data: bytes) -> None:
        if self._closing or self._stream is None:
            return
        for at in range(0, len(data), LONGEST):
            part = data[at : at + LONGEST]
            self._stream.write(_record(DATA, part + bytes(OVERHEAD)))

    def get_write_buffer_size(self) -> int:
        return 0 if self._stream is None else self._stream.get_write_buffer_size()

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return default if self._stream is None else self._stream.get_extra_info(name, default)

    def is_closing(self) -> bool:
        return self._closing

    def close(self) -> None:
        if self._closing or self._stream is None:
            return
        self._closing = True
        self._stream.write(_record(ALERT, b"close_notify"))
        self._stream.close()

    # --- a receiver -----------------------------------------------------------------------------

    def connection_made(self, transport: Any) -> None:
        self._stream = transport
        self._timer = self._loop.call_later(HANDSHAKE_WITHIN, self._too_slow)

    def data_received(self, data: bytes) -> None:
        if self._closing:
            return
        try:
            records = self._records.feed(data)
        except _NotTls:
            self._failed(TlsFailure(WRONG_VERSION, "not-tls"))
            return
        for kind, content in records:
            if self._closing:
                return
            if kind == DATA and self._receiver is not None:
                self._receiver.data_received(content[:-OVERHEAD])
            elif kind == ALERT:
                if self._receiver is None:
                    self._failed(_alert(content))
                else:
                    self.close()
            elif kind == HANDSHAKE and self._receiver is None:
                self._handshake(content)

    def connection_lost(self, exc: Exception | None) -> None:
        self._closing = True
        self._end_timer()
        if self._receiver is not None:
            self._receiver.connection_lost(exc)
        else:
            self._broken(exc or OSError(errno.ECONNRESET, os.strerror(errno.ECONNRESET)))

    def _handshake(self, content: bytes) -> None:
        raise NotImplementedError

    def _broken(self, error: Exception) -> None:
        """No session came about."""

    def _too_slow(self) -> None:
        self._timer = None
        self._failed(ConnectionAbortedError("TLS handshake took too long"))

    def _failed(self, error: Exception) -> None:
        self._broken(error)
        self._end_timer()
        self._closing = True
        if self._stream is not None:
            if isinstance(error, TlsFailure):
                self._stream.write(_record(ALERT, b"handshake failure"))
            self._stream.close()

    def _end_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _ready(self, receiver: StreamReceiver) -> None:
        self._end_timer()
        self._receiver = receiver
        receiver.connection_made(self)


class TlsClient(_Tls):
    """The asking end; `made` gets its transport or what went wrong."""

    def __init__(
        self,
        receiver: StreamReceiver,
        name: str,
        made: asyncio.Future[StreamTransport],
        loop: HostLoop,
    ) -> None:
        super().__init__(loop)
        self._user = receiver
        self._name = name
        self._made = made

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        transport.write(_flight({"name": self._name}, CLIENT_HELLO))

    def _handshake(self, content: bytes) -> None:
        try:
            certificate = msgspec.json.decode(content.rstrip(b"\0"), type=Certificate)
        except msgspec.DecodeError:
            self._failed(TlsFailure(WRONG_VERSION, "not-tls"))
            return
        refused = refusal(certificate, self._name)
        if refused is not None:
            self._failed(refused)
            return
        assert self._stream is not None
        self._stream.write(_flight("finished", FINISHED))
        self._ready(self._user)
        if not self._made.done():
            self._made.set_result(self)

    def _broken(self, error: Exception) -> None:
        if not self._made.done():
            self._made.set_exception(error)


class TlsServer(_Tls):
    """The answering end; a receiver is made for whoever has finished the handshake."""

    def __init__(
        self, factory: Callable[[], StreamReceiver], certificate: Certificate, loop: HostLoop
    ) -> None:
        super().__init__(loop)
        self._factory = factory
        self._certificate = certificate
        self._greeted = False

    def _handshake(self, content: bytes) -> None:
        if self._greeted:
            self._ready(self._factory())
            return
        self._greeted = True
        assert self._stream is not None
        self._stream.write(_flight(self._certificate, SERVER_FLIGHT))
