"""Attacks tried on the whole program, each a command that prints its figure.

`python -m tests.attack.NAME`. What has to hold is also held by a fast test of the suite; these run
at the volume of a real attack.
"""
