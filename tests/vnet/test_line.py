"""Lines delay, lose, reorder, repeat, queue and cut as they are told, in virtual time."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from icetui.vnet.network_parts import Attachment, Line
from icetui.vnet.world import World
from tests.vnet.playing import SERVER, Socket, homes


class Sending:
    """Alice sends over a line of her router's uplink to the server."""

    def __init__(self, line: Line, seed: int = 1, **ways: Line) -> None:
        network = homes(seed=seed)
        uplink = Attachment("internet", line=line, **ways)
        router = msgspec.structs.replace(network.routers["alice-nat"], outside=(uplink,))
        routers = {**network.routers, "alice-nat": router}
        self.world = World(msgspec.structs.replace(network, routers=routers))
        self.alice, self.server = Socket(self.world, "alice"), Socket(self.world, "server")
        self.began = self.world.clock.now

    def send(self, count: int, every: float = 0.0, size: int = 100) -> None:
        for number in range(count):
            self.alice.send(number.to_bytes(4, "big") + bytes(size - 4), self.server.name)
            if every:
                self.world.clock.run_for(every)

    @property
    def numbers(self) -> list[int]:
        return [int.from_bytes(data[:4], "big") for data in self.server.texts]

    @property
    def times(self) -> list[float]:
        """When they arrived, seconds since the sending began."""
        return [at - 1000 - self.began for _, _, at in self.server.data]


def test_a_delay_is_exact() -> None:
    sending = Sending(Line(delay=0.025))
    sending.send(1)
    sending.world.clock.run_for(1)
    assert sending.times == [pytest.approx(0.025, abs=1e-9)]


def test_each_direction_has_its_own_delay() -> None:
    sending = Sending(Line(), up=Line(delay=0.1), down=Line(delay=0.3))
    sending.send(1)
    sending.world.clock.run_for(0.2)
    sending.server.send(b"back", sending.server.data[0][1])
    sent = sending.world.clock.now
    sending.world.clock.run_for(1)
    assert sending.times == [pytest.approx(0.1)]
    assert sending.alice.data[0][2] - 1000 - sent == pytest.approx(0.3)


def test_jitter_spreads_the_delay_and_keeps_the_order() -> None:
    sending = Sending(Line(delay=0.1, jitter=0.05))
    sending.send(1000, every=0.01)
    sending.world.clock.run_for(1)
    assert sending.numbers == list(range(1000))
    delays = [at - number * 0.01 for number, at in enumerate(sending.times)]
    assert 0.05 <= min(delays) < 0.06
    assert 0.14 < max(delays) <= 0.15


def test_the_share_that_is_lost_is_the_line_s() -> None:
    sending = Sending(Line(loss=0.3))
    sending.send(2000, every=0.001)
    sending.world.clock.run_for(1)
    lost = sending.world.drops["alice-nat.outside up", "lost"]
    assert len(sending.numbers) + lost == 2000
    assert lost / 2000 == pytest.approx(0.3, abs=0.03)


def test_another_seed_loses_others_and_the_same_seed_the_same() -> None:
    def lost(seed: int) -> list[int]:
        sending = Sending(Line(loss=0.3), seed)
        sending.send(100)
        sending.world.clock.run_for(1)
        return sending.numbers

    assert lost(1) == lost(1)
    assert lost(1) != lost(2)


def test_reordering_lets_later_ones_overtake() -> None:
    sending = Sending(Line(delay=0.01, reorder=0.2, reorder_by=0.05))
    sending.send(500, every=0.01)
    sending.world.clock.run_for(1)
    assert sorted(sending.numbers) == list(range(500))
    late = sum(at - number * 0.01 > 0.05 for number, at in zip(sending.numbers, sending.times,
                                                               strict=True))  # fmt: skip
    assert late / 500 == pytest.approx(0.2, abs=0.06)
    assert sending.numbers != sorted(sending.numbers)


def test_duplicates_arrive_twice() -> None:
    sending = Sending(Line(duplicate=1.0))
    sending.send(3)
    sending.world.clock.run_for(1)
    assert sending.numbers == [0, 0, 1, 1, 2, 2]


def test_a_rate_spaces_packets_and_its_queue_is_the_delay_of_a_bloated_buffer() -> None:
    """128 bytes on the wire at 12,800 bytes a second: one each 10 ms; ten wait, the rest is
    dropped."""
    sending = Sending(Line(rate=12_800.0, queue=1280))
    sending.send(15)
    sending.world.clock.run_for(1)
    assert sending.numbers == list(range(10))
    assert sending.times == pytest.approx([0.01 * n for n in range(1, 11)])
    assert sending.world.drops == {("alice-nat.outside up", "queue-full"): 5}


@pytest.mark.parametrize(
    ("direction", "out", "back"), [("both", 0, 0), ("up", 0, 1), ("down", 1, 0)]
)
def test_a_cut_is_of_one_or_both_directions_until_it_is_restored(
    direction: Any, out: int, back: int
) -> None:
    sending = Sending(Line())
    sending.send(1)
    sending.world.clock.run_for(0.1)
    sending.world.change("cut", "alice-nat", direction=direction)
    sending.send(1)
    sending.server.send(b"x", sending.server.data[0][1])
    sending.world.clock.run_for(5)
    assert len(sending.numbers) == 1 + out
    assert len(sending.alice.data) == back
    assert not sending.alice.errors
    sending.world.change("restore", "alice-nat")
    sending.send(1)
    sending.world.clock.run_for(0.1)
    assert len(sending.numbers) == 2 + out


def test_weather_does_not_mend_what_is_cut() -> None:
    sending = Sending(Line())
    sending.world.change("cut", "alice-nat")
    sending.world.change("weather", "alice-nat", line={"delay": 0.01})
    sending.send(1)
    sending.world.clock.run_for(1)
    sending.world.change("restore", "alice-nat")
    sending.send(1)
    sending.world.clock.run_for(1)
    assert len(sending.numbers) == 1
    assert sending.times[-1] == pytest.approx(1.01)


def test_what_travels_when_the_weather_changes_arrives_as_it_was_sent() -> None:
    sending = Sending(Line(delay=0.5))
    sending.send(1)
    sending.world.change("weather", "alice-nat.outside", line={"delay": 0.01})
    sending.send(1)
    sending.world.clock.run_for(1)
    assert sending.times == pytest.approx([0.01, 0.5])


def test_taking_a_line_s_weather_away_leaves_the_others_as_they_were() -> None:
    def heard(server_line: Line) -> list[int]:
        sending = Sending(Line(loss=0.3))
        line = msgspec.structs.replace(server_line)
        sending.world.change("weather", "server", line=msgspec.to_builtins(line))
        sending.send(50)
        sending.world.clock.run_for(1)
        return sending.numbers

    assert heard(Line(duplicate=0.5)) != heard(Line())
    assert sorted(set(heard(Line(duplicate=0.5)))) == heard(Line())


def test_a_watcher_sees_a_packet_enter_and_leave_each_line_and_where_it_ends() -> None:
    sending = Sending(Line(delay=0.025))
    seen = []
    stop = sending.world.watch(lambda p: seen.append((round(p.at, 3), p.place, p.what, p.why)))
    sending.alice.send(b"x", (SERVER, 9))
    sending.world.clock.run_for(0.04)
    assert seen[:9] == [
        (0.0, "alice.eth0 up", "enters", None),
        (0.0, "alice.eth0 up", "leaves", None),
        (0.0, "alice-nat.inside down", "enters", None),
        (0.0, "alice-nat.inside down", "leaves", None),
        (0.0, "alice-nat.outside up", "enters", None),
        (0.025, "alice-nat.outside up", "leaves", None),
        (0.025, "server.eth0 down", "enters", None),
        (0.025, "server.eth0 down", "leaves", None),
        (0.025, "server", "dropped", "closed-port"),
    ]
    stop()
    count = len(seen)
    sending.send(1)
    sending.world.clock.run_for(1)
    assert len(seen) == count
