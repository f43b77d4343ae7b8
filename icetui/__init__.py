"""icetui: a terminal dashboard for live ICE sessions (RFC 8445)."""

__version__ = "0.1.0"
