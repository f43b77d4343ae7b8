"""Ping confirms the weather, and weather changes while packets fly."""

from __future__ import annotations

import re
import socket
import time

import pytest

from tests.lab import behaviour
from tests.lab.lab import SERVER, BuildLab, Host
from tests.lab.topology import SERVER_V4
from tests.lab.weather import Weather

SO_RCVBUFFORCE = 33


def ping(host: Host, target: str, count: int, interval: float = 0.01) -> tuple[int, list[float]]:
    """How many of ``count`` came back, and the round-trip times in seconds."""
    said = host.run("ping", "-n", f"-c{count}", f"-i{interval}", "-W1", target, timeout=20).stdout
    times = [float(found) / 1000 for found in re.findall(r"time=([\d.]+) ms", said)]
    return len(times), times


def median(values: list[float]) -> float:
    return sorted(values)[len(values) // 2]


def test_delay_is_what_was_asked_for_within_five_percent(build_lab: BuildLab) -> None:
    lab = build_lab("prc", "open", server=False)
    for link in ("alice", "bob"):
        lab.set_weather(link, Weather(delay=0.025))
    count, times = ping(lab["alice"], SERVER_V4[0], 30)
    assert count == 30 and median(times) == pytest.approx(0.050, rel=0.05)
    count, times = ping(lab["alice"], lab["bob"].address, 30)
    assert count == 30 and median(times) == pytest.approx(0.100, rel=0.05)


def test_weather_changes_while_it_runs(build_lab: BuildLab) -> None:
    lab = build_lab("prc", "open", server=False)
    for delay in (0.005, 0.1, 0.0):
        lab.set_weather("alice", Weather(delay=delay))
        _, times = ping(lab["alice"], SERVER_V4[0], 5)
        assert median(times) == pytest.approx(2 * delay, rel=0.05, abs=0.001)


def test_jitter_spreads_the_delay_and_keeps_the_order(build_lab: BuildLab) -> None:
    lab = build_lab("prc", "open", server=False)
    lab.set_weather("alice", Weather(delay=0.020, jitter=0.010))
    _, times = ping(lab["alice"], SERVER_V4[0], 60, interval=0.03)
    assert median(times) == pytest.approx(0.040, rel=0.15)
    assert min(times) > 0.020 and max(times) < 0.062
    assert max(times) - min(times) > 0.010
    assert received_order(lab["alice"], lab[SERVER], 300) == list(range(300))


def test_loss_is_the_share_that_was_asked_for(build_lab: BuildLab) -> None:
    lab = build_lab("prc", "open", server=False)
    lab.set_weather("alice", Weather(loss=0.2))
    arrived = len(received_order(lab["alice"], lab[SERVER], 4000))
    # Four standard deviations of a binomial distribution: 4 · √(4000 · 0.2 · 0.8) ≈ 101.
    assert arrived == pytest.approx(3200, abs=101)


def test_reordering_is_the_share_that_was_asked_for(build_lab: BuildLab) -> None:
    lab = build_lab("prc", "open", server=False)
    lab.set_weather("alice", Weather(delay=0.005, reorder=0.1))
    order = received_order(lab["alice"], lab[SERVER], 1000)
    assert sorted(order) == list(range(1000))
    highest, overtaken = -1, 0
    for number in order:
        overtaken += number < highest
        highest = max(highest, number)
    assert 50 < overtaken < 150


def received_order(sender: Host, receiver: Host, count: int) -> list[int]:
    """The numbers that arrive of ``count`` datagrams, in the order in which they arrive."""
    order = []
    with (
        behaviour.udp_socket(receiver, receiver.address, 7001) as there,
        behaviour.udp_socket(sender, sender.address) as here,
    ):
        there.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 64 << 20)
        there.settimeout(0.2)
        for number in range(count):
            here.sendto(number.to_bytes(2), there.getsockname())
        while True:
            try:
                order.append(int.from_bytes(there.recv(2)))
            except TimeoutError:
                return order


@pytest.mark.parametrize("weather", [None, Weather(delay=0.005)])
def test_a_cut_link_is_silent_until_it_is_restored(
    build_lab: BuildLab, weather: Weather | None
) -> None:
    lab = build_lab("prc", "open", server=False)
    if weather:
        lab.set_weather("alice", weather)
    with behaviour.servers(lab) as there, behaviour.udp_socket(lab["alice"]) as here:
        (address, server), *_ = there.items()
        here.sendto(b"before", address)
        _, mapped = server.recvfrom(64)
        lab.cut("alice")
        server.settimeout(0.1)
        here.sendto(b"lost", address)
        with pytest.raises(TimeoutError):
            server.recv(64)
        lab.restore("alice")
        here.sendto(b"after", address)
        assert server.recvfrom(64) == (b"after", mapped)


def test_a_line_carries_ten_thousand_datagrams_a_second(build_lab: BuildLab) -> None:
    lab = build_lab("prc", "open", server=False)
    lab.set_weather("alice", Weather(delay=0.001))
    began = time.monotonic()
    assert len(received_order(lab["alice"], lab[SERVER], 5000)) == 5000
    assert time.monotonic() - began < 0.5 + 0.3
