"""Words and figures: what a reader sees of numbers and of foreign text."""

import pytest

from icetui.dashboard import shown_text


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (None, "–"), (0.00042, "0.42 ms"), (0.000999, "1.0 ms"), (0.0234, "23.4 ms"),
        (0.09996, "100 ms"), (0.1234, "123 ms"), (1.999, "1999 ms"), (2.0, "2.0 s"),
        (2.14, "2.1 s"),
    ],
)  # fmt: skip
def test_round_trips_have_the_digits_that_matter(seconds: float | None, shown: str) -> None:
    assert shown_text.rtt(seconds) == shown


def test_durations_and_sizes() -> None:
    assert shown_text.duration(92) == "00:01:32"
    assert shown_text.duration(90061) == "1 d 01:01:01"
    assert shown_text.duration(-3) == "00:00:00"
    assert [shown_text.size(n) for n in (512, 1200, 12_400, 999_600, 1_300_000)] == [
        "512 B", "1.2 kB", "12 kB", "1.0 MB", "1.3 MB",
    ]  # fmt: skip


def test_a_loss_is_never_shown_as_none() -> None:
    assert shown_text.percent(0) == "0 %"
    assert shown_text.percent(0.0001) == "0.1 %"
    assert shown_text.percent(0.5) == "50 %"


def test_a_steady_path_draws_steady_and_a_lost_probe_shows() -> None:
    steady = shown_text.spark([0.0200, 0.0203, 0.0201, 0.0202], 10)
    assert len(set(steady)) == 1
    spiky = shown_text.spark([0.02, 0.02, 0.2, None, 0.02], 10)
    assert spiky[2] == "█"
    assert spiky[3] == shown_text.LOST
    assert shown_text.spark([0.01] * 50, 8) == shown_text.spark([0.01] * 8, 8)
    assert shown_text.spark([], 8) == ""
    assert shown_text.spark([None, None], 8) == "××"
    assert len(shown_text.spark([0.0, 0.0], 8)) == 2


def test_foreign_text_loses_what_a_terminal_would_obey() -> None:
    assert (
        shown_text.plain("\x1b[31mred\x07")
        == "\N{REPLACEMENT CHARACTER}[31mred\N{REPLACEMENT CHARACTER}"
    )
    assert shown_text.plain("a\nb\tc") == "a b c"
    assert "\u202e" not in shown_text.plain("abc\u202edcba")
    assert "\u200b" not in shown_text.plain("zero\u200bwidth")
    assert shown_text.plain("[red]x[/y]") == "[red]x[/y]"
    assert len(shown_text.plain("x" * 70_000)) == 200
    assert shown_text.plain("\ud800") == "\N{REPLACEMENT CHARACTER}"
    assert shown_text.plain("z" + "\u0301" * 50).count("\u0301") == shown_text.MARKS_KEPT


def test_a_long_address_keeps_its_port() -> None:
    short = shown_text.middle("[2001:db8:aaaa:bbbb:cccc:dddd:eeee:ffff]:51234", 24)
    assert len(short) == 24
    assert short.endswith("]:51234")


def test_servers_are_named_as_people_do() -> None:
    assert shown_text.server_name("stun:stun.a:3478") == "stun.a"
    assert shown_text.server_name("turn:turn.b:3478?transport=tcp") == "turn.b tcp"
    assert shown_text.server_name("turns:[2001:db8::1]:443") == "[2001:db8::1]:443 tls"


def test_a_time_of_day_from_a_forged_recording_is_no_crash() -> None:
    for wall in (1e300, -1e300, float("inf"), float("nan")):
        assert shown_text.clock(wall)
