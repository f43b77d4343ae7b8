"""libnice, by Debian's GObject bindings; runs in Debian's own Python, which has them."""

from __future__ import annotations

import ctypes
import sys
import time
from typing import Any

from tests.lab.peers import exchange, sdp

SYSTEM_PYTHON = "/usr/bin/python3"


def attach_receiver(agent: Any, stream: int) -> object:
    """Let the agent read its sockets; returns what must stay alive as long as it does.

    ``nice_agent_attach_recv`` is not in the bindings: it is called in C, with the objects'
    addresses, which are PyGObject's hashes.
    """
    receive = ctypes.CFUNCTYPE(
        None,
        *[ctypes.c_void_p, ctypes.c_uint, ctypes.c_uint, ctypes.c_uint],
        *[ctypes.c_void_p] * 2,
    )(lambda *_: None)
    attach = ctypes.CDLL("libnice.so.10").nice_agent_attach_recv
    attach.argtypes = [ctypes.c_void_p, ctypes.c_uint, ctypes.c_uint, *[ctypes.c_void_p] * 3]
    # The default context is also that of ``None``.
    if not attach(hash(agent), stream, 1, None, ctypes.cast(receive, ctypes.c_void_p), None):
        raise RuntimeError("libnice does not attach a receiver")
    return receive


def run(options: exchange.Options) -> int:
    import gi  # type: ignore[import-not-found]  # Debian's own Python has it

    gi.require_version("Nice", "0.1")
    from gi.repository import GLib, Nice  # type: ignore[import-not-found]  # likewise

    context = GLib.MainContext.default()
    loop = GLib.MainLoop.new(context, False)
    agent = Nice.Agent.new(context, Nice.Compatibility.RFC5245)
    agent.set_property("controlling-mode", options.offers)
    agent.set_property("ice-tcp", False)
    agent.set_property("upnp", False)
    agent.set_property("force-relay", options.relay_only)
    if options.stun:
        host, port = exchange.host_and_port(options.stun[0])
        agent.set_property("stun-server", host)
        agent.set_property("stun-server-port", port)
    stream = agent.add_stream(1)
    for url in options.turn:
        user, password, bare = exchange.split_turn(url)
        kind = Nice.RelayType.UDP
        if bare.startswith("turns:"):
            kind = Nice.RelayType.TLS
        elif "transport=tcp" in bare:
            kind = Nice.RelayType.TCP
        agent.set_relay_info(stream, 1, *exchange.host_and_port(bare), user, password, kind)
    receiver = attach_receiver(agent, stream)

    def wait_for(done: Any, timeout: float) -> bool:
        """Run the main loop until ``done()`` or the time is over."""
        deadline = time.monotonic() + timeout
        GLib.timeout_add(20, lambda: loop.quit() or True)
        while not done() and time.monotonic() < deadline:
            loop.run()
        return bool(done())

    gathered: list[bool] = []
    states: list[tuple[Any, float]] = []
    selected: list[tuple[Any, Any]] = []

    def on_gathered(*_: Any) -> None:
        gathered.append(True)
        loop.quit()

    def on_state(_agent: Any, _stream: int, _component: int, state: int) -> None:
        states.append((Nice.ComponentState(state), time.monotonic()))
        loop.quit()

    def on_selected(_agent: Any, _stream: int, _component: int, near: Any, far: Any) -> None:
        selected.append((near.copy(), far.copy()))

    agent.connect("candidate-gathering-done", on_gathered)
    agent.connect("new-selected-pair-full", on_selected)
    agent.connect("component-state-changed", on_state)

    def own(kind: str, mid: str = "0") -> str:
        _, ufrag, password = agent.get_local_credentials(stream)
        lines = [
            agent.generate_local_candidate_sdp(candidate).removeprefix("a=candidate:")
            for candidate in agent.get_local_candidates(stream, 1)
        ]
        return sdp.build(kind, ufrag, password, lines, mid)

    theirs = ""
    if not options.offers:
        theirs = exchange.read_description(options.theirs, "offer", options.timeout)
    agent.gather_candidates(stream)
    wait_for(lambda: gathered, options.timeout)
    if options.offers:
        exchange.write_description(options.own, "offer", own("offer"))
        theirs = exchange.read_description(options.theirs, "answer", options.timeout)
    else:
        answer = own("answer", sdp.value(theirs, "mid", "0"))
        exchange.write_description(options.own, "answer", answer)
    began = time.monotonic()
    agent.set_remote_credentials(
        stream, sdp.value(theirs, "ice-ufrag"), sdp.value(theirs, "ice-pwd")
    )
    remote = [
        agent.parse_remote_candidate_sdp(stream, f"a=candidate:{line}")
        for line in sdp.candidates(theirs)
    ]
    agent.set_remote_candidates(stream, 1, remote)
    agent.peer_candidate_gathering_done(stream)

    def settled() -> bool:
        return any(
            state in (Nice.ComponentState.READY, Nice.ComponentState.FAILED) for state, _ in states
        )

    wait_for(settled, options.timeout)
    # READY comes two seconds later, when nothing better can come any more.
    ready = [
        moment
        for state, moment in states
        if state in (Nice.ComponentState.CONNECTED, Nice.ComponentState.READY)
    ]
    if not ready:
        return exchange.finish("libnice", "failed", error=f"{[str(state) for state, _ in states]}")
    wait_for(lambda: states[-1][0] == Nice.ComponentState.FAILED, options.hold)
    held = time.monotonic() - ready[0]
    del receiver
    near, far = selected[-1]
    names = {
        Nice.CandidateType.HOST: "host",
        Nice.CandidateType.SERVER_REFLEXIVE: "srflx",
        Nice.CandidateType.PEER_REFLEXIVE: "prflx",
        Nice.CandidateType.RELAYED: "relay",
    }
    ends = [
        {
            "type": names[end.type],
            "address": end.addr.dup_string(),
            "port": end.addr.get_port(),
        }
        for end in (near, far)
    ]
    return exchange.finish(
        "libnice",
        "connected",
        time_to_connect=ready[0] - began,
        held=held,
        local=ends[0],
        remote=ends[1],
    )


if __name__ == "__main__":
    try:
        import gi  # noqa: F401  only whether it is there
    except ImportError:
        exchange.run_in(SYSTEM_PYTHON, "tests.lab.peers.libnice")
    sys.exit(run(exchange.read_options()))
