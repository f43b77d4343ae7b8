"""How our description is written for the other side: which kind, offer or answer, with which media
sections.

What belongs here: what follows from what was handed out and what came back. Kept by whoever hands
our description out: the dashboard, a file, a headless run.
What must never come in: the syntax of any kind (`signaling`), where the text goes.
"""

from __future__ import annotations

from dataclasses import dataclass

from icetui import events

FORMS = ("blob", "sdp", "json", "base64")
"""What our description can be written as; `base64` is of JSON, as pion's examples exchange it."""
GATHER_PATIENCE = 2.5
"""Seconds after which our description is handed out even if a server has not answered."""
_ANSWERED_AS = {form: form for form in FORMS} | {"object": "json", "jingle": "sdp"}
"""Kinds of theirs, and the nearest one that we write."""


@dataclass(slots=True)
class OwnForm:
    """The form of our description, as the two sides have got on so far."""

    form: str = "blob"
    chosen: bool = False
    """By the user; otherwise we answer in the kind they sent."""
    sdp_type: str = "offer"
    """What an SDP of ours is: `offer` or `answer`."""
    mid: str = "0"
    """What our SDP says: an answer repeats the offer's `mid` (RFC 8829 section 5.3.1)."""
    media: tuple[events.MediaSection, ...] = ()
    """The media sections of their offer: our answer has the same ones (RFC 3264 section 6), and so
    has every later offer of ours (RFC 9429 section 5.2.2). Empty: ours is a data channel."""
    bundle: tuple[str, ...] | None = None
    """The mids that their offer bundles."""
    offered: bool = False
    """An SDP of ours has been handed out as an offer, and is not answered."""
    surprise: str | None = None
    """The sentence for the user when they sent an offer although ours was to be answered."""

    def see(self, event: events.AnyEvent) -> None:
        """Take in what the engine tells."""
        if isinstance(event, events.SessionStarted):
            self.mid = own_mid(event.ufrag)
        elif isinstance(event, events.SessionRestarted):
            self.sdp_type, self.offered, self.surprise = "offer", False, None
        elif isinstance(event, events.DescriptionAccepted):
            self._see_theirs(event)

    def _see_theirs(self, theirs: events.DescriptionAccepted) -> None:
        if theirs.kind not in _ANSWERED_AS:
            return  # candidates follow a description and say nothing of their own
        if not self.chosen:
            self.form = _ANSWERED_AS[theirs.kind]
        if theirs.kind == "blob":
            return
        # Bare SDP may not say what it is: whoever has handed out an offer awaits an answer.
        their_type = theirs.sdp_type or ("answer" if self.offered else "offer")
        if their_type == "answer":
            self.sdp_type, self.offered = "offer", False
            return
        if self.offered:
            self.surprise = (
                "This is an offer where an answer was awaited: ours is an answer to it now, so "
                "send them that."
            )
        self.sdp_type, self.offered = "answer", False
        self.mid = theirs.mid or self.mid
        self.media, self.bundle = theirs.media, theirs.bundle

    def hand_out(self) -> None:
        """Remember that our description left for the other side as it is now."""
        self.offered = self.form != "blob" and self.sdp_type == "offer"
        self.surprise = None

    @property
    def taken_once(self) -> bool:
        """Whether the other side will not take ours again when it has grown: so it is best whole.

        Another icetui does. A browser or a library is handed an SDP once, and would never hear of
        the candidates that came after: they need signaling of their own (RFC 9429 section 3.5.2).
        """
        return self.form != "blob"

    def turn(self) -> None:
        """Choose the next form."""
        self.form, self.chosen = self.next_form, True

    @property
    def next_form(self) -> str:
        return FORMS[(FORMS.index(self.form) + 1) % len(FORMS)]

    @property
    def noun(self) -> str:
        """What people call it."""
        if self.form == "blob":
            return "blob"
        name = {"sdp": "SDP", "json": "JSON", "base64": "base64 of JSON"}[self.form]
        return f"{self.sdp_type} as {name}"

    def written(self, blob: str) -> str:
        """`blob` in this form, without a line end but SDP's own.

        Comes back as it is where it cannot be read: a newer engine's may look otherwise.
        """
        if self.form == "blob":
            return blob
        from icetui import signaling

        try:
            description = signaling.read(blob)
        except signaling.UnreadableDescription:
            return blob
        write = {
            "sdp": signaling.write_sdp,
            "json": signaling.write_json,
            "base64": signaling.write_base64,
        }[self.form]
        return write(description, self.sdp_type, self.mid, self.media, self.bundle)

    def written_line(self, blob: str) -> str:
        """As `written`, with a line end."""
        text = self.written(blob)
        return text if text.endswith("\n") else text + "\n"


def own_form(form: str | None) -> OwnForm:
    """One that stays at `form`; None: a blob, until they send another kind."""
    return OwnForm(form or "blob", chosen=form is not None)


def own_mid(ufrag: str) -> str:
    """The `mid` of our offers. An answer repeats it, so it tells which offer it answers.

    It outlives an ICE restart (RFC 8829 section 5.2.2), so it is made of the first ufrag.
    """
    return ufrag.replace("+", "-").replace("/", ".")
