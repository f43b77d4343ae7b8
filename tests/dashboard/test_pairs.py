"""The pair table: many pairs stay cheap, the cursor stays on its pair, keys act on it."""

from itertools import pairwise

from icetui import events
from icetui.dashboard.panes.pairs import COLUMNS
from icetui.dashboard.table import fitted
from icetui.events import Nominate
from tests.dashboard.looking import looking
from tests.dashboard.streams import (
    SID,
    Teller,
    connected,
    described,
    gathered,
    many_pairs,
    pair,
    succeeded,
    whole,
)


async def test_a_change_in_a_hidden_pair_draws_no_visible_row_again() -> None:
    tell = Teller()
    async with looking(many_pairs(tell), (140, 40)) as look:
        table = look.main.pairs
        assert table.line_count() == 2500
        assert 0 < table.drawn < 100
        before, painted = table.drawn, dict(table._painted)
        hidden = table.order[2000]
        await look.tell([tell(events.PairChanged, pair=pair(hidden.id, priority=hidden.priority,
                                                            requests_sent=3))])  # fmt: skip
        assert table.drawn == before
        assert table._painted == painted


async def test_a_change_in_one_visible_pair_draws_one_row() -> None:
    tell = Teller()
    async with looking(many_pairs(tell), (140, 40)) as look:
        table = look.main.pairs
        before, seen = table.drawn, table.order[1]
        await look.tell([tell(events.PairChanged, pair=pair(seen.id, priority=seen.priority,
                                                            requests_sent=3))])  # fmt: skip
        assert table.drawn == before + 1


async def test_the_cursor_stays_on_its_pair_when_the_order_changes() -> None:
    tell = Teller()
    async with looking(many_pairs(tell, 400), (140, 40)) as look:
        table = look.main.pairs
        await look.press("down", "down", "down")
        chosen = table.highlighted
        assert chosen is not None
        last = table.order[-1]
        await look.tell([tell(events.PairChanged, pair=pair(last.id, state="succeeded"))])
        assert table.highlighted is not None
        assert table.highlighted.id == chosen.id
        await look.press("end")
        assert table.highlighted is table.order[-1]
        await look.press("home")
        assert table.highlighted is table.order[0]


async def test_n_nominates_the_highlighted_pair_where_that_means_something() -> None:
    tell = Teller()
    async with looking(whole(), (140, 40)) as look:
        await look.press("n")  # the pair in use
        await look.press("down", "n")  # a failed one
        assert look.source.sent == []
        tell.t = 99
        await look.tell([tell(events.PairChanged, pair=pair("L1-R1", state="succeeded"))])
        await look.press("n")
        assert look.source.sent == [Nominate(session=SID, pair="L1-R1")]


async def test_enter_tells_the_story_of_the_highlighted_pair() -> None:
    async with looking(whole(), (140, 40)) as look:
        await look.press("enter")
        text = look.text
        assert "succeeded · in use · nominated · valid" in text
        assert "seen as   203.0.113.7:61001" in text
        assert "4 requests sent, none of them again, 4 answered" in text
        assert "its STUN messages, 2 in the log, newest first" in text
        assert "USERNAME  9QmZ:a7Kf" in text
        await look.press("escape", "down", "enter")
        assert "reason    timeout  7 requests, no answer" in look.text


def test_columns_fit_and_the_least_needed_goes_first() -> None:
    standard = [column for column in COLUMNS if column.standard]
    for width in range(20, 240):
        places = fitted(standard, width, 1)
        assert places[-1].start + places[-1].width <= width
        assert all(before.start + before.width < after.start
                   for before, after in pairwise(places))  # fmt: skip
    shown = {width: {p.column.id for p in fitted(standard, width, 1)} for width in (56, 120, 190)}
    assert {"average", "interface"} <= shown[190]
    assert {"local", "remote", "rtt", "why"} <= shown[56]
    assert shown[56] < shown[120] < shown[190]


async def test_a_succeeded_pair_without_quality_shows_its_round_trip() -> None:
    tell = Teller()
    async with looking([tell(events.PairChanged, pair=succeeded())], (140, 40)) as look:
        assert "23.4 ms" in look.text


async def test_a_pair_beside_the_path_that_has_gone_silent_is_marked() -> None:
    """What once worked is no sign that it does."""
    tell = Teller()
    other = pair("L3-R2", state="succeeded", valid=True)
    start = [*gathered(tell), *described(tell), *connected(tell)]
    start.append(tell(events.PairChanged, pair=other))
    lost = [tell(events.RequestLost, pair="L3-R2") for _ in range(4)]
    async with looking(start, (140, 40)) as look:
        marks = [line for line in look.lines if "succeeded" in line]
        assert not any("!" in line[:6] for line in marks)
        await look.tell(lost)
        assert [line[:6] for line in look.lines if "succeeded" in line and "!" in line[:6]]
