"""`icetui browser`: the snippet is data, what to do with it is for people.

That it connects real browsers is shown in tests/lab.
"""

import json
import re

import pytest

from icetui.commands import browser_snippet
from icetui.servers.server_urls import parse_stun, parse_turn


def test_the_snippet_alone_is_on_stdout(icetui):
    done = icetui("browser")
    assert (done.returncode, done.stdout) == (0, browser_snippet.snippet())
    assert "console" in done.stderr
    assert "ICE only" in done.stderr


def test_nothing_is_wider_than_a_terminal(icetui):
    done = icetui("browser", "--stun", "stun:stun.example.org")
    assert max(map(len, (done.stdout + done.stderr).splitlines())) <= 80


def test_by_itself_the_tab_asks_no_server():
    assert "new RTCPeerConnection();" in browser_snippet.snippet()


def test_the_tab_asks_the_servers_that_are_named():
    stun = parse_stun("stun:stun.example.org")
    turn = parse_turn("turn:anna:p%22ss@[2001:db8::1]:3479?transport=tcp")
    [servers] = re.findall(
        r"iceServers: \[(.*?)\n    \],", browser_snippet.snippet([stun], [turn]), re.DOTALL
    )
    assert [json.loads(line.rstrip(",")) for line in servers.strip().splitlines()] == [
        {"urls": "stun:stun.example.org:3478"},
        {
            "urls": "turn:[2001:db8::1]:3479?transport=tcp",
            "username": "anna",
            "credential": 'p"ss',
        },
    ]


@pytest.mark.parametrize(
    ("option", "url", "words"),
    [
        ("--stun", "http://127.0.0.1", "it must begin with stun:"),
        ("--turn", "stun:127.0.0.1", "goes with --stun"),
    ],
)
def test_what_is_no_server_is_named(icetui, option, url, words):
    done = icetui("browser", option, url)
    assert (done.returncode, done.stdout) == (2, "")
    assert words in done.stderr
    assert done.stderr.count("\n") == 1


def test_ice_servers_and_secrets_are_written_as_pairs(icetui):
    servers = (
        '[{"urls": ["stun:a.example", "turn:a.example"], "username": "me", "credential": "pw"}]'
    )
    done = icetui(
        "browser", "--turn", servers, "--turn", "turn:anna@b.example", "--turn-secret", "s"
    )
    [written] = re.findall(r"iceServers: \[(.*?)\n    \],", done.stdout, re.DOTALL)
    stun, named, made = (json.loads(line.rstrip(",")) for line in written.strip().splitlines())
    assert stun == {"urls": "stun:a.example:3478"}
    assert (named["username"], named["credential"]) == ("me", "pw")
    expires, _, user = made["username"].partition(":")
    assert (user, len(expires), len(made["credential"])) == ("anna", 10, 28)


def test_a_bad_one_among_good_ones_is_left_out_with_a_word(icetui):
    done = icetui("browser", "--stun", "stun:a.example,stun:b.example:0")
    assert "stun:a.example:3478" in done.stdout
    assert "left out: stun:b.example:0: a port is between" in done.stderr
