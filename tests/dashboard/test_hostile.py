"""Everything foreign is drawn as it is written and obeyed by nothing."""

import pytest

from icetui import events
from icetui.dashboard.words import describe
from icetui.diagnosis import Finding
from icetui.events import Candidate, Reason, Server, StunAttribute
from tests.dashboard.looking import Look, looking
from tests.dashboard.streams import Teller, connected, described, gathered, pair, stun

NASTY = [
    "[/y]", "[red]x[/red]", "[@click=app.quit]x[/]", "\x1b]52;c;AAAA\x07", "\x1b[2J\x1b[H",
    "\x9b2J", "\u202eevil", "a" * 65_536, "\ud800", "\x00", "é" + "\u0301" * 3000, "[", "\\[",
    "{}%s", "\n" * 99, b"\xff\xfe\x80".decode("utf-8", "replace"),
]  # fmt: skip


def hostile_stream(nasty: str) -> list[events.AnyEvent]:
    """A connection in which every foreign string is `nasty`."""
    tell = Teller()
    return [
        *gathered(tell), *described(tell), *connected(tell),
        tell(events.TextReceived, text=nasty, size=len(nasty)),
        tell(events.TextReceived, text=nasty, size=9, framed=False),
        tell(events.DescriptionAccepted, ufrag=nasty, kind=nasty, warnings=(nasty,)),
        tell(events.DescriptionRefused, problem=nasty),
        tell(events.CommandRefused, command=nasty, problem=nasty),
        tell(events.RemoteCandidateAdded, candidate=Candidate(
            id="R1", type="host", address=nasty, port=1, foundation=nasty, unsupported=nasty)),
        tell(events.ServerChanged, server=Server(
            url="turn:" + nasty, kind="turn", state="failed", reason=Reason.DNS, detail=nasty)),
        tell(events.AllocationChanged, server="turn:" + nasty, relayed=nasty, lifetime=1.0,
             expires=2.0),
        tell(events.CandidateFailed, address=nasty, interface=nasty, detail=nasty),
        tell(events.Knocked, address=nasty, port=1, ufrag=nasty),
        tell(events.PairChanged, pair=pair("L1-R1", state="failed", reason=Reason.TIMEOUT,
                                           detail=nasty, mapped=nasty)),
        stun(tell, "in", "L1-R1", method=nasty, transaction=nasty, error=nasty, via=nasty,
             attributes=(StunAttribute(name=nasty, value=nasty),)),
        tell(events.Refused, remote=nasty, local=nasty, reason=Reason.BAD_REQUEST, detail=nasty),
        tell(events.DataDropped, remote=nasty, cause=nasty),
        tell(events.SelectedPairChanged, pair="L1-R2", cause=nasty),
        tell(events.BlobChanged, blob=nasty, candidates=9),
    ]  # fmt: skip


def assert_harmless(look: Look) -> None:
    width = look.app.size.width
    for row in look.lines:
        assert all(c.isprintable() or c == "\u0301" for c in row)
        assert len(row.replace("\u0301", "")) <= width


VIEWS: list[tuple[str, ...]] = [
    ("1",), ("2",), ("3",), ("o",), ("m",), ("d",), ("down", "enter"),
]  # fmt: skip


@pytest.mark.parametrize("keys", VIEWS, ids="-".join)
async def test_no_foreign_text_breaks_any_view(
    keys: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    from icetui.dashboard import watch

    said: list[Finding] = []
    monkeypatch.setattr(watch, "diagnose", lambda session: said)
    async with looking(hostile_stream("x"), (100, 28), hint="[/y]\x1b[2J") as look:
        await look.press(*keys)
        for nasty in NASTY:
            said[:] = [
                Finding(rule="x", severity="problem", claim=nasty, evidence=nasty, remedy=nasty)
            ]
            await look.tell(hostile_stream(nasty))
            assert_harmless(look)


async def test_a_peers_markup_is_shown_letter_by_letter() -> None:
    async with looking(hostile_stream("[red]x[/y]"), (140, 40)) as look:
        await look.press("m")
        assert "them  [red]x[/y]" in look.text


async def test_a_filter_of_markup_is_a_filter() -> None:
    async with looking(hostile_stream("[/y]"), (140, 40)) as look:
        look.main.set_filter("[/y]")
        await look.settle()
        assert "with “[/y]”" in look.text


def test_every_event_has_a_line() -> None:
    import typing

    from icetui.events import AnyEvent

    told = {type(event) for event in hostile_stream("x")}
    for event in hostile_stream("\x1b[31m\n"):
        assert describe(event).text.isprintable()
    from icetui.dashboard.words import _SAY

    assert set(typing.get_args(AnyEvent)) == set(_SAY)
    assert len(told) > 15
