"""Reports: one Session in forms that travel."""
