"""The command line: a file a command, and what several commands share."""
