"""What an answer to a check of ours is worth: whether it is theirs, and what an error in it says.

What belongs here: RFC 8489 section 9.1.4 and RFC 8445 section 7.2.5.2, as values. What an authentic
answer means for its pair is `generation.py`'s business.
"""

from __future__ import annotations

from icetui.engine import stun
from icetui.engine.core.base import Address
from icetui.engine.core.failure import Failure
from icetui.engine.core.request import ERROR_REASONS, ERROR_WORDS
from icetui.events import Evidence, Reason, RefusalKind, address_port


def unauthentic(
    answer: stun.Message, password: bytes, from_there: bool
) -> tuple[str, RefusalKind] | None:
    """Why it is not taken for theirs, in words and by kind; None: it is theirs. `from_there`:
    whether it came from where we asked.

    400 and 401 come unsigned (RFC 8489 section 9.1.3): whoever could not read our credentials
    cannot sign with them. From there they are believed as a reason; a signed answer may follow.
    """
    if answer.signed_with(password):
        return None
    if answer.message_class != stun.Class.ERROR:
        return "answer with wrong MESSAGE-INTEGRITY", "wrongly-signed-answer"
    if from_there and answer.error_code in (400, 401):
        return None
    return "unsigned error answer", "unsigned-answer"


def from_elsewhere(source: Address) -> Failure:
    """An answer that takes another way is none (RFC 8445 section 7.2.5.2.1)."""
    shown = address_port(*source)
    evidence = Evidence(answered_from=shown)
    return Failure(Reason.ADDRESS_MISMATCH, f"the answer came from {shown}", evidence)


def error(answer: stun.Message) -> Failure:
    """What an error answer says, 487 apart."""
    code, phrase = answer.error or (0, "")
    reason = ERROR_REASONS.get(code, Reason.ERROR_ANSWER)
    detail = f"{code} {ERROR_WORDS.get(code) or phrase}"
    return Failure(reason, detail, Evidence(code=code, phrase=phrase))
