"""What the lab needs of the machine, and what is missing."""

from __future__ import annotations

import os
import shutil
import subprocess
from functools import cache
from pathlib import Path

import pytest

TOOLS = {
    "ip": "iproute2",
    "nft": "nftables",
    "conntrack": "conntrack",
    "ethtool": "ethtool",
    "setpriv": "util-linux",
    "turnserver": "coturn",
    "openssl": "openssl",
    "ping": "iputils-ping",
}


def required() -> bool:
    """Whether a missing part is a failure and not a reason to skip."""
    return os.environ.get("ICETUI_REQUIRE_LAB") == "1"


def skip(reason: str) -> None:
    """Skip the test for ``reason``, or fail it where the lab is required."""
    if required():
        pytest.fail(f"the lab is required here, but {reason}", pytrace=False)
    pytest.skip(reason)  # elsewhere than in CI, where the line above makes it a failure


@cache
def missing() -> str | None:
    """Why no lab can be built here; ``None`` if one can."""
    if os.geteuid() != 0:
        return "network namespaces need root"
    absent = sorted(package for tool, package in TOOLS.items() if shutil.which(tool) is None)
    if absent:
        return f"not installed: {', '.join(absent)}"
    name = f"icelab-{os.getpid()}-try"
    tried = subprocess.run(["ip", "netns", "add", name], capture_output=True, text=True)
    if tried.returncode:
        return f"network namespaces are refused: {tried.stderr.strip()}"
    subprocess.run(["ip", "netns", "del", name], check=False)
    if not Path("/dev/net/tun").exists():
        return "there is no /dev/net/tun"
    return None
