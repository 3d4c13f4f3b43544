"""Slips that were found by reading: each told, offered, noted and saved as it is meant, on real rows."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import Session, col, select

from bot.db.store import Store
from bot.errors import Refusal
from bot.members.habits import Habit, Habits, no_habits
from bot.members.tables import Membership, Network
from bot.outbox.tables import Outbox
from bot.schedule.recurrence import Quiet, Series
from bot.sessions import attendance, correcting, drafts, due, mirroring, scheduling, steps
from bot.sessions.coming_tables import Attendance, Coming
from bot.sessions.fields import Fields
from bot.sessions.fields import Place as Where_
from bot.sessions.planning import plan, set_rule
from bot.sessions.rules import Answer, MirrorState, Place, SeriesState, Where, Who
from bot.sessions.running import Actor
from bot.sessions.scheduling import Saved, Scope
from bot.sessions.tables import Invited, Mirror, Occurrence, SeriesRow, SessionNetwork
from bot.sessions.when_said import Heard
from tests.sessions.test_places import NETWORK, NOW, STARTS, filled

ORGANISER = Actor(99, NETWORK, facilitates=False, organises=True)
CHANNEL, ROOM, ROLE = 500, 600, 700
ONE_DAY = timedelta(days=1)


def at_night(session: Session, users: object) -> dict[int, Habit]:
    """Everybody asleep until eight."""
    return {who: Habit("Europe/London", Quiet(time(11), time(8))) for who in range(1, 31)}


@dataclass
class Coffee:
    """A weekly series on Saturdays at nine, without a limit, in a network of thirty."""

    store: Store
    events: int = 0

    async def rows(self, state: str | None = None) -> list[Occurrence]:
        def look(session: Session) -> list[Occurrence]:
            found = session.exec(select(Occurrence).order_by(col(Occurrence.starts_at))).all()
            return [one for one in found if state is None or one.state == state]

        return await self.store.read(look)

    async def series(self) -> list[SeriesRow]:
        def look(session: Session) -> list[SeriesRow]:
            return list(session.exec(select(SeriesRow).order_by(col(SeriesRow.start_on))).all())

        return await self.store.read(look)

    async def outbox(self, start: str = "") -> list[Outbox]:
        """What waits, in the order it would go."""

        def look(session: Session) -> list[Outbox]:
            order = (col(Outbox.priority), col(Outbox.not_before), col(Outbox.id))
            found = select(Outbox).where(col(Outbox.dedupe_key).startswith(start))
            return list(session.exec(found.order_by(*order)).all())

        return await self.store.read(look)

    async def edit(
        self, meeting: Occurrence, scope: Scope, changed: Callable[[Fields], Fields], now: datetime = NOW
    ) -> Callable[[], Any]:
        """An edit that is written; awaiting what is returned saves it."""
        self.events += 1
        draft = await scheduling.begin_edit(self.store, meeting.id, scope, ORGANISER, self.events, now)
        await drafts.change(self.store, draft.id, NETWORK, ORGANISER.user_id, changed, now)

        async def save(habits: Habits = no_habits, at: datetime = now) -> Saved:
            return await scheduling.save(self.store, habits, draft.id, ORGANISER, at)

        return save

    async def put(self, change: Callable[[Session], None]) -> None:
        await self.store.write(change)

    async def comes(self, meeting: Occurrence, *who: int) -> None:
        def put(session: Session) -> None:
            for user_id in who:
                membership = session.exec(select(Membership).where(Membership.user_id == user_id)).one()
                session.add(
                    Coming(
                        occurrence_id=meeting.id,
                        membership_id=membership.id,
                        network_id=NETWORK,
                        user_id=user_id,
                        answer=Answer.COMING,
                        place=Place.IN,
                        starts_at=meeting.starts_at,
                        since=NOW,
                    )
                )

        await self.put(put)


@pytest.fixture
def coffee(tmp_path: Path) -> Iterator[Callable[..., Any]]:
    opened: list[Store] = []

    async def begin(rule: Series | None = None, **fields: Any) -> Coffee:
        store, _ = filled(tmp_path, None)
        opened.append(store)

        def put(session: Session) -> None:
            series = session.exec(select(SeriesRow)).one()
            for name, value in fields.items():
                setattr(series, name, value)
            set_rule(series, rule or Series(STARTS.date(), time(9), "Europe/London"))
            session.add(SessionNetwork(network_id=NETWORK, channel_id=CHANNEL))
            session.add(series)
            session.flush()
            plan(session, series, session.get_one(Network, NETWORK), NOW)

        await store.write(put)
        return Coffee(store)

    yield begin
    for store in opened:
        store.close()


async def test_what_became_a_session_by_invitation_is_spoken_of_in_no_channel(coffee: Any) -> None:
    one: Coffee = await coffee()
    first, *_ = await one.rows()
    assert first.remind_at is not None
    save = await one.edit(first, Scope.ALL, lambda f: f.with_(who=Who.INVITED, invited=(3,)))
    await save()
    await due.sessions_due(one.store, no_habits, STARTS - timedelta(minutes=59))
    assert await one.outbox("session:channel:") == []


async def test_a_session_for_others_than_before_reaches_those_it_is_for_now(coffee: Any) -> None:
    one: Coffee = await coffee()
    first, *_ = await one.rows()
    await due.sessions_due(one.store, no_habits, NOW)
    assert len(await one.outbox(f"announce:{first.id}:")) == 1
    save = await one.edit(first, Scope.ALL, lambda f: f.with_(who=Who.INVITED, invited=(3,)))
    await save()
    assert await one.outbox("announce:") == [], "what had not gone to the channel does not"

    def was_announced(session: Session) -> None:
        session.get_one(Occurrence, first.id).message_id = 900

    await one.put(was_announced)
    await (await one.edit(first, Scope.ALL, lambda f: f.with_(who=Who.OPEN)))()
    await (await one.edit(first, Scope.ALL, lambda f: f.with_(who=Who.INVITED)))()
    await due.sessions_due(one.store, no_habits, NOW)
    assert [row.user_id for row in await one.outbox("session:invite:")] == [3]
    await (await one.edit(first, Scope.ALL, lambda f: f.with_(who=Who.OPEN)))()
    assert await one.outbox("session:invite:") == []
    await due.sessions_due(one.store, no_habits, STARTS - timedelta(minutes=59))
    assert len(await one.outbox("session:channel:")) == 1, "the channel is reminded of it"


async def test_a_step_that_fails_holds_up_no_other_and_is_told_to_whoever_rang(
    coffee: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    one: Coffee = await coffee()

    def fails(session: Session, now: datetime) -> int:
        raise ValueError("a row that cannot be read")

    monkeypatch.setattr(steps, "remind_channels", fails)
    with pytest.raises(ExceptionGroup) as failed:
        await due.sessions_due(one.store, no_habits, STARTS)
    assert len(failed.value.exceptions) == 1
    first, *_ = await one.rows()
    assert first.door_at is None, "its door was opened"


async def test_this_and_later_of_a_meeting_that_outlived_its_rule_is_a_series_of_that_one(
    coffee: Any,
) -> None:
    one: Coffee = await coffee()
    first, _, third, *_ = await one.rows()
    heard = Heard(Series(third.original_on + ONE_DAY, time(15), "Europe/London", count=1), None, None)
    await correcting.move(one.store, no_habits, third.id, heard, ORGANISER, 1000, NOW)
    ends = first.original_on + timedelta(days=7)
    rule = Series(STARTS.date(), time(9), "Europe/London", until=ends)
    await (await one.edit(first, Scope.ALL, lambda f: f.with_(rule=rule)))()
    before = [row.starts_at for row in await one.rows("planned")]
    assert len(before) == 3
    await (await one.edit(third, Scope.LATER, lambda f: f.with_(title="The last one")))()
    assert [row.starts_at for row in await one.rows("planned")] == before, "no date more or less"
    old, new = await one.series()
    assert (old.title, old.until_on) == ("Coffee", ends)
    assert (new.title, new.count) == ("The last one", 1)
    await due.sessions_due(one.store, no_habits, NOW + timedelta(minutes=1))
    assert [row.starts_at for row in await one.rows("planned")] == before


async def test_what_is_called_off_or_has_begun_meanwhile_is_not_changed_by_a_draft(coffee: Any) -> None:
    one: Coffee = await coffee()
    first, second, third, *_ = await one.rows()
    elsewhere = Where_(Where.PLACE, None, "The library")
    saves = [
        await one.edit(meeting, Scope.ONE, lambda f: f.with_(where=elsewhere)) for meeting in (first, second)
    ]
    whole = await one.edit(third, Scope.ALL, lambda f: f.with_(title="Tea"))
    await correcting.cancel(one.store, no_habits, second.id, "", ORGANISER, 1000, NOW)
    for save, at in ((saves[0], STARTS), (saves[1], NOW)):
        with pytest.raises(Refusal) as refused:
            await save(no_habits, at)
        assert refused.value.template == "errors.not_to_come"
    await correcting.cancel_all(one.store, no_habits, third.id, "", ORGANISER, 1001, NOW)
    assert (await whole()).conflict == ("state",), "the other's change is shown first"
    (series,) = await one.series()
    assert (series.title, series.state) == ("Coffee", SeriesState.CANCELLED)
    again = await drafts.read(one.store, 3, NETWORK, ORGANISER.user_id, NOW)
    await scheduling.take_over(one.store, again.id, ORGANISER, NOW)
    with pytest.raises(Refusal) as refused:
        await whole()
    assert refused.value.template == "errors.not_to_come"


async def test_a_server_without_the_bot_hears_of_nothing_until_it_is_back(coffee: Any) -> None:
    one: Coffee = await coffee(who=Who.INVITED)

    def leave(session: Session) -> None:
        network, series = session.get_one(Network, NETWORK), session.exec(select(SeriesRow)).one()
        network.removed_at = NOW
        session.add(network)
        session.add(Invited(series_id=series.id, network_id=NETWORK, user_id=3))

    def come_back(session: Session) -> None:
        network = session.get_one(Network, NETWORK)
        network.removed_at = None
        session.add(network)

    await one.put(leave)
    await due.sessions_due(one.store, no_habits, STARTS - timedelta(days=3))
    assert await one.outbox() == []
    at = await one.store.read(due.next_due)
    assert at is not None
    assert at > STARTS - timedelta(days=3), "nothing is due without pause"
    await one.put(come_back)
    await due.sessions_due(one.store, no_habits, STARTS - timedelta(days=2))
    assert len(await one.outbox("session:invite:")) == 1


async def test_an_invitation_held_for_the_morning_says_what_is_so_by_then(coffee: Any) -> None:
    one: Coffee = await coffee(who=Who.INVITED)
    first, *_ = await one.rows()
    series, *_ = await one.series()
    await one.put(lambda s: s.add(Invited(series_id=series.id, network_id=NETWORK, user_id=3)))
    await due.sessions_due(one.store, at_night, STARTS - timedelta(days=3))
    (held,) = await one.outbox("session:invite:")
    assert held.params["where"] == "The hall"
    elsewhere = Where_(Where.PLACE, None, "The library")
    await (await one.edit(first, Scope.ALL, lambda f: f.with_(where=elsewhere)))(at_night)
    (held,) = await one.outbox("session:invite:")
    assert held.params["where"] == "The library"
    await correcting.cancel(one.store, at_night, first.id, "", ORGANISER, 1000, NOW)
    assert await one.outbox("session:invite:") == []


async def test_news_held_for_the_morning_comes_in_the_order_it_happened(coffee: Any) -> None:
    one: Coffee = await coffee()
    first, *_ = await one.rows()
    await one.comes(first, *range(1, 9))
    for event, hour in ((1000, 10), (1001, 11)):
        heard = Heard(Series(STARTS.date(), time(hour), "Europe/London", count=1), None, None)
        await correcting.move(one.store, at_night, first.id, heard, ORGANISER, event, NOW)
    await correcting.cancel(one.store, at_night, first.id, "", ORGANISER, 1002, NOW)
    for who in range(1, 9):
        told = [row.dedupe_key.split(":") for row in await one.outbox("told:") if row.user_id == who]
        assert [key[1] for key in told] == ["moved", "moved", "cancelled"]
        assert [key[-1] for key in told] == ["1", "2", "3"]


async def test_a_room_notes_only_those_a_session_is_for(coffee: Any) -> None:
    one: Coffee = await coffee(
        who=Who.ROLE, role_id=ROLE, where_kind=Where.VOICE, where_channel_id=ROOM, where_text=""
    )
    first, *_ = await one.rows()
    await one.comes(first, 3)
    there = {1: {ROLE}, 2: {ROLE + 1}, 3: None, 4: None}
    assert await attendance.present(one.store, ROOM, there, STARTS) == 2

    def noted(session: Session) -> set[int]:
        return set(session.exec(select(Attendance.user_id)))

    assert await one.store.read(noted) == {1, 3}, "who said they were coming showed the role then"


async def test_an_event_changed_where_nobody_can_be_asked_is_asked_about_once_somebody_can(
    coffee: Any,
) -> None:
    one: Coffee = await coffee()
    await mirroring.choose(one.store, NETWORK, True, NOW)
    (job, *_) = await mirroring.begin(one.store, NETWORK, {}, [], NOW)
    made = dict(job.event)
    await mirroring.made(one.store, job.mirror_id, 800, made)
    theirs = {800: made | {"name": "Tea"}}

    async def look() -> MirrorState:
        await mirroring.begin(one.store, NETWORK, theirs, [], NOW)
        return MirrorState((await one.store.read(lambda s: s.get_one(Mirror, job.mirror_id))).state)

    assert await look() == MirrorState.MADE
    assert await look() == MirrorState.MADE

    def channel(session: Session) -> None:
        session.get_one(Network, NETWORK).organisers_channel_id = CHANNEL

    await one.put(channel)
    assert await look() == MirrorState.ASKED
    assert len(await one.outbox("told:event:")) == 1


@pytest.mark.parametrize("scope", list(Scope))
async def test_saved_twice_an_edit_is_saved_once_and_says_so_again(coffee: Any, scope: Scope) -> None:
    one: Coffee = await coffee()
    _, second, *_ = await one.rows()
    save = await one.edit(second, scope, lambda f: f.with_(about="Bring biscuits."))
    done, again = await save(), await save()
    assert (done.again, again.again) == (False, True)
    assert (again.series_id, again.title, again.first) == (done.series_id, done.title, done.first)
    other = Actor(98, NETWORK, facilitates=True, organises=False)
    with pytest.raises(Refusal):
        await scheduling.save(one.store, no_habits, 1, other, NOW)


async def test_another_length_and_another_audience_are_followed(coffee: Any) -> None:
    one: Coffee = await coffee()
    first, *_ = await one.rows()
    await mirroring.choose(one.store, NETWORK, True, NOW)

    def looked(session: Session) -> None:
        session.get_one(SessionNetwork, NETWORK).mirror_at = None

    for changed in (
        lambda f: f.with_(minutes=90),
        lambda f: f.with_(about="Biscuits"),
        lambda f: f.with_(who=Who.INVITED),
        lambda f: f.with_(minutes=45, rule=Series(STARTS.date(), time(9), "Europe/London", every=2)),
    ):
        await one.put(looked)
        await (await one.edit(first, Scope.ALL, changed))()
        first, *_ = await one.rows()
        assert first.question_at == first.ends_at + steps.AFTERWARDS
        network = await one.store.read(lambda s: s.get_one(SessionNetwork, NETWORK))
        assert network.mirror_at == NOW


@pytest.mark.parametrize(
    ("day", "first_on"),
    [(0, timedelta()), (-1, timedelta(days=-1)), (1, timedelta(days=1))],
    ids=["the same weekday", "the day before", "the day after"],
)
async def test_this_and_later_at_another_hour_begins_with_this_one_and_not_with_the_next_there_is(
    coffee: Any, day: int, first_on: timedelta
) -> None:
    one: Coffee = await coffee()
    first, second, third, *_ = await one.rows()
    said = STARTS.date() + timedelta(days=day)  # as "every Saturday 10am" is read: from the next one there is
    rule = Series(said, time(10), "Europe/London", weekdays=(said.weekday(),))
    save = await one.edit(third, Scope.LATER, lambda f: f.with_(title="Tea"))
    writing = await drafts.read(one.store, 1, NETWORK, ORGANISER.user_id, NOW)
    assert writing.preview is not None
    assert writing.preview.dates[0].on == third.original_on, "what is shown is what changes"
    writing = await drafts.change(one.store, 1, NETWORK, ORGANISER.user_id, lambda f: f.with_(rule=rule), NOW)
    assert writing.preview is not None
    shown = [date.at for date in writing.preview.dates if date.held]
    assert shown[0].date() == third.original_on + first_on
    await save()
    held = [row.starts_at for row in await one.rows("planned")]
    assert held[:2] == [first.starts_at, second.starts_at]
    assert held[2:5] == shown[:3]
