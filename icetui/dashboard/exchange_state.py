"""What the user has done with the exchange: the form chosen, what was handed out, the card.

State of the screen, not of the session: what the session knows is never kept here.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from icetui.dashboard.clipboard import Outcome
from icetui.session import Session
from icetui.streams.own_form import OwnForm


@dataclass(slots=True)
class Exchange:
    """One user's dealings with our description and theirs."""

    own: OwnForm = field(default_factory=OwnForm)
    handed: str | None = None
    """The blob behind the text last sent to the clipboard or a file."""
    handed_candidates: int = 0
    handed_as: str = ""
    """What that text was called: `blob`, `offer as JSON`."""
    handed_at: float = 0.0
    """In the stream's `t`."""
    outcome: Outcome | None = None
    saved: str | None = None
    """Path of the file it was last saved to."""
    pasted: bool = False
    """A paste is with the engine, unread."""
    owed: bool = False
    """Theirs was accepted from a paste: ours is wanted next."""
    paying: bool = False
    """Ours will be copied in a moment: what is gathered until then is in it."""
    card: bool | None = None
    """Opened (True) or closed (False) by hand; None: as the session needs it."""

    def card_open(self, session: Session) -> bool:
        """Open while nothing else is to be seen, unless the user decided otherwise."""
        if self.card is not None:
            return self.card
        return session.description is None and not session.pairs and session.connected_at is None

    def begin_again(self) -> None:
        """ICE was restarted: what was handed out is of the past."""
        self.card = None
        self.handed, self.outcome, self.saved = None, None, None

    def accepted(self, session: Session) -> None:
        """A paste of theirs was read: ours is wanted next, unless they have what is needed."""
        wanted = self.handed is None or self.to_be_answered or self.must_resend(session)
        self.owed = wanted and (not session.connected or session.restart is not None)
        self.pasted = False

    def own_text(self, session: Session) -> str | None:
        """Our description in the chosen form, None while there is none."""
        return self.own.written(session.blob.blob) if session.blob is not None else None

    def hand_out(self, session: Session) -> None:
        """Remember that the current blob left for the other side."""
        if session.blob is not None:
            self.handed = session.blob.blob
            self.handed_candidates = session.blob.candidates
            self.handed_at = session.t
            self.handed_as = self.own.noun
            self.own.hand_out()

    def must_resend(self, session: Session) -> bool:
        """What was handed out will no longer do."""
        return (
            self.handed is not None
            and session.resend_at is not None
            and session.resend_at > self.handed_at
        )

    def grown(self, session: Session) -> int:
        """How many candidates our blob has gained since it was handed out."""
        if self.handed is None or session.blob is None or self.handed == session.blob.blob:
            return 0
        return max(0, session.blob.candidates - self.handed_candidates)

    @property
    def to_be_answered(self) -> bool:
        """They sent an offer, and what they were given before is no answer to it."""
        return (
            self.own.form != "blob"
            and self.own.sdp_type == "answer"
            and (self.handed_as != self.own.noun)
        )
