"""Pairs: what is asked of them, how they end, and who vanishes; on a real database, with the clocks going back on Sunday."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlmodel import Session

from bot.buddies import asking, ending, following, introducing, proposing
from bot.buddies.life_rules import Looking, Met, Said, State
from bot.buddies.rules import Field
from bot.buddies.tables import Past, Place, Request
from bot.buddies.told_rules import Told
from bot.errors import Refusal, StoreUnavailable
from bot.members import apart, service
from bot.members.apart_tables import Apart
from bot.members.habits import Habit
from bot.members.tables import Membership, Network
from bot.own import service as own
from bot.schedule.recurrence import Quiet
from tests.buddies.house import ANN, BOB, CEM, EMPLOYERS, NAME, NET, WANTING, House


async def test_silence_from_a_buddy_is_asked_about_kindly_and_ends_in_somebody_new(house: House) -> None:
    await house.introduced(ANN, BOB)
    await house.joins(CEM, EMPLOYERS[2])
    await house.play(days=4)
    (mine,) = await house.open(ANN)
    found = await following.heard(house.store, house.desk, mine.id, ANN, Met.QUIET, house.event(), house.now)
    assert found.fresh
    asked_at = house.now
    await house.post()
    assert [one.template for one in house.got(BOB)][-1] == "buddies.still"
    await house.looks(CEM, Told({Field.ROLE: "retired-head"}, shares=frozenset(Field)))
    await house.play(hours=23)
    assert await house.with_(ANN) == {BOB}
    await house.play(hours=2)
    assert await house.with_(ANN) == {CEM}, "anybody suitable who waits, at once"
    assert house.got(ANN, "proposal")[-1].at - asked_at <= timedelta(hours=48)
    assert [len(house.got(ANN, "faded")), len(house.got(BOB, "freed")), len(house.got(BOB, "faded"))] == [
        1,
        1,
        0,
    ]
    assert (await house.request(BOB)).state == Looking.DRAFT


async def test_a_buddy_who_is_still_there_says_so(house: House) -> None:
    await house.introduced(ANN, BOB)
    await house.play(days=4)
    (mine,), (theirs,) = await house.open(ANN), await house.open(BOB)
    for _ in range(2):
        await following.heard(house.store, house.desk, mine.id, ANN, Met.QUIET, house.event(), house.now)
    await house.post()
    assert len(house.got(BOB, "still")) == 1
    event = house.event()
    for _ in range(2):
        await following.still(house.store, house.desk, theirs.id, BOB, True, event, house.now)
    await house.play(days=30)
    assert len(house.got(ANN, "still_yes")) == 1
    assert await house.with_(ANN) == {BOB}


async def test_somebody_who_cannot_be_asked_loses_no_buddy_by_saying_nothing(house: House) -> None:
    await house.introduced(ANN, BOB)
    await house.play(days=4)
    (mine,), (theirs,) = await house.open(ANN), await house.open(BOB)
    back = house.now + timedelta(weeks=2)
    await service.pause(house.store, BOB, back, {}, house.now)
    for _ in range(2):
        await following.heard(house.store, house.desk, mine.id, ANN, Met.QUIET, house.event(), house.now)
        await house.play(days=6)
    assert await house.with_(ANN) == {BOB}
    assert not house.got(BOB, "still")
    await house.play(to=back + timedelta(days=2))
    assert [one.at > back for one in house.got(BOB, "still")] == [True], "asked once, when they are back"
    await following.still(house.store, house.desk, theirs.id, BOB, True, house.event(), house.now)
    assert len(await house.open(ANN)) == 1


async def test_a_pause_or_a_server_without_the_bot_is_no_silence(house: House) -> None:
    await house.introduced(ANN, BOB)
    await house.play(days=4)
    (mine,) = await house.open(ANN)
    await following.heard(house.store, house.desk, mine.id, ANN, Met.QUIET, house.event(), house.now)
    await house.play(hours=2)
    assert len(house.got(BOB, "still")) == 1
    await service.pause(house.store, BOB, house.now + timedelta(days=3), {}, house.now)
    await house.play(days=3)
    assert await house.with_(ANN) == {BOB}, "they went on a pause before the day was over"

    def invited(session: Session, at: datetime | None) -> None:
        session.get_one(Network, NET).removed_at = at

    await house.change(lambda session: invited(session, house.now))
    await house.play(days=9)
    await house.change(lambda session: invited(session, None))
    assert len(house.got(BOB, "still")) == 1
    await house.play(days=8)
    assert len(house.got(BOB, "still")) == 2
    await house.play(hours=36)
    assert await house.with_(ANN) == set(), "asked, there, and silent"


async def test_what_was_missed_while_the_bot_was_away_is_not_asked_late_or_held_against_anybody(
    house: House,
) -> None:
    await house.introduced(ANN, BOB)
    house.now += timedelta(days=9)
    await house.ring()
    assert not house.got(ANN, "follow") + house.got(BOB, "follow")
    await house.play(days=2)
    assert [one.template for one in house.got(ANN, "follow")] == ["buddies.follow_monthly"]
    (mine,) = await house.open(ANN)
    await following.heard(house.store, house.desk, mine.id, ANN, Met.QUIET, house.event(), house.now)
    house.now += timedelta(days=3)  # it may never have been sent
    await house.ring()
    assert await house.with_(ANN) == {BOB}
    assert len(house.got(BOB, "still")) >= 1
    await house.play(hours=36)
    assert await house.with_(ANN) == set()


async def test_questions_nobody_answers_rest_after_three(house: House) -> None:
    await house.introduced(ANN, BOB)
    await house.play(weeks=30)
    for user in (ANN, BOB):
        assert len(house.got(user, "follow_rest")) == 1
        assert len([one for one in house.got(user, "follow_") if one.template != "buddies.follow_rest"]) == 3
    (mine,) = await house.open(ANN)
    await following.heard(house.store, house.desk, mine.id, ANN, Met.YES, house.event(), house.now)
    await house.play(weeks=5)
    assert len(house.got(ANN, "follow_monthly")) > len(house.got(BOB, "follow_monthly"))


async def test_a_pause_holds_everything(house: House) -> None:
    await house.suggested(ANN, BOB)
    await house.says(BOB, Said.YES)
    until = house.now + timedelta(weeks=3)
    await service.pause(house.store, ANN, until, {}, house.now)
    before = len(house.got(ANN))
    await house.says(ANN, Said.YES)
    await house.play(weeks=2)
    assert not house.got(BOB, "introduced")
    assert len(house.got(BOB, "still_looking")) == 1
    assert len(house.got(ANN)) == before
    await house.joins(CEM, EMPLOYERS[2])
    await house.looks(CEM)
    await house.play(days=3)
    assert await house.with_(CEM) in ({BOB}, set())
    assert await house.with_(ANN) == set()
    await house.play(weeks=12)
    assert len(house.got(ANN, "proposal")) > 1, "it goes on by itself"


async def test_somebody_who_left_or_of_whom_nobody_knows_is_introduced_to_nobody(house: House) -> None:
    await house.suggested(ANN, BOB)
    house.silent.add(BOB)
    for user in (ANN, BOB):
        await house.says(user, Said.YES)
    await house.play(hours=2)
    assert not house.got(ANN, "introduced")
    assert (await house.open(ANN))[0].state == State.AGREED
    house.silent.clear()
    house.gone.add(BOB)
    await house.play(hours=1)
    assert not house.got(ANN, "introduced")
    assert BOB not in {one.user_id for one in await house.all(Membership)}
    assert [one.template for one in house.got(ANN)] == ["buddies.proposal", "buddies.still_looking"]


@pytest.mark.parametrize("when", ["suggested", "agreed", "introduced"])
async def test_somebody_forgotten_vanishes_and_the_other_is_told_kindly(house: House, when: str) -> None:
    await house.suggested(ANN, BOB)
    await house.says(ANN, Said.YES)
    if when != "suggested":
        house.silent |= {BOB} if when == "agreed" else set()
        await house.says(BOB, Said.YES)
        await house.ring()
    noted: list[int] = []
    await own.forget(
        house.store,
        house.keys,
        f"sqlite:///{house.folder / 'reallyok.db'}",
        BOB,
        lambda who, _: noted.append(who),
        house.now,
    )
    house.silent.clear()
    await house.play(weeks=1)
    assert {one.user_id for one in await house.all(Place)} == {ANN}
    assert not [one for one in await house.all(Request) if one.user_id == BOB]
    told = [one.template for one in house.got(ANN)]
    end = "buddies.ended" if when == "introduced" else "buddies.still_looking"
    assert told.count(end) == 1
    assert f"{BOB}" not in house.sent[-1].text
    # Back again within the twelve weeks, they are not introduced twice.
    if when == "introduced":
        await house.joins(BOB, EMPLOYERS[1])
        await house.looks(BOB)
        await asking.look(house.store, house.desk, NET, NAME, ANN, house.now)
        await house.play(weeks=3)
        assert await house.with_(ANN) == set()


async def test_somebody_who_vanishes_while_a_round_is_put_together_is_in_none(house: House) -> None:
    await house.asked(ANN, BOB, CEM, told=WANTING)
    usual = house.match

    async def meanwhile(*args: object) -> object:
        found = await usual(*args)
        for user in found.pairs[0]:
            await service.leave(house.store, NET, user, house.now)
        return found

    house.match = meanwhile
    await house.play(days=5)
    assert await house.all(Place) == []
    assert not house.got(ANN, "proposal") + house.got(BOB, "proposal") + house.got(CEM, "proposal")


async def test_a_report_or_a_name_on_a_list_parts_them_at_once(house: House) -> None:
    await house.introduced(ANN, BOB)
    await apart.keep_apart(house.store, house.keys, NET, NAME, ANN, BOB, Apart.AVOID, house.now)
    for _ in range(2):
        await ending.separated(house.store, house.desk, ANN, BOB, house.now)
    await house.post()
    assert await house.open(ANN) == await house.open(BOB) == []
    assert [len(house.got(user, "ended")) for user in (ANN, BOB)] == [1, 1]
    assert house.got(ANN, "ended")[0].template == house.got(BOB, "ended")[0].template


async def test_a_new_employer_that_is_the_buddys_ends_it(house: House) -> None:
    await house.introduced(ANN, BOB)
    await house.works_for(ANN, EMPLOYERS[1])
    await house.play(days=4)
    assert await house.open(ANN) == await house.open(BOB) == []
    assert [len(house.got(user, "ended")) for user in (ANN, BOB)] == [1, 1]
    assert not house.got(ANN, "follow")


async def test_between_the_yes_and_the_introduction_the_rules_are_asked_again(house: House) -> None:
    await house.suggested(ANN, BOB)
    await house.says(ANN, Said.YES)
    await house.works_for(BOB, EMPLOYERS[0])
    await house.says(BOB, Said.YES)
    await house.ring()
    assert not house.got(ANN, "introduced") + house.got(BOB, "introduced")
    assert len(house.got(ANN, "still_looking")) == len(house.got(BOB, "still_looking")) == 1


async def test_taking_the_yes_back_leaves_nothing_but_a_code(house: House) -> None:
    await house.introduced(ANN, BOB)
    assert await asking.stop(house.store, house.desk, NET, ANN, house.now)
    assert not await asking.stop(house.store, house.desk, NET, ANN, house.now)
    await house.post()
    assert [one.user_id for one in await house.all(Request)] == [BOB]
    assert len(house.got(BOB, "ended")) == 1
    (past,) = await house.all(Past)
    assert past.last_on == house.now.date()
    here = await asking.standing(house.store, house.desk, NET, NAME, ANN, house.now)
    assert here.told is None


async def test_a_suggestion_that_cannot_be_delivered_rests(house: House) -> None:
    house.closed.add(BOB)
    await house.asked(ANN, BOB)
    await house.ring()
    assert (await house.request(BOB)).state == Looking.RESTING
    await house.says(ANN, Said.YES)
    await house.play(days=4)
    assert len(house.got(ANN, "still_looking")) == 1
    with pytest.raises(Refusal, match="dm_closed"):
        await asking.look(house.store, house.desk, NET, NAME, BOB, house.now)


async def test_a_round_missed_for_weeks_is_held_once(house: House) -> None:
    await house.joins(ANN, EMPLOYERS[0])
    await house.looks(ANN)
    await house.ring()
    house.now += timedelta(weeks=5)
    await house.ring()
    await house.ring()
    assert (await house.request(ANN)).waiting_rounds == 1
    following_round = await house.earliest()
    assert following_round is not None
    assert timedelta(0) < following_round - house.now <= timedelta(days=7)


async def test_words_go_to_a_buddy_who_may_be_reached_and_to_nobody_else(house: House) -> None:
    await house.introduced(ANN, BOB)
    (mine,) = await house.open(ANN)
    event = house.event()
    post = await introducing.post(house.store, house.desk, mine.id, ANN, event, house.now)
    assert post is not None
    assert [line.channel_id for line in post.lines] == [BOB + 1]
    assert await introducing.post(house.store, house.desk, mine.id, ANN, event, house.now) is None
    with pytest.raises(Refusal, match="not_yours"):
        await introducing.may_post(house.store, house.desk, mine.id, CEM, house.now)
    await service.pause(house.store, BOB, house.now + timedelta(days=9), {}, house.now)
    assert (await introducing.may_post(house.store, house.desk, mine.id, ANN, house.now)).lines == ()
    assert await following.ask_for_hello(house.store, house.desk, NET, ANN, house.now) == 0
    await ending.end(house.store, house.desk, mine.id, ANN, house.event(), house.now, never=True)
    with pytest.raises(Refusal, match="over"):
        await introducing.may_post(house.store, house.desk, mine.id, ANN, house.now)
    assert await house.store.read(apart.together_forbidden, house.keys, BOB, ANN)


async def test_each_is_written_to_by_their_own_clock_and_never_in_their_quiet_hours(house: House) -> None:
    """One of them in New York, where the clocks change a week later; the other does the school run."""
    house.habits = {
        ANN: Habit("America/New_York", None),
        BOB: Habit("Europe/London", Quiet(time(15, 30), time(18, 30))),
    }
    await house.introduced(ANN, BOB)
    await house.play(days=16)
    heard = {
        user: [
            f"{one.at.astimezone(ZoneInfo(house.habits[user].zone)):%a %d %H:%M}"
            for one in house.got(user)
            if one.template in ("buddies.introduced", "buddies.follow_first", "buddies.follow_second")
        ]
        for user in (ANN, BOB)
    }
    assert heard == {
        ANN: ["Fri 23 08:00", "Mon 26 17:00", "Fri 06 17:00"],
        BOB: ["Fri 23 12:00", "Mon 26 18:30", "Fri 06 18:30"],
    }
    # A question one of them sets off at an hour that is nobody's business waits, and the day it is open begins then.
    (mine,) = await house.open(BOB)
    house.now = datetime(2026, 11, 9, 5, tzinfo=UTC)  # midnight in New York
    await following.heard(house.store, house.desk, mine.id, BOB, Met.QUIET, house.event(), house.now)
    await house.play(hours=31)
    (asked,) = house.got(ANN, "still")
    assert asked.at == datetime(2026, 11, 9, 13, tzinfo=UTC)
    assert await house.with_(BOB) == {ANN}
    await house.play(hours=2)
    assert await house.with_(BOB) == set()


async def test_at_each_step_a_locked_database_only_makes_it_later(house: House) -> None:
    """Nothing half done is kept, and nobody hears anything twice once it can be written to again."""
    await house.asked(ANN, BOB)

    async def end() -> None:
        (mine,) = await house.open(ANN)
        await ending.end(house.store, house.desk, mine.id, ANN, 7, house.now, never=False)

    async def yes(user: int) -> None:
        (mine,) = await house.open(user)
        await proposing.answer(house.store, mine.id, user, Said.YES, user, house.now)

    steps = (
        ("proposal", house.see_to, timedelta(0)),
        ("", lambda: yes(ANN), timedelta(0)),
        ("", lambda: yes(BOB), timedelta(0)),
        ("introduced", house.see_to, timedelta(0)),
        ("follow_first", house.see_to, timedelta(days=3, hours=6)),
        ("ended", end, timedelta(0)),
    )
    for template, step, later in steps:
        house.now += later
        with closing(sqlite3.connect(house.folder / "reallyok.db", isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            with pytest.raises(StoreUnavailable):
                await step()
            other.execute("ROLLBACK")
        before = len(house.sent)
        await house.post()
        assert len(house.sent) == before
        await step()
        await house.post()
        told = [one.to for one in house.sent[before:] if one.template == f"buddies.{template}"]
        assert sorted(told) == ([] if not template else [BOB] if template == "ended" else [ANN, BOB])
    assert await house.open(ANN) == await house.open(BOB) == []


async def test_somebody_whose_messages_closed_after_the_yes_leaves_nobody_waiting(house: House) -> None:
    await house.suggested(ANN, BOB)
    for user in (ANN, BOB):
        await house.says(user, Said.YES)
    house.closed.add(BOB)
    await house.ring()
    assert [len(house.got(user, "introduced")) for user in (ANN, BOB)] == [1, 0]
    here = await asking.standing(house.store, house.desk, NET, NAME, BOB, house.now)
    assert (here.looking, here.others, here.reachable) == (Looking.PAIRED, (ANN,), False)
    await house.play(days=4)
    (mine,) = await house.open(ANN)
    await following.heard(house.store, house.desk, mine.id, ANN, Met.QUIET, house.event(), house.now)
    await house.joins(CEM, EMPLOYERS[2])
    await house.looks(CEM)
    await house.play(days=2)
    assert await house.with_(ANN) == {CEM}
    assert len(house.got(ANN, "faded")) == 1
    assert house.got(BOB) == house.got(BOB, "proposal")
