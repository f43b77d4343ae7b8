"""Broken networks, and what icetui says of them: ``python -m tests.lab scenarios``.

Each scenario builds a lab, breaks it in one way, runs two ``icetui peer`` in it and looks at what
each side's session is diagnosed as. What is where:

    scenario               what a scenario is, the list of them, what was right and wrong
    stage                  the lab, the two peers and their blobs while one is played
    blobs, servers, networks, alike, changes
                           the scenarios, by what is broken
    healthy                NAT kinds × NAT kinds, in which nothing may be said to be wrong
    recorded               sessions kept small, for the tests of the rules
    table                  the command
"""
