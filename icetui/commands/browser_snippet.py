"""A browser tab as the other side: what to paste into its console, and what to do around it.

What belongs here: text. The tab makes an offer, and takes icetui's answer to it or an offer of
icetui's.
"""

from __future__ import annotations

import json
from collections.abc import Iterable

from icetui.events import StunServer, TurnServer
from icetui.servers.rest_credentials import credentials

BEFORE = """\
A browser tab as the other side. In any browser:

1. Open a tab on an ordinary web page (no start page, no settings page), open
   its console (F12) and paste what stands between the lines. A browser that
   has not seen you paste before refuses once: type "allow pasting", press
   Enter, and paste again.
"""

AFTER = """\
2. One line of JSON appears, the tab's offer. Copy it, or enter
   copy(icetui.offer), and paste it into icetui.
3. icetui then shows its answer, as JSON, too. In the console type icetui(
   then paste the answer, type ) and press Enter.

The other way round, with icetui's offer (press f there until it is JSON):
enter icetui( its offer ) and paste the line that appears into icetui.

The console tells how ICE fares, and ICE will connect where a path exists. The
data channel above it will not: DTLS never completes and connectionState stays
"connecting", because icetui does ICE only.
"""

# No line is longer than 80 columns: a terminal that breaks lines must not break the code.
_SNIPPET = """\
void (async () => {
  globalThis.icetui?.pc.close();
  const open = () => {
    icetui.pc?.close();
    const pc = new RTCPeerConnection(CONFIGURATION);
    icetui.pc = pc;
    pc.oniceconnectionstatechange = () =>
      console.log("ICE: " + pc.iceConnectionState);
    return pc;
  };
  const say = async (pc) => {
    const gathered = new Promise((done) => {
      pc.onicegatheringstatechange = () =>
        pc.iceGatheringState === "complete" && done();
      setTimeout(done, 3000);
    });
    await pc.setLocalDescription();
    await gathered;
    const own = pc.localDescription;
    console.log("This " + own.type + " is for icetui, copy it:");
    console.log((icetui[own.type] = JSON.stringify(own)));
  };
  globalThis.icetui = async (theirs) => {
    if (typeof theirs === "string") theirs = JSON.parse(theirs);
    const offered = theirs.type === "offer";
    const pc = offered ? open() : icetui.pc;
    await pc.setRemoteDescription(theirs);
    if (offered) await say(pc);
    else console.log("icetui's answer is taken, now watch.");
  };
  const pc = open();
  pc.createDataChannel("icetui");
  await say(pc);
})();
"""


def snippet(
    stun: Iterable[StunServer] = (), turn: Iterable[TurnServer] = (), now: float = 0.0
) -> str:
    """The JavaScript for the console; the tab asks these servers, and none without any. `now` is
    Unix time, from which credentials made of a secret hold for a day.

    Holds the password of a TURN server. Afterwards `icetui(theirs)` takes icetui's answer, or its
    offer, which is then answered; `icetui.offer` and `icetui.answer` are the tab's texts,
    `icetui.pc` is its RTCPeerConnection.
    """
    servers: list[dict[str, str]] = [{"urls": s.url} for s in stun]
    for server in turn:
        entry = {"urls": server.url}
        username, password = credentials(server, now)
        if username is not None and password is not None:
            entry |= {"username": username, "credential": password}
        servers.append(entry)
    configuration = ""
    if servers:
        entries = "".join(f"\n      {json.dumps(s)}," for s in servers)
        configuration = f"{{\n    iceServers: [{entries}\n    ],\n  }}"
    return _SNIPPET.replace("CONFIGURATION", configuration)
