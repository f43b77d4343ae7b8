"""What concerns the dashboard alone: mistakes are named and stop nothing; choices are kept."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from icetui.dashboard.actions import ACTIONS
from icetui.dashboard.mistakes import mistakes
from icetui.dashboard.taste import Taste
from icetui.dashboard.template import template
from icetui.settings.preferences import (
    TEMPLATE,
    Preferences,
    Remembered,
    preferences,
    write_template,
)
from icetui.settings.session_settings import load
from tests.dashboard.looking import looking
from tests.dashboard.streams import whole


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "icetui.toml"
    path.write_text(text)
    return path


def test_what_can_be_used_is_used_and_the_rest_is_named(tmp_path: Path) -> None:
    path = written(tmp_path, 'theme = "light"\ntime = "UTC"\nmask = 3\n[keys]\ncopy = "f5"\n')
    wanted, problems = preferences(path, {})
    assert (wanted.theme, wanted.time, wanted.mask, wanted.keys) == (
        "light", "local", False, {"copy": "f5"},
    )  # fmt: skip
    assert len(problems) == 2
    assert any(p.startswith("time:") for p in problems)


def test_the_environment_goes_before_the_file(tmp_path: Path) -> None:
    path = written(tmp_path, 'theme = "light"\n')
    assert preferences(path, {"ICETUI_THEME": "nord"})[0].theme == "nord"


@pytest.mark.parametrize("text", ["theme = ", "\x00", "[[[[", "a = 1\na = 2"])
def test_a_broken_file_stops_nothing_and_lets_no_stranger_be_asked(
    tmp_path: Path, text: str
) -> None:
    path = written(tmp_path, text)
    assert preferences(path, {})[0] == Preferences()
    problems: list[str] = []
    settings = load({}, {"ICETUI_CONFIG": str(path)}, problems)
    assert settings.start().stun_servers == ()
    assert "no server is asked by default" in problems[0]


def test_of_a_file_with_one_mistake_the_rest_counts(tmp_path: Path) -> None:
    path = written(tmp_path, 'no_server = true\nport = 4000\nstun = ["stun:stun.example"]\n')
    problems: list[str] = []
    settings = load({}, {"ICETUI_CONFIG": str(path)}, problems)
    assert (settings.port, settings.stun) == (4000, ("stun:stun.example",))
    assert problems == ["no_server is no setting; did you mean no_servers?"]


def test_a_check_names_the_nearest_valid_name(tmp_path: Path) -> None:
    path = written(
        tmp_path,
        'them = "x"\ntheme = "lite"\n[keys]\ncpy = "x"\n[columns]\npairs = ["rt"]\npair = []\n',
    )
    said = "\n".join(mistakes(path))
    for name in ("theme", "light", "copy", "rtt", "pairs"):
        assert f"did you mean {name}?" in said


def test_the_template_is_valid_once_its_lines_are_no_comments(tmp_path: Path) -> None:
    path = tmp_path / "config" / "icetui.toml"
    assert write_template(path, template())
    assert not write_template(path)
    assert mistakes(path) == []
    lines = [line.removeprefix("# ") for line in path.read_text().splitlines()[3:]]
    kept = [line for line in lines if not line.startswith(("---", "turn_", "stun", "turn"))]
    assert mistakes(written(tmp_path, "\n".join(kept))) == []


def test_what_the_template_calls_a_default_is_one(tmp_path: Path) -> None:
    lines = [line.removeprefix("# ") for line in (TEMPLATE + template()).splitlines()]
    marked = [line for line in lines if "# default" in line or line.startswith("[keys]")]
    assert len(marked) > 40
    path = written(tmp_path, "\n".join(marked))
    wanted, _ = preferences(path, {})
    assert msgspec.structs.replace(wanted, keys={}) == Preferences()
    assert wanted.keys == {action.id: action.keys for action in ACTIONS}
    assert load({}, {"ICETUI_CONFIG": str(path)}) == load({}, {})


async def test_two_actions_on_one_key_are_named(tmp_path: Path) -> None:
    keys = {"freeze": "f5, c"}
    assert mistakes(written(tmp_path, '[keys]\nfreeze = "f5, c"\n')) == [
        "keys: c is of copy and of freeze"
    ]
    assert mistakes(written(tmp_path, '[keys]\nfreeze = "c"\ncopy = "z"\n')) == []
    async with looking(whole(), (140, 40), taste=Taste(Preferences(keys=keys))) as look:
        assert "c is of copy and of freeze" in look.toasts


async def test_own_keys_work_and_are_the_ones_shown() -> None:
    taste = Taste(Preferences(keys={"freeze": "f5", "nosuch": "x"}))
    async with looking(whole(), (140, 40), taste=taste) as look:
        await look.press("z")
        assert "FROZEN" not in look.lines[0]
        await look.press("f5")
        assert "FROZEN" in look.lines[0]
        assert "f5 freeze" in look.lines[-1]
        assert "nosuch is no action" in look.toasts


async def test_columns_and_theme_are_kept_when_chosen(tmp_path: Path) -> None:
    state = tmp_path / "state.json"
    async with looking(whole(), (140, 40), taste=Taste(remembered=Remembered(state))) as look:
        await look.press("C", "down", "space", "escape")
        look.app.theme = "high-contrast"
        await look.settle()
    async with looking(whole(), (140, 40), taste=Taste(remembered=Remembered(state))) as look:
        assert look.app.theme == "high-contrast"
        shown = {column.id for column in look.main.pairs.shown_columns()}
        assert "state" not in shown
        assert "rtt" in shown


@pytest.mark.parametrize(
    "text", ["{", "[]", '{"theme": 3, "columns": 4}', '{"columns": {"pairs": 1}}']
)
def test_a_damaged_memory_is_none(tmp_path: Path, text: str) -> None:
    state = tmp_path / "state.json"
    state.write_text(text)
    assert Remembered(state).theme is None
    assert Remembered(state).columns("pairs") == ()


async def test_a_stacked_layout_stays_so_on_a_wide_screen() -> None:
    async with looking(whole(), (140, 40), taste=Taste(Preferences(layout="stacked"))) as look:
        assert "1 Candidates   2 What is going on" in look.text


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_is_printed_for_every_shell(shell: str, env: dict[str, str]) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "icetui", "completion", shell],
        capture_output=True, text=True, env=env, timeout=30, check=True,
    )  # fmt: skip
    assert "_ICETUI_COMPLETE" in done.stdout
