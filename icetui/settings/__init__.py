"""What a user may choose: of a session, and of the dashboard."""
