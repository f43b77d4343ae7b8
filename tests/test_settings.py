"""Settings: file, environment and flags in rising precedence; what cannot be used is named."""

from pathlib import Path

import pytest

from icetui.events import StunServer, TurnServer
from icetui.servers.server_urls import DEFAULT_STUN
from icetui.settings.session_settings import BadSettings, Settings, config_path, exposed, load


@pytest.fixture
def file(tmp_path):
    """A settings file to write, and the environment that names it."""
    return tmp_path / "icetui.toml"


def loaded(file, text="", environment=None, **flags):
    file.write_text(text)
    return load(flags, {"ICETUI_CONFIG": str(file)} | (environment or {}))


def test_without_any_choice_the_defaults_stand(file):
    assert loaded(file) == Settings()
    assert [server.url for server in Settings().start().stun_servers] == list(DEFAULT_STUN)


def test_who_names_a_turn_server_has_no_other_server_asked():
    start = Settings(turn=("turn:me:secret@turn.example:3479", "turns:me:secret@b.example")).start()
    assert [server.url for server in start.stun_servers] == ["stun:turn.example:3479"]
    start = Settings(turn=("turn:me:secret@a.example",), stun=("stun:b.example",)).start()
    assert [server.url for server in start.stun_servers] == ["stun:b.example:3478"]


def test_a_flag_goes_before_the_environment_and_that_before_the_file(file):
    in_file, in_environment = "port = 1001\nipv6 = false\n", {"ICETUI_PORT": "1002"}
    assert loaded(file, in_file).port == 1001
    assert loaded(file, in_file, in_environment).port == 1002
    assert loaded(file, in_file, in_environment, port=1003).port == 1003
    assert loaded(file, in_file, in_environment, port=0).port == 0
    assert not loaded(file, in_file, in_environment, port=1003).ipv6
    assert loaded(file, in_file, in_environment, ipv6=True).ipv6


def test_a_flag_that_was_left_out_overrides_nothing(file):
    settings = loaded(file, 'stun = ["stun:a"]\nport = 7\n', port=None, stun=(), no_servers=None)
    assert (settings.stun, settings.port, settings.no_servers) == (("stun:a",), 7, False)


def test_a_list_is_replaced_as_a_whole_and_split_at_spaces_in_the_environment(file):
    environment = {"ICETUI_STUN": "stun:b stun:c", "ICETUI_INTERFACE": "lo"}
    settings = loaded(file, 'stun = ["stun:a"]\n', environment)
    assert settings.stun == ("stun:b", "stun:c")
    assert settings.interface == ("lo",)


def test_ice_servers_may_stand_in_the_file_and_in_the_environment(file):
    table = 'turn = [{urls = "turn:a.example", username = "me", credential = "pw"}]\n'
    [server] = loaded(file, table).start().turn_servers
    assert server == TurnServer(host="a.example", username="me", password="pw")
    text = '{"urls": "turn:b.example", "username": "me", "credential": "p w"}'
    [server] = loaded(file, "", {"ICETUI_TURN": text}).start().turn_servers
    assert server == TurnServer(host="b.example", username="me", password="p w")


def test_a_bad_server_among_good_ones_is_shown_as_failed():
    start = Settings(stun=("stun:a.example", "stun:b.example?transport=tcp")).start()
    assert [s.host for s in start.stun_servers] == ["a.example"]
    [bad] = start.unusable_servers
    assert (bad.url, bad.state, bad.reason) == ("stun:b.example", "failed", "unsupported")
    assert "asked over UDP" in bad.detail


def test_a_turn_secret_and_a_file_of_credentials(file, tmp_path):
    [server] = loaded(file, 'turn = ["turn:h"]\n', {"ICETUI_TURN_SECRET": "s"}).start().turn_servers
    assert server.secret == "s"
    written = tmp_path / "credentials"
    written.write_text("me:pw\n")
    settings = loaded(file, 'turn = ["turn:h"]\n', turn_credentials=str(written))
    assert settings.start().turn_servers[0].password == "pw"
    with pytest.raises(BadSettings, match="cannot be read"):
        Settings(turn=("turn:h",), turn_credentials=str(tmp_path / "none")).start()


@pytest.mark.parametrize(
    ("text", "value"),
    [("1", True), ("yes", True), ("TRUE", True), ("0", False), ("no", False), ("", False)],
)
def test_yes_and_no_in_the_environment(file, text, value):
    assert loaded(file, environment={"ICETUI_NO_SERVERS": text}).no_servers is value


def test_other_variables_are_none_of_our_business(file):
    assert loaded(file, environment={"ICETUI_COLOUR": "red", "PORT": "x"}) == Settings()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("port = ", "is not TOML"),
        ("colour = 'red'", "colour"),
        ("port = 'http'", "port"),
        ("stun = 5", "stun"),
        ("ipv4 = 1", "ipv4"),
        ("[session]\nport = 1", "session"),
    ],
)
def test_a_mistake_in_the_file_names_the_file_and_the_setting(file, text, words):
    with pytest.raises(BadSettings) as caught:
        loaded(file, text)
    assert str(caught.value).startswith(str(file))
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


def test_bytes_that_are_no_text_are_named(file):
    for data in (b"\xff\xfe\x00", b"a = " + b"[" * 100_000):
        file.write_bytes(data)
        with pytest.raises(BadSettings, match="is not TOML"):
            load({}, {"ICETUI_CONFIG": str(file)})


def test_a_file_that_was_named_must_be_there(tmp_path):
    with pytest.raises(BadSettings, match="does not exist"):
        load({}, {"ICETUI_CONFIG": str(tmp_path / "none.toml")})
    with pytest.raises(BadSettings, match="cannot be read"):
        load({}, {"ICETUI_CONFIG": str(tmp_path)})


def test_an_empty_name_of_a_file_counts_as_none(monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    assert config_path({"ICETUI_CONFIG": ""}).name == "icetui.toml"
    assert load({"port": 9}, {"ICETUI_CONFIG": ""}).port == 9


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("ICETUI_PORT", "http", "ICETUI_PORT is a number, not 'http'"),
        ("ICETUI_PORT", "-1", "ICETUI_PORT is a number"),
        ("ICETUI_PORT", "²", "ICETUI_PORT is a number"),
        ("ICETUI_PORT", "9" * 5000, "ICETUI_PORT"),
        ("ICETUI_IPV4", "maybe", "ICETUI_IPV4 is 1 or 0, not 'maybe'"),
    ],
)
def test_a_mistake_in_the_environment_names_the_variable(file, name, text, words):
    with pytest.raises(BadSettings) as caught:
        loaded(file, environment={name: text})
    assert words in str(caught.value)
    assert len(str(caught.value)) < 200


def test_settings_become_the_command_that_starts_a_session():
    start = Settings(
        stun=("stun:a", "stun:a:3478"), turn=("turns:me:pw@b",), interface=("lo",), port=4000
    ).start()
    assert start.stun_servers == (StunServer(host="a"),)
    assert start.turn_servers == (
        TurnServer(host="b", port=5349, transport="tls", username="me", password="pw"),
    )
    assert (start.interfaces, start.port) == (("lo",), 4000)


def test_no_servers_means_none_at_all():
    start = Settings(no_servers=True, stun=("nonsense",), turn=("turn:me:pw@b",)).start()
    assert (start.stun_servers, start.turn_servers) == ((), ())


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        (Settings(port=65536), "--port is between 1 and 65535"),
        (Settings(port=-1), "--port is between 1 and 65535"),
        (Settings(ipv4=False, ipv6=False), "nothing to gather"),
        (Settings(relay_only=True), "--relay-only needs a TURN server"),
        (Settings(relay_only=True, no_servers=True, turn=("turn:me:pw@b",)), "--relay-only needs"),
        (Settings(stun=("http:a",)), "must begin with stun:"),
        (Settings(turn=("turn:me:Geheim@b:0",)), "between 1 and 65535"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_settings_that_fit_no_session_are_named_without_secrets(settings, words):
    with pytest.raises(BadSettings) as caught:
        settings.start()
    assert words in str(caught.value)
    assert "Geheim" not in str(caught.value)


def test_the_command_line_uses_the_file_and_the_environment(env, icetui, file):
    file.write_text('interface = ["nope0"]\nno_servers = true\n')
    env["ICETUI_CONFIG"] = str(file)
    assert "nope0" in icetui("peer").stderr
    env["ICETUI_INTERFACE"] = "nope1"
    assert "nope1" in icetui("peer").stderr
    assert "nope2" in icetui("peer", "--interface", "nope2").stderr
    file.write_text("interface = 7\n")
    done = icetui("peer")
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)


def test_a_password_in_a_setting_that_is_wrong_never_reaches_the_screen(env, icetui):
    env["ICETUI_TURN"] = "turn:me:Geheim@127.0.0.1:99999"
    done = icetui("peer", "--interface", "lo")
    assert done.returncode == 2
    assert "Geheim" not in done.stdout + done.stderr


def test_the_clocks_of_the_checks_can_be_chosen(file):
    start = loaded(file, "pace = 20\nrto = 500").start()
    assert (start.pace, start.rto) == (0.02, 0.5)
    assert loaded(file).start().pace is None


@pytest.mark.parametrize("text", ["pace = 4", "pace = 10001", "rto = 0", "rto = -5"])
def test_clocks_that_would_be_a_storm_or_a_standstill_are_refused(file, text):
    with pytest.raises(BadSettings, match=f"--{text.split()[0]} is between"):
        loaded(file, text).start()


def test_a_password_that_others_can_read_is_told_with_what_to_do(tmp_path: Path) -> None:
    path = tmp_path / "icetui.toml"
    path.write_text('turn = ["turn:user:password@turn.example.org"]\n')
    path.chmod(0o644)
    (sentence,) = exposed(path)
    assert "chmod 600" in sentence and "password" in sentence and "user:" not in sentence
    path.chmod(0o600)
    assert exposed(path) == []
    path.write_text('stun = ["stun:stun.example.org"]\n')
    path.chmod(0o644)
    assert exposed(path) == []
