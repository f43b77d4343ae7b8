"""One ICE session from gathering to close: what a command does, what is told of it.

What belongs here: the session's parts put together. What a check means is the core's business,
what is gathered has files of its own.
"""

from __future__ import annotations

import asyncio
from typing import Literal

import msgspec

from icetui import events, signaling
from icetui.engine import core
from icetui.engine.chosen_timing import chosen_timing
from icetui.engine.core import Timing
from icetui.engine.core_runner import CoreRunner
from icetui.engine.discovery import Discovery
from icetui.engine.doubted_relays import RelayProofs
from icetui.engine.endpoint import Endpoint
from icetui.engine.gathering import Gathering
from icetui.engine.gathering_servers import Outlook
from icetui.engine.hidden import HiddenCandidates
from icetui.engine.local_candidates import LocalCandidates
from icetui.engine.net import Address, Net
from icetui.engine.sockets import Sockets
from icetui.engine.strangers import Strangers
from icetui.engine.stream import Stream
from icetui.engine.tasks import Tasks
from icetui.engine.unpaired import UnpairedCandidates
from icetui.events import Candidate
from icetui.signaling import Description, OwnDescription, UnreadableDescription
from icetui.streams.own_form import own_mid

MOST_KEPT = 20
"""Texts with candidates that wait for their description."""
CLOSE_WITHIN = 0.8
"""Seconds that closing may take, whatever the servers do."""


class IceSession:
    """One side of one ICE session."""

    def __init__(
        self,
        net: Net,
        stream: Stream,
        start: events.StartSession,
        timing: Timing | None = None,
        sockets: Sockets | None = None,
    ) -> None:
        """`sockets`: those of the engine, which its sessions share."""
        self.net = net
        self.stream = stream
        self._start = start
        self._generation = 0
        self.ufrag, self._pwd = signaling.random_credentials(self.net.random.randbytes)
        self.core = core.Agent(
            net.random,
            ufrag=self.ufrag,
            pwd=self._pwd,
            now=net.now(),
            timing=chosen_timing(timing or Timing(), start),
            routes=net.source_address,
        )
        self.runner = CoreRunner(
            net,
            stream,
            self.core,
            seen_as=self._peer_reflexive,
            lost=self._endpoint_lost,
            knocked=self._knocked_by,
            doubted=lambda: self._gathering.ask_at_once(),
            renewed=self._renewed,
        )
        self._theirs: Description | None = None
        self._before: tuple[str, Description | None] = ("", None)
        """Our ufrag and their description of the generation before."""
        self._ancestors: set[str] = set()
        """User fragments of theirs whose credentials the present ones derive from."""
        self._former: Description | None = None
        """The description of theirs that the present one has replaced."""
        self._kept: list[Description] = []
        """Candidates that came before the description they belong to."""
        self._strangers = Strangers(net, stream)
        self._endpoints: list[Endpoint] = []
        self._candidates = LocalCandidates(stream, self._found)
        self._discovery = Discovery(net, stream, start, self._nat_known)
        self._gathering = Gathering(
            net, stream, start, self, self._discovery, sockets or Sockets(net)
        )
        self._hidden = HiddenCandidates(net, start, self.runner)
        self._unpaired = UnpairedCandidates(stream, self.core)
        self._proofs = RelayProofs(stream, self._gathering, self._endpoints, self.connected)
        self._mid = own_mid(self.ufrag)
        self._their_mid: str | None = None
        """Of their SDP, which ours takes over when it answers it."""
        self._tasks = Tasks()
        self._gathered = False
        self._closed = False

    @property
    def endpoints(self) -> tuple[Endpoint, ...]:
        """Ours, in the order in which they came."""
        return tuple(self._endpoints)

    def begin(self) -> None:
        """Say who we are and start gathering."""
        servers = [events.Server(url=s.url, kind="stun") for s in self._start.stun_servers]
        servers += [
            events.Server(url=s.url, kind="turn", transport=s.transport)
            for s in self._start.turn_servers
        ]
        servers += self._start.unusable_servers
        self.stream.emit(
            events.SessionStarted,
            ufrag=self.ufrag,
            relay_only=self._start.relay_only,
            servers=tuple(servers),
            tries_relays=self._start.try_relays,
        )
        self._tasks.start(self._gather())

    async def _gather(self) -> None:
        try:
            await self._gathering.run()
        finally:
            self._gathered = True
        self._publish()
        if self._start.try_relays:
            await self._proofs.prove()

    # --- commands -------------------------------------------------------------------------------

    def paste(self, text: str) -> None:
        """Read the other side's description, or say in one sentence why not."""
        try:
            theirs = self._placed(self._typed(signaling.read(text)))
            if self.core.has_gone_over(theirs.ufrag, theirs.answers):
                self.runner.run(self.core.succeed, "their consent", self.net.now())
            warnings = signaling.check(theirs, self._addressed_by(theirs), self.net.wall())
            self._take(theirs, warnings)
        except UnreadableDescription as problem:
            kind = "own" if isinstance(problem, OwnDescription) else "unreadable"
            self.stream.emit(events.DescriptionRefused, problem=str(problem), kind=kind)

    def _typed(self, theirs: Description) -> Description:
        """Bare SDP does not say whether it answers ours, but only an answer has our `mid`.

        The roles follow from it (RFC 8445 section 6.1.1), and not everybody repairs a conflict.
        """
        if theirs.kind != "sdp" or theirs.sdp_type is not None or theirs.mid is None:
            return theirs
        sdp_type = "answer" if theirs.mid == self._mid else "offer"
        return msgspec.structs.replace(theirs, sdp_type=sdp_type)

    def _addressed_by(self, theirs: Description) -> Description:
        """Our description as they know it: when both sides restart at once, theirs still answers
        the generation before."""
        ours = self.description()
        if theirs.mid == self._their_mid:
            ours = msgspec.structs.replace(ours, mid=theirs.mid)
        if theirs.answers and theirs.answers == self._before[0]:
            return msgspec.structs.replace(ours, ufrag=theirs.answers)
        return ours

    def _placed(self, theirs: Description) -> Description:
        """Candidates that came alone are of one media section, which may not be the one used."""
        known = self._theirs
        return theirs if known is None else signaling.for_section(theirs, known.mid, known.mline)

    def _take(self, theirs: Description, warnings: tuple[str, ...]) -> None:
        known = self._theirs
        if known is not None and theirs.ufrag in self._ancestors:
            # What they showed before consent expired: it may hold addresses that are new to us.
            theirs = msgspec.structs.replace(theirs, ufrag=known.ufrag, pwd=known.pwd)
        strange = known is not None and bool(theirs.ufrag) and theirs.ufrag != known.ufrag
        if not theirs.pwd and (known is None or (strange and not self.connected())):
            self._keep(theirs)
            return
        if known is None:
            old = self._before[1]
            if old is not None and theirs.ufrag == old.ufrag:
                raise UnreadableDescription(
                    "This is their blob from before the restart: send them your new one first, "
                    "then paste the one they have then"
                )
        elif strange and theirs.pwd and self._is_restart(theirs, known):
            self._begin_generation("their restart")
            known = None
        elif strange and self.connected():
            raise UnreadableDescription(
                "This is from another session than the one you are connected to: leave it and "
                "start icetui anew to connect to that one."
            )
        elif theirs.pwd and (strange or theirs.pwd != known.pwd):
            if self.connected():
                raise UnreadableDescription(
                    "The password in this text is not the one pasted before: paste theirs as they "
                    "have it now."
                )
            self._replace(known, theirs, "newer")
            known = None
        if known is None:
            theirs = self._with_kept(theirs)
        # Pairs are formed before the checks start, so that the likeliest goes first.
        added = sum(self._add_remote(c) for c in theirs.candidates)
        self._theirs = known or theirs
        if theirs.sdp_type != "answer":
            self._their_mid = theirs.mid or self._their_mid
        told = signaling.facts(theirs)
        told["ufrag"] = theirs.ufrag or (known.ufrag if known else "")
        told["warnings"] = theirs.warnings + warnings
        # Candidates alone, trickled later, say nothing of their NAT.
        said = theirs if theirs.ufrag else self._theirs
        told["mapping"], told["filtering"] = said.mapping, said.filtering
        told["servers"] = said.servers
        told["shared_answering"] = self._gathering.shared_servers(said.answering)
        told["shared_silent"] = self._gathering.shared_servers(said.silent)
        self.stream.emit(
            events.DescriptionAccepted,
            new_candidates=added,
            known_candidates=self.core.remotes + len(self._unpaired),
            **told,
        )
        if known is None:
            self.runner.run(
                self.core.describe,
                theirs.ufrag,
                theirs.pwd,
                lite=theirs.lite,
                controlling=self._controls(theirs),
                has_ours=theirs.sdp_type == "answer",
                complete=theirs.complete,
                icetui=theirs.kind == "blob",
                renominates="renomination" in theirs.ice_options,
                now=self.net.now(),
            )
            self._publish()
            self._tasks.start(self._proofs.prove_if_in_doubt())
        elif theirs.complete:
            self.runner.run(self.core.end_of_candidates, self.net.now())
        self._see_who_opens()

    def _keep(self, candidates: Description) -> None:
        """Candidates overtook their description, as they do where both go through a server."""
        if len(self._kept) < MOST_KEPT:
            self._kept.append(candidates)
        number = sum(len(kept.candidates) for kept in self._kept)
        self.stream.emit(events.CandidatesKept, candidates=number, ufrag=candidates.ufrag)

    def _with_kept(self, theirs: Description) -> Description:
        """With the candidates that were kept for it."""
        kept = [k for k in self._kept if k.ufrag in ("", theirs.ufrag)]
        self._kept = []
        placed = [signaling.for_section(k, theirs.mid, theirs.mline) for k in kept]
        more = tuple(c for k in placed for c in k.candidates)
        complete = theirs.complete or any(k.complete for k in placed)
        return msgspec.structs.replace(
            theirs, candidates=(*theirs.candidates, *more), complete=complete
        )

    def _replace(
        self, known: Description, theirs: Description, cause: Literal["newer", "user", "knock"]
    ) -> None:
        """Before a path stands the newest description counts: checks begin anew with the same
        credentials of ours, which may be with either side. One wrong paste ends no session."""
        self._former, self._theirs, self._their_mid = known, None, None
        self._unpaired = UnpairedCandidates(self.stream, self.core)
        self.runner.run(self.core.begin, self.ufrag, self._pwd, "another description of theirs")
        self.stream.emit(
            events.DescriptionReplaced, former=known.ufrag, current=theirs.ufrag, cause=cause
        )

    def take_former(self, cause: Literal["user", "knock"] = "user") -> None:
        """Use the description again that the present one has replaced."""
        former, known = self._former, self._theirs
        if former is None or known is None or self.connected():
            self.stream.emit(
                events.CommandRefused,
                command="take-former",
                problem="a path stands already, with the description that is used now"
                if self.connected()
                else "there is no former description of theirs",
            )
            return
        self._replace(known, former, cause)
        self._take(former, ())

    def _knocked_by(self, ufrag: str) -> None:
        """A check keyed with our password came from somebody else than the one whose description
        is used. If it is the one of before, that was the right one: only its owner was given ours.
        """
        former = self._former
        if former is None or ufrag != former.ufrag or self.connected() or self.core.peer_heard:
            return
        asyncio.get_running_loop().call_soon(self._follow_the_knock, ufrag)

    def _follow_the_knock(self, ufrag: str) -> None:
        if self._closed or self._former is None or self._former.ufrag != ufrag:
            return
        if not (self.connected() or self.core.peer_heard):
            self.take_former("knock")

    def _see_who_opens(self) -> None:
        """Both NATs may be known by now: see `Rechecks.only_we_can_open`."""
        mapping, _ = self._discovery.said
        theirs = self._theirs
        self.core.only_we_can_open(
            mapping in ("address-dependent", "address-and-port-dependent")
            and theirs is not None
            and theirs.filtering in ("address-dependent", "unknown")
        )

    def _add_remote(self, candidate: Candidate) -> bool:
        """Take in one of theirs; False when there is nothing new to be shown."""
        if candidate.unsupported is not None:
            return self._unpaired.add(candidate)
        return self._hidden.add_remote(candidate) or self._unpaired.add_redundant(candidate)

    def _is_restart(self, theirs: Description, known: Description) -> bool:
        """Whether the same peer has restarted (RFC 8445 section 9): it answers us, is the same DTLS
        endpoint with the same media section, or offers an address it had."""
        if theirs.answers is not None:
            return theirs.answers == self.ufrag
        if theirs.sdp_type == "answer":
            return False  # whoever restarts offers
        said = theirs.fingerprint, theirs.mid
        if theirs.fingerprint is not None and said == (known.fingerprint, known.mid):
            return True
        had = {(c.address, c.port) for c in known.candidates}
        return any((c.address, c.port) in had for c in theirs.candidates)

    def restart(self) -> None:
        """Restart ICE: new credentials, to be exchanged again; the old path goes on meanwhile."""
        if self._theirs is None:
            self.stream.emit(
                events.CommandRefused,
                command="restart",
                problem="there is nothing to restart before the other side's blob is pasted",
            )
            return
        self._begin_generation("user")
        self._publish(resend=True)

    def _begin_generation(self, cause: str) -> None:
        self._before = (self.ufrag, self._theirs)
        self._generation += 1
        self.ufrag, self._pwd = signaling.random_credentials(self.net.random.randbytes)
        self._theirs = self._former = None
        self._ancestors.clear()
        self._unpaired = UnpairedCandidates(self.stream, self.core)
        self.stream.emit(
            events.SessionRestarted, generation=self._generation, ufrag=self.ufrag, cause=cause
        )
        self.runner.run(self.core.begin, self.ufrag, self._pwd, "an ICE restart")

    def _renewed(self, made: core.Renewed) -> None:
        """Consent has expired: both sides go on with credentials that neither has to be sent."""
        if self._theirs is None:
            return
        self._ancestors.add(self._theirs.ufrag)
        self._before = (self.ufrag, None)
        self._generation += 1
        self.ufrag, self._pwd = made.ours
        self._theirs = msgspec.structs.replace(
            self._theirs, ufrag=made.theirs.ufrag, pwd=made.theirs.pwd
        )
        self._former = None
        self.stream.emit(
            events.CredentialsRenewed,
            generation=self._generation,
            ufrag=self.ufrag,
            their_ufrag=made.theirs.ufrag,
            cause=made.cause,
        )
        self._publish()

    def _controls(self, theirs: Description) -> bool:
        """The offerer controls (RFC 8445 section 6.1.1); between two blobs the ufrags decide."""
        if theirs.sdp_type is not None:
            return theirs.sdp_type == "answer"
        return signaling.controlling(self.ufrag, theirs.ufrag)

    def send_text(self, text: str) -> None:
        """Send a text over the path."""
        problem = self.runner.run(self.core.send_text, text, self.net.now())
        if problem:
            self.stream.emit(events.CommandRefused, command="send-text", problem=problem)

    def nominate(self, pair_id: str) -> None:
        """Use a pair that the user chose."""
        problem = self.runner.run(self.core.nominate, pair_id, self.net.now())
        if problem:
            self.stream.emit(events.CommandRefused, command="nominate", problem=problem)

    async def leave(self, cause: str) -> None:
        """Say goodbye and close everything, in less than a second."""
        if self._closed:
            return
        self._closed = True
        self.runner.run(self.core.leave, self.net.now())
        self._gathering.stop()
        self._discovery.stop()
        self._hidden.stop()
        self._tasks.cancel()
        closing = [
            asyncio.create_task(endpoint.close())
            for endpoint in self._endpoints
            if endpoint.transport is not None
        ]
        if closing:
            await asyncio.wait(closing, timeout=CLOSE_WITHIN)
            for task in closing:
                task.cancel()  # does nothing to those that are done
        self._strangers.stop()
        self.runner.run(self.core.closed, cause)
        self.runner.stop()

    # --- what gathering finds -------------------------------------------------------------------

    def new_endpoint(self, *, via: str | None = None) -> Endpoint:
        """An endpoint without a transport yet."""
        endpoint = Endpoint(self.runner, self.net, self.stream, via=via, strangers=self._strangers)
        self._endpoints.append(endpoint)
        return endpoint

    def _endpoint_lost(self, endpoint: Endpoint) -> None:
        """A TURN allocation is gone: say so, and ask its server for another one."""
        if endpoint in self._endpoints:
            self._endpoints.remove(endpoint)
        if endpoint.base is None or self._closed or endpoint.via is None:
            return
        self._candidates.lose_relay(endpoint)
        self._publish()
        self._gathering.allocate_again(endpoint.via)

    def server_at(self, address: str) -> None:
        """A server of ours has this IP address."""
        self.core.server_at(address)

    def server_answered(self, seconds: float) -> None:
        """The round trip to one of our servers."""
        self.core.server_answered(seconds)

    def direct(self) -> bool:
        """Whether a path without a relay stands."""
        path = self.core.path
        return path is not None and not path.relayed and not path.silent

    def connected(self) -> bool:
        return self.core.path is not None

    def found(self, candidate: Candidate, endpoint: Endpoint) -> Candidate | None:
        """Publish a candidate; None when it is redundant (RFC 8445 section 5.1.3)."""
        if self._closed:
            return None
        return self._candidates.add(candidate, endpoint, self.runner)

    def _found(self, candidate: Candidate) -> None:
        """It has been told: our blob holds it from now on."""
        # A blob that said "complete" may be with the other side by now: without this it cannot
        # know where we are. It happens when the NAT moves us, when a server answers late and when
        # this machine has come to another network.
        resend = self._gathered and candidate.type != "prflx" and not self.connected()
        if candidate.type != "prflx":
            self._publish(resend=resend)

    def mapping_gone(self, endpoint: Endpoint, before: Address, now: Address) -> None:
        if not self._closed and self._candidates.withdraw_mapping(endpoint, before, now):
            self._publish()

    def base_gone(self, endpoint: Endpoint) -> None:
        if not self._closed and self._candidates.withdraw_base(endpoint):
            self._publish()

    def base_back(self, endpoint: Endpoint) -> None:
        if not self._closed:
            self._candidates.restore_base(endpoint)

    def _peer_reflexive(self, endpoint: Endpoint, mapped: Address) -> None:
        if not self._closed:
            self._candidates.add_peer_reflexive(endpoint, mapped, self.runner)

    # --- our blob -------------------------------------------------------------------------------

    def description(self) -> Description:
        """What the other side needs to know of us."""
        mapping, filtering = self._discovery.said
        outlook = self._gathering.outlook() if self._gathered else Outlook("unknown")
        return Description(
            ufrag=self.ufrag,
            pwd=self._pwd,
            candidates=self._candidates.offered,
            complete=self._gathered,
            made=self.net.wall(),
            answers=self._answered_ufrag(),
            mid=self._mid,
            mapping=mapping,
            filtering=filtering,
            servers=outlook.seen,
            answering=outlook.answering,
            silent=outlook.silent,
        )

    def _answered_ufrag(self) -> str | None:
        """Whom our blob is for: after a restart still the one they had, which tells them that."""
        theirs = self._theirs or self._before[1]
        return theirs.ufrag if theirs is not None else None

    def _nat_known(self) -> None:
        """More is known of our NAT: the blob says so, and whoever has the one before needs no
        other."""
        if not self._closed:
            self._see_who_opens()
            self._publish(nat_only=True)

    def _publish(self, *, resend: bool = False, nat_only: bool = False) -> None:
        description = self.description()
        if not description.candidates:
            return
        self.stream.emit(
            events.BlobChanged,
            blob=signaling.write_blob(description),
            candidates=len(description.candidates),
            complete=self._gathered,
            resend=resend,
            nat_only=nat_only,
        )
