"""Diagnosis: what a Session means, in plain words, with the evidence and what to do about it.

Pure rules over the fold. A finding never appears without figures behind it, and it is gone as soon
as the figures are: nothing is remembered here. What shows itself is one rule, one function. Why no
path comes up, or one went silent, is found by elimination. What is where:

    finding                what a finding is
    facts, nats            what several rules ask: pairs, silence, addresses; what the NATs do
    machine, servers       this machine and its interfaces; STUN, TURN and UDP as a whole
    exchange               the two blobs: missing, stale, altered, old, in no common family
    path                   a path that stands, is bad, or was ended
    evidence, silence_evidence   what elimination goes by, gathered in one pass
    hypothesis, hypotheses/      all that we know to be possible, a file a place
    elimination            what is left of them, and how sure it is
    unreached, silence     the same in words: no path has ever stood; one went silent
"""

from __future__ import annotations

from icetui.diagnosis import exchange, machine, path, servers, silence, unreached
from icetui.diagnosis.finding import WORST_FIRST, Finding, Rule, Severity
from icetui.session import Session

__all__ = ["RULES", "Finding", "Severity", "diagnose"]

RULES: tuple[Rule, ...] = (
    machine.engine_failed,
    machine.no_candidates,
    exchange.unreadable,
    servers.allocation_lost,
    silence.disconnected,
    silence.path_lost,
    exchange.wrong_credentials,
    exchange.no_common_family,
    machine.virtual_interface,
    servers.relay_forbidden,
    exchange.resend,
    servers.udp_blocked,
    exchange.mdns_unresolved,
    unreached.no_path,
    exchange.not_pasted_yet,
    exchange.restarting,
    exchange.replaced,
    exchange.waiting_for_them,
    exchange.old_blob,
    path.direct_blocked,
    path.unsteady,
    path.lossy,
    path.slow,
    path.large_messages_lost,
    servers.allocation_expiring,
    servers.server_failures,
    machine.candidate_failures,
    path.peer_left,
    path.connected,
    exchange.checking,
    machine.gathering,
    path.vpn_path,
    path.interrupted,
    machine.only_private,
    machine.dead_interface,
    machine.carrier_grade,
    machine.servers_disagree,
    exchange.one_sided_family,
    exchange.roles,
)
"""Of findings equally bad the one whose rule comes first here is said first: what explains a
failure goes before what merely accompanies it."""


def diagnose(session: Session) -> list[Finding]:
    """All findings, the most important first."""
    found = [finding for rule in RULES for finding in rule(session)]
    if not any(finding.severity in ("problem", "warning") for finding in found):
        found += unreached.unexplained(session)
    return sorted(found, key=lambda f: WORST_FIRST[f.severity])
