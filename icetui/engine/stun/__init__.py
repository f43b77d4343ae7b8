"""The STUN codec: bytes in, messages out, and back (RFC 8489, 8445, 8656, 5780).

What belongs here: the format, signatures and credentials. What a message means is its reader's
business. No loop, no socket, no clock, no randomness: whoever builds a message brings its
transaction id.
"""

from icetui.engine.stun.builder import Builder
from icetui.engine.stun.message import MalformedStun, Message, is_stun, parse
from icetui.engine.stun.registry import Attribute, Class, Method
from icetui.engine.stun.values import ErrorCode

__all__ = [
    "Attribute",
    "Builder",
    "Class",
    "ErrorCode",
    "MalformedStun",
    "Message",
    "Method",
    "is_stun",
    "parse",
]
