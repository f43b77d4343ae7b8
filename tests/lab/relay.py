"""The process that makes weather: it carries an uplink's frames, late, jumbled or not at all.

Runs in the lab's internet namespace, where every uplink ends in a port (``upN``) of a bridge of
its own (``brN``). Weather takes the port out of the bridge and puts a TAP in its place; what
arrives at either is written to the other when its time has come. Without weather no packet comes
here. Usage: ``python relay.py CONTROL_SOCKET LINK=INDEX…``.
"""

from __future__ import annotations

import contextlib
import fcntl
import heapq
import json
import os
import random
import select
import socket
import struct
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

TUNSETIFF = 0x400454CA
IFF_TAP, IFF_NO_PI = 0x0002, 0x1000
ETH_P_ALL, ETH_P_ARP, ETH_P_IPV6 = 0x0003, 0x0806, 0x86DD
SOL_PACKET, PACKET_IGNORE_OUTGOING = 263, 23
LARGEST_FRAME = 65536
FRAMES_A_WAKE_UP = 64
MOST_HELD_FRAMES = 100_000

Write = Callable[[bytes], object]


def is_neighbour_discovery(frame: bytes) -> bool:
    """ARP or NDP: a first hop's own business, which no long line delays."""
    (ether_type,) = struct.unpack_from("!H", frame, 12)
    if ether_type == ETH_P_ARP:
        return True
    return ether_type == ETH_P_IPV6 and len(frame) > 54 and frame[20] == 58 and frame[54] >= 133


class Direction:
    """One way through one link: frames in, a due time for each."""

    def __init__(self, write: Write) -> None:
        self.write = write
        self.delay = self.jitter = self.loss = self.reorder = self.reorder_by = 0.0
        self.last_due = 0.0

    def due(self, now: float) -> float | None:
        """When a frame that arrives now leaves; ``None`` if it is lost."""
        if self.loss and random.random() < self.loss:
            return None
        due = now + self.delay
        if self.jitter:
            due += random.uniform(-self.jitter, self.jitter)
            self.last_due = due = max(due, self.last_due)
        if self.reorder and random.random() < self.reorder:
            return due + self.reorder_by
        return due


class Link:
    """One uplink: the port towards the site and the TAP towards the internet's bridge."""

    def __init__(self, index: int) -> None:
        self.port = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
        self.port.setsockopt(SOL_PACKET, PACKET_IGNORE_OUTGOING, 1)
        self.port.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
        self.port.bind((f"up{index}", ETH_P_ALL))
        self.port.setblocking(False)
        self.tap = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
        name = f"tap{index}"
        fcntl.ioctl(self.tap, TUNSETIFF, struct.pack("16sH", name.encode(), IFF_TAP | IFF_NO_PI))
        self.outwards = Direction(lambda frame: os.write(self.tap, frame))
        self.inwards = Direction(self.port.send)
        subprocess.run(
            ["ip", "-batch", "-"],
            input=f"link set {name} up\nlink set up{index} nomaster\n"
            f"link set {name} master br{index}\n",
            text=True,
            check=True,
        )

    def readers(self) -> dict[int, tuple[Callable[[], bytes], Direction]]:
        """By file descriptor: how to read a frame there, and which way it goes."""
        return {
            self.port.fileno(): (lambda: self.port.recv(LARGEST_FRAME), self.outwards),
            self.tap: (lambda: os.read(self.tap, LARGEST_FRAME), self.inwards),
        }


class Relay:
    """All links of a lab, and the one timer queue they share."""

    def __init__(self, control_path: str, indices: dict[str, int]) -> None:
        self.indices = indices
        self.links: dict[str, Link] = {}
        self.readers: dict[int, tuple[Callable[[], bytes], Direction]] = {}
        self.held: list[tuple[float, int, Direction, bytes]] = []
        self.counter = 0
        self.control = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.control.bind(control_path)
        self.control.listen(8)
        print("ready", flush=True)

    def obey(self, request: dict[str, Any]) -> None:
        """Change one link's weather."""
        name = request.pop("link")
        if name not in self.links:
            link = self.links[name] = Link(self.indices[name])
            self.readers.update(link.readers())
        for direction in (self.links[name].outwards, self.links[name].inwards):
            for key, value in request.items():
                setattr(direction, key, float(value))

    def answer_control(self) -> None:
        connection, _ = self.control.accept()
        with connection:
            # A malformed request is the asker's mistake and is told to the asker.
            try:
                self.obey(json.loads(connection.recv(65536)))
            except (KeyError, ValueError, OSError, subprocess.SubprocessError) as error:
                connection.send(json.dumps({"error": repr(error)}).encode())
            else:
                connection.send(b"{}")

    def take(self, descriptor: int) -> None:
        """Read what has arrived and give every frame its due time."""
        read, direction = self.readers[descriptor]
        for _ in range(FRAMES_A_WAKE_UP):
            try:
                frame = read()
            except (BlockingIOError, OSError):
                return
            now = time.monotonic()
            if is_neighbour_discovery(frame):
                self.write(direction, frame)
                continue
            due = direction.due(now)
            if due is not None and len(self.held) < MOST_HELD_FRAMES:
                self.counter += 1
                heapq.heappush(self.held, (due, self.counter, direction, frame))

    @staticmethod
    def write(direction: Direction, frame: bytes) -> None:
        # A full queue or an interface that is down: the frame is lost, as on any line.
        with contextlib.suppress(OSError):
            direction.write(frame)

    def run(self) -> None:
        """Carry frames until the process is ended."""
        # select, not epoll: its time-out counts microseconds, epoll's milliseconds.
        while True:
            timeout = max(0.0, self.held[0][0] - time.monotonic()) if self.held else None
            sources = [self.control.fileno(), *self.readers]
            ready, _, _ = select.select(sources, [], [], timeout)
            now = time.monotonic()
            while self.held and self.held[0][0] <= now:
                _, _, direction, frame = heapq.heappop(self.held)
                self.write(direction, frame)
            for source in ready:
                if source == self.control.fileno():
                    self.answer_control()
                else:
                    self.take(source)


def main() -> None:
    control_path, *links = sys.argv[1:]
    # Late frames would be delay that nobody asked for. Where it is not allowed, it is not.
    with contextlib.suppress(OSError):
        os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(1))
    indices = {name: int(index) for name, index in (link.split("=") for link in links)}
    Relay(control_path, indices).run()


if __name__ == "__main__":
    main()
