"""What is known of a session, and of a simulated network: folds of the event stream.

What belongs here: state that follows from events alone. What must never come in: clocks, I/O,
widgets, asyncio.
"""

from icetui.session.event_log import NEVER_LOGGED
from icetui.session.quality import Quality
from icetui.session.session_state import Session, fold
from icetui.session.text_line import TextLine

__all__ = ["NEVER_LOGGED", "Quality", "Session", "TextLine", "fold"]
