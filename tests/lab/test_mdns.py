"""`.local` names are resolved by multicast, from a responder of our own and from Chromium."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from icetui.engine import mdns
from icetui.engine.net import Unresolved
from icetui.engine.net.system import System
from tests.lab.foreign import Foreign, skip_if_absent
from tests.lab.lab import BuildLab, Host, Lab
from tests.lab.peers import exchange, sdp
from tests.lab.topology import Topology

NAME = "0f2d4c3b-1a29-4857-8e6d-cba987654321.local"
Answer = Callable[[int, bytes], bytes | None]
"""What a responder says to its n-th question; it was asked with these bytes."""


@pytest.fixture
def lan(build_lab: BuildLab) -> Lab:
    """Alice and Bob in one LAN, nobody else."""
    return build_lab(topology=Topology.shared("prc"), server=False)


def resolve(host: Host, name: str, interfaces: tuple[str, ...] = ()) -> str:
    """The address of a name, asked on a host of the lab and nowhere else."""
    with host.inside():
        return asyncio.run(mdns.resolve(System(), name, interfaces=interfaces))


def address_record(address: str) -> bytes:
    labels = b"".join(bytes([len(p)]) + p.encode() for p in NAME.split("."))
    return labels + b"\0" + struct.pack("!2HIH", 1, 0x8001, 120, 4) + socket.inet_aton(address)


def answer(address: str) -> bytes:
    """As Chromium answers: an NSEC record behind it whose next name is compressed."""
    nsec = b"\xc0\x0c" + struct.pack("!2HIH", 47, 0x8001, 120, 5) + b"\xc0\x0c\x00\x01\x40"
    return struct.pack("!6H", 0, 0x8400, 0, 1, 0, 1) + address_record(address) + nsec


@contextlib.contextmanager
def responder(host: Host, say: Answer) -> Iterator[list[float]]:
    """Somebody who answers for NAME on a host; yields when the questions for IPv4 came."""
    asked: list[float] = []
    with host.inside():
        listener = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    listener.bind((mdns.GROUP, mdns.PORT))
    own = socket.inet_aton(host.address)
    membership = socket.inet_aton(mdns.GROUP) + own
    listener.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, membership)
    listener.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, own)
    listener.settimeout(0.05)
    over = threading.Event()

    def serve() -> None:
        while not over.is_set():
            try:
                datagram, _ = listener.recvfrom(9000)
            except TimeoutError:
                continue
            if datagram == mdns.question(NAME, 1):
                asked.append(time.monotonic())
                said = say(len(asked), datagram)
                if said is not None:
                    listener.sendto(said, (mdns.GROUP, mdns.PORT))

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield asked
    finally:
        over.set()
        thread.join()
        listener.close()


def test_a_neighbour_answers(lan: Lab) -> None:
    bob = lan["bob"].address
    with responder(lan["bob"], lambda number, question: answer(bob)):
        began = time.monotonic()
        assert resolve(lan["alice"], NAME.upper()) == bob
        assert time.monotonic() - began < 0.3
        assert resolve(lan["alice"], NAME, ("eth0",)) == bob


def test_a_program_on_the_same_host_answers(lan: Lab) -> None:
    alice = lan["alice"].address
    with responder(lan["alice"], lambda number, question: answer(alice)):
        assert resolve(lan["alice"], NAME) == alice


def test_the_third_question_is_answered_too(lan: Lab) -> None:
    bob = lan["bob"].address
    with responder(lan["bob"], lambda number, _: answer(bob) if number == 3 else None) as asked:
        assert resolve(lan["alice"], NAME) == bob
    assert len(asked) == 3


def test_junk_before_the_answer_does_not_matter(lan: Lab) -> None:
    bob = lan["bob"].address
    junk = (b"\xc0\x0c" * 40, struct.pack("!6H", 0, 0x8400, 9, 9, 9, 9) + b"\xff" * 60)
    with responder(
        lan["bob"], lambda number, _: answer(bob) if number == 3 else junk[number - 1]
    ) as asked:
        assert resolve(lan["alice"], NAME) == bob
    assert len(asked) == 3


def test_a_name_that_nobody_answers_for_is_given_up_after_three_questions(lan: Lab) -> None:
    with responder(lan["bob"], lambda number, question: None) as asked:
        began = time.monotonic()
        with pytest.raises(Unresolved, match="nobody in this network answered for it") as raised:
            resolve(lan["alice"], NAME)
        assert 1.4 < time.monotonic() - began < 1.8
    assert len(asked) == 3
    assert "\n" not in str(raised.value)


def test_where_the_port_is_taken_answers_come_by_unicast(lan: Lab) -> None:
    # Somebody has the port on Alice's host to himself; RFC 6762 section 6.7.
    with lan["alice"].inside():
        greedy = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    with lan["bob"].inside():
        listener = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    bob = lan["bob"].address
    with greedy, listener:
        greedy.bind(("", mdns.PORT))
        listener.bind(("", mdns.PORT))
        membership = socket.inet_aton(mdns.GROUP) + socket.inet_aton(bob)
        listener.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, membership)
        listener.settimeout(5)

        def serve() -> None:
            _, source = listener.recvfrom(9000)
            listener.sendto(answer(bob), source)

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            assert resolve(lan["alice"], NAME) == bob
        finally:
            thread.join()


def test_it_can_be_given_up_at_any_time_and_leaves_no_socket(lan: Lab) -> None:
    async def give_up() -> None:
        for _ in range(5):
            asking = asyncio.create_task(mdns.resolve(System(), NAME))
            await asyncio.sleep(0.02)
            asking.cancel()
            with pytest.raises(asyncio.CancelledError):
                await asking

    with lan["alice"].inside():
        loop = asyncio.new_event_loop()
        before = len(os.listdir("/proc/self/fd"))  # noqa: PTH208  descriptors
        loop.run_until_complete(give_up())
        assert len(os.listdir("/proc/self/fd")) == before  # noqa: PTH208  descriptors
        loop.close()


def test_a_flood_does_not_hold_up_the_others(lan: Lab) -> None:
    over = threading.Event()
    with lan["bob"].inside():
        sender = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sender.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    sender.bind(("", mdns.PORT))
    own = socket.inet_aton(lan["bob"].address)
    sender.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, own)

    def flood() -> None:
        while not over.is_set():
            with contextlib.suppress(OSError):
                sender.sendto(b"\xff" * 900, (mdns.GROUP, mdns.PORT))

    thread = threading.Thread(target=flood)
    thread.start()
    try:
        began = time.monotonic()
        with pytest.raises(Unresolved):
            resolve(lan["alice"], NAME)
        assert time.monotonic() - began < 2.5
    finally:
        over.set()
        thread.join()
        sender.close()


@pytest.mark.parametrize("where", ["alice", "bob"])
def test_the_name_in_chromiums_offer_is_its_address(lan: Lab, tmp_path: Path, where: str) -> None:
    """The browser is on Bob's host; the question comes from its neighbour and from beside it.

    Firefox hides its address behind a name, too, but a headless one answers for it only once it
    has the other side's description: before that, nobody can resolve it.
    """
    skip_if_absent("chromium")
    browser = Foreign(lan["bob"], "chromium", "offer", tmp_path, hold=1, extra=["--mdns"])
    offer = exchange.read_description(browser.own, "offer", timeout=25)
    names = [text.split()[4] for text in sdp.values(offer, "candidate") if " udp " in text.lower()]
    assert names
    assert all(name.endswith(".local") for name in names), offer
    assert resolve(lan[where], names[0]) == lan["bob"].address
