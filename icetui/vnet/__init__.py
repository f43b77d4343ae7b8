"""A simulated internet in one process: hosts, links, NATs, firewalls, STUN and TURN servers."""
