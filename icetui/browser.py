"""A browser tab as the other side: what to paste into its console, and what to do around it.

What belongs here: text. The tab is the offerer; icetui answers in the JSON it was given.
"""

from __future__ import annotations

import json
from collections.abc import Iterable

from icetui.events import StunServer, TurnServer

BEFORE = """\
A browser tab as the other side. In any browser:

1. Open a tab on an ordinary web page (no start page, no settings page), open
   its console (F12) and paste what stands between the lines. If the browser
   refuses, type what it asks for ("allow pasting") and paste again.
"""

AFTER = """\
2. The tab's offer appears in the console, one line of JSON. Copy it, or enter
   copy(icetui.offer), and paste it into icetui.
3. icetui then shows its answer, as JSON, too. In the console type icetui(
   then paste the answer, type ) and press Enter.

The console tells how ICE fares, and ICE will connect where a path exists. The
data channel above it will not: DTLS never completes and connectionState stays
"connecting", because icetui does ICE only.
"""

# No line is longer than 80 columns: a terminal that breaks lines must not break the code.
_SNIPPET = """\
void (async () => {
  globalThis.icetui?.pc.close();
  const pc = new RTCPeerConnection(CONFIGURATION);
  pc.createDataChannel("icetui");
  pc.oniceconnectionstatechange = () =>
    console.log("ICE: " + pc.iceConnectionState);
  const gathered = new Promise((done) => {
    pc.onicegatheringstatechange = () =>
      pc.iceGatheringState === "complete" && done();
    setTimeout(done, 3000);
  });
  globalThis.icetui = async (answer) => {
    if (typeof answer === "string") answer = JSON.parse(answer);
    await pc.setRemoteDescription(answer);
    return "icetui's answer is taken, now watch";
  };
  icetui.pc = pc;
  await pc.setLocalDescription();
  await gathered;
  icetui.offer = JSON.stringify(pc.localDescription);
  console.log("Paste this into icetui, then enter icetui( its answer ) here:");
  console.log(icetui.offer);
})();
"""


def snippet(stun: Iterable[StunServer] = (), turn: Iterable[TurnServer] = ()) -> str:
    """The JavaScript for the console; the tab asks these servers, and none without any.

    Holds the password of a TURN server. Afterwards `icetui(answer)` takes icetui's answer,
    `icetui.offer` is the text of the tab's and `icetui.pc` its RTCPeerConnection.
    """
    servers: list[dict[str, str]] = [{"urls": s.url} for s in stun]
    for server in turn:
        entry = {"urls": server.url}
        if server.username is not None and server.password is not None:
            entry |= {"username": server.username, "credential": server.password}
        servers.append(entry)
    configuration = ""
    if servers:
        entries = "".join(f"\n      {json.dumps(s)}," for s in servers)
        configuration = f"{{\n    iceServers: [{entries}\n    ],\n  }}"
    return _SNIPPET.replace("CONFIGURATION", configuration)
