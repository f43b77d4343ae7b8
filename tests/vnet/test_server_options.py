"""What a network's text may say of a server, and what not."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from icetui.vnet.servers import StunOptions, TurnOptions, read_address_port

BAD: list[tuple[str, dict[str, Any], str]] = [
    ("stun", {"port": 0}, "port"),
    ("stun", {"ignores": 1.5}, "ignores"),
    ("stun", {"mapped": "xored"}, "mapped"),
    ("stun", {"realm": "turn.test"}, "realm"),
    ("stun", {"addresses": ["192.0.2.300"]}, "192.0.2.300"),
    ("stun", {"other_addresses": ["stun.test"]}, "stun.test"),
    ("stun", {"mapped_address": "nowhere"}, "nowhere"),
    ("stun", {"clients": ["192.0.2.0/33"]}, "192.0.2.0/33"),
    ("stun", {"alternate": "192.0.2.1"}, "192.0.2.1"),
    ("stun", {"told_other": "2001:db8::1:3478"}, "[2001:db8::1]:3478"),
    ("turn", {"transports": ["dtls"]}, "dtls"),
    ("turn", {"denied": ["10.0.0.1/8"]}, "10.0.0.1/8"),
    ("turn", {"allowed": ["10"]}, "10"),
    ("turn", {"external": ["turn.test"]}, "turn.test"),
    ("turn", {"relay_ports": [50001, 50000]}, "50001"),
    ("turn", {"errors": {"send": 400}}, "send"),
    ("turn", {"errors": {"allocate": 200}}, "errors"),
    ("turn", {"quota": -1}, "quota"),
]


@pytest.mark.parametrize(("kind", "options", "named"), BAD, ids=lambda v: str(v)[:40])
def test_a_mistake_is_named_when_it_is_read(kind: str, options: Any, named: str) -> None:
    with pytest.raises(msgspec.ValidationError) as raised:
        msgspec.convert({"kind": kind, **options}, StunOptions | TurnOptions)
    assert named in str(raised.value)


@pytest.mark.parametrize(
    "options",
    [
        StunOptions(),
        StunOptions(other_addresses=("192.0.2.2", "2001:db8::2"), told_other="[2001:db8::3]:99"),
        TurnOptions(users={"alice": "secret"}, errors={"allocate": 300}, alternate="192.0.2.1:1"),
    ],
)
def test_options_survive_being_written_and_read(options: Any) -> None:
    plain = msgspec.to_builtins(options)
    assert msgspec.convert(plain, StunOptions | TurnOptions) == options


def test_ipv6_addresses_stand_in_brackets() -> None:
    assert read_address_port("[2001:db8::1]:3478") == ("2001:db8::1", 3478)
    assert read_address_port("192.0.2.1:1") == ("192.0.2.1", 1)
