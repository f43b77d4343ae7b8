"""Descriptions as our own engine makes them, for the tests of this folder."""

import secrets
import time
from typing import get_args

from hypothesis import strategies as st

from icetui import events
from icetui.signaling import Description, random_credentials, write_blob
from icetui.signaling.server_mark import MARK, MOST_MARKS

MADE = 1_800_000_000.0


def candidate(kind, address, port, *, local_preference=65535, related=None, priority=None):
    preference = {"host": 126, "prflx": 110, "srflx": 100, "relay": 0}[kind]
    return events.Candidate(
        id="",
        type=kind,
        address=address,
        port=port,
        priority=preference << 24 | local_preference << 8 | 255 if priority is None else priority,
        related_address=related[0] if related else None,
        related_port=related[1] if related else None,
    )


FOUR = (
    candidate("host", "192.168.1.20", 51234),
    candidate("host", "10.8.0.2", 51235, local_preference=65534),
    candidate("srflx", "203.0.113.7", 61001, related=("192.168.1.20", 51234)),
    candidate("relay", "198.51.100.9", 49152, related=("203.0.113.7", 61001)),
)
UFRAG, PWD = "a7Kf", "Zm9vYmFyYmF6cXV4MTIzNA"


def description(**changes):
    return Description(**{"ufrag": UFRAG, "pwd": PWD, "candidates": FOUR, "made": MADE} | changes)


BLOB = write_blob(description())


def without_foundations(candidates):
    """What must survive: foundations do not travel."""
    return [
        (c.type, c.address, c.port, c.priority, c.related_address, c.related_port)
        for c in candidates
    ]


ports = st.integers(1, 65535)
addresses = st.one_of(
    st.ip_addresses(v=4).map(str),
    st.ip_addresses(v=6).map(str),
    st.uuids().map(lambda u: f"{u}.local"),
    st.sampled_from(["printer.local", "host.example.org"]),
)


@st.composite
def candidates(draw):
    kind = draw(st.sampled_from(["host", "srflx", "prflx", "relay"]))
    related = draw(st.none() | st.tuples(addresses, st.integers(0, 65535)))
    return candidate(
        kind,
        draw(addresses),
        draw(ports),
        related=related,
        priority=draw(st.none() | st.integers(0, 2**32 - 1)),
        local_preference=draw(st.integers(0, 65535)),
    )


ice_chars = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"


marks = st.lists(st.binary(min_size=MARK, max_size=MARK), max_size=MOST_MARKS).map(tuple)


@st.composite
def descriptions(draw):
    foreign = st.tuples(
        st.text(ice_chars, min_size=4, max_size=256), st.text(ice_chars, min_size=22, max_size=256)
    )
    ufrag, pwd = draw(st.builds(random_credentials, st.just(secrets.token_bytes)) | foreign)
    return Description(
        ufrag=ufrag,
        pwd=pwd,
        candidates=tuple(draw(st.lists(candidates(), max_size=12, unique_by=lambda c: c.address))),
        lite=draw(st.booleans()),
        complete=draw(st.booleans()),
        made=draw(st.none() | st.floats(MADE, MADE + 5e8)),
        answers=draw(st.none() | st.text(ice_chars, min_size=4, max_size=20)),
        mapping=draw(st.sampled_from(get_args(events.NatDependence))),
        filtering=draw(st.sampled_from(get_args(events.NatDependence))),
        servers=(seen := draw(st.sampled_from(get_args(events.ServersSeen)))),
        answering=draw(marks) if seen != "unknown" else (),
        silent=draw(marks),
    )


class Stopwatch:
    """Seconds of processor time spent inside `with`."""

    def __enter__(self):
        self.started = time.process_time()
        return self

    def __exit__(self, *_):
        self.seconds = time.process_time() - self.started
