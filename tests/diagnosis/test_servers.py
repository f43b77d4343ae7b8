"""Findings about servers that no lab session shows."""

import errno
from typing import Any

import pytest

from icetui import events
from icetui.events import AnyEvent, Reason, StunAttribute
from tests.diagnosis.making import (
    OTHER_STUN,
    STUN,
    TURN,
    checking,
    connected,
    findings,
    gathered,
    icmp,
    local,
    nat,
    pair,
    remote,
    server,
    stamped,
)

RELAY = local(3, type="relay", address="192.0.2.10", port=50_000, server=TURN)


@pytest.mark.parametrize(
    ("reason", "detail", "rule"),
    [
        (Reason.FORBIDDEN, "403 Forbidden", "turn-refused"),
        (Reason.TRANSPORT_UNSUPPORTED, "442 Unsupported Transport Protocol", "turn-refused"),
        (Reason.INSUFFICIENT_CAPACITY, "508 Insufficient Capacity", "turn-quota"),
        (Reason.UNAUTHENTICATED, "401 Unauthorized: the password is wrong", "turn-credentials"),
        (Reason.TLS, "TLS: certificate has expired", "turn-tls"),
        (Reason.DNS, "turn.example: no address", "server-unresolved"),
        (Reason.BAD_REQUEST, "400 Bad Request", "server-useless"),
    ],
)
def test_a_refused_allocation_says_why_and_what_to_do(
    reason: Reason, detail: str, rule: str
) -> None:
    asked = server(TURN, state="failed", reason=reason, detail=detail, transport="tcp")
    finding = findings(gathered(asked))[rule]
    assert detail in finding.evidence and finding.remedy
    assert finding.severity == "warning"
    assert rule not in findings(gathered(asked, server(TURN, t=0.5)))


@pytest.mark.parametrize(
    ("failure", "rule"),
    [
        (icmp("host", "10.0.0.1"), "server-unreachable"),
        (icmp("port", "192.0.2.10"), "server-closed"),
        (
            {
                "reason": Reason.SEND_ERROR,
                "detail": "Connection refused",
                "evidence": events.Evidence(errno=errno.ECONNREFUSED),
            },
            "server-closed",
        ),
        (
            {
                "reason": Reason.TLS,
                "detail": "TLS: it has expired",
                "evidence": events.Evidence(tls="certificate-expired"),
            },
            "turn-tls",
        ),
    ],
)
def test_who_refused_and_why_is_told_from_fields(failure: dict[str, Any], rule: str) -> None:
    asked = server(TURN, state="failed", transport="tcp", **failure)
    finding = findings(gathered(asked))[rule]
    assert failure["detail"] in finding.evidence and finding.remedy


def test_udp_is_not_called_blocked_while_anything_comes_over_it() -> None:
    dead = [server(url, state="failed", reason=Reason.TIMEOUT) for url in (STUN, OTHER_STUN)]
    blocked = findings(gathered(*dead))
    assert blocked["udp-blocked"].severity == "warning"
    assert "server-silent" not in blocked
    spoken = connected(checking(gathered(*dead), remote()))
    assert "udp-blocked" not in findings(spoken)
    assert "server-silent" in findings(spoken)


def test_one_silent_server_is_not_udp_blocked() -> None:
    alone = gathered(server(state="failed", reason=Reason.TIMEOUT))
    found = findings(alone)
    assert "udp-blocked" not in found and "server-silent" in found
    measured = findings([*alone, nat(udp=False, behind_nat=None)])
    assert "udp-blocked" not in measured, "it was measured with that one server"


def turn_message(direction: str, method: str, t: float, id: str, **fields: object) -> AnyEvent:
    event: AnyEvent = stamped(
        events.StunMessage, t=t, direction=direction, local="192.168.1.2:6000",
        remote="192.0.2.10:3478", method=method, transaction=id, via=TURN,
        **({"message_class": "request" if direction == "out" else "response"} | fields),
    )  # fmt: skip
    return event


def lived(*more: AnyEvent) -> list[AnyEvent]:
    lifetime = (StunAttribute(name="LIFETIME", value="600 s"),)
    granted = turn_message("in", "Allocate", 0.3, "aa", attributes=lifetime)
    return connected(checking(gathered(server(TURN), RELAY, granted), remote()), *more, id="L3-R1")


def test_an_allocation_that_is_not_refreshed_in_time() -> None:
    assert "allocation-expiring" not in findings(lived())
    late = lived(pair("L3-R1", t=560.0, state="succeeded", valid=True))
    assert "40.3 s left of 600 s" in findings(late)["allocation-expiring"].evidence
    lifetime = (StunAttribute(name="LIFETIME", value="600 s"),)
    refreshed = turn_message("in", "Refresh", 561.0, "bb", attributes=lifetime)
    assert "allocation-expiring" not in findings([*late, refreshed])


def test_a_refresh_without_an_answer() -> None:
    asked = turn_message("out", "Refresh", 500.0, "bb")
    waiting = lived(asked, pair("L3-R1", t=504.0, state="succeeded", valid=True))
    finding = findings(waiting)["allocation-expiring"]
    assert "does not confirm" in finding.claim and "unanswered" in finding.evidence
    answered = turn_message("in", "Refresh", 504.1, "bb")
    assert "allocation-expiring" not in findings([*waiting, answered])


def test_a_refresh_of_an_allocation_that_is_lost_says_nothing_of_the_next_one() -> None:
    lifetime = (StunAttribute(name="LIFETIME", value="600 s"),)
    stream = lived(
        turn_message("out", "Refresh", 40.0, "bb"),
        turn_message("in", "Allocate", 60.0, "cc", attributes=lifetime),
        pair("L3-R1", t=64.0, state="succeeded", valid=True),
    )
    assert "allocation-expiring" not in findings(stream)


def test_an_address_of_the_other_family_is_not_called_a_name_that_cannot_be_resolved() -> None:
    detail = "192.0.2.10 has no address of a family in use"
    other = events.Evidence(resolver="other-family")
    asked = server(STUN, state="failed", reason=Reason.DNS, detail=detail, evidence=other)
    found = findings(gathered(asked))
    assert "--ipv4" in found["server-family"].remedy and "server-unresolved" not in found
