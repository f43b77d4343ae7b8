"""STUN and TURN servers as people write them down, and their credentials."""
