from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlmodel import Session, select

from bot.db import own
from bot.outbox import queue
from bot.outbox.queue import Ending
from bot.outbox.tables import NEXT, Outbox, Priority, State
from tests.outbox.office import NOW

MINUTE = timedelta(minutes=1)
WEEK = timedelta(days=7)
ENDED = [s for s in State if not NEXT[s]]


def _put(session: Session, key: str, channel_id: int = 1, **options: Any) -> Outbox:
    options.setdefault("now", NOW)
    assert queue.enqueue(session, key, channel_id, "checkins.question", **options)
    return session.exec(select(Outbox).where(Outbox.dedupe_key == key)).one()


def _claim(session: Session, now: datetime = NOW, room: int = 10, **options: Any) -> list[str]:
    rows = queue.claim(
        session,
        now,
        room,
        options.get("busy", ()),
        options.get("last_ids", {}),
        options.get("consequences", {}),
    )
    return [row.dedupe_key for row in rows]


# Putting in


def test_a_key_is_taken_once_whatever_else_is_asked(session: Session) -> None:
    row = _put(session, "checkins:1", params={"network": "Tea"})
    assert not queue.enqueue(session, "checkins:1", 2, "other", now=NOW, params={"network": "Coffee"})
    session.refresh(row)
    assert (row.channel_id, row.template, row.params) == (1, "checkins.question", {"network": "Tea"})


def test_a_key_stays_taken_after_the_message_went(session: Session) -> None:
    row = _put(session, "checkins:1")
    _claim(session)
    queue.settle(session, {row.id: Ending(State.SENT, 9)}, NOW, {})
    assert not queue.enqueue(session, "checkins:1", 1, "checkins.question", now=NOW)


def test_a_new_message_wakes_the_pump_and_a_known_one_does_not(session: Session) -> None:
    _put(session, "checkins:1")
    assert session.info.pop("woken") == {"outbox"}
    queue.enqueue(session, "checkins:1", 1, "checkins.question", now=NOW)
    assert "woken" not in session.info


def test_undone_with_its_transaction(session: Session) -> None:
    _put(session, "checkins:1")
    session.rollback()
    assert session.exec(select(Outbox)).all() == []


# Taking out


def test_only_what_is_due_is_taken(session: Session) -> None:
    _put(session, "a:now", 1)
    _put(session, "a:later", 2, not_before=NOW + MINUTE)
    assert _claim(session) == ["a:now"]
    assert _claim(session) == []
    assert _claim(session, NOW + MINUTE) == ["a:later"]


def test_the_most_urgent_go_first_and_the_oldest_of_those(session: Session) -> None:
    _put(session, "a:round", 1, priority=Priority.ROUND, not_before=NOW - 5 * MINUTE)
    _put(session, "a:reminder", 2, priority=Priority.REMINDER)
    _put(session, "a:new", 3, priority=Priority.ANSWER)
    _put(session, "a:old", 4, priority=Priority.ANSWER, not_before=NOW - MINUTE)
    _put(session, "a:catching-up", 5, priority=Priority.CATCH_UP, not_before=NOW - 9 * MINUTE)
    order = ["a:old", "a:new", "a:reminder", "a:round", "a:catching-up"]
    assert [_claim(session, room=1)[0] for _ in order] == order


def test_no_more_than_there_is_room_for(session: Session) -> None:
    for n in range(30):
        _put(session, f"a:{n}", n)
    assert len(_claim(session, room=7)) == 7
    assert len(_claim(session, room=100)) == 23


def test_one_at_a_time_from_a_channel_in_order(session: Session) -> None:
    for n in range(3):
        _put(session, f"a:{n}", 1, not_before=NOW - (3 - n) * MINUTE)
    _put(session, "a:other", 2)
    assert _claim(session) == ["a:0", "a:other"]
    assert _claim(session, busy={1}) == []
    assert _claim(session, busy={2}) == ["a:1"]


def test_a_channel_full_of_messages_does_not_hold_up_the_others(session: Session) -> None:
    for n in range(200):
        _put(session, f"a:{n}", 1, not_before=NOW - MINUTE)
    _put(session, "a:other", 2)
    first = _claim(session, room=4)
    assert "a:other" in first + _claim(session, room=4, busy={1})


def test_taking_writes_down_what_a_look_would_need(session: Session) -> None:
    row = _put(session, "a:1", 1)
    assert row.state == State.PENDING
    assert _claim(session, last_ids={1: 77}) == ["a:1"]
    assert (row.state, row.attempts, row.first_attempt_at, row.after_id) == (State.SENDING, 1, NOW, 77)


def test_after_a_restart_a_look_begins_at_the_last_message_we_sent(session: Session) -> None:
    for n, message_id in ((1, 500), (2, 400)):
        row = _put(session, f"a:{n}", 1)
        _claim(session)
        queue.settle(session, {row.id: Ending(State.SENT, message_id)}, NOW, {})
    row = _put(session, "a:3", 1)
    _claim(session)
    assert row.after_id == 500
    other = _put(session, "a:4", 2)
    _claim(session)
    assert other.after_id is None


# Too late


def _counting(calls: list[tuple[str, State]]) -> queue.Consequence:
    def consequence(_session: Session, row: Outbox, _now: datetime) -> None:
        calls.append((row.dedupe_key, State(row.state)))

    return consequence


def test_too_late_is_recorded_with_its_consequence_and_not_taken(session: Session) -> None:
    calls: list[tuple[str, State]] = []
    late = _put(session, "checkins:late", 1, expires_at=NOW - MINUTE, params={"a": "b"})
    _put(session, "checkins:just", 2, expires_at=NOW)
    taken = _claim(session, consequences={"checkins": _counting(calls), "other": _counting([])})
    assert taken == ["checkins:just"]
    assert calls == [("checkins:late", State.EXPIRED)]
    assert (late.state, late.params, late.ended_at, late.attempts) == (State.EXPIRED, {}, NOW, 0)


def test_it_expires_even_before_it_was_due_and_in_a_busy_channel(session: Session) -> None:
    row = _put(session, "a:1", 1, not_before=NOW + MINUTE, expires_at=NOW - MINUTE)
    _claim(session, busy={1})
    assert row.state == State.EXPIRED


def test_what_is_being_sent_does_not_expire_by_itself(session: Session) -> None:
    row = _put(session, "a:1", 1, expires_at=NOW + MINUTE)
    _claim(session)
    _claim(session, NOW + 2 * MINUTE)
    assert row.state == State.SENDING


# Ending


@pytest.mark.parametrize("state", ENDED)
def test_an_ending_is_kept_with_its_consequence_and_without_the_words(session: Session, state: State) -> None:
    calls: list[tuple[str, State]] = []
    row = _put(session, "checkins:1", params={"network": "Tea"})
    _claim(session)
    queue.settle(
        session, {row.id: Ending(state, error="50007")}, NOW + MINUTE, {"checkins": _counting(calls)}
    )
    assert calls == [("checkins:1", state)]
    assert (row.state, row.params, row.ended_at, row.error) == (state, {}, NOW + MINUTE, "50007")


def test_the_row_and_its_consequence_are_one_transaction(session: Session) -> None:
    row = _put(session, "checkins:1")
    _claim(session)
    session.commit()

    def note(session: Session, row: Outbox, now: datetime) -> None:
        _put(session, "checkins:follow-up", 3)

    queue.settle(session, {row.id: Ending(State.SENT, 9)}, NOW, {"checkins": note})
    session.rollback()
    assert [(r.dedupe_key, r.state) for r in session.exec(select(Outbox))] == [("checkins:1", State.SENDING)]


@pytest.mark.parametrize("state", [State.SENT, State.EXPIRED])
def test_a_consequence_that_fails_does_not_hold_up_the_post(session: Session, state: State) -> None:
    """One feature's slip must not stop every message of every other."""

    def fail(session: Session, row: Outbox, now: datetime) -> None:
        _put(session, "checkins:half-done", 3)
        raise LookupError(row.dedupe_key)

    late = {"expires_at": NOW - MINUTE} if state is State.EXPIRED else {}
    row = _put(session, "checkins:1", **late)
    _put(session, "other:1", 2)
    assert "other:1" in _claim(session, consequences={"checkins": fail})
    if state is State.SENT:
        queue.settle(session, {row.id: Ending(state, 9)}, NOW, {"checkins": fail})
    session.commit()
    assert row.state == state
    assert len(session.exec(select(Outbox)).all()) == 2, "what the consequence began is undone"


def test_in_doubt_it_keeps_its_words_and_waits(session: Session) -> None:
    calls: list[tuple[str, State]] = []
    row = _put(session, "a:1", params={"network": "Tea"})
    _claim(session)
    again = Ending(State.SENDING, error="500", again_at=NOW + MINUTE)
    queue.settle(session, {row.id: again}, NOW, {"a": _counting(calls)})
    assert (row.state, row.params, row.ended_at) == (State.SENDING, {"network": "Tea"}, None)
    assert calls == []
    assert queue.unsettled(session) == [row]


def test_a_row_erased_meanwhile_is_nobodys(session: Session) -> None:
    queue.settle(session, {12345: Ending(State.SENT, 9)}, NOW, {})


@pytest.mark.parametrize("was", list(State))
@pytest.mark.parametrize("to", list(State))
def test_only_the_steps_of_the_table_can_be_taken(session: Session, was: State, to: State) -> None:
    row = _put(session, "a:1")
    row.state = was
    session.add(row)
    session.flush()
    if to in NEXT[was]:
        queue.settle(session, {row.id: Ending(to)}, NOW, {})
        assert row.state == to
    else:
        with pytest.raises(ValueError, match="cannot go"):
            queue.settle(session, {row.id: Ending(to)}, NOW, {})


def test_the_table_knows_every_state_and_what_has_ended_stays_so() -> None:
    assert set(NEXT) == set(State)
    assert set(ENDED) == set(State) - {State.PENDING, State.SENDING}
    assert State.SENT not in NEXT[State.PENDING], (
        "nothing is sent that was not first written down as being sent"
    )


# At start, and between


def test_what_is_in_doubt_at_start_is_read_oldest_first(session: Session) -> None:
    for n, at in ((1, NOW), (2, NOW - MINUTE), (3, NOW + MINUTE)):
        _put(session, f"a:{n}", n, now=at)
        _claim(session, at)
    _put(session, "a:pending", 4)
    assert [row.dedupe_key for row in queue.unsettled(session)] == ["a:2", "a:1", "a:3"]


def test_when_the_next_is_due(session: Session) -> None:
    assert queue.next_due(session, after=NOW) is None
    _put(session, "a:due", 1)
    assert queue.next_due(session, after=NOW) is None
    _put(session, "a:later", 2, not_before=NOW + 2 * MINUTE)
    _put(session, "a:soon", 3, not_before=NOW + MINUTE)
    assert queue.next_due(session, after=NOW) == NOW + MINUTE
    _claim(session, NOW + MINUTE)
    assert queue.next_due(session, after=NOW) == NOW + 2 * MINUTE


def test_troubles_are_counted_by_channel_and_tell_of_no_member(session: Session) -> None:
    def end(key: str, channel_id: int, state: State, error: str, **options: Any) -> None:
        row = _put(session, key, channel_id, **options)
        _claim(session, room=100)
        queue.settle(session, {row.id: Ending(state, error=error)}, NOW, {})

    for n in range(3):
        end(f"a:{n}", 5, State.FORBIDDEN, "50013", network_id=1)
    end("a:gone", 6, State.GONE, "10003", network_id=2)
    end("a:sent", 5, State.SENT, "", network_id=1)
    end("a:dm", 7, State.FORBIDDEN, "50013", network_id=1, user_id=99)
    assert sorted(queue.troubles(session)) == [
        (5, State.FORBIDDEN, "50013", 3),
        (6, State.GONE, "10003", 1),
    ]


# Leaving, and letting go


def test_what_waits_for_somebody_who_left_is_taken_back(session: Session) -> None:
    for n, (user, network) in enumerate(((1, 10), (1, 20), (2, 10), (1, 10))):
        _put(session, f"a:{n}", n, user_id=user, network_id=network, params={"a": "b"})
    _put(session, "a:sending", 9, user_id=1, network_id=10, not_before=NOW - MINUTE)
    assert _claim(session, room=1) == ["a:sending"]
    assert queue.withdraw(session, user_id=1, network_id=10) == 3
    session.expire_all()
    left = {r.dedupe_key: (r.state, r.params) for r in session.exec(select(Outbox))}
    assert not left.keys() & {"a:0", "a:3", "a:sending"}, (
        "a message never sent leaves no trace of whom it was for"
    )
    assert left["a:1"] == left["a:2"] == (State.PENDING, {"a": "b"})
    assert queue.withdraw(session, user_id=1, network_id=None) == 1


def test_what_was_sent_to_somebody_who_left_is_forgotten_with_them(session: Session) -> None:
    for n, user in enumerate((1, 2, 1)):
        row = _put(session, f"a:{n}", n, user_id=user, network_id=10)
        _claim(session)
        queue.settle(session, {row.id: Ending(State.SENT, 9)}, NOW, {})
    session.flush()
    assert queue.withdraw(session, user_id=1, network_id=10) == 0
    assert queue.withdraw(session, user_id=1, network_id=10, ended=True) == 2
    session.expire_all()
    assert [row.user_id for row in session.exec(select(Outbox))] == [2]


def test_rows_go_after_their_week_and_never_before_they_ended(session: Session) -> None:
    for n in range(5):
        row = _put(session, f"a:{n}", n)
        _claim(session)
        queue.settle(session, {row.id: Ending(State.SENT, 9)}, NOW + n * MINUTE, {})
    _put(session, "a:waits", 9)
    assert own.expire(session, NOW + WEEK) == 0
    assert own.expire(session, NOW + WEEK + 3 * MINUTE, most=2) == 2
    assert own.expire(session, NOW + WEEK + 3 * MINUTE, most=2) == 1
    assert own.expire(session, NOW + 99 * WEEK) == 2
    session.expire_all()
    assert [r.dedupe_key for r in session.exec(select(Outbox))] == ["a:waits"]


def test_a_nonce_is_what_discord_takes_and_one_rows_own(session: Session) -> None:
    rows = [_put(session, f"checkins:{n}:x", n) for n in range(50)]
    assert all(len(row.nonce) <= 25 for row in rows)
    assert len({row.nonce for row in rows}) == 50
    assert {row.topic for row in rows} == {"checkins"}
