"""`icetui doctor`: what it says of a session, as text and as JSON, and how it ends."""

from __future__ import annotations

import asyncio
import json
import socket
from pathlib import Path
from typing import Any

import msgspec
import pytest

from icetui import events
from icetui.doctor.examination import complete
from icetui.doctor.facts import FINE, NOTHING_WORKS, ONLY_RELAYED, Facts, as_json_line, facts
from icetui.doctor.text_report import as_text
from icetui.events import Candidate, Interface, NatBehaviour, Reason, Server
from icetui.session import Session, fold
from tests.running import ALONE

STUN = Server(
    url="stun:192.0.2.10:3478", kind="stun", state="ok", time=0.018, mapped="203.0.113.7:6"
)
TURN_TCP = Server(
    url="turn:192.0.2.10:3478?transport=tcp",
    kind="turn",
    transport="tcp",
    state="ok",
    time=0.04,
    mapped="203.0.113.7:6",
    relayed="192.0.2.10:50000",
)
DEAD = Server(
    url="stun:192.0.2.66:3478",
    kind="stun",
    state="failed",
    time=2.0,
    reason=Reason.TIMEOUT,
    detail="12 requests, no answer",
)
PRC = NatBehaviour(
    local="192.168.1.20",
    interface="eth0",
    behind_nat=True,
    mapping="endpoint-independent",
    filtering="address-and-port-dependent",
    port_preservation=True,
    hairpinning=False,
    udp=True,
    complete=True,
)
SYM = NatBehaviour(
    local="192.168.1.20",
    behind_nat=True,
    mapping="address-and-port-dependent",
    filtering="address-and-port-dependent",
    udp=True,
    complete=True,
)
BLOCKED = NatBehaviour(
    local="192.168.1.20",
    udp=False,
    complete=True,
    notes=("UDP is blocked: one server was asked over UDP, none answered.",),
)


def session(
    *nats: NatBehaviour,
    servers: tuple[Server, ...] = (STUN,),
    relay_only: bool = False,
    candidates: bool = True,
) -> Session:
    """One that has been examined."""
    at: dict[str, Any] = {"wall": 1.0, "t": 0.5, "session": "s1"}
    host = Candidate(id="L1", type="host", address="192.168.1.20", port=6, interface="eth0")
    eth0 = Interface(name="eth0", addresses=("192.168.1.20",))
    stream: list[events.AnyEvent] = [
        events.SessionStarted(ufrag="aaaa", servers=servers, relay_only=relay_only, **at),
        events.InterfaceFound(interface=eth0, **at),
        *(events.ServerChanged(server=s, **at) for s in servers),
        *(events.NatBehaviourChanged(nat=n, **at) for n in nats),
        *([events.CandidateGathered(candidate=host, **at)] if candidates else []),
        events.MappingSeen(
            local="192.168.1.20:6", mapped="203.0.113.7:6", server="192.0.2.10:3478", **at
        ),
        events.GatheringStateChanged(state="complete", **at),
    ]
    return fold(stream)


def paths(found: Facts) -> dict[str, str]:
    return {peer.kind: peer.path for peer in found.peers}


# --- what it means ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("examined", "code", "verdict"),
    [
        (session(PRC), FINE, "fine"),
        (session(SYM), FINE, "fine"),
        (session(BLOCKED, servers=(DEAD, TURN_TCP)), ONLY_RELAYED, "only-relayed"),
        (session(BLOCKED, servers=(DEAD,)), NOTHING_WORKS, "nothing-works"),
        (session(servers=(TURN_TCP,), relay_only=True), ONLY_RELAYED, "only-relayed"),
        (session(servers=(DEAD,), relay_only=True), NOTHING_WORKS, "nothing-works"),
        (session(servers=()), FINE, "fine"),
        (session(servers=(), candidates=False), NOTHING_WORKS, "nothing-works"),
    ],
)
def test_the_exit_code_says_what_works(examined: Session, code: int, verdict: str) -> None:
    found = facts(examined)
    assert (found.exit_code, found.verdict) == (code, verdict)


def test_a_relay_is_counted_on_only_when_it_lends_an_address() -> None:
    assert paths(facts(session(SYM)))["prc"] == "no"
    assert paths(facts(session(SYM, servers=(STUN, TURN_TCP))))["prc"] == "relay"


def test_a_relay_over_udp_shows_that_udp_gets_out() -> None:
    relay = Server(
        url="turn:192.0.2.10:3478", kind="turn", state="ok", relayed="192.0.2.10:5", time=0.1
    )
    assert facts(session(BLOCKED, servers=(DEAD, relay))).udp is True


def test_it_waits_for_every_server_and_every_nat() -> None:
    assert complete(session(PRC))
    assert complete(session(servers=()))
    assert not complete(session(PRC, NatBehaviour(local="10.0.0.1")))
    assert not complete(Session())


TURN_UDP = Server(
    url="turn:192.0.2.10:3478", kind="turn", state="ok", relayed="192.0.2.10:5", time=0.1
)
WRONG_PASSWORD = Server(
    url="turn:192.0.2.10:3478",
    kind="turn",
    state="failed",
    mapped="203.0.113.7:6",
    reason=Reason.UNAUTHENTICATED,
    detail="401 Unauthorized",
)
MISSPELT = Server(
    url="stun:no.such.host:3478",
    kind="stun",
    state="failed",
    time=0.002,
    reason=Reason.DNS,
    detail="no.such.host: Name or service not known",
)


@pytest.mark.parametrize(
    ("examined", "words"),
    [
        (
            session(BLOCKED, servers=(DEAD, MISSPELT)),
            "None of the servers asked answered, so nothing is known to be reachable from here: "
            "stun:192.0.2.66:3478 (timeout), stun:no.such.host:3478 (dns).",
        ),
        (
            session(BLOCKED, servers=(WRONG_PASSWORD,), relay_only=True, candidates=False),
            "None of the servers asked is of use, so nothing is known to be reachable from here: "
            "turn:192.0.2.10:3478 (unauthenticated).",
        ),
        (
            session(PRC, servers=(STUN, WRONG_PASSWORD)),
            "Direct to 4 of 6 kinds of peers; out of reach without a TURN server: symmetric; a "
            "peer whose UDP is blocked needs a TURN server of its own over TCP or TLS. Not of use: "
            "turn:192.0.2.10:3478 (unauthenticated).",
        ),
        (
            session(PRC, servers=(STUN, TURN_UDP)),
            "Direct to 4 of 6 kinds of peers; over a relay to: symmetric; a peer whose UDP is "
            "blocked needs a TURN server of its own over TCP or TLS.",
        ),
        (
            session(msgspec.structs.replace(PRC, filtering="unknown"), servers=(STUN,)),
            "Direct to 4 of 6 kinds of peers; perhaps direct to: symmetric; a peer whose UDP is "
            "blocked needs a TURN server of its own over TCP or TLS.",
        ),
        (session(servers=(), candidates=False), "This machine has no address to be reached at."),
    ],
)
def test_the_verdict_says_what_is_known_and_which_server_failed(
    examined: Session, words: str
) -> None:
    assert facts(examined).sentence == words


def test_without_a_word_on_udp_no_direct_path_is_promised() -> None:
    unasked = session(NatBehaviour(local="192.168.1.20", complete=True), servers=())
    found = paths(facts(unasked))
    assert set(found.values()) == {"direct-or-no", "no"}
    assert found["open"] == "direct-or-no"


def test_a_name_that_is_not_resolved_has_nothing_to_do_with_udp() -> None:
    text = " ".join(as_text(facts(session(BLOCKED, servers=(MISSPELT,)))).split())
    assert "stun:no.such.host:3478 could not be asked: its name was not resolved (dns:" in text
    assert "of no use over UDP" not in text


# --- for people ---------------------------------------------------------------------------------


def test_the_text_says_everything_once_in_plain_words() -> None:
    text = as_text(facts(session(PRC, servers=(STUN, TURN_TCP, DEAD))))
    unwrapped = " ".join(text.split())
    for words in (
        "eth0  used  192.168.1.20",
        "✓ stun:192.0.2.10:3478 answers over UDP in 18.0 ms and sees us at 203.0.113.7:6",
        "answers over TCP in 40.0 ms and lends us 192.0.2.10:50000",
        "✗ stun:192.0.2.66:3478 is of no use over UDP after 2000.0 ms: timeout: 12",
        "Your NAT shows everybody the same address and port",
        "192.168.1.20:6       203.0.113.7:6  192.0.2.10:3478",
        "port-restricted cone\n",
        "endpoint-independent: one address and port for all",
        "two hosts behind it cannot meet",
        "symmetric                address + port / address + port  over a relay",
        "Direct to 4 of 6 kinds of peers; over a relay to: symmetric, UDP blocked.",
    ):
        assert words in text or words in unwrapped


@pytest.mark.parametrize(
    "examined",
    [
        session(PRC),
        session(BLOCKED, servers=(DEAD,)),
        session(servers=(), candidates=False),
        session(servers=(TURN_TCP,), relay_only=True),
        fold([]),
    ],
)
def test_any_session_can_be_told_within_80_columns(examined: Session) -> None:
    lines = as_text(facts(examined, "it was interrupted")).splitlines()
    assert all(len(line) <= 80 for line in lines)
    assert lines[-1] == "This is not all: the examination ended early, it was interrupted."


def test_what_servers_say_cannot_reach_the_terminal() -> None:
    evil = Server(url="stun:\x1b[2Jx", kind="stun", state="failed", detail="\x1b]0;t\x07")
    nat = NatBehaviour(local="\x1b[1m", udp=True, notes=("\x1b[5m\nnext",), complete=True)
    text = as_text(facts(session(nat, servers=(evil,))))
    assert "\x1b" not in text
    assert "\x07" not in text


# --- for scripts --------------------------------------------------------------------------------


def test_the_json_has_every_key_whether_or_not_something_is_known() -> None:
    poor = json.loads(as_json_line(facts(session(servers=()))))
    rich = json.loads(as_json_line(facts(session(PRC, servers=(STUN, TURN_TCP, DEAD)))))
    assert set(poor) == set(rich)
    assert set(rich["nat"]) == set(NatBehaviour.__struct_fields__)
    assert rich["servers"][2]["reason"] == "timeout"
    assert (rich["exit_code"], rich["verdict"]) == (0, "fine")
    assert poor["nat"] is None


# --- the command --------------------------------------------------------------------------------


def test_loopback_alone_says_nothing_of_any_network(icetui: Any) -> None:
    done = icetui("doctor", *ALONE)
    assert (done.returncode, done.stderr) == (NOTHING_WORKS, "")
    assert "No server was asked" in done.stdout
    assert "Only loopback was looked at" in done.stdout
    assert "direct" not in done.stdout


def test_json_is_one_object_on_stdout_and_nothing_else(icetui: Any, tmp_path: Any) -> None:
    recording = tmp_path / "doctor.jsonl"
    done = icetui("doctor", *ALONE, "--json", "--record", recording)
    (line,) = done.stdout.splitlines()
    found = json.loads(line)
    assert (done.returncode, found["exit_code"], found["complete"]) == (4, 4, True)
    assert {c["address"] for c in found["candidates"]} >= {"127.0.0.1"}
    assert "gathering-state-changed" in recording.read_text()


def test_a_server_that_is_dead_is_an_exit_code_and_a_reason(icetui: Any) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sink:
        sink.bind(("127.0.0.1", 0))
        url = f"stun:127.0.0.1:{sink.getsockname()[1]}"
        done = icetui("doctor", "--stun", url, "--interface", "lo", "--no-ipv6")
    assert done.returncode == NOTHING_WORKS
    assert f"✗ {url} is of no use over UDP" in done.stdout
    assert "UDP may be" in done.stdout
    # The port is closed now: that none of the servers is of use counts, whatever the reason.
    done = icetui("doctor", "--stun", url, "--interface", "lo", "--no-ipv6")
    assert done.returncode == NOTHING_WORKS
    assert "None of the servers asked answered" in " ".join(done.stdout.split())


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--no-servers", "--stun", "stun:127.0.0.1"), "contradict each other"),
        (("--relay-only", *ALONE), "--relay-only needs a TURN server"),
        (("--stun", "http://127.0.0.1"), "it must begin with stun:"),
        ((*ALONE, "--record", "nowhere/a"), "cannot be written"),
        ((*ALONE, "--lifetime", "-1"), "--lifetime"),
    ],
)
def test_a_mistake_is_said_and_ends_with_2(icetui: Any, options: Any, words: str) -> None:
    done = icetui("doctor", *options)
    assert (done.returncode, done.stdout) == (2, "")
    assert words in done.stderr
    assert "Traceback" not in done.stderr


async def test_interrupted_it_says_what_it_has(start: Any, tmp_path: Path) -> None:
    recording = tmp_path / "doctor.jsonl"
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sink:
        sink.bind(("127.0.0.1", 0))
        url = f"stun:127.0.0.1:{sink.getsockname()[1]}"
        options = ("--interface", "lo", "--no-ipv6", "--json", "--record", str(recording))
        running = await start("doctor", "--stun", url, *options)
        for _ in range(1000):
            await asyncio.sleep(0.01)  # a file tells nobody
            if recording.exists() and "server-changed" in recording.read_text():
                break
        running.process.terminate()
        assert await running.ends() == NOTHING_WORKS
    found = json.loads(running.out[-1])
    assert (found["complete"], found["cut_short"]) == (False, "it was interrupted")
    assert found["servers"][0]["state"] == "asking"
