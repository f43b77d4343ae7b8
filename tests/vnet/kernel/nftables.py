"""The few nftables rules that scenarios use, as rules of a simulated firewall.

What belongs here: reading. Whatever is not understood to the last word is refused, so that no
scenario silently plays on another network than the lab's.
"""

from __future__ import annotations

import re
from typing import Any

from icetui.vnet.network_parts import Rule

HOOKS = ("input", "output", "forward")
MATCHES: tuple[tuple[str, str], ...] = (
    (r"ip saddr (?P<source>\S+)", "source"),
    (r"ip daddr (?P<destination>\S+)", "destination"),
    (r"meta l4proto (?P<protocol>udp|tcp)", "protocol"),
    (r"(?P<of>udp|tcp) dport (?P<destination_ports>[\d-]+)", "destination_ports"),
    (r"ct state (?P<state>new|established)", "state"),
    (r"numgen random mod 100 < (?P<share>\d+)", "share"),
)
VERDICTS = {
    "drop": {"action": "drop"},
    "accept": {"action": "accept"},
    "reject with icmp type admin-prohibited": {
        "action": "reject",
        "reject_with": "admin-prohibited",
    },
}


def rule(text: str, hook: str) -> Rule:
    """Of one rule in a chain of that hook. Raises NotImplementedError."""
    if hook not in HOOKS:
        raise NotImplementedError(f"there is no chain for the hook {hook}")
    fields: dict[str, Any] = {"chain": hook, "version": 4}
    rest = text.strip()
    while rest not in VERDICTS:
        for pattern, name in MATCHES:
            found = re.match(pattern + r"\s+", rest)
            if found is not None:
                _take(fields, name, found)
                rest = rest[found.end() :]
                break
        else:
            raise NotImplementedError(f"{rest!r} in the rule {text!r} has no counterpart")
    return Rule(**fields, **VERDICTS[rest])


def _take(fields: dict[str, Any], name: str, found: re.Match[str]) -> None:
    value: Any = found[name]
    if name in ("source", "destination", "destination_ports"):
        value = (value,)
    elif name == "share":
        value = int(value) / 100
    if fields.setdefault(name, value) != value:
        raise NotImplementedError(f"two values of {name} in one rule")
    if name == "destination_ports" and fields.setdefault("protocol", found["of"]) != found["of"]:
        raise NotImplementedError("ports of another protocol than the rule's")
