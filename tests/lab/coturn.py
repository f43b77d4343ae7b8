"""The lab's STUN and TURN server: coturn with two addresses and two ports (RFC 5780)."""

from __future__ import annotations

import os
import secrets
import socket
import subprocess
import time
from pathlib import Path

from tests.lab import netns
from tests.lab.topology import (
    SERVER_V4,
    SERVER_V6,
    STUN_ALT_PORT,
    STUN_PORT,
    TLS_ALT_PORT,
    TLS_PORT,
    TURN_NAME,
    TURN_PASSWORD,
    TURN_REALM,
    TURN_USER,
)

START_LIMIT = 10.0
"""Seconds after which a server that does not answer is given up."""


def certificate_job(folder: Path) -> tuple[list[str], str]:
    """A job for ``run_all``: the key and certificate of this lab, signed by itself."""
    names = ",".join([f"DNS:{TURN_NAME}", *(f"IP:{ip}" for ip in (*SERVER_V4, *SERVER_V6))])
    argv = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"]
    argv += ["-nodes", "-days", "2", "-subj", f"/CN={TURN_NAME}", "-addext"]
    argv += [f"subjectAltName={names}", "-keyout", str(folder / "key.pem")]
    return [*argv, "-out", str(folder / "cert.pem")], ""


def start(
    namespace: str, folder: Path, *options: str, ipv6: bool, detached: bool
) -> subprocess.Popen[bytes]:
    """Start coturn and return when it answers. Raises ``SetupError`` if it does not.

    ``options`` are coturn's own, such as ``--user-quota=1``.
    """
    addresses = [*SERVER_V4, *(SERVER_V6 if ipv6 else ())]
    argv = ["turnserver", "-n", "--no-cli", "--lt-cred-mech", "--fingerprint"]
    argv += [f"--user={TURN_USER}:{TURN_PASSWORD}", f"--realm={TURN_REALM}"]
    argv += [f"--listening-ip={address}" for address in addresses]
    argv += [f"--relay-ip={address}" for address in addresses[:: len(SERVER_V4)]]
    argv += [f"--listening-port={STUN_PORT}", f"--alt-listening-port={STUN_ALT_PORT}"]
    argv += [f"--tls-listening-port={TLS_PORT}", f"--alt-tls-listening-port={TLS_ALT_PORT}"]
    argv += [f"--cert={folder / 'cert.pem'}", f"--pkey={folder / 'key.pem'}"]
    argv += ["--min-port=49152", "--max-port=51199", "--relay-threads=1"]
    argv += [f"--userdb={folder / 'turndb'}", f"--pidfile={folder / 'coturn.pid'}"]
    argv += ["--log-file=stdout", "--simple-log", "--verbose", *options]
    command = netns.command(namespace, *argv)
    with (folder / "coturn.log").open("ab") as log:
        process = subprocess.Popen(
            command[3:] if detached else command,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    deadline = time.monotonic() + START_LIMIT
    while not _answers(namespace):
        if process.poll() is not None or time.monotonic() > deadline:
            tail = (folder / "coturn.log").read_text(errors="replace")[-2000:]
            raise netns.SetupError(f"coturn does not answer:\n{tail}")
    return process


def _answers(namespace: str) -> bool:
    """Whether a STUN request gets its response and the TLS port is open (10 ms at most)."""
    request = b"\x00\x01\x00\x00\x21\x12\xa4\x42" + secrets.token_bytes(12)
    with netns.inside(namespace):
        udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        tcp = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    with udp, tcp:
        udp.settimeout(0.01)
        udp.connect((SERVER_V4[-1], STUN_ALT_PORT))
        try:
            udp.send(request)
            if udp.recv(2048)[8:20] != request[8:20]:
                return False
            tcp.connect((SERVER_V4[0], TLS_PORT))
        except OSError:
            # Refused until it listens; the pause keeps this from spinning.
            os.sched_yield()
            time.sleep(0.002)  # a port tells nobody when somebody listens
            return False
    return True
