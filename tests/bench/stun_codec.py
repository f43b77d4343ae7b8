"""How many checks a second the codec parses, verifies and answers, on one core.

`python -m tests.bench.stun_codec`; the goal is 20,000.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from icetui.engine.stun import Attribute, Builder, Class, MalformedStun, Method, parse
from icetui.engine.stun.readable import readable

GOAL = 20_000
SECONDS = 1.0
KEY = b"p" * 22
PEER = ("192.0.2.7", 50000)
TRANSACTION = bytes(range(12))


def check() -> bytes:
    """As an icetui sends it."""
    return (
        Builder(Method.BINDING, Class.REQUEST, TRANSACTION)
        .text(Attribute.USERNAME, "a7Kf:9QmZ")
        .number(Attribute.PRIORITY, 1853824767)
        .number(Attribute.ICE_CONTROLLING, 1 << 63)
        .sign(KEY)
        .fingerprint()
        .finish()
        .raw
    )


def answered(data: bytes) -> bytes:
    """The whole way of one check through the codec."""
    message = parse(data)
    assert message.fault is None and message.signed_with(KEY)
    assert message.text(Attribute.USERNAME, 513) == "a7Kf:9QmZ"
    answer = Builder(message.method, Class.RESPONSE, message.transaction_id)
    answer.address(Attribute.XOR_MAPPED_ADDRESS, PEER)
    answer.text(Attribute.SOFTWARE, "icetui 0.1.0 (held 123 us)")
    return answer.sign(KEY).fingerprint().finish().raw


def shown(data: bytes) -> None:
    readable(parse(data))


def refused(data: bytes) -> None:
    try:
        parse(data)
    except MalformedStun:
        return
    raise AssertionError("taken for a message")


def rate(work: Callable[[bytes], object], data: bytes) -> float:
    """Calls a second of CPU, over `SECONDS`."""
    calls, began = 0, time.process_time()
    while (took := time.process_time() - began) < SECONDS:
        for _ in range(500):
            work(data)
        calls += 500
    return calls / took


def main() -> None:
    flood = b"\0\1\x2e\xe0\x21\x12\xa4\x42" + TRANSACTION + b"\x90\0\0\0" * 3000
    rows = [
        ("parsed, verified, answered", rate(answered, check())),
        ("parsed", rate(parse, check())),
        ("parsed, put into words", rate(shown, check())),
        ("refused: 3,000 attributes", rate(refused, flood)),
    ]
    for what, figure in rows:
        print(f"  {what:30} {figure:10,.0f} a second")
    print(f"goal {GOAL:,}: {'reached' if rows[0][1] >= GOAL else 'MISSED'}")


if __name__ == "__main__":
    main()
