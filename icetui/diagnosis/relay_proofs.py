"""What was proved of the relays: which of them count, and what is wrong with the others."""

from __future__ import annotations

from icetui.diagnosis.questions import is_private
from icetui.events import RelayTried, Server
from icetui.session import Session


def tried(session: Session, server: Server) -> tuple[RelayTried, ...]:
    """What came of each address that a server lends, in their order."""
    lent = server.relays or ((server.relayed,) if server.relayed else ())
    return tuple(session.relays_tried[a] for a in lent if a in session.relays_tried)


def is_of_no_use(session: Session, server: Server) -> bool:
    """Whether it was shown that nothing goes through what a server lends."""
    found = tried(session, server)
    return bool(found) and all(map(disproved, found))


def disproved(proof: RelayTried) -> bool:
    """Whether a relay is of no use. One that forbids a private address of ours alone may still
    relay for public ones."""
    if proof.outcome == "forbidden":
        return proof.peer is None or not within_a_network(proof.peer)
    return proof.outcome in ("silent", "one-way")


def words(proof: RelayTried) -> str:
    """What came of it, and whose setting it is (coturn's names)."""
    match proof.outcome:
        case "works":
            took = f" in {proof.seconds * 1000:.0f} ms" if proof.seconds is not None else ""
            return f"a datagram went out of it and back{took}"
        case "forbidden":
            code = f" ({proof.evidence.code})" if proof.evidence and proof.evidence.code else ""
            return (
                f"its server forbids even our own address{code}: look at denied-peer-ip, "
                "allowed-peer-ip and no-loopback-peers of coturn"
            )
        case "silent" if within_a_network(proof.relayed):
            return (
                "nothing that is sent there arrives, and it is a private address: the server does "
                "not know its public one (external-ip of coturn)"
            )
        case "silent":
            return (
                "nothing that is sent there arrives: a firewall before the server drops its relay "
                "ports (min-port to max-port of coturn), or it is not the server's address "
                "(external-ip)"
            )
        case "one-way":
            return (
                "what is sent there arrives, and nothing that is sent out of it does: a firewall "
                "drops what the server sends"
            )
        case _:
            return "whether it relays could not be tried: over UDP nobody told where we are seen"


def within_a_network(place: str) -> bool:
    """Whether an `ip:port` is of a private network or of this machine."""
    address = place.rpartition(":")[0].strip("[]")
    return is_private(address) or address.startswith("127.") or address == "::1"
