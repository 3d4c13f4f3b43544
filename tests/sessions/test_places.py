"""Thirty people for twenty places, changing their minds in any order: what must hold at every moment."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Callable
from datetime import UTC, datetime, time, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlmodel import Session, col, select

from bot.db.store import Store, engine_for
from bot.members.habits import Habit, Habits, no_habits
from bot.members.tables import Membership, Network, Person
from bot.outbox.tables import Outbox
from bot.schedule.recurrence import Quiet, Series
from bot.sessions import coming, due
from bot.sessions.coming import Visitor
from bot.sessions.coming_tables import Coming
from bot.sessions.places import LAST_OFFER, offer_span
from bot.sessions.planning import plan, set_rule
from bot.sessions.rules import Answer, Place, Where
from bot.sessions.tables import Occurrence, SeriesRow
from tests.checkins.evening import migrated

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
STARTS = datetime(2026, 11, 28, 9, tzinfo=UTC)
PEOPLE, PLACES, NETWORK = 30, 20, 1


def filled(folder: Path, places: int | None = PLACES) -> tuple[Store, int]:
    """A store with thirty members and one meeting with twenty places; the meeting's id."""
    database = folder / "reallyok.db"
    database.write_bytes(migrated().read_bytes())
    url = f"sqlite:///{database}"
    engine = engine_for(url, writing=True)
    with Session(engine) as session:
        network = Network(id=NETWORK, name="Saturday Coffee Heads", made_at=NOW)
        session.add(network)
        for who in range(1, PEOPLE + 1):
            session.add(Person(user_id=who, dm_channel_id=1000 + who))
            session.flush()
            session.add(Membership(network_id=NETWORK, user_id=who, joined_at=NOW))
        series = SeriesRow(
            network_id=NETWORK,
            title="Coffee",
            start_on=STARTS.date(),
            at=time(9),
            zone="Europe/London",
            unit="week",
            where_kind=Where.PLACE,
            where_text="The hall",
            places=places,
            made_at=NOW,
        )
        set_rule(series, Series(STARTS.date(), time(9), "Europe/London", count=1))
        session.add(series)
        session.flush()
        (meeting,) = plan(session, series, network, NOW)
        session.commit()
        meeting_id = meeting.id
    engine.dispose()
    return Store(url), meeting_id


class Hall:
    """The meeting, who answers it and when, and what must hold after every step."""

    def __init__(self, store: Store, meeting_id: int, habits: Habits = no_habits) -> None:
        self.store, self.meeting_id, self.habits = store, meeting_id, habits
        self.now = NOW
        self.events = 0

    async def say(self, who: int, said: Answer) -> coming.Answered:
        self.events += 1
        self.now += timedelta(milliseconds=1)
        visitor = Visitor(who, "", frozenset())
        return await coming.answer(
            self.store, self.habits, self.meeting_id, visitor, said, self.events, self.now
        )

    async def wait(self, span: timedelta) -> None:
        """Let time pass, with everything due on the way at its own instant."""
        ends = self.now + span
        while (at := await self.store.read(due.next_due)) is not None and at <= ends:
            self.now = max(self.now, at)
            await due.sessions_due(self.store, self.habits, self.now)
        self.now = ends

    async def rows(self) -> list[Coming]:
        def look(session: Session) -> list[Coming]:
            return list(session.exec(select(Coming).order_by(col(Coming.since), col(Coming.id))).all())

        return await self.store.read(look)

    async def check(self) -> None:
        """Places never exceeded; nobody waits while a place could be kept for them; every offer ends before the start."""
        rows = await self.rows()
        taken = [one for one in rows if one.place == Place.IN]
        offered = [one for one in rows if one.place == Place.OFFERED]
        waiting = [one for one in rows if one.place == Place.WAITING]
        assert len(taken) + len(offered) <= PLACES
        for one in offered:
            assert one.offered_until is not None
            assert self.now < one.offered_until <= STARTS
        if waiting and self.now < STARTS - LAST_OFFER:
            assert len(taken) + len(offered) == PLACES
            # Whoever has an offer came to the list before whoever still waits.
            assert max((one.since for one in offered), default=NOW) <= waiting[0].since
        assert all(one.place == Place.NONE or one.answer == Answer.COMING for one in rows)


STEP = st.one_of(
    st.tuples(st.integers(1, PEOPLE), st.sampled_from(list(Answer))),
    st.tuples(st.integers(1, PEOPLE), st.just(Answer.CANT)),
    st.sampled_from([timedelta(minutes=20), timedelta(hours=3), timedelta(days=1)]),
)


@settings(max_examples=6, deadline=None)
@given(order=st.permutations(range(1, PEOPLE + 1)), steps=st.lists(STEP, min_size=10, max_size=40))
def test_whatever_people_do_places_hold_and_the_list_keeps_its_order(
    order: list[int], steps: list[tuple[int, Answer] | timedelta]
) -> None:
    async def play() -> None:
        store, meeting_id = filled(Path(folder))
        hall = Hall(store, meeting_id)
        try:
            for who in order:
                await hall.say(who, Answer.COMING)
            queue = [one.user_id for one in await hall.rows() if one.place == Place.WAITING]
            assert queue == list(order[PLACES:])
            await hall.check()
            for step in steps:
                if isinstance(step, timedelta):
                    await hall.wait(step)
                elif hall.now < STARTS:
                    await hall.say(*step)
                await hall.check()
            await hall.wait(STARTS + timedelta(hours=1) - hall.now)
            assert not any(one.place == Place.OFFERED for one in await hall.rows()), "every offer ends"
        finally:
            store.close()

    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(play())


@pytest.fixture
def hall(tmp_path: Path) -> object:
    """A full meeting is a `say` away."""
    halls: list[Hall] = []

    def open_one(habits: Habits = no_habits, places: int | None = PLACES) -> Hall:
        halls.append(Hall(*filled(tmp_path, places), habits))
        return halls[-1]

    yield open_one
    for one in halls:
        one.store.close()


async def test_a_freed_place_goes_from_one_to_the_next_each_told_once(hall: Callable[..., Hall]) -> None:
    one = hall()
    for who in range(1, PEOPLE + 1):
        await one.say(who, Answer.COMING)
    await one.say(3, Answer.CANT)
    offers = {row.user_id: row.offered_until for row in await one.rows() if row.place == Place.OFFERED}
    assert offers == {21: one.now + timedelta(hours=24)}
    again = await one.say(3, Answer.COMING)
    assert again.place is Place.WAITING, "who gave a place up goes to the end of the list"
    await one.wait(timedelta(hours=25))
    rows = {row.user_id: row for row in await one.rows()}
    assert (rows[21].answer, rows[21].place) == (Answer.MAYBE, Place.NONE)
    assert rows[22].place == Place.OFFERED
    assert (await one.say(22, Answer.COMING)).place is Place.IN
    late = await one.say(21, Answer.COMING)
    assert late.place is Place.WAITING

    def sent(session: Session) -> list[int | None]:
        offered = select(Outbox).where(col(Outbox.dedupe_key).startswith("session:offer:"))
        return [row.user_id for row in session.exec(offered.order_by(col(Outbox.not_before)))]

    assert await one.store.read(sent) == [21, 22]


async def test_an_offer_waits_for_the_end_of_quiet_hours_and_passes_over_whoever_cannot_be_asked_in_time(
    hall: Callable[..., Hall],
) -> None:
    def at_night(session: Session, users: object) -> dict[int, Habit]:
        return {
            21: Habit("Europe/London", Quiet(time(20), time(7))),
            22: Habit("Europe/London", Quiet(time(20), time(8, 45))),
        }

    one = hall(at_night)
    for who in range(1, PEOPLE + 1):
        await one.say(who, Answer.COMING)
    one.now = datetime(2026, 11, 26, 22, tzinfo=UTC)
    await one.say(1, Answer.CANT)
    rows = {row.user_id: row for row in await one.rows()}
    seven = datetime(2026, 11, 27, 7, tzinfo=UTC)
    span = offer_span(STARTS - seven)
    assert span is not None
    assert rows[21].offered_until == seven + span
    await one.say(21, Answer.COMING)
    one.now = datetime(2026, 11, 27, 22, tzinfo=UTC)
    await one.say(2, Answer.CANT)
    rows = {row.user_id: row for row in await one.rows()}
    assert rows[22].place == Place.WAITING, (
        "who can be told tonight goes before who can be told at a quarter to"
    )
    assert rows[23].place == Place.OFFERED


async def test_in_the_last_half_hour_a_place_is_offered_in_short_turns_until_the_start(
    hall: Callable[..., Hall],
) -> None:
    one = hall()
    for who in range(1, PEOPLE + 1):
        await one.say(who, Answer.COMING)
    await one.wait(STARTS - timedelta(minutes=12) - one.now)
    await one.say(1, Answer.CANT)

    async def offered() -> list[tuple[int, timedelta]]:
        rows = [row for row in await one.rows() if row.place == Place.OFFERED]
        return [(row.user_id, STARTS - row.offered_until) for row in rows if row.offered_until]

    ((first, until),) = await offered()
    assert first == 21
    assert timedelta(minutes=6) < until < timedelta(minutes=8), "five minutes each"
    await one.wait(timedelta(minutes=5))
    assert [who for who, _ in await offered()] == [22]
    await one.wait(timedelta(minutes=5))
    assert await offered() == [(23, timedelta(0))], "what is left, and not past the start"
    await one.wait(timedelta(minutes=3))
    assert await offered() == []
    assert (await one.say(24, Answer.COMING)).place is Place.IN, "then whoever comes, comes"

    def sent(session: Session) -> list[int | None]:
        told = select(Outbox).where(col(Outbox.dedupe_key).startswith("session:offer:"))
        return [row.user_id for row in session.exec(told.order_by(col(Outbox.not_before)))]

    assert await one.store.read(sent) == [21, 22, 23]


async def test_whose_quiet_hours_end_just_before_is_asked_when_nobody_else_can_be(
    hall: Callable[..., Hall],
) -> None:
    quarter_to = STARTS - timedelta(minutes=15)

    def at_night(session: Session, users: object) -> dict[int, Habit]:
        return {who: Habit("Europe/London", Quiet(time(20), time(8, 45))) for who in range(21, PEOPLE + 1)}

    one = hall(at_night)
    for who in range(1, PEOPLE + 1):
        await one.say(who, Answer.COMING)
    one.now = datetime(2026, 11, 27, 22, tzinfo=UTC)
    await one.say(2, Answer.CANT)
    rows = {row.user_id: row for row in await one.rows()}
    assert rows[21].place == Place.OFFERED
    assert rows[21].offered_until == quarter_to + timedelta(minutes=5)


async def test_without_a_limit_everybody_has_a_place_and_a_second_tap_is_no_second_answer(
    hall: Callable[..., Hall],
) -> None:
    one = hall(places=None)
    for who in range(1, PEOPLE + 1):
        assert (await one.say(who, Answer.COMING)).place is Place.IN
        assert (await one.say(who, Answer.COMING)).place is Place.IN
    one.events = 0
    repeated = await one.say(1, Answer.CANT)
    assert repeated.answer is Answer.COMING, "the same event, delivered again"
    assert len(await one.rows()) == PEOPLE


@pytest.mark.parametrize(("said", "told"), [(2, None), (3, 3)])
async def test_fewer_than_three_are_not_counted_for_anybody(
    hall: Callable[..., Hall], said: int, told: int | None
) -> None:
    one = hall()
    for who in range(1, said + 1):
        seen = await one.say(who, Answer.COMING)
    assert seen.coming == told


async def test_who_leaves_frees_their_place(hall: Callable[..., Hall]) -> None:
    one = hall()
    for who in range(1, PEOPLE + 1):
        await one.say(who, Answer.COMING)
    for _ in range(2):
        await one.store.write(coming.parted, one.habits, NETWORK, 5, one.now)
    rows = {row.user_id: row for row in await one.rows()}
    assert 5 not in rows
    assert [who for who, row in rows.items() if row.place == Place.OFFERED] == [21]


async def test_moved_it_is_offered_and_reminded_of_anew_and_called_off_nothing_is_due(
    hall: Callable[..., Hall],
) -> None:
    one = hall()
    for who in range(1, PEOPLE + 1):
        await one.say(who, Answer.COMING)
    await one.say(1, Answer.CANT)

    def change(session: Session, starts_at: datetime, state: str) -> None:
        meeting = session.exec(select(Occurrence)).one()
        meeting.starts_at, meeting.ends_at = starts_at, starts_at + timedelta(hours=1)
        meeting.state = state
        series = session.get_one(SeriesRow, meeting.series_id)
        coming.rearranged(session, no_habits, meeting, series, one.now)

    later = STARTS + timedelta(days=1)
    await one.store.write(change, later, "planned")
    rows = {row.user_id: row for row in await one.rows()}
    assert {row.starts_at for row in rows.values()} == {later}
    assert rows[2].remind_at == later - timedelta(days=1)
    assert rows[21].place == Place.OFFERED
    await one.store.write(change, later, "cancelled")
    assert all(row.remind_at is None and row.place != Place.OFFERED for row in await one.rows())
    assert await one.store.read(due.next_due) == STARTS + timedelta(hours=1), (
        "when its series is looked at again"
    )
    assert await one.store.read(lambda s: s.exec(select(Outbox)).all()) == []
