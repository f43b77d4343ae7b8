"""A recording stays small: under attack, over days, and whatever the peer does; and still true."""

from __future__ import annotations

import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from icetui import events
from icetui.session import Session, fold
from icetui.streams import thinning
from icetui.streams.recording import Recorded, read
from icetui.streams.thinning import Thinning
from tests.test_recording import Told, recorded

MINUTE = 60


def message(t: float) -> events.StunMessage:
    return events.StunMessage(
        wall=t, t=t, direction="in", local="192.0.2.1:5000", remote="192.0.2.2:6000",
        method="Binding", message_class="request", transaction="0" * 24,
        attributes=(events.StunAttribute(name="SOFTWARE", value="x" * 100),),
    )  # fmt: skip


def pair(t: float, number: int, sent: int, state: events.PairState = "succeeded"):
    return events.PairChanged(
        wall=t,
        t=t,
        pair=events.Pair(
            id=f"L1-R{number}", local="L1", remote=f"R{number}", state=state, requests_sent=sent
        ),
    )


def kept(stream: Iterator[events.AnyEvent]) -> tuple[list[events.Event], int]:
    """What a recording would hold, and its bytes in the worst minute."""
    thin = Thinning()
    told: list[events.Event] = []
    minutes: dict[int, int] = {}
    last: events.AnyEvent | None = None

    def put(event: events.Event) -> None:
        size = len(events.encode(event))
        thin.wrote(event, size)
        minutes[int(event.t // MINUTE)] = minutes.get(int(event.t // MINUTE), 0) + size
        told.append(event)

    for event in stream:
        last = event
        for one in thin.kept(event):
            put(one)
    assert last is not None
    for one in thin.rest(last):
        put(one)
    return told, max(minutes.values())


def test_a_minute_under_attack_takes_at_most_two_megabytes() -> None:
    told, worst = kept(message(n / 1000) for n in range(3 * MINUTE * 1000))
    assert worst <= 2_000_000
    dropped = [e for e in told if isinstance(e, events.EventsDropped)]
    there = sum(isinstance(e, events.StunMessage) for e in told)
    assert there > 1000
    assert dropped[-1].count == 3 * MINUTE * 1000 - there


def test_a_path_that_flaps_a_thousand_times_a_second_takes_no_more_and_its_end_is_true() -> None:
    def flaps() -> Iterator[events.AnyEvent]:
        for n in range(MINUTE * 1000):
            state: events.PairState = "failed" if n % 2 else "succeeded"
            yield pair(n / 1000, n % 3, n, state)

    told, worst = kept(flaps())
    assert worst <= 2_000_000
    folded = fold(told)  # type: ignore[arg-type]  # all are of the union
    assert {p.requests_sent for p in folded.pairs.values()} == {59_997, 59_998, 59_999}
    assert folded.left_out["recording"] > 10_000


def test_a_short_session_is_kept_whole() -> None:
    stream = list(read(Path(__file__).parent / "recordings" / "relayed.jsonl"))
    told, _ = kept(iter(stream))
    assert told == stream


def test_a_day_of_a_quiet_path_stays_within_reach() -> None:
    """Five hours told, as one second of a connected path tells: figures, consent, a probe."""

    def quiet() -> Iterator[events.AnyEvent]:
        for t in range(5 * 3600):
            yield message(t)
            yield message(t + 0.1)
            yield events.RoundTripMeasured(wall=t, t=t + 0.1, pair="L1-R1", seconds=0.02)
            yield pair(t + 0.2, 1, t)

    told, _ = kept(quiet())
    size = sum(len(events.encode(e)) for e in told)
    assert size * 24 / 5 < 110_000_000
    # What was kept is a list of the kinds that a fold takes, declared as their base class.
    assert fold(told).pairs["L1-R1"].requests_sent == 5 * 3600 - 1  # type: ignore[arg-type]  # of the union


async def test_a_recording_ends_at_its_bound_and_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("icetui.streams.recording.MOST", 2000)
    stream = [pair(n, n, 1) for n in range(100)]
    told = await recorded(stream, tmp_path / "r")
    [refused] = [e for e in told if isinstance(e, events.CommandRefused)]
    assert "ends here: it has reached" in refused.problem
    assert 2000 < (tmp_path / "r").stat().st_size < 3000
    assert [e for e in told if not isinstance(e, events.CommandRefused)] == stream


def test_above_half_its_bound_a_recording_holds_decisions_only(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(thinning, "MOST_WITH_NEWS", 1000)
    told, _ = kept(iter([*(message(n) for n in range(50)), pair(50, 1, 1)]))
    assert sum(isinstance(e, events.StunMessage) for e in told) < 5
    assert any(isinstance(e, events.PairChanged) for e in told)


async def test_only_its_owner_may_read_a_recording(tmp_path: Path) -> None:
    (tmp_path / "there").touch(mode=0o644)
    for name in ("new", "there"):
        await recorded([message(1)], tmp_path / name)
        assert stat.S_IMODE((tmp_path / name).stat().st_mode) == 0o600


async def test_a_stream_that_breaks_off_still_tells_its_last_states(tmp_path: Path) -> None:
    stream = [pair(n / 1000, 1, n, "failed" if n % 2 else "succeeded") for n in range(5000)]
    source = Recorded(Told(stream), tmp_path / "r")
    events_told = source.events()
    for _ in range(5000):
        await anext(events_told)
    await events_told.aclose()  # type: ignore[attr-defined]  # a generator
    session = Session()
    for event in read(tmp_path / "r"):
        session.apply(event)
    assert session.pairs["L1-R1"].requests_sent == 4999
