"""The door of the core, and the generations of its session (RFC 8445 section 9).

What belongs here: what comes in, given to the right generation: checks by the user fragment they
name, answers by the request they answer, data by the pair they came over. The generation that
carries data goes on until the new one has a path.
"""

from __future__ import annotations

from icetui import events
from icetui.engine import stun
from icetui.engine.core import incoming_check
from icetui.engine.core.base import Address, Base
from icetui.engine.core.conversation import Conversation, unsendable
from icetui.engine.core.failure import Failure
from icetui.engine.core.generation import Generation
from icetui.engine.core.outbox import Outbox, Output, Renewed, SendData
from icetui.engine.core.pair import CandidatePair
from icetui.engine.core.pair_table import Routes, Surroundings
from icetui.engine.core.refusals import Refusals
from icetui.engine.core.succession import Credentials
from icetui.engine.core.timing import Timing
from icetui.engine.core.upkeep import Randomness
from icetui.events import Candidate, Reason, RefusalKind, RenewalCause

RESTARTED, RENEWED = "an ICE restart", "credentials made anew"
"""What replaces a generation, in words."""


class Agent:
    """One side of one session. `now` is always the time at which something happens, in seconds of
    a clock that never jumps."""

    def __init__(
        self,
        random: Randomness,
        *,
        ufrag: str,
        pwd: str,
        now: float,
        timing: Timing | None = None,
        routes: Routes = lambda _: None,
    ) -> None:
        self._random = random
        self._timing = timing or Timing()
        self._outbox = Outbox()
        self._refusals = Refusals(self._outbox)
        self._surroundings = Surroundings(routes)
        self._conversation = Conversation(self._outbox, now)
        self._bases: list[Base] = []
        self._generations: list[Generation] = []
        """At most two: the one that carries data, and the newest."""
        self.begin(ufrag, pwd)

    # --- what is to be done ---------------------------------------------------------------------

    def next_output(self) -> Output | None:
        """What is to be done next, None: nothing any more."""
        return self._outbox.take()

    def next_due(self) -> float | None:
        """When `tick` wants to be called, None: never as things are; maybe in the past."""
        dues = (generation.next_due() for generation in self._generations)
        return min((due for due in dues if due is not None), default=None)

    def tick(self, now: float) -> None:
        """Time has passed."""
        for generation in list(self._generations):
            generation.tick(now)
        self._settle(now)

    def left(self, base: Base, transaction_id: bytes, at: float) -> None:
        """A request left at this time, a little after it was decided: round trips and the pace
        count from here."""
        for generation in self._generations:
            generation.left(base, transaction_id, at)

    def slept(self, seconds: float, now: float) -> None:
        """The clock stood still for so long, as the machine slept: consent ran out meanwhile."""
        for generation in self._generations:
            generation.slept(seconds, now)

    def _settle(self, now: float) -> None:
        """After each input."""
        for generation in self._generations:
            generation.settle(now)
        newest = self.newest
        if newest.consent_lost:
            newest.consent_lost = False
            self.succeed("consent", now)
            newest = self.newest
        if newest.path.selected is not None and not newest.connection.primary:
            self._take_over(newest)
        elif newest.renewed:
            self._end_lost(newest)

    # --- generations ----------------------------------------------------------------------------

    @property
    def newest(self) -> Generation:
        return self._generations[-1]

    @property
    def carrying(self) -> Generation | None:
        """The one with a path, if there is one."""
        standing = (c for c in self._generations if c.path.selected is not None)
        return next((c for c in standing if not c.connection.gone), None)

    @property
    def path(self) -> CandidatePair | None:
        """The pair that data takes."""
        carrying = self.carrying
        return carrying.path.selected if carrying is not None else None

    @property
    def peer_heard(self) -> bool:
        """Whether the other side of the newest generation is known to have our description."""
        return self.newest.path.heard

    def begin(self, ufrag: str, pwd: str, by: str = RESTARTED) -> None:
        """A new generation, with new credentials or, for another description of theirs, with the
        same; of the others only the one that carries data goes on. `by` says what this is."""
        carrying = self.carrying
        for other in self._generations:
            if other is not carrying:
                other.supersede(by)
        generation = Generation(
            self._outbox,
            self._random,
            self._timing,
            self._surroundings,
            self._refusals,
            ufrag=ufrag,
            pwd=pwd,
            primary=carrying is None,
        )
        self._generations = [generation] if carrying is None else [carrying, generation]
        generation.pairs.bases.extend(self._bases)

    def _end_lost(self, newest: Generation) -> None:
        """Credentials were derived while a path with the ones of before stood: once that is lost,
        those are used no more."""
        for other in self._generations[:-1]:
            if other.path.selected is None:
                other.supersede(RENEWED)
                self._generations = [newest]

    def _take_over(self, newest: Generation) -> None:
        """The newest has a path now: the other ends."""
        previous: CandidatePair | None = None
        for other in self._generations[:-1]:
            previous = other.path.selected or previous
            other.supersede(RENEWED if newest.renewed else RESTARTED)
        self._generations = [newest]
        newest.connection.primary = True
        newest.path.announce(previous, "new credentials" if newest.renewed else "ICE restart")

    @property
    def _successors(self) -> tuple[Credentials, Credentials] | None:
        """Our and their credentials of the next generation; None: it is to be exchanged."""
        return self.newest.keyring.successors if self._conversation.of_icetui else None

    def has_gone_over(self, ufrag: str, answers: str | None) -> bool:
        """Whether a description with this user fragment, that answers one with that, is of a side
        which has the credentials of the next generation already."""
        successors = self._successors
        if successors is None:
            return False
        ours, theirs = successors
        return ufrag == theirs.ufrag or answers == ours.ufrag

    def names_successor(self, message: stun.Message) -> bool:
        """Whether a request names, and is signed for, the next generation."""
        successors = self._successors
        if successors is None:
            return False
        ours, theirs = successors
        named = incoming_check.names(message.username or "", ours.ufrag, theirs.ufrag)
        return named and message.signed_with(ours.pwd.encode())

    def succeed(self, cause: RenewalCause, now: float) -> None:
        """Go over to the next generation, with all candidates that are known."""
        successors = self._successors
        if successors is None:
            return
        old, lost = self.newest, self.carrying is None
        ours, theirs = successors
        self._outbox.put(Renewed(ours, theirs, cause))
        self.begin(ours.ufrag, ours.pwd, RENEWED)
        newest = self.newest
        newest.renewed = True
        if lost:
            newest.connection.state = old.connection.state
        answered = {pair.addr for pair in old.pairs if pair.responses_received}
        for addr, candidate in old.pairs.remotes.items():
            # Of those that were not signalled only what led somewhere; the others would pile up.
            useful = candidate.type != "prflx" or addr in answered
            if candidate.unsupported is None and useful:
                newest.add_remote(candidate, now)
        newest.set_remote(
            theirs.ufrag, theirs.pwd, has_ours=True, lite=False,
            controlling=old.role.controlling, renominates=True, now=now, role_by="kept",
        )  # fmt: skip
        newest.end_of_candidates(now)

    # --- what is known --------------------------------------------------------------------------

    def add_base(self, base: Base, now: float) -> None:
        """A new host or relayed candidate of ours."""
        self._bases.append(base)
        for generation in self._generations:
            generation.add_base(base)
        self._settle(now)

    def base_lost(self, base: Base, now: float) -> None:
        """A base is gone: a lost TURN allocation, a closed socket."""
        if base in self._bases:
            self._bases.remove(base)
        for generation in self._generations:
            generation.base_lost(base, now)
        self._settle(now)

    def describe(
        self,
        ufrag: str,
        pwd: str,
        *,
        lite: bool,
        controlling: bool,
        now: float,
        has_ours: bool = False,
        icetui: bool = False,
        renominates: bool = False,
        complete: bool = False,
    ) -> None:
        """The other side's credentials, and whether we begin as the controlling side. The grammar
        of RFC 8445 section 5.3 is the reader's to check.

        `has_ours`: it has our description for certain, as it has answered it. Servers that answer
        checks, send none and do not say that they are lite are nominated like all others then.
        `icetui`: it is one, so what it says is signed. `renominates`: it says that another pair
        may be nominated after the first one; each icetui does. `complete`: no more candidates will
        come.
        """
        self._conversation.of_icetui = icetui
        self.newest.set_remote(
            ufrag, pwd, has_ours=lite or has_ours, lite=lite, controlling=controlling,
            renominates=icetui or renominates, now=now,
        )  # fmt: skip
        if complete:
            self.newest.end_of_candidates(now)
        self._settle(now)

    def end_of_candidates(self, now: float) -> None:
        """No more of their candidates will come (RFC 8838)."""
        self.newest.end_of_candidates(now)
        self._settle(now)

    def add_remote(self, candidate: Candidate, now: float) -> bool:
        """One of their candidates; False when redundant or one too many."""
        taken = self.newest.add_remote(candidate, now)
        self._settle(now)
        return taken

    def name_settled(self, ufrag: str, shown: Address, candidate: Candidate, now: float) -> None:
        """A candidate that was shown by its name, in the generation with this user fragment of
        ours, has an address now, or a reason why it has none."""
        for generation in self._generations:
            if generation.keyring.ufrag == ufrag:
                generation.name_settled(shown, candidate, now)
        self._settle(now)

    def hidden_host(self, address: str) -> None:
        """Their description hid this IP address behind a name."""
        self._surroundings.hidden_hosts.add(address)

    def server_at(self, address: str) -> None:
        """A server of ours has this IP address."""
        self._surroundings.server_hosts.add(address)

    def server_answered(self, seconds: float) -> None:
        """The round trip to one of our servers."""
        known = self._surroundings.server_round_trip
        self._surroundings.server_round_trip = seconds if known is None else min(known, seconds)

    def only_we_can_open(self, only_we: bool) -> None:
        """See `Rechecks.only_we_can_open`."""
        self.newest.checks.rechecks.only_we_can_open = only_we

    def next_remote_id(self) -> str:
        """The id of the next of their candidates that is shown."""
        return self._surroundings.next_remote_id()

    def remote_at(self, addr: Address) -> Candidate | None:
        """The candidate of theirs that has this address."""
        return self.newest.pairs.remotes.get(addr)

    @property
    def remotes(self) -> int:
        """How many candidates of theirs are taken in."""
        return len(self.newest.pairs.remotes)

    # --- datagrams ------------------------------------------------------------------------------

    def named_by(self, message: stun.Message) -> Generation | None:
        """The generation whose user fragment a request names (RFC 8445 section 7.3)."""
        ours = (message.username or "").partition(":")[0]
        return next((c for c in self._generations if c.keyring.ufrag == ours), None)

    def awaits(self, base: Base, transaction_id: bytes) -> bool:
        """Whether an answer that arrived at this base could be to a request of ours."""
        return any(c.awaits(base, transaction_id) for c in self._generations)

    def knows(self, base: Base, addr: Address) -> bool:
        """Whether something of theirs is at this address, as far as is known."""
        return any(generation.pairs.get(base, addr) is not None for generation in self._generations)

    def vouches(self, base: Base, message: stun.Message) -> bool:
        """Whether a message is signed as only the other side can sign it: a request with our
        password, or an answer to a request of ours with theirs."""
        if message.message_class == stun.Class.REQUEST:
            generation = self.named_by(message)
            if generation is None:
                return self.names_successor(message)
            return generation.keyring.signs_requests(message)
        return any(generation.vouches_for(base, message) for generation in self._generations)

    def pair_id(self, base: Base, addr: Address) -> str | None:
        """Which pair a datagram between these two belongs to, if any."""
        for generation in reversed(self._generations):
            pair = generation.pairs.get(base, addr)
            if pair is not None:
                return pair.id
        return None

    def received(
        self, base: Base, source: Address, message: stun.Message, at: float, now: float
    ) -> None:
        """A STUN message that came at `at`; whoever demultiplexes has parsed it already."""
        if message.message_class == stun.Class.REQUEST:
            generation = self.named_by(message)
            if generation is None and self.names_successor(message):
                self.succeed("their consent", now)
            generation = generation or self.newest
            generation.request_received(base, source, message, at, now)
        elif message.message_class in (stun.Class.RESPONSE, stun.Class.ERROR):
            for generation in list(self._generations):
                if generation.awaits(base, message.transaction_id):
                    generation.answer_received(base, source, message, at, now)
        self._settle(now)

    def refuse(
        self,
        base: Base,
        source: Address,
        reason: Reason,
        detail: str,
        kind: RefusalKind = "other",
    ) -> None:
        """A datagram that looked like STUN and is not whole, or that nothing could be made of."""
        self._refusals.refuse(base, source, reason, detail, kind)

    def carries(self, base: Base, source: Address) -> Generation | None:
        """The generation that has a valid pair between these two."""
        for generation in reversed(self._generations):
            pair = generation.pairs.get(base, source)
            if pair is not None and pair.valid and not generation.ended:
                return generation
        return None

    def data_received(self, base: Base, source: Address, data: bytes, now: float) -> None:
        """A datagram that is not STUN; it counts as data only over a valid pair."""
        generation = self.carries(base, source)
        pair = generation.pairs.get(base, source) if generation is not None else None
        if generation is None or pair is None:
            self._refusals.drop(source, "not from the address of a valid pair")
            return
        pair.count_received(len(data))
        generation.figures.moved(pair, now)
        heard = self._conversation.read(data, generation.keyring.keys, now)
        if heard.dropped is not None:
            self._refusals.drop(source, heard.dropped)
        if heard.reply is not None:
            self._send_data(generation, pair, heard.reply, now)
        if heard.left and not generation.connection.gone:
            generation.peer_left()
            self._outbox.tell(events.PeerLeft)

    def undelivered(self, base: Base, to: Address, why: Failure, now: float) -> None:
        """The network, the system or a TURN server says that `to` cannot be reached from there."""
        for generation in self._generations:
            generation.undelivered(base, to, why, now)
        self._settle(now)

    # --- what the user wants --------------------------------------------------------------------

    def send_text(self, text: str, now: float) -> str | None:
        """Send a text over the path. Returns the sentence to say when that cannot be."""
        generation = self.carrying or self.newest
        pair = generation.path.selected
        problem = unsendable(text)
        if problem is None and generation.connection.gone:
            problem = "the other side has left; nobody would read it"
        if problem is None and generation.ended:
            problem = "this session has been left"
        if problem is None and pair is not None and generation.upkeep.expired(pair, now):
            problem = "consent to send has run out (RFC 7675), and nothing answers"
        if problem is not None:
            return problem
        if pair is None:
            return "there is no path to send it over yet"
        self._send_data(
            generation, pair, self._conversation.send(text, generation.keyring.keys, now), now
        )
        return None

    def nominate(self, pair_id: str, now: float) -> str | None:
        """Use a pair that the user chose. Returns the sentence to say when that cannot be."""
        for generation in self._generations:
            pair = generation.pairs.find(pair_id)
            if pair is not None:
                problem = generation.choose(pair, now)
                self._settle(now)
                return problem
        return f"there is no pair {pair_id[:32]}"

    def leave(self, now: float) -> None:
        """Say goodbye on purpose and check nothing any more."""
        carrying = self.carrying
        if carrying is not None and carrying.path.selected is not None:
            for _ in range(2):  # one may get lost
                bye = self._conversation.goodbye(carrying.keyring.keys)
                self._send_data(carrying, carrying.path.selected, bye, now)
        for generation in self._generations:
            generation.stop()

    def closed(self, cause: str) -> None:
        """The shell has closed everything."""
        (self.carrying or self.newest).connection.become("closed", cause)
        self._outbox.tell(events.SessionClosed, cause=cause)

    def _send_data(
        self, generation: Generation, pair: CandidatePair, data: bytes, now: float
    ) -> None:
        pair.count_sent(len(data))
        generation.figures.moved(pair, now)
        self._outbox.put(SendData(pair.base, pair.addr, data))
