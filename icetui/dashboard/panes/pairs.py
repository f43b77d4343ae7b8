"""The Pair checks pane: which pairs work, and why not the others?"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Hashable
from dataclasses import replace
from typing import NamedTuple

from icetui.dashboard.chronicle import Chronicle, PairTimes
from icetui.dashboard.shown_text import (
    LOST,
    percent,
    plain,
    rtt,
    shared_start,
    shorter_address,
    size,
    spark,
    waiting,
)
from icetui.dashboard.standing import in_use
from icetui.dashboard.table import Cell, Column, Table
from icetui.events import Candidate, Pair, Reason, address_port
from icetui.session import Quality, Session

REPLACED = "replaced"
GLYPHS = {
    "succeeded": "✓", "failed": "✗", "in-progress": "…", "waiting": "·", "frozen": "○",
    REPLACED: "–",
}  # fmt: skip
SILENT = "!"
IN_A_ROW = 4
"""Requests in a row without an answer that loss hardly explains."""
WORDS = {"in-progress": "in progress"}
TONES = {"succeeded": "good", "failed": "bad", "in-progress": "warn"}
ORDER = ("succeeded", "in-progress", "waiting", "frozen", "failed", REPLACED)
TIMED = frozenset({"sent-ago", "received-ago", "age"})
"""Columns that change with time alone."""


class PairRow(NamedTuple):
    """All that is known of one pair."""

    pair: Pair
    local: Candidate | None
    remote: Candidate | None
    quality: Quality | None
    times: PairTimes | None
    mark: str
    now: float
    silent: bool = False
    """Whether it has worked and nothing comes over it now."""


def _silent(quality: Quality | None) -> bool:
    """Whether the latest requests on a pair are all without an answer."""
    if quality is None or len(quality.samples) < IN_A_ROW:
        return False
    newest = itertools.islice(reversed(quality.samples), IN_A_ROW)
    return all(sample is None for sample in newest)


def standing(pair: Pair) -> str:
    """Its state, but a pair of the generation before a restart has not failed (RFC 8445 9)."""
    return REPLACED if pair.reason == Reason.SUPERSEDED else pair.state


def requests(pair: Pair) -> int:
    """How often a request was sent, retransmissions among them: the same figure everywhere."""
    return pair.requests_sent + pair.retransmissions_sent


def _address(candidate: Candidate | None, id: str) -> str:
    if candidate is None:
        return plain(id, 40)
    return plain(address_port(candidate.address, candidate.port), 60)


def _kind(candidate: Candidate | None) -> Cell:
    return Cell(candidate.type if candidate is not None else "?", "dim")


def _why(row: PairRow) -> Cell:
    """Why not; for a pair that works how its round trips went."""
    pair = row.pair
    if pair.state == "failed" or pair.reason is not None:
        words = str(pair.reason or "failed")
        words += f": {plain(pair.detail)}" if pair.detail else ""
        return Cell(words, "dim" if standing(pair) == REPLACED else "bad")
    return Cell(spark(row.quality.samples, 24) if row.quality else "", "good")


def _figure(seconds: float | None) -> Cell:
    return Cell(rtt(seconds) if seconds is not None else "", "")


def _ago(now: float, t: float | None) -> Cell:
    return Cell(waiting(now - t) if t is not None else "", "dim")


def _rtt(row: PairRow) -> float | None:
    known = row.pair.round_trips or row.pair.valid
    return row.pair.current_round_trip_time if known else None


def _average(row: PairRow) -> float | None:
    return row.quality.average if row.quality else None


def _number(value: int) -> Cell:
    return Cell(str(value), "" if value else "dim")


COLUMNS: tuple[Column[PairRow], ...] = (
    Column(
        "sign", "", "★ in use, ✓ succeeded, ! silent, ✗ failed, … in progress, · waiting, ○ frozen",
        lambda r: Cell(f"{r.mark} {SILENT}", "warn") if r.silent else
        Cell(f"{r.mark} {GLYPHS[standing(r.pair)]}", TONES.get(standing(r.pair), "dim")),
        3, lambda r: ORDER.index(standing(r.pair)), weight=9,
    ),
    Column(
        "state", "state", "What became of its check.",
        lambda r: Cell(WORDS.get(standing(r.pair), standing(r.pair)),
                       TONES.get(standing(r.pair), "dim")),
        11, lambda r: ORDER.index(standing(r.pair)), weight=4,
    ),
    Column("local-type", "", "Kind of our candidate.", lambda r: _kind(r.local), 5, weight=7),
    Column(
        "local", "local", "Our address.", lambda r: Cell(_address(r.local, r.pair.local)),
        21, weight=9, least=10,
    ),
    Column("remote-type", "", "Kind of their candidate.", lambda r: _kind(r.remote), 5, weight=7),
    Column(
        "remote", "remote", "Their address.", lambda r: Cell(_address(r.remote, r.pair.remote)),
        21, weight=9, least=10,
    ),
    Column(
        "requests", "req/ans", "Requests sent, retransmissions included, and answers received.",
        lambda r: Cell(f"{requests(r.pair)}/{r.pair.responses_received}"),
        7, lambda r: requests(r.pair), right=True, weight=6,
    ),
    Column(
        "again", "again", "How many of the requests were retransmissions.",
        lambda r: _number(r.pair.retransmissions_sent),
        5, lambda r: r.pair.retransmissions_sent, right=True, weight=3,
    ),
    Column(
        "rtt", "RTT", "The latest round trip.", lambda r: _figure(_rtt(r)),
        8, _rtt, right=True, weight=8,
    ),
    Column("why", "why not · history", "Why it failed, or its latest round trips from zero up.",
           _why, 30, weight=9, least=8, rest=True),
    Column("average", "avg", "The average round trip.", lambda r: _figure(_average(r)),
           8, _average, right=True, weight=2),
    Column(
        "loss", "loss", "Share of requests without an answer, once it worked.",
        lambda r: Cell(percent(r.quality.loss) if r.quality else "",
                       "warn" if r.quality and r.quality.lost else "dim"),
        6, lambda r: r.quality.loss if r.quality else None, right=True, weight=2,
    ),
    Column(
        "interface", "interface", "The network interface of ours it uses.",
        lambda r: Cell(plain((r.local.interface or "") if r.local else "", 15), "dim"),
        9, weight=1,
    ),
    Column(
        "age", "age", "Since when it is there.",
        lambda r: _ago(r.now, r.times.formed if r.times else None),
        7, lambda r: -r.times.formed if r.times else None, right=True, weight=1, standard=False,
    ),
    Column(
        "minimum", "min", "The shortest round trip.",
        lambda r: _figure(r.quality.minimum if r.quality else None),
        8, lambda r: r.quality.minimum if r.quality else None, right=True, standard=False,
    ),
    Column(
        "maximum", "max", "The longest round trip.",
        lambda r: _figure(r.quality.maximum if r.quality else None),
        8, lambda r: r.quality.maximum if r.quality else None, right=True, standard=False,
    ),
    Column(
        "jitter", "jitter", "Smoothed difference between neighbouring round trips (RFC 3550).",
        lambda r: _figure(r.quality.jitter if r.quality else None),
        8, lambda r: r.quality.jitter if r.quality else None, right=True, standard=False,
    ),
    Column(
        "sent", "sent", "Bytes of data sent over it.",
        lambda r: Cell(size(r.pair.bytes_sent)), 7, lambda r: r.pair.bytes_sent,
        right=True, standard=False,
    ),
    Column(
        "received", "received", "Bytes of data received over it.",
        lambda r: Cell(size(r.pair.bytes_received)), 8, lambda r: r.pair.bytes_received,
        right=True, standard=False,
    ),
    Column(
        "packets", "packets", "Packets of data sent and received.",
        lambda r: Cell(f"{r.pair.packets_sent}/{r.pair.packets_received}"),
        9, lambda r: r.pair.packets_sent + r.pair.packets_received, right=True, standard=False,
    ),
    Column(
        "sent-ago", "last sent", "How long ago a STUN message was sent on it.",
        lambda r: _ago(r.now, r.times.sent if r.times else None),
        9, lambda r: r.times.sent if r.times else None, right=True, standard=False,
    ),
    Column(
        "received-ago", "last received", "How long ago a STUN message came in on it.",
        lambda r: _ago(r.now, r.times.received if r.times else None),
        13, lambda r: r.times.received if r.times else None, right=True, standard=False,
    ),
    Column(
        "nominated", "nominated", "Whether it was nominated (RFC 8445 section 8.1.1).",
        lambda r: Cell("nominated" if r.pair.nominated else "", "good"), 9, standard=False,
    ),
    Column(
        "priority", "priority", "Its priority (RFC 8445 section 6.1.2.3).",
        lambda r: Cell(str(r.pair.priority)), 20, lambda r: r.pair.priority,
        right=True, standard=False,
    ),
    Column(
        "foundation", "foundation", "The foundations of both candidates (RFC 8445 5.1.1.3).",
        lambda r: Cell(plain(":".join(c.foundation for c in (r.local, r.remote) if c), 24), "dim"),
        14, standard=False,
    ),
    Column("pair", "pair", "Its name here: our candidate and theirs.",
           lambda r: Cell(plain(r.pair.id, 16)), 9, standard=False),
)  # fmt: skip


class PairTable(Table[Pair, PairRow]):
    """One row a pair, the selected one first."""

    COLUMNS = COLUMNS

    def __init__(self, *, id: str) -> None:
        super().__init__(id=id)
        self._session = Session()
        self._chronicle = Chronicle()
        self._now = 0.0
        self._mark = "★"
        self._seen: list[Pair] = []
        self._shaped: tuple[object, ...] = ()
        self._by_hand = True
        self._shared = {"local": 0, "remote": 0}
        """How much all addresses of a side begin with in common."""

    def show(
        self, session: Session, now: float, chronicle: Chronicle, *, by_hand: bool = True
    ) -> None:
        """`by_hand`: whether the two blobs are exchanged by whoever looks at this."""
        self._by_hand = by_hand
        pairs = list(session.pairs.values())
        shape = (id(session), session.selected, in_use(session), session.state, self.filter,
                 self.sorted_by, self.reverse)  # fmt: skip
        self._session, self._chronicle, self._now = session, chronicle, now
        self._mark = "★" if in_use(session) else "☆"
        if pairs != self._seen or shape != self._shaped:
            self._seen, self._shaped = pairs, shape
            self.put_items(session.ordered_pairs())
            self._shared = {
                "local": shared_start(session.local_candidates.values()),
                "remote": shared_start(session.remote_candidates.values()),
            }
        self.put_title(self._title(session), self._subtitle())
        self.settle()

    def _title(self, session: Session) -> str:
        if not session.pairs:
            return "Pair checks"
        counts = Counter(standing(p) for p in session.pairs.values())
        parts = [f"{counts[s]} {WORDS.get(s, s)}" for s in ORDER if counts.get(s)]
        title = f"Pair checks  {len(session.pairs)}: {' · '.join(parts)}"
        if self.filter:
            title += f"   {len(self.order)} with “{plain(self.filter.text, 30)}”"
        return title

    def _subtitle(self) -> str:
        if self.line_count() <= self.page or not self.page:
            return ""
        first = self._top + 1
        return f"{first}–{min(self._top + self.page, self.line_count())} of {self.line_count()}"

    def scrolled(self) -> None:
        self.put_title(self._titles[0], self._subtitle())

    def empty_text(self) -> str:
        if self._session.pairs:
            text = plain(self.filter.text, 40)
            return f"No pair matches “{text}”. Press / to change the filter, esc to drop it."
        if self._session.description is not None:
            return "No pairs yet: their side brought no candidate that ours can be paired with."
        none = "No pairs yet: a pair is one of your candidates with one of theirs."
        return f"{none} Paste theirs to form some." if self._by_hand else none

    # --- rows ----------------------------------------------------------------------------------

    def ident(self, item: Pair) -> str:
        return item.id

    def row(self, item: Pair) -> PairRow:
        session = self._session
        mark = self._mark if item.id == session.selected else " "
        return PairRow(
            item, session.local_candidates.get(item.local),
            session.remote_candidates.get(item.remote), session.quality.get(item.id),
            self._chronicle.pairs.get(item.id), mark, self._now,
            (item.id == session.selected and session.state == "disconnected")
            or (item.valid and _silent(session.quality.get(item.id))),
        )  # fmt: skip

    def haystack(self, item: Pair) -> str:
        """The words of it; figures are asked for by their column."""
        local = self._session.local_candidates.get(item.local)
        remote = self._session.remote_candidates.get(item.remote)
        state = standing(item)
        return (
            f"{item.id}\n{state}\n{WORDS.get(state, '')}\n"
            f"{item.reason or ''}: {item.detail or ''}\n"
            f"{_kind(local).text}\n{_address(local, item.local)}\n"
            f"{_kind(remote).text}\n{_address(remote, item.remote)}\n"
            f"{(local.interface or '') if local else ''}"
        )

    def row_key(self, item: Pair) -> Hashable:
        row = self.row(item)
        quality = row.quality
        timed = any(place.column.id in TIMED for place in self._places)
        return (
            item, row.mark, row.silent, row.local, row.remote,
            (quality.measured, quality.lost) if quality else None,
            int(self._now) if timed else 0,
        )  # fmt: skip

    def columns(self) -> tuple[Column[PairRow], ...]:
        widths = {
            "local": _widest(self._session.local_candidates),
            "remote": _widest(self._session.remote_candidates),
        }
        return tuple(replace(c, width=widths[c.id]) if c.id in widths else c for c in self.COLUMNS)

    def shorten(self, column: Column[PairRow], text: str, width: int) -> str:
        if column.id in self._shared:
            return shorter_address(text, width, self._shared[column.id])
        if column.id == "why" and set(text) <= set("▁▂▃▄▅▆▇█" + LOST):
            return text[-width:]
        return text[: max(0, width - 1)] + "…"


def _widest(candidates: dict[str, Candidate]) -> int:
    widths = (len(address_port(c.address, c.port)) for c in candidates.values())
    return min(47, max(widths, default=14))
