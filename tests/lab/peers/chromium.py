"""Chromium, headless, driven by its DevTools protocol over a pipe."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.lab.peers import exchange
from tests.lab.topology import SERVER_V4

QUIET = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--no-default-browser-check",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-default-apps",
    "--disable-domain-reliability",
    "--disable-extensions",
    "--disable-sync",
    "--metrics-recording-only",
    "--no-proxy-server",
    # It has no business with any name at all; TURN over TCP asks the resolver for an address, too.
    f"--host-resolver-rules=MAP * ~NOTFOUND, {', '.join(f'EXCLUDE {ip}' for ip in SERVER_V4)}",
]


class DevTools:
    """Messages to and from the browser, each ended by a NUL."""

    def __init__(self, profile: str, *, mdns: bool) -> None:
        features = ["Translate", "OptimizationHints", "MediaRouter"]
        if not mdns:
            features.append("WebRtcHideLocalIpsWithMdns")
        to_browser, self.to = os.pipe()
        self.back, from_browser = os.pipe()

        def place_pipes() -> None:
            # The browser expects commands on 3 and answers on 4.
            spare_in, spare_out = os.dup(to_browser), os.dup(from_browser)
            os.dup2(spare_in, 3)
            os.dup2(spare_out, 4)

        self.process = subprocess.Popen(
            [
                "chromium",
                *QUIET,
                f"--user-data-dir={profile}",
                f"--disable-features={','.join(features)}",
                "--remote-debugging-pipe",
                "about:blank",
            ],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            close_fds=False,
            preexec_fn=place_pipes,
            env={**os.environ, "HOME": profile},
        )
        os.close(to_browser)
        os.close(from_browser)
        self.buffer = b""
        self.counter = 0
        targets = self.send("Target.getTargets")["targetInfos"]
        page = next(target for target in targets if target["type"] == "page")
        attached = self.send("Target.attachToTarget", targetId=page["targetId"], flatten=True)
        self.session: str = attached["sessionId"]

    def send(self, method: str, *, session: str | None = None, **values: Any) -> Any:
        """One command and its answer."""
        self.counter += 1
        message: dict[str, Any] = {"id": self.counter, "method": method, "params": values}
        if session:
            message["sessionId"] = session
        os.write(self.to, json.dumps(message).encode() + b"\0")
        while True:
            while b"\0" not in self.buffer:
                chunk = os.read(self.back, 65536)
                if not chunk:
                    raise ConnectionError("the browser has gone")
                self.buffer += chunk
            raw, _, self.buffer = self.buffer.partition(b"\0")
            answer = json.loads(raw)
            if answer.get("id") == self.counter:
                if "error" in answer:
                    raise RuntimeError(answer["error"]["message"])
                return answer["result"]

    def enter(self, text: str) -> Any:
        """What a line evaluates to in the DevTools console, with its helpers such as `copy`."""
        return self.evaluate(text, replMode=True, includeCommandLineAPI=True)

    def evaluate(self, expression: str, **more: bool) -> Any:
        """The value of an expression on the page; promises are awaited."""
        found = self.send(
            "Runtime.evaluate",
            session=self.session,
            expression=expression,
            awaitPromise=True,
            returnByValue=True,
            **more,
        )
        if "exceptionDetails" in found:
            raise RuntimeError(found["exceptionDetails"])
        return found["result"].get("value")


@contextlib.contextmanager
def started(*, mdns: bool) -> Iterator[DevTools]:
    """A browser of its own, ended with the block."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        browser = DevTools(profile, mdns=mdns)
        try:
            yield browser
        finally:
            browser.process.kill()
            browser.process.wait()


def run(options: exchange.Options) -> int:
    with started(mdns=options.mdns) as browser:
        configuration = {
            "iceServers": options.ice_servers(),
            "iceTransportPolicy": "relay" if options.relay_only else "all",
        }
        script = Path(__file__).with_name("rtc.js").read_text()
        browser.evaluate(
            f"{script}; globalThis.labPeer = "
            f"makeLabPeer(RTCPeerConnection, {json.dumps(configuration)}); 0"
        )

        def call(method: str, *values: object) -> Any:
            arguments = ", ".join(json.dumps(value) for value in values)
            return browser.evaluate(f"labPeer.{method}({arguments})")

        return exchange.converse("chromium", options, call)


if __name__ == "__main__":
    sys.exit(run(exchange.read_options()))
