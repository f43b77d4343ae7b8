"""The story of one pair: every figure, why it failed, and its STUN messages."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding
from textual.content import Content

from icetui import events
from icetui.dashboard.lines import Prose
from icetui.dashboard.panes.pairs import requests
from icetui.dashboard.panes.pieces import ACCENT, BAD, GOOD, MUTED, STRONG, line
from icetui.dashboard.screens.box import Reading
from icetui.dashboard.screens.chart_box import ChartBox
from icetui.dashboard.screens.timeline import Timeline
from icetui.dashboard.shown_text import clock, percent, plain, rtt, server_name, size, spark
from icetui.dashboard.view import View
from icetui.dashboard.words import describe
from icetui.events import Candidate, Pair, address_port
from icetui.grammar import count
from icetui.session import Session

MESSAGES_SHOWN = 60
HISTORY_SHOWN = 30


class Details(Reading):
    """Follows its pair while it is open."""

    BINDINGS: ClassVar[list[Binding]] = [
        Binding("t", "timeline", show=False),
        Binding("p", "chart", show=False),
    ]

    def __init__(self, pair: str) -> None:
        super().__init__()
        self.pair = pair

    async def action_timeline(self) -> None:
        await self.app.push_screen(Timeline())

    async def action_chart(self) -> None:
        await self.app.push_screen(ChartBox(self.pair))

    def compose(self) -> ComposeResult:
        yield Prose(classes="box tall", id="details")

    def on_mount(self) -> None:
        self.set_focus(self.query_one("#details"))
        super().on_mount()

    def show(self, view: View) -> int:
        pair = view.session.pairs.get(self.pair)
        box = self.query_one("#details", Prose)
        box.put_title(f"Pair {plain(self.pair, 40)}", "p: chart   t: timeline   esc or q: back")
        if pair is not None:
            box.put(story(view.session, pair), indent=13)
        return box.changed


def story(session: Session, pair: Pair) -> list[Content]:
    """Everything known about `pair`, a line at a time."""
    local = session.local_candidates.get(pair.local)
    remote = session.remote_candidates.get(pair.remote)
    marks: list[str] = [pair.state]
    marks += ["in use"] if pair.id == session.selected else []
    marks += [word for word in ("nominated", "valid", "triggered") if getattr(pair, word)]
    parts = [
        line(
            (" · ".join(marks), GOOD if pair.valid else BAD if pair.state == "failed" else STRONG)
        ),
        Content(""),
        line(("ours      ", MUTED), *_candidate(local, pair.local)),
        line(("theirs    ", MUTED), *_candidate(remote, pair.remote)),
        line(("seen as   ", MUTED), plain(pair.mapped or "not known: no check was answered", 80)),
        line(("priority  ", MUTED), str(pair.priority)),
    ]
    if pair.reason is not None or pair.detail:
        why = f"{pair.reason or ''}  {plain(pair.detail or '', 300)}".strip()
        parts.append(line(("reason    ", MUTED), (why, BAD)))
    parts += [Content(""), *_figures(session, pair), Content("")]
    return parts + _history(session, pair) + _messages(session, pair)


def _history(session: Session, pair: Pair) -> list[Content]:
    """When it was formed, checked, answered, chosen and lost, as far as the log reaches back."""
    found = [
        event
        for event in session.log
        if (isinstance(event, events.PairChanged) and event.pair.id == pair.id)
        or (
            isinstance(event, events.SelectedPairChanged)
            and pair.id in (event.pair, event.previous)
        )
        or (isinstance(event, events.RequestLost) and event.pair == pair.id)
    ]
    if not found:
        return []
    parts = [line(("what became of it, newest first", STRONG))]
    for event in reversed(found[-HISTORY_SHOWN:]):
        text, tone = describe(event)
        if event is found[0] and _is_new(event):
            text = f"pair {plain(pair.id, 40)} formed, waiting to be checked"
        parts.append(line((f"{clock(event.wall)} ", MUTED), (text, BAD if tone == "bad" else "")))
    return [*parts, Content("")]


def _candidate(candidate: Candidate | None, id: str) -> list[str | tuple[str, str]]:
    if candidate is None:
        return [plain(id, 40), (" (no longer known)", MUTED)]
    told = f"  foundation {plain(candidate.foundation, 32)}  priority {candidate.priority}"
    base = ""
    if candidate.related_address:
        related = address_port(candidate.related_address, candidate.related_port or 0)
        base = f"  base {plain(related, 60)}"
    where = plain(candidate.interface or "", 20)
    if candidate.server:
        where = server_name(candidate.server)
    return [
        (f"{candidate.id} {candidate.type} ", STRONG),
        plain(address_port(candidate.address, candidate.port), 70),
        (f"  {where}" if where else "", ACCENT),
        (base + told, MUTED),
    ]


def _figures(session: Session, pair: Pair) -> list[Content]:
    quality = session.quality.get(pair.id)
    average = pair.total_round_trip_time / pair.round_trips if pair.round_trips else None
    rows = [
("checks    ", f"{count(requests(pair), 'request')} sent, {again(pair)}, "
                       f"{pair.responses_received} answered"),
        ("from them ", f"{count(pair.requests_received, 'request')} received, "
                       f"{pair.responses_sent} answered"),
        ("consent   ", f"{count(pair.consent_requests_sent, 'request')} sent"),
        ("data      ", f"{size(pair.bytes_sent)} in {count(pair.packets_sent, 'packet')} sent, "
                       f"{size(pair.bytes_received)} in {pair.packets_received} received"),
        ("round trip", f" now {rtt(pair.current_round_trip_time)}, average {rtt(average)} over "
                       f"{pair.round_trips}"),
    ]  # fmt: skip
    if quality is not None:
        rows.append(
            ("quality   ", f"min {rtt(quality.minimum)}, max {rtt(quality.maximum)}, jitter "
                           f"{rtt(quality.jitter)}, loss {percent(quality.loss)}  "
                           f"{spark(quality.samples, 40)}")
        )  # fmt: skip
    return [line((name, MUTED), text) for name, text in rows]


def again(pair: Pair) -> str:
    """How many of the requests were retransmissions, in words."""
    number = pair.retransmissions_sent
    return f"{number or 'none'} of them again"


def _is_new(event: events.AnyEvent) -> bool:
    if not isinstance(event, events.PairChanged):
        return False
    return event.pair.state == "waiting" and not event.pair.requests_sent


def _messages(session: Session, pair: Pair) -> list[Content]:
    """A line for each, and what the newest of every kind holds."""
    found = [
        event
        for event in session.log
        if isinstance(event, events.StunMessage) and event.pair == pair.id
    ]
    if not found:
        return [line(("No STUN message of this pair in the log.", MUTED))]
    newest: dict[tuple[str, str], events.StunMessage] = {
        (event.direction, event.message_class): event for event in found
    }
    parts = [line(("what the newest of each kind holds", STRONG))]
    for event in newest.values():
        text, tone = describe(event)
        parts.append(
            line((f"  {text}", BAD if tone == "bad" else ""), (f"  {size(event.size)}", MUTED))
        )
        for attribute in event.attributes:
            name, value = plain(attribute.name, 40), plain(attribute.value, 120)
            parts.append(line((f"    {name}  ", MUTED), value))
    parts += [
        Content(""),
        line((f"its STUN messages, {len(found)} in the log, newest first", STRONG)),
    ]
    for event in reversed(found[-MESSAGES_SHOWN:]):
        text, tone = describe(event)
        parts.append(
            line(
                (f"{clock(event.wall)} ", MUTED),
                (text, BAD if tone == "bad" else ""),
                (f"  {size(event.size)}  {plain(event.transaction, 24)}", MUTED),
            )
        )
    return parts
