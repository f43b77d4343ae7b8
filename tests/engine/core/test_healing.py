"""Whatever happens on the way, both sides end on one pair, and nothing goes on that should not."""

from __future__ import annotations

import itertools
import random

import pytest

from icetui import events
from icetui.engine import core, stun
from icetui.engine.core import frames
from icetui.events import Candidate, Reason
from tests.engine.core.stage import Side, Stage

ALICE, BOB = ("192.0.2.1", 4000), ("192.0.2.2", 4000)
SEEDS, AT_ONCE = range(80), 10
_numbers = itertools.count(1)


def check(by: Side, to: Side, *, controlling: bool, nomination: int | None = None) -> bytes:
    """A well signed check of the present generations."""
    theirs, ours = by.agent.newest.keyring, to.agent.newest.keyring
    role = stun.Attribute.ICE_CONTROLLING if controlling else stun.Attribute.ICE_CONTROLLED
    transaction = next(_numbers).to_bytes(12, "big")
    request = (
        stun.Builder(stun.Method.BINDING, stun.Class.REQUEST, transaction)
        .text(stun.Attribute.USERNAME, f"{ours.ufrag}:{theirs.ufrag}")
        .number(stun.Attribute.PRIORITY, 1)
        .number(role, 5)
    )
    if nomination is not None:
        request.add(stun.Attribute.USE_CANDIDATE).number(stun.Attribute.NOMINATION, nomination)
    return request.sign(ours.pwd).fingerprint().finish().raw


# --- one pair in the end --------------------------------------------------------------------------


def healed(seed: int) -> tuple[Stage, list[str]]:
    """Cuts, losses and restarts by chance, and then a minute of peace."""
    dice = random.Random(seed)
    stage = Stage(delay=dice.choice([0.005, 0.05, 0.2]))
    alice, bob = stage.alice, stage.bob
    for side, address in ((alice, ALICE[0]), (bob, BOB[0])):
        for number in range(dice.randint(1, 2)):
            side.base(address, 4000 + number)
    loss = 0.0
    stage.lost = lambda side, to, data: dice.random() < loss
    both = dice.random() < 0.5
    """Whether they are two icetui; else neither says that it takes a second nomination."""
    alice.know(bob, controlling=True, icetui=both, renominates=both)
    bob.know(alice, controlling=False, icetui=both, renominates=both)
    told = []
    for generation in range(dice.randint(1, 3)):
        stage.run(dice.choice([0.1, 1.0, 3.0, 10.0]))
        what = dice.choice(["cut", "loss", "restart"])
        told.append(what)
        if what == "loss":
            loss = dice.choice([0.0, 0.3])
        elif what == "cut":
            loss = 1.0
            stage.run(dice.choice([2.0, 10.0]))
            loss = 0.0
        else:
            for side in stage.sides:
                side.ufrag = f"{side.name[:2]}{generation:02d}"
                side.do(side.agent.begin, side.ufrag, side.pwd)
            alice.know(bob, controlling=True, icetui=both, renominates=both)
            bob.know(alice, controlling=False, icetui=both, renominates=both)
    loss = 0.0
    stage.run(60.0)
    return stage, told


@pytest.mark.parametrize("first", SEEDS[::AT_ONCE])
def test_after_any_trouble_both_sides_use_one_pair_and_show_it(first: int) -> None:
    for seed in range(first, first + AT_ONCE):
        stage, told = healed(seed)
        one, other = (side.agent.path for side in stage.sides)
        assert one is not None and other is not None, (seed, told)
        ends = (one.base.address, one.addr), (other.addr, other.base.address)
        assert ends[0] == ends[1], (seed, told)
        for side in stage.sides:
            assert side.session.state in ("connected", "completed"), (seed, told)
            assert side.agent.path is not None
            assert side.session.selected == side.agent.path.id, (seed, told)


def test_a_nomination_that_another_has_followed_is_forgotten_while_its_pair_is_checked() -> None:
    stage = Stage()
    stage.alice.base(*ALICE)
    stage.bob.base(*BOB)
    stage.bob.base(BOB[0], 4001)
    alice = stage.alice
    stage.lost = lambda side, to, data: side is alice and to == BOB
    alice.know(stage.bob, controlling=False)
    stage.run(0.001)
    alice.hear(ALICE, BOB, check(stage.bob, alice, controlling=True, nomination=1))
    stage.run(0.5)
    alice.hear(ALICE, (BOB[0], 4001), check(stage.bob, alice, controlling=True, nomination=2))
    stage.run(0.2)
    path = alice.agent.path
    assert path is not None and path.addr == (BOB[0], 4001)
    stage.lost = lambda side, to, data: False
    stage.run(3.0)
    assert alice.agent.path is path


# --- after a goodbye ------------------------------------------------------------------------------


def left(stage: Stage) -> tuple[Side, Side]:
    """Whoever controls stays, the other one leaves."""
    alice_controls = stage.alice.agent.newest.role.controlling
    stays, leaves = (stage.alice, stage.bob) if alice_controls else (stage.bob, stage.alice)
    leaves.do(leaves.agent.leave, stage.now)
    stage.run(0.5)
    assert stays.of(events.PeerLeft)
    return stays, leaves


def test_to_whoever_has_left_nothing_is_sent_though_a_nomination_was_on_its_way() -> None:
    stage = Stage()
    stage.homes()
    alice = stage.alice
    alice.know(stage.bob, controlling=True)
    stage.bob.know(alice, controlling=False)
    stage.lost = lambda side, to, data: (
        side is alice and stun.is_stun(data) and stun.Attribute.USE_CANDIDATE in stun.parse(data)
    )
    stage.run(0.5)
    stage.bob.do(stage.bob.agent.leave, stage.now)
    stage.run(0.5)
    before = len(alice.sent)
    stage.run(600.0)
    assert len(alice.sent) == before


def test_who_has_left_is_no_path_and_cannot_be_chosen() -> None:
    stage = Stage()
    stage.connect(icetui=True)
    stays, _ = left(stage)
    assert stays.agent.path is None
    (pair,) = stays.session.pairs
    assert "left" in stays.do(stays.agent.nominate, pair, stage.now)
    before = len(stays.sent)
    stage.run(60.0)
    assert len(stays.sent) == before


def test_each_goodbye_is_told() -> None:
    stage = Stage()
    stage.connect(icetui=True)
    alice, bob = stage.sides
    for number in (1, 2):
        bye = frames.bye(bob.agent.newest.keyring.keys.ours, 100 + number)
        alice.hear(ALICE, BOB, bye)
        assert len(alice.of(events.PeerLeft)) == number
        for side in stage.sides:
            side.ufrag = f"{side.name}{number:02d}"
            side.do(side.agent.begin, side.ufrag, side.pwd)
        stage.meet(icetui=True)


def test_who_has_left_says_and_hears_nothing_more() -> None:
    stage = Stage()
    stage.connect(icetui=True)
    alice, bob = stage.sides
    alice.do(alice.agent.leave, stage.now)
    text = bob.do(bob.agent.send_text, "still there?", stage.now)
    assert text is None
    stage.run(1.0)
    assert not alice.of(events.TextReceived)
    assert alice.do(alice.agent.send_text, "no", stage.now) == "this session has been left"


# --- what ends, and what does not -----------------------------------------------------------------


def test_nothing_is_said_without_consent_though_nobody_has_ticked() -> None:
    stage = Stage()
    stage.connect(icetui=True)
    alice = stage.alice
    stage.now += 31.0
    assert "consent" in alice.do(alice.agent.send_text, "hello", stage.now)


def test_a_pair_whose_base_is_gone_is_checked_no_more_though_it_was_triggered() -> None:
    stage = Stage()
    alice = stage.alice
    alice.base(*ALICE)
    second = alice.base("192.0.2.9")
    stage.bob.base(*BOB)
    stage.lost = lambda side, to, data: True
    alice.know(stage.bob, controlling=True)
    stage.run(1.0)
    for base in (ALICE, second.address):
        alice.hear(base, BOB, check(stage.bob, alice, controlling=False))
    alice.do(alice.agent.base_lost, second, stage.now)
    before = len(alice.sent)
    stage.run(60.0)
    assert not [s for _, s in alice.sent[before:] if s.base is second]


def answer(request: core.SendStun, signed_with: bytes | None, code: int | None = None) -> bytes:
    """To a request of ours."""
    kind = stun.Class.RESPONSE if code is None else stun.Class.ERROR
    builder = stun.Builder(stun.Method.BINDING, kind, request.message.transaction_id)
    if code is not None:
        builder.error(code, "no")
    else:
        builder.address(stun.Attribute.XOR_MAPPED_ADDRESS, request.base.address)
    if signed_with is not None:
        builder.sign(signed_with)
    return builder.fingerprint().finish().raw


@pytest.mark.parametrize("source", [BOB, ("192.0.2.66", 9)])
def test_an_unsigned_refusal_is_a_reason_and_a_signed_answer_counts_all_the_same(
    source: tuple[str, int],
) -> None:
    stage = Stage()
    stage.homes()
    alice = stage.alice
    stage.lost = lambda side, to, data: True
    alice.know(stage.bob, controlling=True)
    stage.run(0.1)
    request = alice.sent[-1][1]
    alice.hear(ALICE, source, answer(request, None, 401))
    refused = source == BOB
    assert (alice.pair.reason == Reason.UNAUTHENTICATED) is refused
    alice.hear(ALICE, BOB, answer(request, stage.bob.pwd.encode()))
    assert alice.pair.valid


def test_one_answer_from_elsewhere_does_not_end_a_path() -> None:
    stage = Stage()
    stage.connect()
    alice = stage.alice
    stage.lost = lambda side, to, data: True
    before = len(alice.sent)
    stage.run(2.0)
    request = next(
        s for _, s in alice.sent[before:] if s.message.message_class == stun.Class.REQUEST
    )
    alice.hear(ALICE, ("192.0.2.77", 4000), answer(request, stage.bob.pwd.encode()))
    assert alice.pair.valid and alice.pair.reason is None


# --- what must not pile up ------------------------------------------------------------------------


def test_addresses_that_led_nowhere_are_not_taken_over_when_credentials_are_renewed() -> None:
    stage = Stage()
    stage.connect(icetui=True)
    alice, bob = stage.sides
    for port in range(10):
        controlling = not alice.agent.newest.role.controlling
        alice.hear(
            ALICE, ("198.51.100.7", 10_000 + port), check(bob, alice, controlling=controlling)
        )
    assert len(alice.agent.newest.pairs.remotes) == 11
    alice.do(alice.agent.succeed, "consent", stage.now)
    known = alice.agent.newest.pairs.remotes
    assert [c.type for c in known.values()] == ["host"]
    assert isinstance(known[BOB], Candidate)


def test_who_roams_for_hours_is_taken_in_wherever_it_comes_from() -> None:
    stage = Stage()
    stage.connect()
    alice, bob = stage.sides
    pairs = alice.agent.newest.pairs
    for number in range(70):
        stage.run(120.0)
        host = f"198.51.{100 + number // 200}.{number % 200 + 1}"
        controlling = not alice.agent.newest.role.controlling
        alice.hear(ALICE, (host, 5000), check(bob, alice, controlling=controlling))
        assert (host, 5000) in pairs.remotes, number
