"""The manual page and --help say the same, and what they say is so."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from icetui.commands.manual import page
from icetui.commands.program import EPILOG, main
from icetui.servers.server_urls import DEFAULT_STUN

PAGE = Path(__file__).parents[1] / "icetui" / "icetui.1"


def test_the_page_that_is_packed_is_current() -> None:
    assert PAGE.read_text() == page(), "run: python -m icetui.commands.manual > icetui/icetui.1"


def test_every_command_has_its_section() -> None:
    text = page()
    for name, command in main.commands.items():
        assert (f'.SS "icetui {name} ' in text) is not command.hidden


def test_help_names_the_servers_that_are_asked_by_default() -> None:
    for url in DEFAULT_STUN:
        assert url.partition(":")[2] in EPILOG


def test_it_is_a_page_that_groff_takes_without_a_word() -> None:
    if shutil.which("groff") is None:
        pytest.skip("groff is not installed")
    done = subprocess.run(
        ["groff", "-man", "-Tutf8", "-wall", str(PAGE)],
        capture_output=True, text=True, timeout=30, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    assert "watch two machines find a path" in done.stdout
