"""Labs leave nothing behind, however their owner ends, and do not disturb each other."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys

import pytest

from tests.lab import netns, registry
from tests.lab.lab import ROOT, BuildLab, Lab
from tests.lab.topology import Topology
from tests.lab.weather import Weather

OWNER = """
import signal, sys
from tests.lab.lab import Lab
from tests.lab.topology import Topology
from tests.lab.weather import Weather
# What a shell starts in the background ignores Ctrl-C, and so does what that starts.
signal.signal(signal.SIGINT, signal.default_int_handler)
with Lab.build(Topology.pair("prc", "prc"), weather={"alice": Weather(delay=0.001)}) as lab:
    lab["alice"].spawn("sh", "-c", "echo; exec sleep 60").stdout.readline()
    print(lab.id, flush=True)
    if "fail" in sys.argv:
        raise ValueError("as a test may")
    signal.pause()
"""


def traces(lab_id: str) -> list[str]:
    """Whatever there is of a lab on this machine."""
    found = netns.existing(f"{registry.PREFIX}{lab_id}-")
    found += [str(path) for path in netns.FILES.glob(f"{registry.PREFIX}{lab_id}-*")]
    return found + ([str(registry.folder(lab_id))] if registry.folder(lab_id).exists() else [])


def own(*argv: str) -> tuple[subprocess.Popen[str], str]:
    """A process that owns a lab, and the lab's id."""
    process = subprocess.Popen(
        [sys.executable, "-c", OWNER, *argv],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert process.stdout is not None
    with process.stdout:
        return process, process.stdout.readline().strip()


def by_hand(*argv: str) -> subprocess.CompletedProcess[str]:
    """``python -m tests.lab …``"""
    command = [sys.executable, "-m", "tests.lab", *argv]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=20)


def test_what_is_built_is_removed(lab_needs: None) -> None:
    with Lab.build(Topology.pair("sym", "prc"), weather={"bob": Weather(delay=0.001)}) as lab:
        assert traces(lab.id)
    assert not traces(lab.id)


@pytest.mark.parametrize("how", ["fail", "ctrl-c"])
def test_nothing_is_left_after_failure_and_ctrl_c(lab_needs: None, how: str) -> None:
    process, lab_id = own(how)
    if how == "ctrl-c":
        process.send_signal(signal.SIGINT)
    process.wait(10)
    assert lab_id and not traces(lab_id)


def test_clean_removes_what_a_killed_owner_left(lab_needs: None, build_lab: BuildLab) -> None:
    mine = build_lab(server=False)
    process, lab_id = own()
    lab = Lab.attach(lab_id)
    inhabitants = netns.processes_in([lab.namespace(part) for part in lab.parts])
    handles = [os.pidfd_open(pid) for pid in inhabitants]
    process.kill()
    process.wait(10)
    assert len(inhabitants) == 3, "coturn, the relay and sleep"
    for handle in handles:
        # They die with their owner, before anyone cleans.
        await_exit(handle)
    assert traces(lab_id)
    said = by_hand("clean")
    assert said.returncode == 0 and lab_id in said.stdout
    assert not traces(lab_id)
    assert traces(mine.id), "a lab whose owner lives was removed"


def await_exit(handle: int) -> None:
    """Wait for the process behind a pidfd."""
    poller = select.poll()
    poller.register(handle, select.POLLIN)
    assert poller.poll(5000), "a process outlived its lab's owner"
    os.close(handle)


def test_labs_run_side_by_side(build_lab: BuildLab) -> None:
    labs = [build_lab("prc", "open", server=False) for _ in range(3)]
    for lab in labs:
        assert lab["alice"].run("ping", "-c1", "-W1", lab["bob"].address).returncode == 0
    labs[0].close()
    assert labs[1]["alice"].run("ping", "-c1", "-W1", labs[1]["bob"].address).returncode == 0


def test_a_lab_by_hand_from_up_to_down(lab_needs: None) -> None:
    name = f"hand{os.getpid()}"[:12]
    try:
        said = by_hand("up", "--id", name, "--alice", "sym", "--bob", "open", "--delay", "10")
        assert said.returncode == 0, said.stderr
        ping = by_hand("exec", "--id", name, "alice", "--", "ping", "-c1", "-W1", "192.0.2.10")
        assert "1 received" in ping.stdout
        assert f"lab {name}, built by hand" in by_hand("status").stdout
        assert by_hand("cut", "bob", "--id", name).returncode == 0
        assert by_hand("rebind", "alice", "--id", name).returncode == 0
        assert by_hand("weather", "bob", "--loss", "5", "--id", name).returncode == 0
        assert by_hand("server", "stop", "--id", name).returncode == 0
        assert by_hand("server", "start", "--id", name).returncode == 0
        assert name not in by_hand("clean").stdout
    finally:
        assert by_hand("down", "--id", name).returncode == 0
    assert not traces(name)


def test_no_name_lookup_leaves_a_host(build_lab: BuildLab) -> None:
    lab = build_lab(server=False)
    assert lab["alice"].run("cat", "/etc/resolv.conf").stdout == "nameserver 127.0.0.1\n"
