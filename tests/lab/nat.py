"""The rules that make a Linux router one kind of NAT (RFC 4787), as nftables text.

The router's inner interface is called ``lan``, its outer one ``wan``.
"""

from __future__ import annotations

from tests.lab.topology import SERVER_V4, STUN_ALT_PORT, STUN_PORT, TLS_ALT_PORT, TLS_PORT

REBIND_STEP = 0x0101
"""Public ports are the inner ones XOR a multiple of this: a bijection, so that the mapping stays
endpoint-independent, and another multiple gives every inner port a new public one."""


def ruleset(
    kind: str,
    address: str,
    *,
    hairpin: bool = False,
    binding_lifetime: int | None = None,
    rebinds: int = 0,
) -> str:
    """All rules of a router whose outer address is ``address``.

    ``rebinds`` counts how often the NAT has forgotten its mappings (a router's restart).
    """
    return (
        "flush ruleset\n"
        + filtering(kind, address)
        + ("" if kind == "open" else translation(kind, address, hairpin, binding_lifetime, rebinds))
    )


def filtering(kind: str, address: str) -> str:
    """Who may pass, IPv4 and IPv6.

    ``input`` drops in silence what nobody asked for: a packet that reached the router itself
    would leave a conntrack entry behind, the inside's own packet to that peer would then find its
    port taken and leave through another one, and a port-restricted cone would look symmetric.
    """
    if kind == "open":
        outwards = "accept"
    elif kind == "udpblock":
        ports = f"{STUN_PORT}, {STUN_ALT_PORT}, {TLS_PORT}, {TLS_ALT_PORT}"
        outwards = (
            f'iifname "lan" oifname "wan" ip daddr {{ {", ".join(SERVER_V4)} }} '
            f"tcp dport {{ {ports} }} accept"
        )
    else:
        outwards = 'iifname "lan" oifname "wan" accept'
    return f"""
table inet filter {{
    chain input {{
        type filter hook input priority filter; policy drop;
        iifname "lo" accept
        ct state established,related accept
        icmp type echo-request accept
        meta l4proto ipv6-icmp accept
        iifname "lan" ip daddr != {address} accept
    }}
    chain forward {{
        type filter hook forward priority filter; policy drop;
        ct state invalid drop
        ct state established,related accept
        ct status dnat accept
        {outwards}
    }}
}}
"""


def translation(
    kind: str, address: str, hairpin: bool, binding_lifetime: int | None, rebinds: int
) -> str:
    """Mapping, and the part of filtering that plain conntrack is too strict for.

    Conntrack by itself filters by address and port. Endpoint-independent and address-dependent
    filtering need to know which inner endpoint a public port stands for: ``mapped`` learns it from
    every packet that leaves, ``contacted`` learns whom the inner endpoint has written to.
    """
    if kind == "sym":
        udp = f"snat to {address}:1024-65535 fully-random"
    elif rebinds:
        udp = f"snat to {address} : udp sport xor {rebinds * REBIND_STEP & 0x3FFF}"
    else:
        udp = f"snat to {address}"
    let_in = {"cone": "udp dport @ports", "arc": "udp dport . ip saddr @contacted"}.get(kind)
    to_host = "dnat to udp dport map @mapped"
    inwards = f'iifname "wan" ip daddr {address} {let_in} {to_host}' if let_in else ""
    back_in = f'iifname "lan" ip daddr {address} udp dport @ports {to_host}' if hairpin else ""
    turned = f'iifname "lan" oifname "lan" ct status dnat meta l4proto udp {udp}' if hairpin else ""
    lifetime = binding_lifetime or 120
    return f"""
table ip nat {{
    map mapped {{
        type inet_service : ipv4_addr . inet_service
        flags dynamic,timeout; timeout {lifetime}s; size 65535
    }}
    set ports {{
        type inet_service
        flags dynamic,timeout; timeout {lifetime}s; size 65535
    }}
    set contacted {{
        type inet_service . ipv4_addr
        flags dynamic,timeout; timeout {lifetime}s; size 65535
    }}
    chain prerouting {{
        type nat hook prerouting priority dstnat;
        {inwards}
        {back_in}
    }}
    chain postrouting {{
        type nat hook postrouting priority srcnat;
        oifname "wan" meta l4proto udp {udp}
        oifname "wan" snat to {address}
        {turned}
    }}
    chain learn {{
        type filter hook postrouting priority srcnat + 10;
        ip saddr != {address} return
        update @ports {{ udp sport }}
        update @contacted {{ udp sport . ip daddr }}
        ct direction original \
            update @mapped {{ udp sport : ct original ip saddr . ct original proto-src }}
        ct direction reply \
            update @mapped {{ udp sport : ct reply ip saddr . ct reply proto-src }}
    }}
}}
"""
