"""The command line: exit codes, one sentence for each mistake, and what goes over the path."""

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from icetui import signaling
from tests.running import ALONE, ICETUI
from tests.signaling import samples

OTHER = signaling.write_blob(
    signaling.Description(ufrag="a7Kf", pwd="Zm9vYmFyYmF6cXV4MTIzNA", made=1_800_000_000.0)
)


WITHOUT_STDIN = ("sh", "-c", 'exec "$0" -m icetui "$@" <&-', sys.executable)


async def own_blob(running):
    """The blob a peer prints."""
    return await running.says("icetui:")


async def connect(peer, folder, near_options=(), far_options=()):
    """Two peers, blobs through files."""
    near = await peer("--blob-out", folder / "a", "--blob-in", folder / "b", *near_options)
    far = await peer("--blob-out", folder / "b", "--blob-in", folder / "a", *far_options)
    return near, far


# --- mistakes in a command ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("argv", "code", "words"),
    [
        ((), 2, "neither stdin nor stdout is one"),
        (("view", "somewhere.jsonl"), 2, "draws on a terminal"),
        (("view",), 2, "name a recording"),
        (("--no-servers", "peer"), 2, "put --no-servers behind the command: icetui peer"),
        (("--stun", "stun:127.0.0.1", "demo"), 2, "put --stun behind the command: icetui demo"),
        (("--blob-in", "b", "peer"), 2, "put --blob-in behind the command"),
        (("demo", "--alice", "porc"), 2, "'porc' is no kind of NAT; perhaps prc"),
        (("demo", "--bob", "prc+symm"), 2, "perhaps sym"),
        (("demo", "--speed", "0/2"), 2, "stands still"),
        (("demo", "--bob", "zzzz"), 2, "there are open, cone, arc, prc, sym, udpblock"),
        (("demo", "--bob", "prc+open"), 2, "cannot be one of several in a row"),
        (("demo", "--bob", "prc+prc+prc+prc"), 2, "3 are the most"),
        (("demo", "--loss", "200"), 2, "--loss is a number from 0 to 100"),
        (("demo", "--loss", "nan"), 2, "--loss is a number from 0 to 100"),
        (("demo", "--delay", "soon"), 2, "'soon' is no number"),
        (("demo", "--speed", "fast"), 2, "a fraction such as 1/10, or max"),
        (("demo", "--speed", "0"), 2, "stands still"),
        (("demo", "--speed", "1/0"), 2, "nothing can be divided by 0"),
        (("demo", "--seed", "1.5"), 2, "--seed is a whole number"),
        (("demo", "--network", "nowhere.toml"), 2, "cannot be read: No such file"),
        (("peer", "--stun", "http://127.0.0.1"), 2, "it must begin with stun:"),
        (("peer", "--turn", "sip:127.0.0.1"), 2, "it must begin with turn: or turns:"),
        (("peer", "--stun", "turn:127.0.0.1"), 2, "goes with --turn"),
        (("peer", "--stun", "stun:::1:3478"), 2, "IPv6 address in brackets"),
        (("peer", "--turn", "turn:me@127.0.0.1"), 2, "user:password@"),
        (("peer", "--port", "70000"), 2, "--port is between 1 and 65535"),
        (("peer", "--no-ipv4", "--no-ipv6"), 2, "nothing to gather"),
        (("peer", "--relay-only", *ALONE), 2, "--relay-only needs a TURN server"),
        (("peer", *ALONE, "--blob-out", "nowhere/a"), 2, "is no folder"),
        (("peer", *ALONE, "--record", "nowhere/a"), 2, "cannot be written"),
        (("report", "nowhere.jsonl"), 2, "cannot be read: No such file"),
        (("decode", "hello"), 3, "neither a blob"),
        (("decode", ""), 3, "There is no text"),
        (("decode", OTHER[:30]), 3, "missing"),
        (("decode",), 3, "There is no text"),
    ],
    ids=lambda value: " ".join(value) or "icetui" if isinstance(value, tuple) else "",
)
def test_a_mistake_gets_one_sentence_and_its_exit_code(icetui, argv, code, words):
    done = icetui(*argv)
    assert (done.returncode, done.stdout) == (code, "")
    assert done.stderr.startswith("icetui: ")
    assert done.stderr.count("\n") == 1
    assert words in done.stderr


@pytest.mark.parametrize(
    ("argv", "words"),
    [
        (("--colour",), "No such option '--colour'"),
        (("peer", "--colour"), "No such option '--colour'"),
        (("dance",), "No such command 'dance'"),
        (("peer", "--port", "http"), "'http' is not a valid integer"),
        (("peer", "--hold", "-1"), "--hold"),
        (("peer", "--hold", "nan"), "not a number that can be reckoned with"),
        (("peer", "--give-up", "inf"), "not a number that can be reckoned with"),
        (("peer", "--format", "xml"), "'xml' is not one of"),
        (("events",), "--schema"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_what_is_no_option_or_command_is_named(icetui, argv, words):
    done = icetui(*argv)
    assert (done.returncode, done.stdout) == (2, "")
    assert words in done.stderr.splitlines()[-1]


def test_help_and_version_are_told(icetui):
    assert icetui("--version").stdout.startswith("icetui 0.")
    told = icetui("--help").stdout
    for command in ("demo", "peer", "view", "report", "decode"):
        assert command in told
    assert "4 no usable candidate" in icetui("peer", "--help").stdout


STUN = "000100142112a442b7e7a701bc34d686fa87dfae00240004" + "6e7f00ff" + "80290008" + "00" * 8


@pytest.mark.parametrize(
    "words",
    [
        (STUN,),
        tuple(STUN[i : i + 2] for i in range(0, len(STUN), 2)),
        ("AAEAFCESpEK356cBvDTWhvqH364AJAAEbn8A/4ApAAgAAAAAAAAAAA==",),
    ],
)
def test_decode_puts_a_stun_message_into_words(icetui, words):
    done = icetui("decode", *words)
    assert done.returncode == 0
    assert "Binding request, 40 bytes" in done.stdout
    assert "PRIORITY        1853817087" in done.stdout
    told = json.loads(icetui("decode", "--json", *words).stdout)
    assert (told["kind"], told["method"], told["size"]) == ("stun", "Binding", 40)


def test_decode_reads_a_hex_dump(icetui):
    lines = [STUN[i : i + 32] for i in range(0, len(STUN), 32)]
    dump = "".join(
        f"{16 * n:04x}  {' '.join(line[i : i + 2] for i in range(0, len(line), 2))}   ..!..B\n"
        for n, line in enumerate(lines)
    )
    assert "PRIORITY" in icetui("decode", text=dump).stdout


def test_decode_finds_the_message_in_a_whole_frame(icetui):
    frame = "02" * 14 + "4500" + "00" * 18 + "c3500d96" + "0030" + "0000"
    assert "Binding request, 40 bytes" in icetui("decode", frame + STUN).stdout


def test_decode_names_what_is_malformed(icetui):
    done = icetui("decode", STUN[:-8])
    assert done.returncode == 3
    assert "malformed" in done.stderr


def test_decode_takes_a_file_and_several_words(icetui, tmp_path):
    file = tmp_path / "offer of Bob.sdp"
    file.write_text(samples.CHROMIUM_OFFER)
    assert "9QmZ" in icetui("decode", file).stdout
    assert "9QmZ" in icetui("decode", *samples.CHROMIUM_OFFER.split()).stdout
    gone = icetui("decode", tmp_path / "none.sdp")
    assert (gone.returncode, "name of a file" in gone.stderr) == (3, True)


def test_what_became_of_the_file_of_theirs_is_said_at_the_end(icetui, tmp_path):
    empty = tmp_path / "empty"
    empty.touch()
    for name, words in ((tmp_path / "nope", "never appeared"), (empty, "no whole blob")):
        done = icetui("peer", *ALONE, "--blob-in", name, "--give-up", "0.5")
        assert done.returncode == 5
        assert f"{name}" in done.stderr
        assert words in done.stderr


def test_decode_says_that_a_file_is_not_there(icetui, tmp_path):
    for name in ("nofile.txt", tmp_path / "no" / "blob", "./theirs"):
        done = icetui("decode", name)
        assert done.returncode == 3
        assert f"there is no file {name}" in done.stderr
    for text in ("hello", "10.0.0.1:5000", OTHER[:40]):
        assert "no file" not in icetui("decode", text).stderr


@pytest.mark.parametrize("json_too", [(), ("--json",)])
def test_decode_names_the_commands_that_read_a_recording(icetui, json_too):
    recorded = Path(__file__).parent / "recordings" / "connected.jsonl"
    done = icetui("decode", recorded, *json_too)
    assert (done.returncode, done.stdout) == (3, "")
    assert f"icetui report {recorded}" in done.stderr
    assert f"icetui view {recorded}" in done.stderr
    assert "icetui report FILE" in icetui("decode", text=recorded.read_text()).stderr


def test_decode_as_json_has_everything_but_the_password(icetui):
    done = icetui("decode", "--json", text=samples.CHROMIUM_OFFER)
    told = json.loads(done.stdout)
    assert (told["ufrag"], told["password_length"], told["mid"]) == ("9QmZ", 24, "0")
    assert [c["port"] for c in told["candidates"]] == [51234, 51234, 9]
    assert "CIo+" not in done.stdout


# --- decode -------------------------------------------------------------------------------------


def test_a_good_blob_is_explained_without_its_password(icetui):
    done = icetui("decode", OTHER)
    assert (done.returncode, done.stderr) == (0, "")
    assert "a7Kf" in done.stdout
    assert "Zm9vYmFyYmF6cXV4MTIzNA" not in done.stdout


def test_a_blob_is_also_read_from_stdin_quoted_and_wrapped(icetui):
    wrapped = "\n".join(f"> {OTHER[i : i + 20]}" for i in range(0, len(OTHER), 20))
    done = icetui("decode", text=f"On Monday Bob wrote:\n{wrapped}\nBye\n")
    assert done.returncode == 0
    assert "a7Kf" in done.stdout


def test_bytes_that_are_no_text_are_refused(icetui):
    assert icetui("decode", text=bytes(range(256)) * 4).returncode == 3


# --- no usable candidate ------------------------------------------------------------------------


def test_an_interface_that_is_not_there_is_named(icetui):
    done = icetui("peer", "--no-servers", "--interface", "nope0")
    assert (done.returncode, done.stdout) == (4, "")
    assert "nope0" in done.stderr
    assert done.stderr.count("\n") == 1


def test_a_port_in_use_is_named(icetui):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        done = icetui("peer", *ALONE, "--no-ipv6", "--port", str(port))
    assert (done.returncode, done.stdout) == (4, "")
    assert f"port {port} is in use on 127.0.0.1" in done.stderr


# --- blobs that come in -------------------------------------------------------------------------


def test_rubbish_on_stdin_ends_with_3(icetui):
    done = icetui("peer", *ALONE, text="rubbish\n")
    assert done.returncode == 3
    assert "neither a blob" in done.stderr


async def test_rubbish_in_the_file_ends_with_3_and_names_the_file(peer, tmp_path):
    (tmp_path / "b").write_text("this is no blob\n")
    near = await peer("--blob-out", tmp_path / "a", "--blob-in", tmp_path / "b")
    assert await near.ends() == 3
    assert (await near.tells("neither a blob")).startswith(str(tmp_path / "b"))


async def test_a_folder_in_place_of_the_file_ends_with_3(icetui, tmp_path):
    (tmp_path / "b").mkdir()
    done = icetui("peer", *ALONE, "--blob-out", tmp_path / "a", "--blob-in", tmp_path / "b")
    assert done.returncode in (2, 3)
    assert "directory" in done.stderr


async def test_a_half_written_file_is_waited_for_then_read(peer, tmp_path):
    near = await peer(
        "--blob-out", tmp_path / "a", "--blob-in", tmp_path / "b", "--hold", 0.3, "--json"
    )
    far = await peer(
        "--blob-out", tmp_path / "c", "--blob-in", tmp_path / "a", "--hold", 0.3, "--json"
    )
    blob = (await far.event("blob-changed", complete=True))["blob"]
    (tmp_path / "b").write_text(blob[:40])
    with pytest.raises(AssertionError):
        await near.event("description-accepted", within=0.3)
    assert near.process.returncode is None
    with (tmp_path / "b").open("a") as file:
        file.write(blob[40:] + "\n")
    await near.event("description-accepted", ufrag=(await far.event("session-started"))["ufrag"])
    assert await asyncio.gather(near.ends(), far.ends()) == [0, 0]


async def written(path):
    """What is in a file once it is there: theirs may be read before ours is made."""
    async with asyncio.timeout(10):
        while not path.exists():  # noqa: ASYNC110  a file tells nobody
            await asyncio.sleep(0.01)
    return path.read_text().strip()


async def test_a_blob_wrapped_over_several_lines_is_read_from_stdin(peer, tmp_path):
    far = await peer("--blob-out", tmp_path / "b", "--blob-in", tmp_path / "a", "--hold", 0.3)
    near = await peer("--hold", 0.3)
    (tmp_path / "a").write_text(await own_blob(near) + "\n")
    await far.tells("their blob was read")
    blob = await written(tmp_path / "b")
    for start in range(0, len(blob), 17):
        await near.write(f"> {blob[start : start + 17]}\r\n")
    assert await asyncio.gather(near.ends(), far.ends()) == [0, 0]


@pytest.mark.parametrize("form", ["sdp", "json"])
async def test_sdp_and_json_are_read_from_stdin_to_their_last_line(peer, icetui, tmp_path, form):
    far = await peer("--format", form, "--give-up", 10)
    await far.says("max-message-size" if form == "sdp" else "candidate")
    text = "\n".join(far.out) + "\n"
    done = icetui("peer", *ALONE, "--give-up", "1", text=text)
    assert f"their {form} was read: 2 new candidates" in done.stderr
    assert done.returncode == 5


async def test_ones_own_blob_is_recognised(peer):
    near = await peer()
    await near.write(await own_blob(near) + "\n")
    assert await near.ends() == 3
    await near.tells("your own blob")


async def test_rubbish_after_a_description_does_not_end_a_session(peer, tmp_path):
    near = await peer("--json", "--stdin", "text")
    far = await peer("--blob-out", tmp_path / "b", "--blob-in", tmp_path / "a")
    blob = (await near.event("blob-changed", complete=True))["blob"]
    (tmp_path / "a").write_text(blob)
    await far.tells("their blob was read")
    await near.write(await written(tmp_path / "b") + "\n")
    await near.event("connection-state-changed", state="connected")
    await near.write("some rubbish\n\n")
    await near.tells("neither a blob")
    far.process.send_signal(signal.SIGINT)
    assert await far.ends() == 0
    assert await near.ends() == 0


async def test_a_stdin_that_is_closed_from_the_start_is_no_mistake(start):
    near = await start("peer", *ALONE, "--give-up", "1", program=WITHOUT_STDIN)
    assert await near.ends() == 5


# --- ends ---------------------------------------------------------------------------------------


def test_giving_up_unconnected_ends_with_5(icetui):
    done = icetui("peer", *ALONE, "--give-up", "0.3")
    assert done.returncode == 5
    assert "gave up after 0.3 s" in done.stderr


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_an_interrupt_ends_a_waiting_peer_at_once(peer, number):
    near = await peer()
    await own_blob(near)
    near.process.send_signal(number)
    assert await near.ends(within=2.0) == 5
    await near.tells("interrupted")


async def test_an_interrupt_of_a_connected_peer_is_a_success_and_a_goodbye(peer, tmp_path):
    near, far = await connect(peer, tmp_path)
    await asyncio.gather(near.tells("connected"), far.tells("connected"))
    near.process.send_signal(signal.SIGINT)
    assert await near.ends(within=2.0) == 0
    assert await far.ends(within=2.0) == 0
    await far.tells("the other side has left")


async def test_the_other_side_leaving_before_the_hold_is_over_is_a_loss(peer, tmp_path):
    near, far = await connect(peer, tmp_path, ("--hold", 30))
    await asyncio.gather(near.tells("connected"), far.tells("connected"))
    far.process.kill()  # its engine outlives it long enough to say goodbye
    assert await near.ends(within=3.0) == 6
    await near.tells("the other side left after")


@pytest.mark.timeout(90)
async def test_the_other_side_vanishing_is_a_loss_once_consent_has_expired(peer, tmp_path):
    near, far = await connect(peer, tmp_path, ("--hold", 60, "--json"), ("--json",))
    await near.event("connection-state-changed", state="connected")
    os.kill((await far.event("engine-started"))["pid"], signal.SIGKILL)
    assert await far.ends(within=5.0) == 1
    await far.tells("the engine was ended by SIGKILL")
    assert await near.ends(within=45.0) == 6
    await near.tells("the connection was lost")
    assert near.summary["state"] == "failed"


# --- over the path ------------------------------------------------------------------------------


async def test_a_text_reaches_the_other_side_and_is_echoed(peer, tmp_path):
    near, far = await connect(
        peer, tmp_path, ("--send", "hello, grüße", "--hold", 0.5, "--json"), ("--hold", 0.5)
    )
    assert await asyncio.gather(near.ends(), far.ends()) == [0, 0]
    assert far.out == ["hello, grüße"]
    sent = await near.event("text-sent")
    assert 0 < (await near.event("text-echoed", id=sent["id"]))["seconds"] < 1


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("[/y] [red]x", "[/y] [red]x"),
        ("\x1b[31mred\x1b]0;title\x07", "·[31mred·]0;title·"),
        ("one\r\ntwo\x9b2J\u202e", "one  two·2J·"),
    ],
)
async def test_a_hostile_text_is_printed_without_its_teeth(peer, tmp_path, text, shown):
    near, far = await connect(peer, tmp_path, ("--send", text, "--hold", 0.3), ("--hold", 0.3))
    assert await asyncio.gather(near.ends(), far.ends()) == [0, 0]
    assert far.out == [shown]


async def test_a_text_longer_than_a_datagram_is_refused_with_a_sentence(peer, tmp_path):
    near, far = await connect(peer, tmp_path, ("--send", "x" * 65536, "--hold", 0.3))
    assert await near.ends() == 0
    assert await far.ends() == 0
    await near.tells("a message is one datagram of at most 1200 bytes; this has 65536")
    assert far.out == []


# --- view ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("argv", "sentence"),
    [
        (("nowhere",), "nowhere cannot be read: No such file or directory"),
        (("--", "nowhere"), "nowhere cannot be started: No such file or directory"),
        (("--speed", "2", "--", "nowhere"), "nowhere cannot be started: No such file or directory"),
        (("nowhere", "-"), "nowhere cannot be started: No such file or directory"),
    ],
)
def test_what_stands_behind_two_dashes_is_a_command_even_if_it_is_one_word(env, argv, sentence):
    ours, terminal = os.openpty()
    try:
        done = subprocess.run(
            [*ICETUI, "view", *argv], stdin=terminal, stdout=terminal, stderr=subprocess.PIPE,
            env=env, timeout=15, check=False,
        )  # fmt: skip
    finally:
        os.close(ours)
        os.close(terminal)
    assert (done.returncode, done.stderr.decode()) == (2, f"icetui: {sentence}\n")


# --- demo and report ----------------------------------------------------------------------------


async def test_the_demo_without_a_terminal_connects_and_prints_a_report(start, tmp_path):
    demo = await start("demo", "--record", str(tmp_path / "r.jsonl"))
    assert await demo.ends() == 0
    told = "\n".join(demo.out)
    assert "state     connected" in told
    assert "path      direct: srflx 203.0.113.2:" in told
    assert "Direct path through both NATs." in told
    assert "breaks off" not in told
    assert any("hello from icetui demo" in line for line in demo.err)


async def test_a_report_of_the_recording_tells_the_same(start, icetui, tmp_path):
    record = tmp_path / "r.jsonl"
    demo = await start("demo", "--record", str(record))
    assert await demo.ends() == 0
    told = icetui("report", str(record))
    assert told.returncode == 0
    assert told.stdout == "\n".join(demo.out[demo.out.index("icetui report") :]) + "\n"


@pytest.mark.parametrize(
    ("flags", "path"),
    [
        (("--alice", "sym", "--bob", "sym"), "path      relayed"),
        (("--alice", "prc+sym", "--bob", "udpblock"), "path      relayed"),
        (("--alice", "open", "--bob", "sym"), "path      direct"),
        (("--loss", "20%", "--delay", "200"), "path      direct"),
        (("--alice", "sym", "--bob", "sym", "--no-turn"), "path      none"),
        (("--no-turn", "--no-stun"), "path      none"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_the_demo_tells_what_becomes_of_other_networks(icetui, flags, path):
    done = icetui("demo", "--seed", "4", *flags)
    assert done.returncode == 0
    assert path in done.stdout


def test_the_demos_delay_and_loss_are_in_the_report(icetui):
    assert "RTT       220.0 ms" in icetui("demo", "--delay", "55").stdout


def test_the_same_seed_gives_the_same_report(icetui):
    flags = ("demo", "--alice", "sym", "--loss", "10", "--seed", "3")
    assert icetui(*flags).stdout == icetui(*flags).stdout != icetui(*flags[:-1], "4").stdout


NETWORK = """
[routers.alice-nat]
inside = "alice-lan"
outside = { link = "internet", line = { delay = 0.010 } }
nat = "prc"

[hosts.alice]
interfaces = "alice-lan"

[hosts.bob]
interfaces = "internet"

[servers.stun]
kind = "stun"
"""


def test_the_demo_runs_on_a_network_from_a_file(icetui, tmp_path):
    file = tmp_path / "own.toml"
    file.write_text(NETWORK)
    told = icetui("demo", "--network", str(file)).stdout
    assert "Direct path through our NAT." in told
    assert "RTT       20.0 ms" in told


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (('"prc"', '"prk"'), "line 5: 'prk' is no value of nat; perhaps prc"),
        (("[hosts.bob]", "[hosts.bert]"), "there is no bob"),
        (("[hosts.alice]\ninterfaces = \"alice-lan\"", "[hosts.alice]\ninterfaces = \"lan\""),
         "line 8: there is no link 'lan'; perhaps alice-lan"),
        (("[routers", "[routes"), "line 2: 'routes' is no part of a network; perhaps routers"),
        (("[hosts.alice]", "[hosts.alice"), "not TOML"),
    ],
)  # fmt: skip
def test_a_mistake_in_a_network_file_is_told_with_its_line(icetui, tmp_path, change, words):
    file = tmp_path / "own.toml"
    file.write_text(NETWORK.replace(*change))
    done = icetui("demo", "--network", str(file))
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(f"icetui: {file}: ")
    assert done.stderr.count("\n") == 1
    assert words in done.stderr


def test_a_network_file_and_other_words_about_the_network_contradict(icetui, tmp_path):
    file = tmp_path / "own.toml"
    file.write_text(NETWORK)
    done = icetui("demo", "--network", str(file), "--no-turn")
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert "leave --no-turn out" in done.stderr


async def test_the_demo_leaves_nothing_but_events_on_stdout_with_json(start):
    demo = await start("demo", "--json")
    assert await demo.ends() == 0
    assert demo.summary["selected_pair"]["relayed"] is False
    assert {json.loads(line).get("session", "") for line in demo.out} >= {"alice", "bob", ""}


def test_asking_no_server_and_naming_one_contradict(icetui):
    done = icetui("peer", "--no-servers", "--stun", "stun:127.0.0.1")
    assert done.returncode == 2
    assert "contradict" in done.stderr


def test_a_run_that_nothing_can_reach_any_more_prints_its_blob_and_ends(icetui):
    done = icetui("peer", *ALONE, text="")
    assert done.returncode == 3
    assert done.stdout.startswith("icetui:")
    assert "stdin has ended" in done.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        ("peer", "turn:anna:Geheim-9x7@turn.example.org"),
        ("turn:anna:Geheim-9x7@turn.example.org",),
        ("doctor", '{"urls": "turn:a", "credential": "Geheim-9x7"}'),
        ("peer", "--turn", "trun:anna:Geheim-9x7@turn.example.org"),
        ("peer", "--turn", '{"urls": "turn:a", "password", "Geheim-9x7"'),
        ("browser", "--turn", "turn:anna:Geheim-9x7:turn.example.org:x"),
        ("decode", "turn:anna:Geheim-9x7@turn.example.org"),
    ],
)
def test_no_error_message_prints_a_password(icetui, arguments):
    done = icetui(*arguments)
    assert done.returncode in (2, 3)
    assert done.stderr
    assert "Geheim" not in done.stdout + done.stderr
