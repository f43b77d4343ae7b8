"""What happened in one network, as a timeline of both sides, for whoever looks for the fault."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from icetui import events
from icetui.diagnosis import diagnose
from icetui.events import AnyEvent
from tests.vnet.search.invariants import shown
from tests.vnet.search.judge import Judgement


def story(judgement: Judgement, *, messages: bool = False) -> str:
    """All of it."""
    run, truth = judgement.run, judgement.truth
    rows: list[tuple[float, str]] = []
    for side in run.sides.values():
        pairs: dict[str, tuple[object, ...]] = {}
        for event, at in zip(side.events, side.at, strict=True):
            if isinstance(event, events.PairChanged):
                p = event.pair
                news = p.state, p.valid, p.nominated, p.reason, p.mapped
                if pairs.get(p.id) == news or pairs.get(p.id, news)[0] == p.state == "failed":
                    continue
                if p.state == "in-progress" and p.id in pairs and not p.valid:
                    continue
                pairs[p.id] = news
            rows += [(at, f"{side.name:6} {text}") for text in told(event, messages)]
        if side.pasted is not None:
            rows.append((side.pasted, f"{side.name:6} pastes"))
    for change in run.network.changes:
        fields = msgspec.to_builtins(change)
        rows.append((change.at, "       CHANGE " + " ".join(f"{k}={v}" for k, v in fields.items())))
    lines = [f"{at:9.3f} {text}" for at, text in sorted(rows, key=lambda row: row[0])]
    lines.append(f"{run.until:9.3f} end; the ways that stood: {shown(truth) or 'none'}")
    lines.append(
        "first by an ideal agent: "
        + "; ".join(
            f"{name} " + (", ".join(f"{way} {at:.3f}" for way, at in found.items()) or "never")
            for name, found in truth.firsts.items()
        )
    )
    for side in run.sides.values():
        lines.append(f"{side.name}: {side.sent} packets, {len(side.events)} events")
        for finding in diagnose(side.session_at(run.until)):
            lines.append(f"  {finding.severity:8}{finding.rule}: {finding.claim}")
            lines.append(f"          [{finding.evidence}]")
    drops = ", ".join(f"{place} {why} {n}" for (place, why), n in sorted(run.drops.items()))
    lines.append(f"dropped: {drops or 'nothing'}")
    lines += [f"VIOLATION {v.kind}: {v.evidence}" for v in judgement.violations]
    lines += [f"CLAIM {v.kind}: {v.evidence}" for v in judgement.claims]
    if judgement.luck:
        lines.append("other dice give another truth")
    return "\n".join(lines)


def told(event: AnyEvent, messages: bool) -> Iterator[str]:
    """The event in a line, if it is one to be told."""
    match event:
        case events.CandidateGathered() | events.RemoteCandidateAdded():
            c = event.candidate
            whose = "theirs" if isinstance(event, events.RemoteCandidateAdded) else "mine"
            yield f"candidate {whose} {c.id} {c.type} {c.address}:{c.port} {c.server or ''}"
        case events.ServerChanged() if event.server.state != "asking":
            s = event.server
            yield f"server {s.url} {s.state} {s.mapped or ''} {s.relayed or ''} {s.detail or ''}"
        case events.PairChanged():
            p = event.pair
            yield (
                f"pair {p.id} {p.state}{' valid' if p.valid else ''}"
                f"{' nominated' if p.nominated else ''} {p.requests_sent}+"
                f"{p.retransmissions_sent}/{p.responses_received} "
                f"{p.mapped or ''} {p.reason or ''} {p.detail or ''}"
            )
        case events.StunMessage():
            if messages:
                arrow = "→" if event.direction == "out" else "←"
                yield (
                    f"{arrow} {event.method} {event.message_class} {event.local} {arrow} "
                    f"{event.remote} {event.pair or ''} {event.via or ''} {event.error or ''} "
                    f"{event.transaction[:6]} #{event.transmission}"
                )
        case (
            events.SelectedPairChanged() | events.ConnectionStateChanged() | events.RoleChanged()
            | events.GatheringStateChanged() | events.Knocked() | events.Refused()
            | events.DescriptionAccepted() | events.DescriptionRefused() | events.PeerLeft()
            | events.SessionClosed() | events.CandidateFailed() | events.EngineFailed()
            | events.NatBehaviourChanged() | events.BlobChanged()
        ):  # fmt: skip
            fields = msgspec.to_builtins(event)
            said = {k: v for k, v in fields.items()
                    if k not in ("wall", "t", "session", "event", "blob", "nat")}  # fmt: skip
            if isinstance(event, events.NatBehaviourChanged):
                said |= {k: v for k, v in fields["nat"].items() if k != "notes"}
            yield f"{fields['event']} " + " ".join(f"{k}={v}" for k, v in said.items())
        case _:
            pass
