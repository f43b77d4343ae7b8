"""All events and all commands, and how each becomes a JSON line and back."""

from __future__ import annotations

from typing import Any

import msgspec

from icetui.events.checking import (
    ConnectionStateChanged,
    ConsentRefreshed,
    PairChanged,
    RequestLost,
    RoleChanged,
    RoundTripMeasured,
    SelectedPairChanged,
)
from icetui.events.codes import PROTOCOL
from icetui.events.commands import (
    ChangeNetwork,
    Command,
    Leave,
    Nominate,
    Paste,
    Restart,
    SendText,
    SetPace,
    StartNetwork,
    StartSession,
    TakeFormer,
    WatchNetwork,
)
from icetui.events.descriptions import (
    BlobChanged,
    CandidatesKept,
    DescriptionAccepted,
    DescriptionRefused,
    DescriptionReplaced,
    Knocked,
    RemoteCandidateAdded,
)
from icetui.events.event import Event
from icetui.events.gathered import (
    AllocationChanged,
    CandidateFailed,
    CandidateGathered,
    GatheringStateChanged,
    InterfaceFound,
    MappingSeen,
    NatBehaviourChanged,
    RelayTried,
    ServerChanged,
)
from icetui.events.lifecycle import (
    CommandRefused,
    CredentialsRenewed,
    EngineFailed,
    EngineSilent,
    EngineStarted,
    EventsDropped,
    Heartbeat,
    PeerLeft,
    ReaderBehind,
    SessionClosed,
    SessionRestarted,
    SessionStarted,
)
from icetui.events.run_summary import Summary
from icetui.events.simulated import (
    NatTableChanged,
    NetworkChanged,
    PaceChanged,
    PacketsPassed,
    TopologyChanged,
)
from icetui.events.traffic import (
    ChangeDamped,
    DataDropped,
    Refused,
    StrangersCounted,
    StunMessage,
    TextEchoed,
    TextReceived,
    TextSent,
)

AnyEvent = (
    EngineStarted
    | EngineFailed
    | SessionStarted
    | SessionRestarted
    | CredentialsRenewed
    | InterfaceFound
    | GatheringStateChanged
    | CandidateGathered
    | CandidateFailed
    | ServerChanged
    | AllocationChanged
    | MappingSeen
    | RelayTried
    | NatBehaviourChanged
    | BlobChanged
    | DescriptionAccepted
    | DescriptionRefused
    | DescriptionReplaced
    | CandidatesKept
    | RemoteCandidateAdded
    | RoleChanged
    | Knocked
    | PairChanged
    | RoundTripMeasured
    | RequestLost
    | SelectedPairChanged
    | ConsentRefreshed
    | ConnectionStateChanged
    | StunMessage
    | Refused
    | TextSent
    | TextEchoed
    | TextReceived
    | DataDropped
    | PeerLeft
    | StrangersCounted
    | ChangeDamped
    | CommandRefused
    | SessionClosed
    | TopologyChanged
    | NatTableChanged
    | PacketsPassed
    | NetworkChanged
    | PaceChanged
    | Heartbeat
    | EventsDropped
    | ReaderBehind
    | EngineSilent
    | Summary
)
NEWS = (
    Heartbeat,
    StunMessage,
    Refused,
    StrangersCounted,
    DataDropped,
    Knocked,
    RoundTripMeasured,
    RequestLost,
    ConsentRefreshed,
    PacketsPassed,
)
"""Events that may be left out where there are too many: the next of the kind says as much, and no
state is told by them."""
AnyCommand = (
    StartSession
    | Paste
    | TakeFormer
    | SendText
    | Nominate
    | Restart
    | Leave
    | StartNetwork
    | ChangeNetwork
    | SetPace
    | WatchNetwork
)
_encoder = msgspec.json.Encoder()
_command_decoder: msgspec.json.Decoder[AnyCommand] = msgspec.json.Decoder(AnyCommand)


class NotUnderstood(ValueError):
    """A line that is not what the vocabulary allows; the message is one sentence for people."""


def encode(message: Event | Command) -> bytes:
    """One JSON line, newline included."""
    return _encoder.encode(message) + b"\n"


def size(event: Event) -> int:
    """Bytes that the event takes as a line, about, without writing it."""
    if isinstance(event, PairChanged):  # most of all events, where there are many
        return 500
    match event:
        case StunMessage():
            return 300 + sum(60 + len(a.value) for a in event.attributes)
        case TextReceived() | TextSent():
            return 200 + 3 * len(event.text)
        case BlobChanged():
            return 200 + len(event.blob)
        case Refused() | DataDropped():
            return 300 + len(event.remote)
        case PacketsPassed():
            return 200 + 250 * len(event.passages)
        case NatTableChanged():
            return 200 + 200 * len(event.bindings)
    return 500


def decode_command(line: bytes | str) -> AnyCommand:
    """The command on a line.

    Raises `NotUnderstood` with a sentence when it is not one.
    """
    try:
        return _command_decoder.decode(line)
    except (msgspec.MsgspecError, UnicodeError, RecursionError) as error:
        raise NotUnderstood(f"not a command: {error}") from None


def schema() -> dict[str, Any]:
    """JSON Schema of everything that crosses the pipe: `events` and `commands`."""
    (events, commands), definitions = msgspec.json.schema_components(
        [AnyEvent, AnyCommand], ref_template="#/$defs/{name}"
    )
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "icetui event stream",
        "protocol": PROTOCOL,
        "events": events,
        "commands": commands,
        "$defs": definitions,
    }
