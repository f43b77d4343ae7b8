"""coturn with a shared secret takes the credentials that are made of it, and no others."""

from __future__ import annotations

import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.lab import needs
from tests.running import environment

SECRET = "north"


@pytest.fixture
def server(tmp_path: Path) -> Iterator[int]:
    """Port of a coturn on loopback."""
    if shutil.which("turnserver") is None:
        needs.skip("coturn is not installed")
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    process = subprocess.Popen(
        [
            "turnserver", "-n", "--no-cli", "--no-tls", "--no-dtls", "--realm", "example.org",
            "--listening-ip", "127.0.0.1", "--relay-ip", "127.0.0.1",
            "--listening-port", str(port), "--use-auth-secret", "--static-auth-secret", SECRET,
            "--pidfile", str(tmp_path / "pid"), "--userdb", str(tmp_path / "db"),
            "--log-file", "stdout",
        ],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )  # fmt: skip
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                break
        time.sleep(0.02)  # it tells nobody when it listens
    yield port
    process.kill()
    process.wait()


@pytest.mark.parametrize(("secret", "lent"), [(SECRET, True), ("south", False)])
def test_a_relay_is_lent_to_whoever_knows_the_secret(
    server: int, tmp_path: Path, secret: str, lent: bool
) -> None:
    argv = (sys.executable, "-m", "icetui", "doctor", "--interface", "lo", "--no-ipv6")
    done = subprocess.run(
        [*argv, "--turn", f"turn:anna@127.0.0.1:{server}"],
        env=environment(tmp_path, ICETUI_TURN_SECRET=secret),
        capture_output=True,
        text=True,
        timeout=40,
        check=False,
    )
    told = " ".join(done.stdout.split())
    assert ("lends us 127.0.0.1:" in told) is lent, told
    assert ("401" in told) is not lent
    assert secret not in done.stdout + done.stderr
