"""The numbers of STUN and what they are called: methods, classes, attributes (IANA's registry).

What belongs here: names, numbers and which form a value has. Nothing here reads a message.
"""

from __future__ import annotations

import enum
from collections.abc import Container, Mapping
from typing import Final, Literal

ClassName = Literal["request", "indication", "response", "error"]


class Class(enum.IntEnum):
    """The class bits of a message type (RFC 8489 section 5)."""

    REQUEST = 0x000
    INDICATION = 0x010
    RESPONSE = 0x100
    ERROR = 0x110


CLASS_NAMES: Final[Mapping[int, ClassName]] = {
    Class.REQUEST: "request",
    Class.INDICATION: "indication",
    Class.RESPONSE: "response",
    Class.ERROR: "error",
}


class Method(enum.IntEnum):
    """Methods of RFC 8489, RFC 8656 and, over TCP, RFC 6062."""

    BINDING = 0x001
    ALLOCATE = 0x003
    REFRESH = 0x004
    SEND = 0x006
    DATA = 0x007
    CREATE_PERMISSION = 0x008
    CHANNEL_BIND = 0x009
    CONNECT = 0x00A
    CONNECTION_BIND = 0x00B
    CONNECTION_ATTEMPT = 0x00C
    GOOG_PING = 0x080


METHOD_NAMES: Final[Mapping[int, str]] = {
    **{int(m): m.name.title().replace("_", "") for m in Method},
    int(Method.GOOG_PING): "GOOG-PING",
}


class Attribute(enum.IntEnum):
    """Attribute types. From 0x8000 on whoever does not know one may pass over it."""

    # RFC 8489
    MAPPED_ADDRESS = 0x0001
    USERNAME = 0x0006
    MESSAGE_INTEGRITY = 0x0008
    ERROR_CODE = 0x0009
    UNKNOWN_ATTRIBUTES = 0x000A
    REALM = 0x0014
    NONCE = 0x0015
    MESSAGE_INTEGRITY_SHA256 = 0x001C
    PASSWORD_ALGORITHM = 0x001D
    USERHASH = 0x001E
    XOR_MAPPED_ADDRESS = 0x0020
    PASSWORD_ALGORITHMS = 0x8002
    ALTERNATE_DOMAIN = 0x8003
    SOFTWARE = 0x8022
    ALTERNATE_SERVER = 0x8023
    FINGERPRINT = 0x8028
    # RFC 3489, which RFC 8489 keeps reserved
    RESPONSE_ADDRESS = 0x0002
    SOURCE_ADDRESS = 0x0004
    CHANGED_ADDRESS = 0x0005
    PASSWORD = 0x0007
    REFLECTED_FROM = 0x000B
    # RFC 8445
    PRIORITY = 0x0024
    USE_CANDIDATE = 0x0025
    ICE_CONTROLLED = 0x8029
    ICE_CONTROLLING = 0x802A
    # RFC 8656
    CHANNEL_NUMBER = 0x000C
    LIFETIME = 0x000D
    BANDWIDTH = 0x0010
    XOR_PEER_ADDRESS = 0x0012
    DATA = 0x0013
    XOR_RELAYED_ADDRESS = 0x0016
    REQUESTED_ADDRESS_FAMILY = 0x0017
    EVEN_PORT = 0x0018
    REQUESTED_TRANSPORT = 0x0019
    DONT_FRAGMENT = 0x001A
    TIMER_VAL = 0x0021
    RESERVATION_TOKEN = 0x0022
    ADDITIONAL_ADDRESS_FAMILY = 0x8000
    ADDRESS_ERROR_CODE = 0x8001
    ICMP = 0x8004
    # RFC 5780
    CHANGE_REQUEST = 0x0003
    PADDING = 0x0026
    RESPONSE_PORT = 0x0027
    CACHE_TIMEOUT = 0x8027
    RESPONSE_ORIGIN = 0x802B
    OTHER_ADDRESS = 0x802C
    # RFC 6062, 6679, 7635, 7982, 8016
    CONNECTION_ID = 0x002A
    ECN_CHECK = 0x802D
    ACCESS_TOKEN = 0x001B
    THIRD_PARTY_AUTHORIZATION = 0x802E
    TRANSACTION_TRANSMIT_COUNTER = 0x8025
    MOBILITY_TICKET = 0x8030
    # [MS-TURN], [MS-TURNBWM], [MS-ICE2]; not registered
    MS_VERSION = 0x8008
    MS_XOR_MAPPED_ADDRESS = 0x8020
    MS_ALTERNATE_HOST_NAME = 0x8032
    MS_APP_ID = 0x8037
    MS_SECURE_TAG = 0x8039
    MS_SEQUENCE_NUMBER = 0x8050
    MS_CANDIDATE_IDENTIFIER = 0x8054
    MS_SERVICE_QUALITY = 0x8055
    MS_BANDWIDTH_ADMISSION_CONTROL = 0x8056
    MS_BANDWIDTH_RESERVATION_IDENTIFIER = 0x8057
    MS_BANDWIDTH_RESERVATION_AMOUNT = 0x8058
    MS_IMPLEMENTATION_VERSION = 0x8070
    MS_ALT_MAPPED_ADDRESS = 0x8090
    MS_MULTIPLEXED_TURN_SESSION_ID = 0x8095
    # vendors; 0xC001 is libwebrtc's and libnice's renomination, registered for something else
    CISCO_STUN_FLOWDATA = 0xC000
    NOMINATION = 0xC001
    ENF_NETWORK_STATUS = 0xC002
    CISCO_WEBEX_FLOW_INFO = 0xC003
    CITRIX_TRANSACTION_ID = 0xC056
    GOOG_NETWORK_INFO = 0xC057
    GOOG_LAST_ICE_CHECK_RECEIVED = 0xC058
    GOOG_MISC_INFO = 0xC059
    GOOG_OBSOLETE_1 = 0xC05A
    GOOG_CONNECTION_ID = 0xC05B
    GOOG_DELTA = 0xC05C
    GOOG_DELTA_ACK = 0xC05D
    GOOG_DELTA_SYNC_REQ = 0xC05E
    GOOG_MESSAGE_INTEGRITY_32 = 0xC060
    META_DTLS_IN_STUN = 0xC070
    META_DTLS_IN_STUN_ACKNOWLEDGEMENT = 0xC071
    GOOG_MULTI_MAPPING = 0xFF04
    GOOG_LOGGING_ID = 0xFF05


ATTRIBUTE_NAMES: Final[Mapping[int, str]] = {
    **{int(a): a.name.replace("_", "-") for a in Attribute},
    int(Attribute.NOMINATION): "NOMINATION (unofficial)",
}

XORED: Final = frozenset(
    {
        Attribute.XOR_MAPPED_ADDRESS,
        Attribute.XOR_PEER_ADDRESS,
        Attribute.XOR_RELAYED_ADDRESS,
        Attribute.MS_XOR_MAPPED_ADDRESS,
    }
)
ADDRESSES: Final = XORED | {
    Attribute.MAPPED_ADDRESS,
    Attribute.RESPONSE_ADDRESS,
    Attribute.SOURCE_ADDRESS,
    Attribute.CHANGED_ADDRESS,
    Attribute.REFLECTED_FROM,
    Attribute.ALTERNATE_SERVER,
    Attribute.RESPONSE_ORIGIN,
    Attribute.OTHER_ADDRESS,
}
"""Values of RFC 8489 sections 14.1 and 14.2."""

INTEGERS: Final[Mapping[int, tuple[int, int]]] = {
    Attribute.CHANGE_REQUEST: (4, 4),
    Attribute.CHANNEL_NUMBER: (4, 2),
    Attribute.LIFETIME: (4, 4),
    Attribute.REQUESTED_ADDRESS_FAMILY: (4, 1),
    Attribute.REQUESTED_TRANSPORT: (4, 1),
    Attribute.PRIORITY: (4, 4),
    Attribute.RESPONSE_PORT: (4, 2),
    Attribute.ADDITIONAL_ADDRESS_FAMILY: (4, 1),
    Attribute.CACHE_TIMEOUT: (4, 4),
    Attribute.FINGERPRINT: (4, 4),
    Attribute.NOMINATION: (4, 4),
    Attribute.ICE_CONTROLLED: (8, 8),
    Attribute.ICE_CONTROLLING: (8, 8),
}
"""Values that are a number: their bytes, and how many of these, from the first on, hold it; the
others are reserved."""

UNOFFICIAL: Final = frozenset({Attribute.NOMINATION})
"""Registered for something else, which may have another form."""
SIZES: Final[Mapping[int, Container[int]]] = {
    **{number: (size,) for number, (size, _) in INTEGERS.items() if number not in UNOFFICIAL},
    **dict.fromkeys(ADDRESSES, (8, 20)),
    Attribute.MESSAGE_INTEGRITY: (20,),
    # Shorter ones are for usages that say so (RFC 8489 section 14.6); neither ICE nor TURN does.
    Attribute.MESSAGE_INTEGRITY_SHA256: (32,),
    Attribute.USERHASH: (32,),
    Attribute.ERROR_CODE: range(4, 0x10000),
    Attribute.ADDRESS_ERROR_CODE: range(4, 0x10000),
    Attribute.PASSWORD_ALGORITHM: range(4, 0x10000),
}
"""How many bytes a value of these may have."""
