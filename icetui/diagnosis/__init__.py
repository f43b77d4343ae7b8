"""Diagnosis: what a Session means, in plain words, with the evidence and what to do about it.

Pure rules over the fold. A finding never appears without figures behind it, and it is gone as soon
as the figures are: nothing is remembered here. What shows itself is one rule, one function. Why no
path comes up, or one went silent, is found by elimination. What is where:

    finding                what a finding is
    questions, nats        what several rules ask: pairs, silence, addresses; what the NATs do
    machine, server_findings     this machine and its interfaces; STUN, TURN and UDP as a whole
    blobs                  the two blobs: missing, stale, altered, old, in no common family
    standing_path          a path that stands, is bad, or was ended
    failures               what the fields of a failure say
    evidence, silence_evidence   what elimination goes by, gathered in one pass
    hypothesis, hypotheses/      all that we know to be possible, a file a place
    elimination            what is left of them, and how sure it is
    unreached, silence     the same in words: no path has ever stood; one went silent
"""

from __future__ import annotations

from icetui.diagnosis import (
    blobs,
    machine,
    server_findings,
    silence,
    standing_path,
    unreached,
)
from icetui.diagnosis.finding import WORST_FIRST, Finding, Rule, Severity
from icetui.session import Session

__all__ = ["RULES", "Finding", "Severity", "diagnose"]

RULES: tuple[Rule, ...] = (
    machine.engine_failed,
    machine.no_candidates,
    blobs.unreadable,
    server_findings.allocation_lost,
    silence.disconnected,
    silence.path_lost,
    blobs.wrong_credentials,
    blobs.no_common_family,
    machine.virtual_interface,
    server_findings.relay_forbidden,
    blobs.resend,
    server_findings.udp_blocked,
    blobs.mdns_unresolved,
    unreached.no_path,
    unreached.refused,
    blobs.not_pasted_yet,
    blobs.restarting,
    blobs.replaced,
    blobs.waiting_for_them,
    blobs.old_blob,
    standing_path.direct_blocked,
    standing_path.unsteady,
    standing_path.lossy,
    standing_path.slow,
    standing_path.large_messages_lost,
    server_findings.allocation_expiring,
    server_findings.server_failures,
    machine.candidate_failures,
    standing_path.peer_left,
    standing_path.connected,
    blobs.checking,
    machine.gathering,
    standing_path.vpn_path,
    standing_path.interrupted,
    machine.only_private,
    machine.dead_interface,
    machine.carrier_grade,
    machine.servers_disagree,
    blobs.one_sided_family,
    blobs.roles,
)
"""Of findings equally bad the one whose rule comes first here is said first: what explains a
failure goes before what merely accompanies it."""


def diagnose(session: Session) -> list[Finding]:
    """All findings, the most important first."""
    found = [finding for rule in RULES for finding in rule(session)]
    if not any(finding.severity in ("problem", "warning") for finding in found):
        found += unreached.unexplained(session)
    return sorted(found, key=lambda f: WORST_FIRST[f.severity])
