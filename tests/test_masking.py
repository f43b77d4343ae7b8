"""A masked screen: every address has a stable pseudonym of the same kind."""

import ipaddress

import ifaddr
import pytest

from icetui.dashboard.app import Dashboard
from icetui.streams.masking import Mask, Masked
from tests.dashboard.looking import lines_of
from tests.dashboard.streams import BLOB, FeedSource, whole
from tests.running import ALONE


def test_pseudonyms_are_stable_distinct_and_of_the_same_kind() -> None:
    mask = Mask()
    first = mask.text("192.168.1.20:51234 sees 8.8.8.8, [2001:4860::1]:3478 and 8.8.8.8")
    assert first == mask.text("192.168.1.20:51234 sees 8.8.8.8, [2001:4860::1]:3478 and 8.8.8.8")
    assert "192.168.1.20" not in first
    assert "8.8.8.8" not in first
    assert "2001:4860" not in first
    kinds = {"10.1.2.3": False, "9.9.9.9": True, "2600::1": True, "fd12::5": False}
    for address, is_global in kinds.items():
        assert ipaddress.ip_address(mask.text(address)).is_global is is_global
    assert mask.text("stun:8.8.8.8:3478") == f"stun:{mask.text('8.8.8.8')}:3478"
    assert mask.text("at 12:00:01, version 0.13.0, ::1") == "at 12:00:01, version 0.13.0, ::1"
    assert mask.text("0f3a-b1.local:5000") == "host-1.local:5000"


async def test_no_real_address_and_no_blob_is_on_a_masked_screen() -> None:
    source = FeedSource()
    app = Dashboard(Masked(source), mask=True, monotonic=lambda: 0.0)
    async with app.run_test(size=(140, 40)) as pilot:
        source.feed(whole())
        await source.told()
        await pilot.pause()
        for key in ("o", "o", "enter"):
            await pilot.press(key)
            app._paint()
            await pilot.pause()
            text = "\n".join(lines_of(app))
            for real in ("192.168.1.20", "203.0.113.7", "198.51.100.9", "10.0.0.4", BLOB[:30]):
                assert real not in text


def test_a_masked_run_shows_no_address_of_this_machine_anywhere(icetui, tmp_path):
    """Only loopback is left as it is, so the addresses are looked for in a recording of events."""
    recorded = tmp_path / "session.jsonl"
    done = icetui(
        "peer", *ALONE, "--json", "--mask", "--give-up", "0.5", "--record", recorded, text=""
    )
    assert done.returncode == 5
    own = [ip.ip for a in ifaddr.get_adapters() for ip in a.ips if isinstance(ip.ip, str)]
    for text in (done.stdout, recorded.read_text()):
        assert "icetui:(not recorded)" in text
        assert not [address for address in own if address != "127.0.0.1" and address in text]


@pytest.mark.parametrize(
    ("one", "same", "other"),
    [
        ("192.168.1.20", "192.168.1.21", "192.168.2.20"),
        ("10.8.0.2", "10.8.0.3", "10.8.1.2"),
        ("100.64.7.1", "100.64.7.2", "100.64.8.1"),
        ("9.9.9.9", "9.9.9.10", "8.8.8.8"),
        ("fd12:3456:789a:1::20", "fd12:3456:789a:1::21", "fd12:3456:789a:2::20"),
        ("2a02:8109:1::1", "2a02:8109:1::2", "2a02:8109:2::1"),
    ],
)
def test_addresses_of_one_network_stay_in_one_and_of_two_in_two(
    one: str, same: str, other: str
) -> None:
    mask = Mask()
    masked = [ipaddress.ip_address(mask.text(text)) for text in (one, same, other)]
    bits = 24 if masked[0].version == 4 else 64
    networks = [ipaddress.ip_network(f"{a}/{bits}", strict=False) for a in masked]
    assert networks[0] == networks[1] != networks[2]
    assert len(set(masked)) == 3
    assert {str(a) for a in masked}.isdisjoint({one, same, other})


def test_the_name_of_a_range_is_no_address() -> None:
    assert Mask().text("in 100.64.0.0/10 (RFC 6598)") == "in 100.64.0.0/10 (RFC 6598)"
