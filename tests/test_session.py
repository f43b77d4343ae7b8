"""The fold: any stream at all is taken, equal streams give equal sessions, figures are right."""

import dataclasses

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from icetui import events
from icetui.diagnosis import diagnose
from icetui.events import Candidate, Pair, Server
from icetui.reports.summary import summarise
from icetui.reports.text import report
from icetui.session import NEVER_LOGGED, Quality, Session, fold
from icetui.session.bounded_stores import HISTORY_KEPT, SOURCES_KEPT
from icetui.session.event_log import LOG_KEPT, LOG_SIZE
from icetui.session.quality import SAMPLES_KEPT
from icetui.session.session_state import CANDIDATES_KEPT, PAIRS_KEPT, SERVERS_KEPT, TEXTS_KEPT
from icetui.streams.event_reader import EventReader, cleaned
from tests.making import EVENT_TYPES, any_event, structs

streams = st.lists(any_event, max_size=30)
L1 = Candidate(id="L1", type="host", address="10.0.0.2", port=4000)
L2 = Candidate(id="L2", type="srflx", address="203.0.113.7", port=4001)
R1 = Candidate(id="R1", type="host", address="10.0.0.3", port=5000)
R2 = Candidate(id="R2", type="relay", address="198.51.100.9", port=5001)


def at(t, kind, **fields):
    """An event of session s1 at `t` seconds."""
    return kind(wall=1_000_000.0 + t, t=t, session="s1", **fields)


def pair(**figures):
    return Pair(**{"id": "L1-R1", "local": "L1", "remote": "R1"} | figures)


def connecting():
    """Gathered at 1 s, described at 3 s, first path at 3.25 s, nominated at 3.5 s."""
    return [
        at(0.5, events.SessionStarted, ufrag="aaaa"),
        at(0.9, events.CandidateGathered, candidate=L1),
        at(1.0, events.BlobChanged, blob="icetui:x", candidates=1),
        at(1.5, events.GatheringStateChanged, state="complete"),
        at(1.6, events.BlobChanged, blob="icetui:x", candidates=1, complete=True),
        at(3.0, events.DescriptionAccepted, ufrag="bbbb", new_candidates=1, known_candidates=1),
        at(3.0, events.RemoteCandidateAdded, candidate=R1),
        at(3.0, events.RoleChanged, role="controlling"),
        at(3.0, events.ConnectionStateChanged, state="checking"),
        at(3.1, events.PairChanged, pair=pair(state="in-progress")),
        at(3.25, events.PairChanged, pair=pair(state="succeeded", valid=True)),
        at(3.25, events.SelectedPairChanged, pair="L1-R1"),
        at(3.25, events.ConnectionStateChanged, state="connected"),
        at(3.5, events.PairChanged, pair=pair(state="succeeded", valid=True, nominated=True)),
        at(3.5, events.ConnectionStateChanged, state="completed"),
    ]


# --- any stream ---------------------------------------------------------------------------------


@settings(max_examples=250, deadline=None)
@given(streams)
def test_any_events_in_any_order_are_taken_and_can_be_told_about(stream):
    folded = fold(stream)
    assert folded.count + folded.others == len(stream)
    events.encode(summarise(folded))
    report(folded)
    for finding in diagnose(folded):
        assert finding.claim


@pytest.mark.parametrize("kind", EVENT_TYPES, ids=lambda k: events.kebab(k.__name__))
def test_every_kind_of_event_may_be_the_first_and_only_one(kind):
    @settings(max_examples=20, deadline=None)
    @given(structs(kind))
    def check(event):
        folded = fold([event])
        assert folded.count == 1
        said = [] if kind in NEVER_LOGGED else [event]
        assert list(folded.log) == said
        report(folded)
        events.encode(summarise(folded))

    check()


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_any_subset_of_a_real_course_in_any_order_is_taken(data):
    course = data.draw(st.permutations(connecting()))
    folded = fold(course[: data.draw(st.integers(0, len(course)))])
    for figure in (folded.time_to_first_path, folded.time_to_nominated):
        assert figure is None or figure >= 0
    report(folded)
    summarise(folded)


@settings(max_examples=100, deadline=None)
@given(streams)
def test_folding_twice_gives_equal_sessions(stream):
    assert fold(stream) == fold(stream)


@settings(max_examples=100, deadline=None)
@given(streams)
def test_folding_what_was_written_and_read_back_gives_the_same_session(stream):
    reader = EventReader()
    read_back = [e for e in map(reader.read, map(events.encode, stream)) if e is not None]
    assert fold(read_back) == fold(map(cleaned, stream))


@settings(max_examples=100, deadline=None)
@given(streams, streams)
def test_a_session_can_be_folded_in_two_parts(first, second):
    folded = fold(first)
    for event in second:
        folded.apply(event)
    assert folded == fold(first + second)


@settings(max_examples=100, deadline=None)
@given(streams)
def test_time_never_runs_backwards(stream):
    folded = Session()
    for event in stream:
        before = folded.t
        folded.apply(event)
        assert folded.t >= before


def test_a_session_is_compared_by_what_it_knows():
    assert fold(connecting()) != fold(connecting()[:-1])
    assert all(f.compare for f in dataclasses.fields(Session))


def test_events_of_another_session_are_counted_and_change_nothing():
    folded = fold(connecting())
    other = events.RoleChanged(wall=2e6, t=99.0, session="s2", role="controlled")
    folded.apply(other)
    assert (folded.others, folded.role, folded.t) == (1, "controlling", 3.5)
    folded.apply(events.EngineFailed(wall=2e6, t=4.0, problem="for everyone"))
    assert folded.failure is not None


# --- bounds -------------------------------------------------------------------------------------


def test_hours_of_events_and_a_hostile_peer_do_not_grow_a_session():
    folded = Session()
    for n in range(LOG_KEPT + 500):
        folded.apply(at(n, events.RoundTripMeasured, pair="L1-R1", seconds=0.01))
    for n in range(700):
        source = f"10.0.{n // 250}.{n % 250}:7"
        address = source.partition(":")[0]
        refused = {"remote": source, "local": "a:1", "reason": events.Reason.BAD_REQUEST}
        for event in (
            at(n, events.Knocked, address=address, port=7, ufrag="cccc"),
            at(n, events.Refused, **refused, detail="malformed"),
            at(n, events.DataDropped, remote=source, cause="not from a valid pair"),
            at(n, events.TextReceived, text=str(n)),
            at(n, events.SelectedPairChanged, pair="L1-R1"),
            at(n, events.ConnectionStateChanged, state="checking"),
            at(n, events.CandidateFailed, address=address),
        ):
            folded.apply(event)
    assert len(folded.log) == LOG_KEPT
    assert folded.log.logged == LOG_KEPT + 500 + 7 * 700
    assert len(folded.quality["L1-R1"].samples) == SAMPLES_KEPT
    assert len(folded.knocks) == len(folded.refused) == len(folded.dropped) == SOURCES_KEPT
    assert len(folded.texts) == TEXTS_KEPT
    assert len(folded.path_history) == len(folded.state_history) == HISTORY_KEPT
    assert len(folded.candidate_failures) == HISTORY_KEPT
    assert [t.text for t in folded.texts[-2:]] == ["698", "699"]
    assert folded.remote_ufrag == "cccc"


def test_a_source_that_is_heard_again_is_not_the_one_forgotten():
    folded = Session()
    for n in [*range(SOURCES_KEPT), 0, SOURCES_KEPT]:
        folded.apply(at(n, events.Knocked, address="10.0.0.9", port=n, ufrag=f"u{n}"))
    assert "10.0.0.9:0" in folded.knocks
    assert "10.0.0.9:1" not in folded.knocks


# --- figures ------------------------------------------------------------------------------------


def test_round_trips_give_average_extremes_loss_and_jitter_as_rfc_3550_smooths_it():
    folded = Session()
    for n, seconds in enumerate([0.020, 0.036, None, 0.020, 0.020]):
        if seconds is None:
            folded.apply(at(n, events.RequestLost, pair="L1-R1"))
        else:
            folded.apply(at(n, events.RoundTripMeasured, pair="L1-R1", seconds=seconds))
    quality = folded.quality["L1-R1"]
    assert list(quality.samples) == [0.020, 0.036, None, 0.020, 0.020]
    assert (quality.measured, quality.lost, quality.latest) == (4, 1, 0.020)
    assert quality.average == pytest.approx(0.024)
    assert (quality.minimum, quality.maximum) == (0.020, 0.036)
    assert quality.loss == pytest.approx(0.2)
    # 16 ms first, then (16 − 16)/16 = no change, then (0 − 16)/16 = −1 ms.
    assert quality.jitter == pytest.approx(0.015)


def test_nothing_measured_gives_no_figures_rather_than_zeros():
    quality = Quality()
    assert (quality.average, quality.minimum, quality.jitter, quality.loss) == (None, None, None, 0)
    quality.add_loss(None)
    assert (quality.average, quality.loss) == (None, 1.0)


@given(st.lists(st.none() | st.floats(0, 10), min_size=1))
def test_an_average_lies_between_the_extremes_and_a_loss_between_none_and_all(samples):
    quality = Quality()
    for sample in samples:
        if sample is None:
            quality.add_loss(None)
        else:
            quality.add(sample, float(quality.measured))
    assert 0 <= quality.loss <= 1
    if quality.average is not None:
        assert quality.minimum <= quality.average + 1e-9
        assert quality.average <= quality.maximum + 1e-9
    if quality.jitter is not None:
        assert 0 <= quality.jitter <= quality.maximum - quality.minimum + 1e-9


def test_times_count_from_the_moment_both_descriptions_are_known():
    folded = fold(connecting())
    assert folded.both_known_at == 3.0
    assert folded.time_to_first_path == pytest.approx(0.25)
    assert folded.time_to_nominated == pytest.approx(0.5)
    assert folded.connected_at == 3.25


def test_a_description_that_came_before_our_own_blob_waits_for_it():
    folded = fold(
        [
            at(1.0, events.DescriptionAccepted, ufrag="bbbb"),
            at(2.0, events.BlobChanged, blob="icetui:x"),
            at(2.4, events.SelectedPairChanged, pair="L1-R1"),
        ]
    )
    assert folded.both_known_at == 2.0
    assert folded.time_to_first_path == pytest.approx(0.4)


def test_a_pair_that_was_nominated_before_it_was_chosen_counts_from_its_use():
    folded = fold(
        [
            at(1.0, events.BlobChanged, blob="icetui:x"),
            at(3.0, events.DescriptionAccepted, ufrag="bbbb"),
            at(3.1, events.PairChanged, pair=pair(valid=True, nominated=True)),
        ]
    )
    assert folded.time_to_nominated is None
    folded.apply(at(3.2, events.SelectedPairChanged, pair="L1-R1"))
    assert folded.time_to_nominated == folded.time_to_first_path == pytest.approx(0.2)


def test_a_later_blob_or_paste_does_not_move_the_start():
    folded = fold(
        [
            *connecting(),
            at(9.0, events.DescriptionAccepted, ufrag="bbbb", new_candidates=1),
            at(9.5, events.BlobChanged, blob="icetui:y", resend=True),
        ]
    )
    assert folded.time_to_first_path == pytest.approx(0.25)
    assert folded.resend_at == 9.5


def test_without_their_description_there_is_no_time_to_tell():
    folded = fold([at(2.0, events.SelectedPairChanged, pair="L1-R1")])
    assert (folded.time_to_first_path, folded.time_to_nominated) == (None, None)
    assert folded.first_path_at == 2.0


# --- what follows -------------------------------------------------------------------------------


def test_a_closed_session_still_says_in_which_state_it_was_left():
    folded = fold([*connecting(), at(9.0, events.ConnectionStateChanged, state="closed")])
    assert folded.state == "closed"
    assert folded.state_before_closing == "completed"
    assert folded.connected


def test_failing_after_having_been_connected_is_a_loss_and_coming_back_heals_it():
    before = fold([at(1.0, events.ConnectionStateChanged, state="failed")])
    assert not before.lost_after_connected
    folded = fold([*connecting(), at(40.0, events.ConnectionStateChanged, state="failed")])
    assert folded.lost_after_connected
    folded.apply(at(50.0, events.ConnectionStateChanged, state="connected"))
    assert not folded.lost_after_connected
    assert folded.connected_at == 3.25


def test_an_echo_finds_the_text_it_answers():
    folded = fold(
        [
            at(1.0, events.TextSent, id=1, text="one"),
            at(1.1, events.TextReceived, text="theirs"),
            at(1.2, events.TextSent, id=2, text="two"),
            at(1.3, events.TextEchoed, id=1, seconds=0.3),
            at(1.4, events.TextEchoed, id=7, seconds=0.4),
        ]
    )
    assert [(t.direction, t.text, t.echo) for t in folded.texts] == [
        ("out", "one", 0.3),
        ("in", "theirs", None),
        ("out", "two", None),
    ]


def test_pairs_are_ordered_selected_first_then_by_state_then_by_priority():
    folded = Session()
    for id, state, priority in [
        ("a", "failed", 9), ("b", "succeeded", 1), ("c", "succeeded", 5), ("d", "frozen", 2),
        ("e", "waiting", 8), ("f", "in-progress", 3),
    ]:  # fmt: skip
        folded.apply(at(1.0, events.PairChanged, pair=pair(id=id, state=state, priority=priority)))
    assert "".join(p.id for p in folded.ordered_pairs()) == "cbfeda"
    folded.apply(at(2.0, events.SelectedPairChanged, pair="e"))
    assert "".join(p.id for p in folded.ordered_pairs()) == "ecbfda"
    assert folded.count_pairs() == {
        "failed": 1, "succeeded": 2, "frozen": 1, "waiting": 1, "in-progress": 1
    }  # fmt: skip


def test_our_end_is_named_as_the_peer_sees_it():
    folded = fold([at(1.0, events.CandidateGathered, candidate=c) for c in (L1, L2)])
    assert folded.mapped_candidate(pair(mapped="203.0.113.7:4001")) == L2
    assert folded.mapped_candidate(pair(mapped="192.0.2.1:1")) == L1
    assert folded.mapped_candidate(pair()) == L1


def test_a_pair_is_relayed_when_either_end_is():
    folded = fold(
        [
            at(1.0, events.CandidateGathered, candidate=L1),
            at(1.0, events.RemoteCandidateAdded, candidate=R1),
            at(1.0, events.RemoteCandidateAdded, candidate=R2),
        ]
    )
    assert not folded.relayed(pair())
    assert folded.relayed(pair(remote="R2"))
    assert not folded.relayed(pair(local="L9", remote="R9"))


def test_a_refused_paste_is_forgotten_once_one_is_accepted():
    folded = fold([at(1.0, events.DescriptionRefused, problem="This is your own blob.")])
    assert folded.refusal is not None
    folded.apply(at(2.0, events.DescriptionAccepted, ufrag="bbbb"))
    assert folded.refusal is None


def test_servers_named_at_the_start_are_being_asked_until_they_answer():
    asked = Server(url="stun:a:3478", kind="stun")
    answered = Server(url="stun:a:3478", kind="stun", state="ok", time=0.02)
    started = at(1.0, events.SessionStarted, ufrag="aaaa", servers=(asked,))
    assert fold([started]).servers == {asked.url: asked}
    changed = at(1.1, events.ServerChanged, server=answered)
    assert fold([started, changed]).servers == {asked.url: answered}
    assert fold([changed, started]).servers == {asked.url: answered}


def test_the_summary_names_the_path_and_hides_nothing_of_a_pair():
    folded = fold(connecting())
    summary = summarise(folded)
    assert summary.state == "completed"
    assert summary.selected_pair == events.SummaryPath(
        local=events.SummaryCandidate(type="host", address="10.0.0.2", port=4000),
        remote=events.SummaryCandidate(type="host", address="10.0.0.3", port=5000),
        relayed=False,
    )
    assert summary.time_to_first_path == pytest.approx(0.25)
    assert [(p["id"], p["state"]) for p in summary.pairs] == [("L1-R1", "succeeded")]


def test_the_log_tells_a_pair_again_only_when_something_has_happened_to_it():
    def changed(**figures):
        pair = events.Pair(id="L1-R1", local="L1", remote="R1", **figures)
        return events.PairChanged(wall=0, t=0, session="s", pair=pair)

    course = [
        changed(state="in-progress", requests_sent=1),
        changed(state="in-progress", requests_sent=1, retransmissions_sent=1),
        changed(state="succeeded", requests_sent=1, responses_received=1),
        changed(state="succeeded", requests_sent=9, responses_received=9),
        changed(state="succeeded", requests_sent=9, responses_received=9, nominated=True),
    ]
    folded = fold(course)
    assert list(folded.log) == [course[0], course[2], course[4]]
    assert folded.pairs["L1-R1"] == course[4].pair


def test_samples_stand_in_the_order_of_sending():
    """That a request is lost shows later than that the one after it is answered."""
    quality = Quality()
    quality.add(0.02, 1.0)
    quality.add(0.03, 3.0)
    quality.add_loss(2.0)
    quality.add(0.04, 4.0)
    assert list(quality.samples) == [0.02, None, 0.03, 0.04]


# --- a hostile stream -----------------------------------------------------------------------------


def test_a_stream_of_ever_new_things_is_remembered_within_bounds():
    def candidate(n):
        return events.Candidate(id=f"R{n}", type="host", address="192.0.2.1", port=1)

    session = Session()
    for n in range(12_000):
        at = {"wall": 1.0, "t": float(n)}
        server = events.Server(url=f"stun:{n}:1", kind="stun")
        pair = events.Pair(id=f"L1-R{n}", local="L1", remote=f"R{n}")
        for event in (
            events.RemoteCandidateAdded(candidate=candidate(n), **at),
            events.CandidateGathered(candidate=candidate(n), **at),
            events.ServerChanged(server=server, **at),
            events.InterfaceFound(interface=events.Interface(name=f"eth{n}"), **at),
            events.PairChanged(pair=pair, **at),
            events.RoundTripMeasured(pair=f"L1-R{n}", seconds=0.1, **at),
        ):
            session.apply(event)
    sizes = {
        "candidates": (session.remote_candidates, CANDIDATES_KEPT),
        "own candidates": (session.local_candidates, CANDIDATES_KEPT),
        "pairs": (session.pairs, PAIRS_KEPT),
        "quality": (session.quality, PAIRS_KEPT),
        "servers": (session.servers, SERVERS_KEPT),
        "interfaces": (session.interfaces, SERVERS_KEPT),
        "log": (session.log, LOG_KEPT),
    }
    assert {name: len(kept) for name, (kept, _) in sizes.items()} == {
        name: most for name, (_, most) in sizes.items()
    }


def test_the_path_in_use_is_not_forgotten_for_others():
    session = Session()
    first = events.Pair(id="L1-R0", local="L1", remote="R0", state="succeeded")
    session.apply(events.PairChanged(wall=1, t=1, pair=first))
    session.apply(events.SelectedPairChanged(wall=1, t=1, pair="L1-R0"))
    for n in range(1, PAIRS_KEPT + 100):
        pair = events.Pair(id=f"L1-R{n}", local="L1", remote=f"R{n}")
        session.apply(events.PairChanged(wall=1, t=1, pair=pair))
    assert session.selected_pair == first


def test_the_log_is_bounded_in_bytes_as_well():
    session = Session()
    attribute = events.StunAttribute(name="SOFTWARE", value="x" * 250)
    for n in range(3000):
        session.apply(
            events.StunMessage(
                wall=1,
                t=n,
                direction="in",
                local="a",
                remote="b",
                method="m",
                message_class="request",
                transaction="0",
                attributes=(attribute,) * 64,
            )
        )
    assert session.log.size <= LOG_SIZE
    assert session.log.size == sum(map(events.size, session.log))
    assert 500 < len(session.log) < 3000
    assert session.log.logged == 3000


def test_silence_ends_with_the_next_event_and_is_logged_once():
    session = Session()
    for seconds in (3.0, 3.5, 4.0):
        session.apply(events.EngineSilent(wall=1, t=seconds, seconds=seconds))
    assert session.silent == 4.0
    assert len(session.log) == 1
    session.apply(events.Heartbeat(wall=1, t=9))
    assert session.silent is None
