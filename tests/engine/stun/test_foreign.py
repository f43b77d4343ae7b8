"""Another codec reads what ours writes, and ours what the other writes (aioice's)."""

from __future__ import annotations

import pytest
from aioice import stun as foreign

from icetui.engine.stun import Attribute, Builder, Class, Method, parse
from tests.engine.stun.making import TRANSACTION

KEY = b"the key"
SIGNATURES = ("MESSAGE-INTEGRITY", "FINGERPRINT")
ADDRESSES = [("192.0.2.1", 4000), ("2001:db8::1", 4001)]


@pytest.mark.parametrize("addr", ADDRESSES)
def test_aioice_reads_and_verifies_our_answers(addr: tuple[str, int]) -> None:
    ours = Builder(Method.BINDING, Class.RESPONSE, TRANSACTION)
    ours.address(Attribute.XOR_MAPPED_ADDRESS, addr).address(Attribute.MAPPED_ADDRESS, addr)
    ours.text(Attribute.SOFTWARE, "icetui").number(Attribute.LIFETIME, 600)
    read = foreign.parse_message(ours.sign(KEY).fingerprint().finish().raw)
    assert read.check_message_integrity(KEY)
    assert (read.message_method, read.message_class) == (1, 0x100)
    assert read.transaction_id == TRANSACTION
    said = {n: v for n, v in read.attributes.items() if n not in SIGNATURES}
    assert said == {
        "XOR-MAPPED-ADDRESS": addr,
        "MAPPED-ADDRESS": addr,
        "SOFTWARE": "icetui",
        "LIFETIME": 600,
    }


@pytest.mark.parametrize("addr", ADDRESSES)
def test_we_read_and_verify_messages_of_aioice_and_write_the_same_bytes(
    addr: tuple[str, int],
) -> None:
    theirs = foreign.Message(foreign.Method.ALLOCATE, foreign.Class.ERROR, TRANSACTION)
    theirs.attributes = {
        "ERROR-CODE": (438, "Stale Nonce"),
        "NONCE": b"nonce",
        "REALM": "example.org",
        "XOR-PEER-ADDRESS": addr,
        "CHANNEL-NUMBER": 0x4001,
        "ICE-CONTROLLING": 1 << 60,
    }
    theirs.add_message_integrity(KEY)
    read = parse(bytes(theirs))
    assert read.signed_with(KEY) and read.fault is None
    assert read.error == (438, "Stale Nonce")
    ours = Builder(Method.ALLOCATE, Class.ERROR, TRANSACTION).error(438, "Stale Nonce")
    ours.add(Attribute.NONCE, b"nonce").text(Attribute.REALM, "example.org")
    ours.address(Attribute.XOR_PEER_ADDRESS, addr).number(Attribute.CHANNEL_NUMBER, 0x4001)
    ours.number(Attribute.ICE_CONTROLLING, 1 << 60)
    assert ours.sign(KEY).fingerprint().finish().raw == bytes(theirs)
