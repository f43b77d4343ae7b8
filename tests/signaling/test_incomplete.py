"""A blob that is only cut off is told apart from one that is damaged: it may yet become whole."""

from __future__ import annotations

import secrets

import pytest

from icetui import signaling
from icetui.events import Candidate
from icetui.signaling import Description, IncompleteDescription, UnreadableDescription

HOST = Candidate(id="", type="host", address="192.0.2.1", port=4000, priority=2130706431)


def blob() -> str:
    ufrag, pwd = signaling.random_credentials(secrets.token_bytes)
    return signaling.write_blob(Description(ufrag=ufrag, pwd=pwd, candidates=(HOST,)))


def test_every_beginning_of_a_blob_is_incomplete() -> None:
    whole = blob()
    for length in range(len("icetui:"), len(whole)):
        with pytest.raises(IncompleteDescription):
            signaling.read(whole[:length])


def test_rubbish_and_altered_blobs_are_not_incomplete() -> None:
    whole = blob()
    middle = len(whole) // 2
    other = "A" if whole[middle] != "A" else "B"
    for text in ("hello there", whole[:middle] + other + whole[middle + 1 :]):
        with pytest.raises(UnreadableDescription) as caught:
            signaling.read(text)
        assert not isinstance(caught.value, IncompleteDescription)
