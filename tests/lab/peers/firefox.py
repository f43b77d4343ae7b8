"""Firefox, headless, driven by its Marionette protocol on the host's own loopback."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.lab.peers import exchange

START_LIMIT = 30.0
PREFERENCES: dict[str, object] = {
    "media.peerconnection.ice.loopback": False,
    # No proxy, no name resolution, nobody to phone.
    "network.proxy.type": 0,
    "network.dns.disabled": True,
    "network.trr.mode": 5,
    "network.captive-portal-service.enabled": False,
    "network.connectivity-service.enabled": False,
    "app.normandy.enabled": False,
    "app.update.disabledForTesting": True,
    "browser.safebrowsing.malware.enabled": False,
    "browser.safebrowsing.phishing.enabled": False,
    "browser.shell.checkDefaultBrowser": False,
    "browser.startup.homepage": "about:blank",
    "browser.startup.page": 0,
    "datareporting.policy.dataSubmissionEnabled": False,
    "dom.push.enabled": False,
    "extensions.update.enabled": False,
    "services.settings.server": "data:,",
    "toolkit.telemetry.enabled": False,
    "toolkit.telemetry.server": "data:,",
}


class Marionette:
    """Commands to the browser: ``length:json`` both ways."""

    def __init__(self, process: subprocess.Popen[bytes], port: int) -> None:
        deadline = time.monotonic() + START_LIMIT
        while True:
            try:
                self.socket = socket.create_connection(("127.0.0.1", port))
                break
            except ConnectionRefusedError:
                if process.poll() is not None or time.monotonic() > deadline:
                    raise
                time.sleep(0.02)  # it tells nobody when it listens
        self.buffer = b""
        self.counter = 0
        self._receive()

    def _receive(self) -> Any:
        while b":" not in self.buffer:
            self._read_more()
        length, _, self.buffer = self.buffer.partition(b":")
        while len(self.buffer) < int(length):
            self._read_more()
        text, self.buffer = self.buffer[: int(length)], self.buffer[int(length) :]
        return json.loads(text)

    def _read_more(self) -> None:
        chunk = self.socket.recv(65536)
        if not chunk:
            raise ConnectionError("the browser has gone")
        self.buffer += chunk

    def send(self, command: str, **values: Any) -> Any:
        """One command and its answer."""
        self.counter += 1
        text = json.dumps([0, self.counter, command, values])
        self.socket.sendall(f"{len(text.encode())}:{text}".encode())
        _, _, error, result = self._receive()
        if error:
            raise RuntimeError(error["message"])
        return result

    def evaluate(self, script: str, *arguments: object) -> Any:
        """Run a script that calls ``arguments[arguments.length - 1]`` with its result."""
        return self.send(
            "WebDriver:ExecuteAsyncScript",
            script=script,
            args=list(arguments),
            newSandbox=False,
            sandbox="lab",
        )["value"]


def free_port() -> int:
    """A TCP port of the host's loopback that nobody has: another Firefox may run there."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextlib.contextmanager
def started(*, mdns: bool) -> Iterator[Marionette]:
    """A browser of its own, ended with the block."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        port = free_port()
        preferences = {
            **PREFERENCES,
            "marionette.port": port,
            "media.peerconnection.ice.obfuscate_host_addresses": mdns,
        }
        Path(profile, "user.js").write_text(
            "".join(
                f"user_pref({json.dumps(name)}, {json.dumps(value)});\n"
                for name, value in preferences.items()
            )
        )
        process = subprocess.Popen(
            ["firefox-esr", "--headless", "--marionette", "--no-remote", "--profile", profile],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env={**os.environ, "HOME": profile},
        )
        try:
            browser = Marionette(process, port)
            browser.send("WebDriver:NewSession", capabilities={"alwaysMatch": {}})
            yield browser
        finally:
            process.kill()
            process.wait()


def run(options: exchange.Options) -> int:
    with started(mdns=options.mdns) as browser:
        return drive(browser, options)


def drive(browser: Marionette, options: exchange.Options) -> int:
    limit = int((options.timeout + options.hold + 10) * 1000)
    browser.send("WebDriver:SetTimeouts", script=limit)
    configuration = {
        "iceServers": options.ice_servers(),
        "iceTransportPolicy": "relay" if options.relay_only else "all",
    }
    script = Path(__file__).with_name("rtc.js").read_text()
    browser.evaluate(
        f"{script}; globalThis.labPeer = makeLabPeer(window.RTCPeerConnection, arguments[0]);"
        "arguments[arguments.length - 1](0);",
        configuration,
    )

    def call(method: str, *values: object) -> Any:
        answer = browser.evaluate(
            "const done = arguments[arguments.length - 1];"
            f"labPeer.{method}(...arguments[0]).then("
            "(value) => done({ value }), (error) => done({ error: String(error) }));",
            values,
        )
        if "error" in answer:
            raise RuntimeError(answer["error"])
        return answer.get("value")

    return exchange.converse("firefox", options, call)


if __name__ == "__main__":
    sys.exit(run(exchange.read_options()))
