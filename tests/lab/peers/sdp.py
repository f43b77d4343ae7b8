"""The SDP that every peer takes, and the few lines of it that ICE needs (RFC 8839)."""

from __future__ import annotations

FINGERPRINT = ":".join(f"{number:02X}" for number in range(32))


def build(kind: str, ufrag: str, password: str, candidates: list[str], mid: str = "0") -> str:
    """A description for one data channel; ``candidates`` as ``a=candidate:`` lines have them."""
    setup = "actpass" if kind == "offer" else "active"
    lines = [
        "v=0",
        "o=- 1234567890 2 IN IP4 127.0.0.1",
        "s=-",
        "t=0 0",
        f"a=group:BUNDLE {mid}",
        "m=application 9 UDP/DTLS/SCTP webrtc-datachannel",
        "c=IN IP4 0.0.0.0",
        *(f"a=candidate:{candidate}" for candidate in candidates),
        "a=end-of-candidates",
        f"a=ice-ufrag:{ufrag}",
        f"a=ice-pwd:{password}",
        f"a=fingerprint:sha-256 {FINGERPRINT}",
        f"a=setup:{setup}",
        f"a=mid:{mid}",
        "a=sctp-port:5000",
        "a=max-message-size:262144",
    ]
    return "".join(f"{line}\r\n" for line in lines)


def value(sdp: str, name: str, default: str = "") -> str:
    """The first ``a=name:value``."""
    return next(iter(values(sdp, name)), default)


def values(sdp: str, name: str) -> list[str]:
    """All ``a=name:value``, in order."""
    prefix = f"a={name}:"
    return [line.removeprefix(prefix) for line in sdp.splitlines() if line.startswith(prefix)]


def candidates(sdp: str) -> list[str]:
    """UDP candidates of component 1 with addresses, not names."""
    found = []
    for text in values(sdp, "candidate"):
        _, component, transport, _, address, *_ = text.split()
        if component == "1" and transport.lower() == "udp" and not address.endswith(".local"):
            found.append(text)
    return found
