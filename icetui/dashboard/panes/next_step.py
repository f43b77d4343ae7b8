"""The next step: one to three lines under the header that say what to do now, and for whom.

It never says other than the findings do: what is the matter is taken from them, and only which key
does it is added here. While nothing else is to be seen it grows into the card.
"""

from __future__ import annotations

from collections.abc import Sequence

from textual.content import Content

from icetui.dashboard.lines import Bar, at_most, hanging
from icetui.dashboard.panes.connect import card
from icetui.dashboard.panes.pieces import ACCENT, BAD, GOOD, MUTED, STRONG, WARN, Piece, line
from icetui.dashboard.shown_text import plain, waiting
from icetui.dashboard.standing import lost
from icetui.dashboard.view import View
from icetui.diagnosis import Finding
from icetui.diagnosis.questions import has_answered
from icetui.grammar import count

MOST = 3
REFUSAL_SHOWN = 20.0
"""Seconds a refused command or paste is said."""
BEHIND = 0.5
"""Seconds from which it matters that the screen shows the past."""
HINT_SHOWN = 15.0
SEND_RULES = frozenset(
    {"waiting-for-blob", "not-pasted-yet", "restarting", "blob-outdated", "nat-moved-us",
     "they-hold-stale-blob", "they-hold-wrong-password", "wrong-credentials"}
)  # fmt: skip
"""Findings whose remedy is to send ours: `c` does it."""
PASTE_RULES = frozenset({"knocking", "stale-blob", "paste-unusable", "old-blob"})
"""Findings whose remedy is to paste theirs."""
WAIT_RULES = frozenset({"checking", "gathering"})
"""Findings that ask for nothing but patience."""


class NextStep(Bar):
    """Strip or card."""

    def show(self, view: View, height: int) -> None:
        """`height`: rows of the whole screen."""
        if view.card_open:
            lines = [*hanging(_refused(view), self.room, 3), *card(view, self.room, height)]
        else:
            lines = at_most(hanging(steps(view), self.room, 3), MOST, self.room)
        self.set_class(view.card_open, "-card")
        self.put(lines)
        wanted = len(lines) + (2 if view.card_open else 0)
        if self.styles.height is None or self.styles.height.value != wanted:
            self.styles.height = wanted


def steps(view: View) -> list[Content]:
    """What to do now; the most urgent first."""
    session = view.session
    said: list[Content] = _refused(view)
    if not view.current:
        number = f"{view.number} of {view.sessions}"
        said.append(_step("", MUTED, f"An earlier session of this window, {number}, which is over.",
                          "]", "the next one", "e", "saves a report"))  # fmt: skip
    elif session.failure is not None:
        log = f" Details: {plain(session.failure.log, 200)}." if session.failure.log else ""
        said.append(_over(view, "✗", BAD, _sentence(session.failure.problem) + log))
    elif view.trouble is not None:
        bad = view.trouble.startswith("✗")
        said.append(_over(view, "", BAD if bad else MUTED, view.trouble))
    elif session.peer_left:
        said.append(_over(view, "!", WARN, "The other side has left; this session is over."))
    elif session.closed is not None:
        said.append(_over(view, "", MUTED, "The session is closed."))
    elif not view.live:
        said.append(_step("", MUTED, plain(view.hint) or "A recording.", "e", "saves a report"))
    elif session.connected and session.restart is None:
        said += _connected(view)
    else:
        said += _on_the_way(view)
    if view.hint and view.live and session.t < HINT_SHOWN:
        said.insert(1, line((f"   {plain(view.hint)}", MUTED)))
    return said


def _refused(view: View) -> list[Content]:
    """What is wrong with what is seen, and why a command was not carried out, for a while."""
    session, said = view.session, []
    if session.silent is not None:
        text = f"The engine has been silent for {waiting(session.silent)}: what is shown is old."
        said.append(line((f" ✗ {text}", BAD)))
    elif session.behind >= BEHIND:
        left_out = sum(session.left_out.values())
        more = f"; {count(left_out, 'event')} left out so far" if left_out else ""
        text = f"More happens than can be shown: this is {session.behind:.1f} s old{more}."
        said.append(line((f" ! {text}", WARN)))
    refused = session.command_refusal
    if refused is not None and view.now - refused.t < REFUSAL_SHOWN and view.commandable:
        said.append(line((f" ✗ {plain(refused.problem, 300)}", WARN)))
    return said


def _over(view: View, sign: str, style: str, text: str) -> Content:
    keys = ["N", "begins another session"] if view.again else []
    return _step(sign, style, text, *keys, "e", "saves a report", "q", "leaves")


def _connected(view: View) -> list[Content]:
    session = view.session
    pair = session.selected_pair
    worst = next((f for f in view.findings if f.severity in ("problem", "warning")), None)
    how = "connected"
    if pair is not None:
        how += ", relayed" if session.relayed(pair) else ", direct"
    keys = ["m", "writes a message", "e", "saves a report"]
    if view.exchange.to_be_answered and not session.connected_at:
        keys = ["c", "copies the answer", *keys]
    said = [_step("✓", GOOD, f"{how[0].upper()}{how[1:]}.", *keys)]
    if worst is not None:
        said.append(_finding(worst, ["d", "says what to do"], short=True))
    return said


def _on_the_way(view: View) -> list[Content]:
    """No path (any more), or a new one is being agreed upon: what is the matter, who must act."""
    session, exchange = view.session, view.exchange
    if view.side and session.description is None:
        return [line((" … gathering; the demo exchanges both blobs by itself", MUTED))]
    if exchange.to_be_answered and session.description is not None:
        if exchange.own.surprise:
            return [line((" ! ", WARN), (exchange.own.surprise, ""), ("  ", ""), ("c", ACCENT),
                         " copies it")]  # fmt: skip
        return [_step("!", WARN, "They sent an offer and ours is the answer to it: send it.",
                      "c", "copies it")]  # fmt: skip
    lead = _lead(view.findings)
    if lead is None:
        return [line((" … looking at this machine's interfaces", MUTED))]
    said = []
    # Nobody can answer before they have pasted ours, whatever else is being said.
    waits = session.description is not None and not _heard(view) and not lost(session)
    waits = waits and not has_answered(session)
    if waits and exchange.handed is None and lead.rule not in SEND_RULES:
        said.append(_step("▸", ACCENT, "They cannot answer before they have ours: send it.",
                          "c", "copies it"))  # fmt: skip
    said.append(_finding(lead, _keys(view, lead)))
    if waits and (more := exchange.grown(session)):
        text = f"{count(more, 'candidate')} more since you copied it. What you sent still does."
        said.append(_step("·", MUTED, text, "c", "copies the fuller one"))
    if lost(session) and view.again:
        said.append(_step("▸", ACCENT, "If it does not come back:", "N", "begins another session",
                          "e", "saves a report"))  # fmt: skip
    return said


def _lead(findings: Sequence[Finding]) -> Finding | None:
    """The finding that says what to do now: a problem, else who has to send, paste or wait."""
    problem = next((f for f in findings if f.severity == "problem"), None)
    acting = (f for f in findings if f.rule in SEND_RULES | PASTE_RULES | WAIT_RULES)
    return problem or next(acting, None) or next(iter(findings), None)


def _heard(view: View) -> bool:
    return any(p.requests_received for p in view.session.pairs.values())


def _keys(view: View, finding: Finding) -> list[str]:
    if finding.rule in SEND_RULES:
        noun = view.exchange.own.noun
        return ["c", f"copies our {noun}" if view.exchange.handed is None else "copies it again"]
    if finding.rule in PASTE_RULES:
        return ["v", "opens a box to paste into"]
    if finding.rule in WAIT_RULES:
        return []
    return ["d", "says why"]


def _finding(finding: Finding, keys: list[str], *, short: bool = False) -> Content:
    sign, style = {
        "problem": ("✗", BAD), "warning": ("!", WARN), "info": ("▸", ACCENT), "good": ("✓", GOOD),
    }[finding.severity]  # fmt: skip
    text = plain(finding.claim, 300)
    if finding.causes:  # the pane of the findings lists the others
        text = f"{plain(finding.head, 200)}. Likeliest: {plain(finding.causes[0], 200)}."
    if finding.rule == "paste-unusable":
        text = f"What you pasted was not usable: {plain(finding.evidence, 300)}"
    if finding.remedy and not short:
        text += f" {plain(finding.remedy, 300)}"
    return _step(sign, style, text, *keys)


def _step(sign: str, style: str, text: str, *keys: str) -> Content:
    """A sentence and the keys that follow from it: `key, what it does, key, …`."""
    pieces: list[Piece] = [(f" {sign} " if sign else " ", style), (text, STRONG)]
    for key, does in zip(keys[::2], keys[1::2], strict=True):
        pieces += ["  ", (key, ACCENT), (f" {does}", "")]
    return line(*pieces)


def _sentence(text: str) -> str:
    """Foreign words as a sentence of ours: a capital and a full stop."""
    harmless = plain(text.strip(), 300)
    harmless = harmless[:1].upper() + harmless[1:]
    return harmless if harmless.endswith((".", "!", "?", "…")) else f"{harmless}."
