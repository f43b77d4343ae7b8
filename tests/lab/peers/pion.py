"""pion: runs the Go program beside this file, which is built once from Debian's packages."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

from tests.lab.peers import exchange

SOURCE = Path(__file__).with_name("pion.go")


def binary() -> Path:
    """Where the built program is, or will be."""
    digest = hashlib.sha256(SOURCE.read_bytes()).hexdigest()[:12]
    return exchange.CACHE / f"pion-{digest}"


def build() -> Path:
    """Build it if it is not there. Needs Debian's golang-go and pion packages, no network."""
    target = binary()
    if target.exists():
        return target
    exchange.CACHE.mkdir(parents=True, exist_ok=True)
    draft = target.with_suffix(f".{os.getpid()}")
    # Without modules, Go strips the /v3 of an import only for code that lies below GOPATH and
    # beside a go.mod ("minimal module compatibility"), and Debian's packages need that.
    place = exchange.CACHE / "go/src/lab/pion"
    place.mkdir(parents=True, exist_ok=True)
    shutil.copy(SOURCE, place / "main.go")
    (place / "go.mod").write_text("module lab/pion\n")
    environment = {
        **os.environ,
        "GO111MODULE": "off",
        "GOPATH": f"{exchange.CACHE / 'go'}:/usr/share/gocode",
        "GOCACHE": str(exchange.CACHE / "go-build"),
        "GOFLAGS": "",
        "GOPROXY": "off",
    }
    command = ["go", "build", "-o", str(draft), "lab/pion"]
    subprocess.run(command, env=environment, check=True, stdout=sys.stderr)
    draft.rename(target)
    return target


if __name__ == "__main__":
    if sys.argv[1:] == ["--build"]:
        print(build())
    else:
        exchange.read_options()
        program = str(build())
        os.execv(program, [program, *sys.argv[1:]])
