"""`.local` names to addresses by multicast DNS (RFC 6762), as browsers hide their own in offers.

What belongs here: one question and what answers it. What is on the wire is hostile input, and
nothing in it that we did not ask for can keep an answer from being read.
What must never come in: names that DNS knows, and answering for names of our own.
"""

from __future__ import annotations

import asyncio
import ipaddress
import re
import struct
from collections.abc import Iterator, Sequence

from icetui.engine.interfaces import local_addresses
from icetui.engine.net import MulticastSocket, Net, Unresolved

GROUP, PORT = "224.0.0.251", 5353
ASKED_AT = (0.0, 0.3, 1.1)
"""Seconds after which the question goes out. Who has just answered by multicast stays silent for a
second (RFC 6762 section 6), so the last one is put after that: an answer may have been lost."""
WITHIN = 1.5
"""Seconds after which nobody is expected to answer any more."""

MAX_NAME = 255
"""Bytes (RFC 1035 section 2.3.4)."""

_NAME = re.compile(r"(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?\.)+local\.?", re.ASCII | re.I)
_A, _AAAA, _IN = 1, 28, 1
_RESPONSE = 0x8000
_UNIQUE = 0x8000
"""The top bit of a record's class: "forget what you knew" (RFC 6762 section 10.2)."""
_MAX_POINTERS = 32
_MAX_RECORDS = 256
"""Read of one datagram; a thousand pointers to one long name are not worth following."""


async def resolve(net: Net, name: str, *, interfaces: Sequence[str] = ()) -> str:
    """The address of a `.local` name, asked on these interfaces, on all without any.

    Asks three times over IPv4, never on loopback; takes 1.5 s at most. Raises `Unresolved` with a
    sentence that says why.
    """
    if len(name.encode("utf-8", "replace")) > MAX_NAME or not _NAME.fullmatch(name):
        raise Unresolved("its name is none that multicast DNS can be asked for")
    wanted = name.lower().rstrip(".")
    asking = [
        a.address
        for a in local_addresses(net, interfaces, ipv6=False)
        if a.why_not is None and not ipaddress.ip_address(a.address).is_loopback
    ]
    if not asking:
        raise Unresolved("its name is hidden by mDNS, and there is no IPv4 network to ask in")
    try:
        listener = net.open_multicast(GROUP, PORT, asking)
    except OSError as error:
        raise Unresolved(f"its name cannot be asked for by mDNS: {_why(error)}") from error
    try:
        return await _asked(listener, wanted, asking)
    finally:
        listener.close()


async def _asked(listener: MulticastSocket, wanted: str, asking: list[str]) -> str:
    began = asyncio.get_running_loop().time()
    problem: OSError | None = None
    sent = 0
    for until in (*ASKED_AT[1:], WITHIN):
        for address in asking:
            try:
                for kind in (_A, _AAAA):  # one a datagram: Chromium ignores those with two
                    listener.ask(question(wanted, kind), address)
                sent += 1
            except OSError as error:
                problem = error
        try:
            async with asyncio.timeout_at(began + until):
                return await _heard(listener, wanted)
        except TimeoutError:
            continue
    if not sent and problem is not None:
        raise Unresolved(f"its name cannot be asked for by mDNS: {_why(problem)}")
    raise Unresolved(
        "its name is hidden by mDNS, and nobody in this network answered for it when asked "
        f"{len(ASKED_AT)} times"
    )


def _why(error: OSError) -> str:
    return error.strerror or type(error).__name__


async def _heard(listener: MulticastSocket, wanted: str) -> str:
    """The first address that anybody tells."""
    while True:
        datagram, source = await listener.receive()
        if source[1] == PORT:  # any other is to be ignored (section 6)
            found = addresses(datagram, wanted)
            if found:
                return found[0]
        await asyncio.sleep(0)  # a flood does not hold up the others, nor our own deadline


# --- the wire -------------------------------------------------------------------------------------


def question(name: str, kind: int) -> bytes:
    """A query with one question (RFC 1035 section 4.1)."""
    labels = b"".join(bytes([len(part)]) + part.encode("ascii") for part in name.split("."))
    return struct.pack("!6H", 0, 0, 1, 0, 0, 0) + labels + b"\0" + struct.pack("!2H", kind, _IN)


def addresses(datagram: bytes, wanted: str) -> list[str]:
    """The addresses that an answer gives to a name in lower case, IPv4 first; never raises.

    Records of other types are stepped over unread: an NSEC's next name may be compressed, as
    Chromium sends it against RFC 4034 section 6.2. Of a damaged answer what precedes the damage
    counts.
    """
    found: list[ipaddress.IPv4Address | ipaddress.IPv6Address] = []
    try:
        for name, kind, data in _records(datagram):
            if name == wanted and len(data) == {_A: 4, _AAAA: 16}.get(kind):
                address = ipaddress.ip_address(data)
                if _of_one_host(address):
                    found.append(address)
    except (struct.error, IndexError, _Damaged):
        pass
    return [str(address) for address in sorted(found, key=lambda a: a.version)]


class _Damaged(Exception):
    """A name that is no name."""


def _records(datagram: bytes) -> Iterator[tuple[str, int, bytes]]:
    """Owner, type and data of each record of class IN that is not being withdrawn."""
    _, flags, questions, *counts = struct.unpack_from("!6H", datagram)
    if not flags & _RESPONSE:
        return
    at = 12
    for _ in range(min(questions, _MAX_RECORDS)):
        at = _name(datagram, at)[1] + 4
    for _ in range(min(sum(counts), _MAX_RECORDS)):
        name, at = _name(datagram, at)
        kind, family, lifetime, length = struct.unpack_from("!2HIH", datagram, at)
        at += 10
        if at + length > len(datagram):
            return
        if family & ~_UNIQUE == _IN and lifetime > 0:  # 0 is a goodbye (section 10.1)
            yield name, kind, datagram[at : at + length]
        at += length


def _name(datagram: bytes, at: int) -> tuple[str, int]:
    """The name that starts at an offset, in lower case, and the offset behind it."""
    labels: list[bytes] = []
    behind: int | None = None
    pointers = total = 0
    while True:
        length = datagram[at]
        if length >= 0xC0:
            behind = at + 2 if behind is None else behind
            at = (length & 0x3F) << 8 | datagram[at + 1]
            pointers += 1
            if pointers > _MAX_POINTERS:
                raise _Damaged
            continue
        if length >= 0x40:
            raise _Damaged  # kinds of labels that nobody uses (RFC 6891 section 5)
        at += 1
        if length == 0:
            name = b".".join(labels).decode("utf-8", "replace").lower()
            return name, at if behind is None else behind
        labels.append(datagram[at : at + length])
        at += length
        total += length + 1
        if total > MAX_NAME:
            raise _Damaged


def _of_one_host(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    """Whether a candidate can have it: of another host, and no zone needed to reach it."""
    if address.is_unspecified or address.is_multicast or address.is_loopback:
        return False
    if isinstance(address, ipaddress.IPv6Address):
        return not address.is_link_local and address.ipv4_mapped is None
    return str(address) != "255.255.255.255"
