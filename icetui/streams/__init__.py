"""Where events come from and what they pass through: processes, recordings, files, masks."""
