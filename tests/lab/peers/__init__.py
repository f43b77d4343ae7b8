"""Foreign ICE implementations, each a program with the same interface.

``python -m tests.lab.peers.NAME --role offer|answer --out FILE --in FILE`` writes its own
description to one file (whole, by rename), reads the other's when it is there, connects, and prints
one line of JSON: peer, state, path, time to connect, for how long it stayed connected. The files
hold ``{"type", "sdp"}``.
"""

NAMES = ("aioice", "libnice", "aiortc", "pion", "wrtc", "chromium", "firefox")
