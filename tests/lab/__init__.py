"""A network laboratory: namespaces with real NATs, coturn, weather and foreign ICE peers.

By hand: ``python -m tests.lab up --alice sym --bob prc --delay 25``, then ``… exec alice -- CMD``,
``… status``, ``… weather``, ``… cut``, ``… rebind``, ``… matrix``, ``… interop``, ``… down``;
``… install`` first.
In tests: the fixture ``build_lab``. What is where:

    topology, nat           what a lab is and what its routers do; plain values and text
    netns, registry, lab    namespaces; which labs exist; building, changing, removing one
    weather, relay          delay, jitter, loss, reordering; the process that makes them
    coturn                  STUN and TURN
    behaviour               measures a NAT
    peers/, foreign         other ICE implementations and how they are run
    icetui_peer, terminal   icetui, headless and on a screen
    matrix                  the table of NAT kinds × NAT kinds
    interop                 icetui with every foreign peer where only a relay connects

Nothing in it ever sends a packet out of the machine.
"""
