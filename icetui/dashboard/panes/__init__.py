"""The panes: each answers one question about a session, by `show(session, now)`."""
