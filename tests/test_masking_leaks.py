"""Nothing true in any masked output: one list of true values, and every way out is searched for it.

The true values stand in every field that can hold one, in several spellings, and in free text.
"""

from __future__ import annotations

import ipaddress
import re
from pathlib import Path
from typing import Any

import pytest

from icetui import events
from icetui.dashboard.app import Dashboard
from icetui.doctor.facts import as_json_line, facts
from icetui.doctor.text_report import as_text
from icetui.events import Candidate, Interface, NatBehaviour, Pair, Reason, Server, StunAttribute
from icetui.reports.formats import FORMATS, write
from icetui.session import fold
from icetui.streams.masking import HIDDEN, MOST_NAMES, Mask, Masked
from icetui.streams.recording import Recorded, read
from tests.dashboard.looking import PretendClipboard, lines_of
from tests.dashboard.streams import FeedSource
from tests.test_recording import Told

HOST, V6, MAPPED = "192.168.77.20", "2001:4860:77::20", "203.0.114.77"
MASKED_MAPPED_HEX = ipaddress.ip_address(MAPPED).packed.hex()
TRUE = {
    "host address": HOST,
    "IPv6 address": V6,
    "IPv6 address in full": "2001:4860:0077:0000:0000:0000:0000:0020",
    "mapped address": MAPPED,
    "mapped address in hexadecimal": MASKED_MAPPED_HEX,
    "carrier's address": "100.64.77.1",
    "link-local with zone": "fe80::7777",
    "their address": "198.51.101.77",
    "server's name": "turn.acme-corp.example.net",
    "server's name without a dot": "acmeturn",
    "server's address": "192.0.3.77",
    "TURN user": "alice.wonder",
    "TURN user with a colon": "1999999999:@alice:acme",
    "realm": "acme realm",
    "name of a candidate": "laptop.acme-corp.example.net",
    "mDNS name": "0f3a77b1-acme.local",
    "VPN interface": "wg-acmecorp",
    "interface with a hardware address": "enx00a0b1c2d377",
    "hardware address": "00:a0:b1:c2:d3:77",
    "certificate": ":".join(["AB", "CD"] * 16),
    "somebody's folder": "/home/alicew",
}
AT: dict[str, Any] = {"wall": 1.8e9, "session": "s1"}
SAID = "; ".join(TRUE.values())


def stream() -> list[events.AnyEvent]:
    turn = f"turn:{TRUE['server' + chr(39) + 's name']}:3478?transport=tcp"
    stun = f"stun:{TRUE['server' + chr(39) + 's name without a dot']}:3478"
    mine = [
        Candidate(id="L1", type="host", address=HOST, port=1, interface=TRUE["VPN interface"],
                  foundation=MASKED_MAPPED_HEX),
        Candidate(id="L2", type="srflx", address=MAPPED, port=2, related_address=HOST,
                  related_port=1, server=stun),
        Candidate(id="L3", type="relay", address="192.0.3.77", port=3, server=turn,
                  related_address=MAPPED),
        Candidate(id="L4", type="host", address=V6, port=4,
                  interface=TRUE["interface with a hardware address"]),
    ]  # fmt: skip
    theirs = [
        Candidate(id="R1", type="host", address=TRUE["mDNS name"], port=1),
        Candidate(id="R2", type="host", address=TRUE["name of a candidate"], port=2,
                  unsupported=f"no address for {TRUE['name of a candidate']}"),
        Candidate(id="R3", type="srflx", address="198.51.101.77", port=3),
    ]  # fmt: skip
    servers = (
        Server(url=turn, kind="turn", transport="tcp", address="192.0.3.77:3478", state="failed",
               reason=Reason.UNAUTHENTICATED, detail=f"401 in {SAID}", mapped=f"{MAPPED}:2"),
        Server(url=stun, kind="stun", state="ok", mapped=f"{MAPPED}:2", time=0.1),
    )  # fmt: skip
    named = tuple(Server(url=s.url, kind=s.kind) for s in servers)
    attributes = (
        StunAttribute(name="USERNAME", value=TRUE["TURN user"]),
        StunAttribute(name="USERNAME", value=TRUE["TURN user with a colon"]),
        StunAttribute(name="REALM", value=TRUE["realm"]),
        StunAttribute(name="0x8020", value=f"0001{MASKED_MAPPED_HEX}"),
        StunAttribute(name="XOR-MAPPED-ADDRESS", value=f"{MAPPED}:2"),
        StunAttribute(name="MAPPED-ADDRESS", value=f"malformed {MASKED_MAPPED_HEX}"),
        StunAttribute(name="SOFTWARE", value=f"turnd on {TRUE['name of a candidate']}"),
        StunAttribute(name="ALTERNATE-DOMAIN", value="acmeturn"),
        StunAttribute(name="ERROR-CODE", value="401 ask acmeturn"),
    )

    def message(t: float, **more: Any) -> events.StunMessage:
        fields: dict[str, Any] = {
            "direction": "in", "local": f"{HOST}:1", "remote": "192.0.3.77:3478",
            "method": "Allocate", "message_class": "error", "transaction": "00" * 12,
            "attributes": attributes, "via": turn, "error": f"401 {SAID}",
        }  # fmt: skip
        return events.StunMessage(t=t, **AT, **(fields | more))

    pairs = [
        Pair(id="L1-R3", local="L1", remote="R3", state="succeeded", valid=True, nominated=True,
             mapped=f"{MAPPED}:2"),
        Pair(id="L3-R2", local="L3", remote="R2", state="failed", reason=Reason.FORBIDDEN,
             detail=f"the TURN server said {SAID}", relayed=True),
    ]  # fmt: skip
    return [
        events.EngineStarted(version="9.9", python="3.11.7", t=0, **AT),
        events.SessionStarted(ufrag="aaaa", servers=named, t=0.1, **AT),
        events.InterfaceFound(
            interface=Interface(name=TRUE["VPN interface"], addresses=(HOST, "fe80::7777%eth0")),
            t=0.1, **AT,
        ),
        events.InterfaceFound(
            interface=Interface(
                name=TRUE["interface with a hardware address"], used=False, addresses=(V6,),
                why_not=f"left out like {TRUE['hardware address']}",
            ),
            t=0.1, **AT,
        ),
        message(0.2),
        *(events.CandidateGathered(candidate=c, t=0.2, **AT) for c in mine),
        events.CandidateFailed(
            address="fe80::7777%eth0", interface="wg-acmecorp", detail=f"cannot bind {SAID}",
            t=0.2, **AT,
        ),
        *(events.ServerChanged(server=s, t=0.3, **AT) for s in servers),
        events.MappingSeen(
            local=f"{HOST}:1", mapped=f"{MAPPED}:2", server="192.0.3.77:3478", url=turn,
            interface="wg-acmecorp", t=0.3, **AT,
        ),
        events.NatBehaviourChanged(
            nat=NatBehaviour(
                local=HOST, interface="wg-acmecorp", behind_nat=True,
                mapping="endpoint-independent", filtering="address-and-port-dependent",
                carrier_grade=f"100.64.77.1 of {SAID}", notes=(f"seen by {SAID}",), complete=True,
            ),
            t=0.4, **AT,
        ),
        events.BlobChanged(blob="icetui:AAAA" + MASKED_MAPPED_HEX, candidates=3, t=0.5, **AT),
        events.DescriptionAccepted(
            ufrag="bbbb", fingerprint=f"sha-256 {TRUE['certificate']}", t=0.6,
            warnings=(f"odd: {SAID}",), **AT,
        ),
        *(events.RemoteCandidateAdded(candidate=c, t=0.6, **AT) for c in theirs),
        events.Knocked(address="198.51.101.77", port=3, ufrag="bbbb", t=0.6, **AT),
        *(events.PairChanged(pair=p, t=0.7, **AT) for p in pairs),
        message(0.7),
        message(0.7, method="Binding", attributes=(StunAttribute(name="USERNAME",
                                                                 value="aaaa:bbbb"),)),
        events.SelectedPairChanged(pair="L1-R3", cause=f"after {SAID}", t=0.8, **AT),
        events.ConnectionStateChanged(state="connected", cause=f"over {SAID}", t=0.8, **AT),
        events.Refused(remote="198.51.101.77:9", local=f"{HOST}:1", reason=Reason.BAD_REQUEST,
                       detail=f"check for another user fragment: {SAID}", t=0.9, **AT),
        events.DataDropped(remote="198.51.101.77:9", cause=SAID, t=0.9, **AT),
        events.TextReceived(text=f"I am {SAID}", size=9, t=1.0, **AT),
        events.CommandRefused(command="paste", problem=f"no: {SAID}", t=1.0, **AT),
        events.DescriptionRefused(problem=f"cannot be read: {SAID}", t=1.0, **AT),
        events.EngineFailed(problem=f"broke at {SAID}", log="/home/alicew/tmp/e.log", t=2.0, **AT),
    ]  # fmt: skip


def knowing() -> Mask:
    """A mask of a run whose user named the servers."""
    mask = Mask()
    mask.learn(
        events.StartSession(
            turn_servers=tuple(
                events.TurnServer(host=TRUE["server's name"], username=user, password="Geheim77")
                for user in ("alice.wonder", TRUE["TURN user with a colon"])
            ),
            stun_servers=(events.StunServer(host="acmeturn"),),
        )
    )
    return mask


def leaks(text: str) -> list[str]:
    """Which true values a text holds, in whatever case, markup or spelling."""
    plain = text.replace("\\", "").replace("\u00a0", " ").lower()
    found = [name for name, value in TRUE.items() if value.lower() in plain]
    for word in re.findall(r"[0-9a-f:.]+", plain):
        try:
            address = ipaddress.ip_address(word)
        except ValueError:
            continue
        real = {ipaddress.ip_address(v) for v in (HOST, V6, MAPPED, "198.51.101.77", "192.0.3.77")}
        found += [word] if address in real else []
    return found


def test_the_search_itself_finds_each_of_them_unmasked() -> None:
    told = b"".join(map(events.encode, stream())).decode()
    assert set(leaks(told)) >= set(TRUE)


def test_no_true_value_is_in_the_masked_stream() -> None:
    mask = knowing()
    for event in stream():
        masked = mask.event(event)
        if not isinstance(event, events.BlobChanged):
            assert leaks(events.encode(masked).decode()) == [], event


@pytest.mark.parametrize("form", FORMATS)
def test_no_true_value_is_in_a_masked_report(form: str) -> None:
    mask = knowing()
    assert leaks(write(fold(map(mask.event, stream())), form)) == []
    assert leaks(write(fold(stream()), form))


def test_no_true_value_is_in_what_a_masked_doctor_says() -> None:
    mask = knowing()
    found = facts(fold(map(mask.event, stream())))
    assert leaks(as_text(found) + as_json_line(found).decode()) == []
    assert leaks(as_text(facts(fold(stream()))))


def test_a_report_of_a_recording_made_unmasked_knows_all_its_names(
    icetui: Any, tmp_path: Path
) -> None:
    """Nobody tells it the account's name, which the first texts hold before any message does."""
    told = stream()
    told.sort(key=lambda event: isinstance(event, events.StunMessage))
    (tmp_path / "r").write_bytes(b"".join(map(events.encode, told)))
    done = icetui("report", "--mask", str(tmp_path / "r"))
    assert leaks(done.stdout) == []
    assert "Candidates, mine" in done.stdout


async def test_no_true_value_is_in_a_masked_recording(tmp_path: Path) -> None:
    source = Recorded(Masked(Told(stream()), knowing()), tmp_path / "r")
    async for _ in source.events():
        pass
    assert leaks((tmp_path / "r").read_text()) == []
    assert len(list(read(tmp_path / "r"))) > 20


async def test_no_true_value_is_on_a_masked_screen_whatever_is_opened() -> None:
    source = FeedSource()
    app = Dashboard(
        Masked(source, knowing()), mask=True, monotonic=lambda: 0.0, clipboard=PretendClipboard()
    )
    async with app.run_test(size=(200, 60)) as pilot:
        source.feed(stream()[:-1])
        await source.told()
        for key in ("o", "d", "escape", "enter", "escape", "t", "escape", "m", "escape", "3"):
            await pilot.press(key)
            app._paint()
            await pilot.pause()
            assert leaks("\n".join(lines_of(app))) == [], key


def test_what_a_user_named_is_known_before_any_event_tells_it() -> None:
    mask = Mask()
    mask.learn(
        events.StartSession(
            turn_servers=(
                events.TurnServer(host="acmeturn", username="alice.wonder", password="Geheim77"),
            ),
            interfaces=("wg-acmecorp",),
        )
    )
    said = mask.text("acmeturn refused alice.wonder with Geheim77 on wg-acmecorp")
    assert leaks(said) == []
    assert "Geheim77" not in said


def test_pseudonyms_stay_what_the_true_ones_were() -> None:
    mask = knowing()
    told = fold(map(mask.event, stream()))
    assert {c.id for c in told.local_candidates.values()} == {"L1", "L2", "L3", "L4"}
    assert told.local_candidates["L1"].interface == "wg1"
    assert re.fullmatch(r"turn:host-\d+\.example:3478\?transport=tcp", next(iter(told.servers)))
    assert told.remote_candidates["R1"].address.endswith(".local")
    assert ipaddress.ip_address(told.local_candidates["L2"].address).is_global
    usernames = [
        a.value
        for e in told.log
        if isinstance(e, events.StunMessage)
        for a in e.attributes
        if a.name == "USERNAME"
    ]
    assert usernames == ["user-1", "user-2", "user-1", "user-2", "aaaa:bbbb"]


def test_a_stream_of_ever_new_names_costs_bounded_memory_and_time() -> None:
    mask = Mask()
    for n in range(3 * MOST_NAMES):
        said = mask.text(f"host{n}.acme.net and 9.{n >> 16}.{n >> 8 & 255}.{n & 255}")
        assert "acme" not in said
    assert len(mask._known) <= MOST_NAMES
    assert HIDDEN in said


def test_a_thousand_public_addresses_get_a_thousand_pseudonyms() -> None:
    mask = Mask()
    given = {mask.text(f"9.9.{n >> 8}.{n & 255}") for n in range(1000)}
    assert len(given) == 1000
    assert all(ipaddress.ip_address(a).is_global for a in given)


async def test_what_is_pasted_is_not_quoted_on_a_masked_stderr(peer: Any) -> None:
    near = await peer("--mask", "--give-up", "3")
    await near.write(
        f"v=0\r\na=ice-ufrag:abcd\r\na=candidate:1 1 udp 1 {MAPPED} 70000 typ host\r\n"
        f"a=candidate:1 1 udp 1 {TRUE['name of a candidate']} 5 typ host\r\n"
        f"a=ice-pwd:{MAPPED}\r\n\r\n"
    )
    near.close_stdin()
    await near.ends()
    assert near.err
    assert leaks("\n".join(near.err)) == []
