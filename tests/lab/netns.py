"""Network namespaces: made, entered, configured in batches and removed."""

from __future__ import annotations

import contextlib
import ctypes
import fcntl
import os
import shutil
import signal
import socket
import struct
import subprocess
import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path

CLONE_NEWNET = 0x40000000
SIOCGIFFLAGS = 0x8913
IFF_UP, IFF_RUNNING = 0x1, 0x40
HANDLES = Path("/run/netns")
FILES = Path("/etc/netns")
OPTIONAL_SETTINGS = "net/bridge/"
"""There only once the kernel has loaded the part they belong to."""

_libc = ctypes.CDLL(None, use_errno=True)


class SetupError(Exception):
    """A tool refused a step of the lab's construction; the text is the tool's own."""


def _setns(handle: int) -> None:
    if _libc.setns(handle, CLONE_NEWNET):
        raise OSError(ctypes.get_errno(), "setns")


@contextlib.contextmanager
def inside(namespace: str) -> Iterator[None]:
    """This thread is in ``namespace``; sockets opened here stay there for good."""
    home = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
    there = os.open(HANDLES / namespace, os.O_RDONLY)
    try:
        _setns(there)
        try:
            yield
        finally:
            _setns(home)
    finally:
        os.close(there)
        os.close(home)


def command(namespace: str, *argv: str) -> list[str]:
    """The command line that runs ``argv`` in ``namespace``.

    It is killed when the thread that started it ends, even if by kill -9.
    """
    return ["setpriv", "--pdeathsig", "KILL", "ip", "netns", "exec", namespace, *argv]


def run_all(jobs: Sequence[tuple[Sequence[str], str]]) -> None:
    """Run commands at the same time, each with its standard input, and wait for all of them."""
    running = []
    for argv, text in jobs:
        process = subprocess.Popen(
            argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        assert process.stdin is not None
        process.stdin.write(text)
        process.stdin.close()
        running.append((process, argv, text))
    failures = []
    for process, argv, text in running:
        assert process.stdout is not None
        said = process.stdout.read()
        process.stdout.close()
        if process.wait():
            failures.append(f"{' '.join(argv)}: {said.strip()}\n{text}")
    if failures:
        raise SetupError("\n".join(failures))


def ip_batch(
    lines: Sequence[str], namespace: str | None = None, *, family: str | None = None
) -> tuple[list[str], str]:
    """A job for ``run_all``: lines for ``ip -batch``; the family counts where none is implied."""
    where = ["-n", namespace] if namespace else []
    return ["ip", *([family] if family else []), *where, "-batch", "-"], "".join(
        f"{line}\n" for line in lines
    )


def nft(namespace: str, rules: str) -> tuple[list[str], str]:
    """A job for ``run_all``: nftables rules."""
    return ["ip", "netns", "exec", namespace, "nft", "-f", "-"], rules


def write_files(namespace: str, files: Mapping[str, str]) -> None:
    """Files that processes in ``namespace`` see in /etc instead of the machine's own."""
    folder = FILES / namespace
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (folder / name).write_text(text)


def set_sysctls(namespace: str, values: Mapping[str, object]) -> None:
    """Kernel settings of ``namespace``, by their path below /proc/sys."""
    with inside(namespace):
        for name, value in values.items():
            setting = Path("/proc/sys", name)
            if setting.exists() or not name.startswith(OPTIONAL_SETTINGS):
                setting.write_text(f"{value}")


def wait_until_running(namespace: str, idle: Collection[str] = (), timeout: float = 3.0) -> None:
    """Wait until the kernel sends on every link that was set up.

    It notices a carrier by and by, under load up to a second late, and until then drops what is
    sent without a word. `idle` names the links that never get one.
    """
    deadline = time.monotonic() + timeout
    with inside(namespace), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
        waiting = {name for _, name in socket.if_nameindex()} - set(idle)
        while waiting:
            for name in list(waiting):
                answer = fcntl.ioctl(asking, SIOCGIFFLAGS, struct.pack("16sH22x", name.encode(), 0))
                flags = struct.unpack_from("16xH", answer)[0]
                if flags & IFF_RUNNING or not flags & IFF_UP:
                    waiting.remove(name)
            if waiting and time.monotonic() > deadline:
                raise SetupError(f"no carrier in {namespace} on {', '.join(sorted(waiting))}")
            if waiting:
                time.sleep(0.002)  # the flags are asked for, they call nobody


def existing(prefix: str) -> list[str]:
    """The namespaces whose name starts with ``prefix``."""
    if not HANDLES.is_dir():
        return []
    return sorted(entry.name for entry in HANDLES.iterdir() if entry.name.startswith(prefix))


def processes_in(namespaces: Sequence[str]) -> list[int]:
    """The processes that live in these namespaces."""
    handles = set()
    for namespace in namespaces:
        with contextlib.suppress(FileNotFoundError):
            handles.add((HANDLES / namespace).stat().st_ino)
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            # A process may end while we look.
            with contextlib.suppress(FileNotFoundError, ProcessLookupError, PermissionError):
                if (entry / "ns/net").stat().st_ino in handles:
                    found.append(int(entry.name))
    return found


def remove(namespaces: Sequence[str]) -> None:
    """End what runs in these namespaces, then remove them and their files."""
    for pid in processes_in(namespaces):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    if namespaces:
        subprocess.run(
            ["ip", "-force", "-batch", "-"],
            input="".join(f"netns del {namespace}\n" for namespace in namespaces),
            capture_output=True,
            text=True,
            check=False,
        )
    for namespace in namespaces:
        shutil.rmtree(FILES / namespace, ignore_errors=True)
