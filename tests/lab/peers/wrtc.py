"""libwebrtc as node has it (@roamhq/wrtc)."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.lab.peers import exchange

DRIVER = """
const readline = require("node:readline");
const { performance } = require("node:perf_hooks");
const peer = makeLabPeer(require("@roamhq/wrtc").RTCPeerConnection, JSON.parse(process.argv[1]));
readline.createInterface({ input: process.stdin }).on("line", async (line) => {
  const [method, ...values] = JSON.parse(line);
  console.log(JSON.stringify((await peer[method](...values)) ?? null));
});
"""


def run(options: exchange.Options) -> int:
    configuration = {
        "iceServers": options.ice_servers(),
        "iceTransportPolicy": "relay" if options.relay_only else "all",
    }
    script = DRIVER + Path(__file__).with_name("rtc.js").read_text()
    node = subprocess.Popen(
        ["node", "-e", script, json.dumps(configuration)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={"PATH": "/usr/local/bin:/usr/bin:/bin", "NODE_PATH": f"{exchange.CACHE}/node_modules"},
    )
    assert node.stdin is not None and node.stdout is not None
    stdin, stdout = node.stdin, node.stdout

    def call(method: str, *values: object) -> Any:
        stdin.write(json.dumps([method, *values]) + "\n")
        stdin.flush()
        return json.loads(stdout.readline())

    try:
        return exchange.converse("wrtc", options, call)
    finally:
        node.kill()
        node.wait()


if __name__ == "__main__":
    sys.exit(run(exchange.read_options()))
