"""Texts that hold no description: said without guessing, and where they belong."""

from __future__ import annotations

import pytest

from icetui.signaling import UnreadableDescription, read
from tests.signaling.makers import BLOB

GUESS = "inside of a blob"
STUN = "000100002112a442b7e7a701bc34d686fa87dfae"


def complaint(pasted: str) -> str:
    with pytest.raises(UnreadableDescription) as caught:
        read(pasted)
    return str(caught.value)


@pytest.mark.parametrize(
    ("pasted", "words"),
    [
        ("4A5C7E2E-58a1-4b6d-9a37-6f1d2b3c4d5e", "This is a UUID"),
        ("https://meet.example.org/Abc123defGHI456jklMNO", "a web address"),
        ("/ip4/192.0.2.1/udp/4001/p2p/QmYyQSo1c1Ym7orWxLYvCrM2EmxFTANf8wXmmE7", "multiaddress"),
        ("offer.sdp", "name of a file"),
        ("~/Downloads/their offer.txt", "name of a file"),
        ("/tmp/blob-of-Bob", "name of a file"),
        ("C:\\Users\\anna\\offer.json", "name of a file"),
        (STUN, "a STUN message"),
        (" ".join(STUN[i : i + 2] for i in range(0, 40, 2)), "a STUN message"),
        ("AAEAACESpEK356cBvDTWhvqH364=", "a STUN message"),
        ("[object Object]", "JSON.stringify"),
        ("[object RTCSessionDescription]", "JSON.stringify"),
        ("Promise {<pending>}", "await it"),
        ("(2) [{…}, {…}]", "The console shows only"),
        ("undefined", "says only `undefined`"),
        ("stun:stun.example.org:3478", "go with --stun and --turn"),
        ("turn:anna:geheim@turn.example.org", "go with --stun and --turn"),
        ("new RTCPeerConnection({iceServers: [{urls: 'stun:a.example'}]})", "go with --stun"),
        ("-----BEGIN CERTIFICATE-----\nMIIB", "a key or a certificate"),
        ("[10:00:00] INFO Session Abc123Def456Ghi789Jkl created", "neither a blob"),
        ("12D3KooWGRUXsomeLongPeerIdWithMixedCase1234567", "neither a blob"),
        ("eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N", "neither"),
        ("ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGq0example0Key0Goes0Here anna", "neither a blob"),
        ("a candidate: what is it?", "neither a blob"),
        ('{"candidate": {}}', "neither a blob"),
    ],
)
def test_it_is_called_what_it_is(pasted: str, words: str) -> None:
    said = complaint(pasted)
    assert words in said
    assert GUESS not in said
    assert "geheim" not in said


@pytest.mark.parametrize("part", [BLOB[12:], BLOB[25:], BLOB[12:90]])
def test_the_inside_of_a_blob_is_known_by_its_check_characters(part: str) -> None:
    assert GUESS in complaint(part)


def test_a_quoted_key_is_no_candidate_that_was_cut_off() -> None:
    d = read('x {"candidate": "candidate:1 1 udp 9 192.0.2.1 5 typ host", more')
    assert (len(d.candidates), d.warnings) == (1, ())
