"""All findings with their evidence and remedy, what the NATs do, and every path so far."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from textual.app import ComposeResult
from textual.content import Content

from icetui import events
from icetui.dashboard.lines import Prose
from icetui.dashboard.panes.findings import SIGNS
from icetui.dashboard.panes.pieces import ACCENT, BAD, GOOD, MUTED, STRONG, line
from icetui.dashboard.screens.box import Reading
from icetui.dashboard.shown_text import clock, plain, server_name, waiting
from icetui.dashboard.view import View
from icetui.diagnosis import Finding, nats
from icetui.events import address_port
from icetui.session import Session

PATHS_SHOWN = 40
ROWS_SHOWN = 40
SEVERITY_WORDS = {"problem": "problem", "warning": "warning", "info": "to know", "good": "good"}


class Diagnosis(Reading):
    """Follows the session while it is open."""

    def compose(self) -> ComposeResult:
        yield Prose(classes="box tall", id="diagnosis")

    def on_mount(self) -> None:
        self.set_focus(self.query_one("#diagnosis"))
        super().on_mount()

    def show(self, view: View) -> int:
        box = self.query_one("#diagnosis", Prose)
        box.put_title("What is going on, and why", "esc or q: back")
        session = view.session
        box.put(
            [
                *((part, 4) for part in _findings(view.findings)),
                *((part, 2) for part in _nats(session)),
                *((part, 4) for part in _seen(session, view.now)),
                *((part, 15) for part in _paths(session)),
            ]
        )
        return box.changed


# --- findings -----------------------------------------------------------------------------------


def _findings(found: Sequence[Finding]) -> Iterator[Content]:
    if not found:
        yield line(("Nothing to say yet: findings come with the first checks.", MUTED))
    for finding in found:
        yield from _finding(finding)


def _finding(finding: Finding) -> Iterator[Content]:
    glyph, style = SIGNS.get(finding.severity, ("·", MUTED))
    word = SEVERITY_WORDS.get(finding.severity, finding.severity)
    yield line((f"{glyph} {word}  ", style), (plain(finding.short, 400), STRONG))
    for number, cause in enumerate(finding.causes, 1):
        support = (
            finding.hypotheses[number - 1].support if number <= len(finding.hypotheses) else ()
        )
        why = f"  ({plain('; '.join(support), 300)})" if support else ""
        yield line((f"  {number}  ", style), plain(cause, 400), (why, MUTED))
    yield line(("  because  ", MUTED), plain(finding.evidence, 600))
    if finding.remedy:
        yield line(("  → ", style), plain(finding.remedy, 400))
    if finding.pairs:
        shown = ", ".join(plain(pair, 24) for pair in finding.pairs)
        yield line((f"  pairs  {shown}   rule  {plain(finding.rule, 40)}", MUTED))
    else:
        yield line((f"  rule  {plain(finding.rule, 40)}", MUTED))
    yield Content("")


# --- NATs ---------------------------------------------------------------------------------------


def _nats(session: Session) -> Iterator[Content]:
    yield line(("The NATs", STRONG))
    yield line(f"  {plain(nats.sentence(nats.ours(session), ours=True), 600)}")
    if session.description is not None:
        yield line(f"  {plain(nats.sentence(nats.theirs(session), ours=False), 600)}")
    else:
        yield line(
            ("  Theirs: their blob, once pasted, says what their side has found out.", MUTED)
        )
    nat = session.nat
    for text in nats.further(nat) if nat is not None else ():
        yield line((f"  {plain(text, 300)}", MUTED))


def _seen(session: Session, now: float) -> Iterator[Content]:
    """The NAT table: what is where, and who says so."""
    yield Content("")
    yield line(("NAT table", STRONG), ("   my address → seen as, by whom, how long ago", MUTED))
    rows = list(_rows(session, now))
    for local, mapped, by, age in rows[:ROWS_SHOWN]:
        same = "  (no NAT)" if local == mapped else ""
        yield line(
            f"  {plain(local, 60)} → ", (plain(mapped, 60), STRONG), (same, GOOD),
            ("  ", ""), (plain(by, 60), ACCENT), (f"  {age}", MUTED),
        )  # fmt: skip
    if len(rows) > ROWS_SHOWN:
        yield line((f"  … and {len(rows) - ROWS_SHOWN} more", MUTED))
    if not rows:
        yield line(("  Nobody outside has told us yet how it sees us.", MUTED))


def _rows(session: Session, now: float) -> Iterator[tuple[str, str, str, str]]:
    """`(my address, seen as, by whom, how long ago)`; of a peer's view the time is not known."""
    told = set()
    for row in session.mappings.values():
        by = server_name(row.url) if row.url else row.server
        told.add((row.local, row.mapped))
        yield row.local, row.mapped, by, f"{waiting(now - row.t)} ago"
    for c in session.local_candidates.values():
        if c.type != "srflx" or not c.related_address:
            continue
        seen = (
            address_port(c.related_address, c.related_port or 0),
            address_port(c.address, c.port),
        )
        if seen not in told:
            told.add(seen)
            yield *seen, server_name(c.server) if c.server else "a server", ""
    for pair in session.pairs.values():
        socket = session.own_socket(pair)
        if pair.mapped and socket is not None:
            seen = (socket, pair.mapped)
            if seen not in told:
                told.add(seen)
                yield *seen, f"the peer, on {pair.id}", ""


# --- paths --------------------------------------------------------------------------------------


def _paths(session: Session) -> Iterator[Content]:
    yield Content("")
    yield line(("Paths so far", STRONG), ("   newest first", MUTED))
    history: list[events.SelectedPairChanged] = session.path_history
    for event in reversed(history[-PATHS_SHOWN:]):
        yield path_line(event)
    if not history:
        yield line(("  None yet: no pair has worked in both directions.", MUTED))


def path_line(event: events.SelectedPairChanged) -> Content:
    """One change of path: when, from what to what, and why."""
    cause = f"  {plain(event.cause, 200)}" if event.cause else ""
    before = f" (before: {plain(event.previous, 24)})" if event.previous else ""
    if event.pair is None:
        return line((f"  {clock(event.wall)} ", MUTED), ("no path any more", BAD), before, cause)
    return line(
        (f"  {clock(event.wall)} ", MUTED), (f"★ {plain(event.pair, 24)}", GOOD), before, cause
    )
