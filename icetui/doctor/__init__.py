"""`icetui doctor`: what this machine's network lets through, before any peer exists.

`examination.py` drives an engine until all is known, `facts.py` says what that means as plain
values, `text.py` prints them for people.
"""
