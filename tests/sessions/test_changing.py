"""A series that is on: changed by two people, moved, skipped, called off, handed over; put back after a deletion."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

from bot.checkins.habits import habits
from bot.networks import service as networks
from bot.sandbox.people import Person
from bot.schedule.closures import Closure
from bot.sessions import leaving, scheduling
from tests.checkins.evening import Evening, expect, last, says
from tests.launch.scene import answered, until, words
from tests.sessions.held import facilitates
from tests.sessions.test_scheduling import (
    announced,
    facilitator,
    fill,
    pick,
    said_in_channel,
    schedule,
    starts,
)

MONDAY = datetime(2026, 11, 23, 12, tzinfo=UTC)
OVERVIEW = "sessions.edit"


async def coffee(evening: Evening, when: str = "Saturdays 9am", **more: Any) -> list[str]:
    """A saved series of the demo's first facilitator; the ids of its meetings, in order."""
    marcus = evening.demo.facilitators[0]
    shown = await schedule(evening, marcus, when, **more)
    expect(await evening.tap(marcus, shown, "sessions.save"), "sessions.saved")
    await evening.wait(minutes=1)
    rows = evening.rows("SELECT id FROM session_occurrence ORDER BY starts_at")
    return [str(row) for (row,) in rows]


async def test_two_people_change_one_series_and_the_second_sees_what_the_first_did(evening: Evening) -> None:
    evening.clock.move_to(MONDAY)
    marcus, owner = await facilitator(evening), evening.demo.organiser
    meetings = await coffee(evening)
    mine = last(await evening.run(marcus, "session edit", session=meetings[0]))
    expect(mine, OVERVIEW)
    mine = await evening.tap(marcus, mine, "sessions.edit=all")
    theirs = last(await evening.run(owner, "session edit", session=meetings[0]))
    theirs = await evening.tap(owner, theirs, "sessions.edit=all")
    mine = await fill(evening, marcus, mine, "sessions.change", about="Bring biscuits.")
    theirs = await fill(evening, owner, theirs, "sessions.change", when="Saturdays 10am", length="45")
    expect(await evening.tap(owner, theirs, "sessions.save"), "sessions.saved")

    refused = await evening.tap(marcus, mine, "sessions.save")
    expect(refused, "sessions.conflict")
    assert "when it is" in words(refused)
    assert "how long it takes" in words(refused)
    assert evening.rows("SELECT about FROM session_series") == [("",)]
    both = await evening.tap(marcus, refused, "sessions.mine")
    assert "every Saturday at 10 am, 45 minutes" in words(both)
    assert "Bring biscuits" in words(both)
    expect(await evening.tap(marcus, both, "sessions.save"), "sessions.saved")
    assert evening.rows("SELECT about, minutes, at, revision FROM session_series") == [
        ("Bring biscuits.", 45, "10:00:00.000000", 3)
    ]
    assert starts(evening)[:2] == ["2026-11-28 10:00", "2026-12-05 10:00"]
    # A facilitator who does not run it, and one whose role was taken away.
    other = evening.demo.facilitators[1]
    facilitates(evening, other)
    expect(last(await evening.run(other, "session edit", session=meetings[0])), "errors.unknown_session")
    pressed = await answered(await other.press_raw(evening.welcome, 1, f"ok1:sessions.skip:{meetings[0]}:"))
    expect(last(pressed), "errors.not_your_session")


async def test_those_who_are_coming_hear_of_each_change_once(evening: Evening) -> None:
    evening.clock.move_to(MONDAY)
    kate, tom = evening.world.people["kate"], evening.world.people["tom"]
    marcus = await facilitator(evening, kate, tom)
    meetings = await coffee(evening)
    for person in (kate, tom):
        await evening.tap(person, announced(evening)[0], "sessions.coming")

    # One meeting is moved; the rule stays.
    moved = last(
        await evening.run(marcus, "session move", session=meetings[0], when="Sunday 29 November 10am")
    )
    expect(moved, "sessions.moved")
    await evening.wait(minutes=1)
    for person in (kate, tom):
        assert [m for m in evening.from_bot(person) if says(m, "sessions.told_moved")] != []
    assert len(said_in_channel(evening, "sessions.channel_moved")) == 1
    assert starts(evening)[:2] == ["2026-11-29 10:00", "2026-12-05 09:00"]

    # The whole series is held earlier: what was moved by hand stays where it is.
    shown = last(await evening.run(marcus, "session edit", session=meetings[1]))
    shown = await evening.tap(marcus, shown, "sessions.edit=later")
    shown = await fill(evening, marcus, shown, "sessions.change", when="Fridays 8am from 4 December")
    expect(await evening.tap(marcus, shown, "sessions.save"), "sessions.saved")
    assert starts(evening)[:3] == ["2026-11-29 10:00", "2026-12-04 08:00", "2026-12-11 08:00"]
    assert evening.rows("SELECT count(*) FROM session_series") == [(2,)]

    # Skipped, held after all, skipped again with a reason; pressed twice it is done once.
    meeting = meetings[0]
    skipped = last(await evening.run(marcus, "session skip", session=meeting))
    expect(skipped, "sessions.skipped")
    expect(await evening.tap(marcus, skipped, "sessions.back"), "sessions.put_back")
    why = "A wedding. @everyone **hello** " + "x" * 5000
    skipped = last(await evening.run(marcus, "session skip", session=meeting, reason=why[:600]))
    await evening.wait(minutes=1)
    told = [m for m in evening.from_bot(kate) if says(m, "sessions.told_skipped_why")]
    assert len(told) == 1
    assert "A wedding. @​everyone" in words(told[0])
    assert len([m for m in evening.from_bot(kate) if says(m, "sessions.told_back")]) == 1
    # No reminder and no door for what is not held.
    await evening.play(datetime(2026, 11, 29, 12, tzinfo=UTC))
    assert not [m for m in evening.from_bot(kate) if says(m, "sessions.reminder") or says(m, "sessions.door")]


async def test_another_length_place_or_words_are_told_once_and_a_slip_put_right_is_not(
    evening: Evening,
) -> None:
    evening.clock.move_to(MONDAY)
    kate, tom = evening.world.people["kate"], evening.world.people["tom"]
    marcus = await facilitator(evening, kate, tom)
    first = (await coffee(evening))[0]
    await evening.run(tom, "checkin settings", quiet_from="20:00", quiet_until="08:00")
    await evening.tap(kate, announced(evening)[0], "sessions.coming")
    await evening.tap(tom, announced(evening)[0], "sessions.maybe")

    async def change(scope: str, **said: str) -> None:
        shown = last(await evening.run(marcus, "session edit", session=first))
        shown = await evening.tap(marcus, shown, f"sessions.edit={scope}")
        shown = await fill(evening, marcus, shown, "sessions.change", **said)
        expect(await evening.tap(marcus, shown, "sessions.save"), "sessions.saved")
        await evening.wait(minutes=1)

    def told(person: Person) -> list[str]:
        templates = ("sessions.told_changed", "sessions.told_changed_about")
        return [words(m) for m in evening.from_bot(person) if any(says(m, one) for one in templates)]

    about = "Come as you are, camera or not. You can just listen, and nobody takes notes."
    await change("all", about=about)
    assert [about in text for text in told(kate)] == [True]
    assert len(told(tom)) == 1
    await change("all", title="Saturday Coffee!", about=about.replace("camera", "Camera"))
    assert len(told(kate)) == 1, "a slip put right is not told"
    await change("all", length="45")
    assert "45 minutes" in told(kate)[1]
    assert len(said_in_channel(evening, "sessions.channel_changed")) == 1
    await change("one", where="https://meet.example.org/coffee", length="90")
    assert len(told(kate)) == 3, "two things in one change are one message"
    assert "https://meet.example.org/coffee" in told(kate)[2]
    assert "90 minutes" in told(kate)[2]
    await change("all", where="The hall")
    assert len(told(kate)) == 3, "this one has a place of its own"
    assert evening.rows("SELECT count(*) FROM session_coming WHERE answer IN ('coming', 'maybe')") == [(2,)]

    # At night, twice: who sleeps hears it in the morning, and once, as it is then.
    await evening.play(MONDAY.replace(hour=22))
    before = len(told(tom))
    await change("one", where="https://meet.example.org/first")
    await change("one", where="https://meet.example.org/second")
    assert len(told(tom)) == before
    await evening.play(datetime(2026, 11, 24, 8, 5, tzinfo=UTC))
    (morning,) = told(tom)[before:]
    assert "https://meet.example.org/second" in morning
    # What is sent later says it as it is by then.
    await evening.play(datetime(2026, 11, 28, 8, 5, tzinfo=UTC))
    (reminder, *_) = [words(m) for m in evening.from_bot(kate) if says(m, "sessions.reminder")][::-1]
    assert "https://meet.example.org/second" in reminder


async def test_more_places_are_offered_at_once_and_a_better_title_offers_nothing_again(
    evening: Evening,
) -> None:
    evening.clock.move_to(MONDAY)
    you, kate, tom = evening.you, evening.world.people["kate"], evening.world.people["tom"]
    marcus = await facilitator(evening, kate, tom)
    first = (await coffee(evening))[0]

    async def change(kind: str, **said: str) -> None:
        shown = last(await evening.run(marcus, "session edit", session=first))
        shown = await evening.tap(marcus, shown, "sessions.edit=all")
        if kind == "sessions.details":
            shown = await evening.tap(marcus, shown, "sessions.more")
        shown = await fill(evening, marcus, shown, kind, **said)
        if kind == "sessions.details":
            shown = await evening.tap(marcus, shown, "sessions.preview")
        expect(await evening.tap(marcus, shown, "sessions.save"), "sessions.saved")
        await evening.wait(minutes=1)

    def offers(person: Person) -> int:
        return sum(says(m, "sessions.offer") for m in evening.from_bot(person))

    await change("sessions.details", places="1")
    for person in (you, kate, tom):
        await evening.tap(person, announced(evening)[0], "sessions.coming")
    assert (offers(kate), offers(tom)) == (0, 0)
    await change("sessions.details", places="2")
    await until(lambda: offers(kate), "an offer")
    await change("sessions.change", title="Saturday coffee, with cake")
    assert (offers(kate), offers(tom)) == (1, 0)
    assert evening.rows("SELECT place FROM session_coming ORDER BY since") == [
        ("in",),
        ("offered",),
        ("waiting",),
    ]


async def test_called_off_with_a_word_and_handed_over_before(evening: Evening) -> None:
    evening.clock.move_to(MONDAY)
    kate = evening.world.people["kate"]
    marcus, other = await facilitator(evening, kate), evening.demo.facilitators[1]
    meetings = await coffee(evening)
    await evening.tap(kate, announced(evening)[0], "sessions.coming")
    await evening.join(other)
    shown = last(await evening.run(marcus, "session edit", session=meetings[0]))
    who = await evening.tap(marcus, shown, "sessions.hand")
    expect(await pick(evening, marcus, who, "sessions.given", other.id), "errors.needs_role")
    facilitates(evening, other)
    expect(await pick(evening, marcus, who, "sessions.given", other.id), "sessions.given")
    await evening.wait(minutes=1)
    assert says(evening.from_bot(other)[-1], "sessions.handed")
    expect(last(await evening.run(marcus, "session edit", session=meetings[0])), "errors.unknown_session")

    # One like it, written by somebody else; the first is called off.
    shown = last(await evening.run(other, "session edit", session=meetings[0]))
    copy = await evening.tap(other, shown, "sessions.edit=copy")
    copy = await fill(
        evening, other, copy, "sessions.change", title="Wednesday tea", when="Wednesdays 7:30pm"
    )
    expect(await evening.tap(other, copy, "sessions.save"), "sessions.saved")
    ask = last(await evening.run(other, "session cancel", session=meetings[0]))
    ended = await fill(evening, other, ask, "sessions.cancel=all", text="Thank you for every Saturday.")
    expect(ended, "sessions.cancelled_all")
    await evening.wait(minutes=1)
    (told,) = [m for m in evening.from_bot(kate) if says(m, "sessions.told_ended_why")]
    assert "every Saturday" in words(told)
    assert all(
        at.startswith(("2026-11-25", "2026-12-02", "2026-12-09", "2026-12-16", "2026-12-23"))
        for at in starts(evening)
    )

    # Whoever leads it leaves: it runs on, and the organisers are asked who leads it.
    await leaving.facilitator_left(evening.app.store, evening.demo.guild_id, other.id, evening.clock.now())
    await evening.wait(minutes=1)
    ((channel,),) = evening.rows(
        "SELECT organisers_channel_id FROM network WHERE id = ?", evening.demo.guild_id
    )
    asked = evening.demo.organiser.visible_messages(channel)[-1]
    expect(asked, "sessions.who_leads")
    who = await evening.tap(evening.demo.organiser, asked, "sessions.hand")
    expect(await pick(evening, evening.demo.organiser, who, "sessions.given", marcus.id), "sessions.given")
    assert evening.rows("SELECT state FROM session_series WHERE title = 'Wednesday tea'") == [("running",)]


async def test_new_closures_leave_meetings_out_and_taken_back_hold_them_again(evening: Evening) -> None:
    evening.clock.move_to(MONDAY)
    kate = evening.world.people["kate"]
    await facilitator(evening, kate)
    await coffee(evening)
    await evening.tap(kate, announced(evening)[0], "sessions.coming")
    network, store, now = evening.demo.guild_id, evening.app.store, evening.clock.now()
    await networks.keep_closures(
        store, network, "", [Closure(date(2026, 11, 28), date(2026, 12, 6), "INSET")]
    )
    await scheduling.closures_changed(store, habits, network, now)
    assert starts(evening)[0] == "2026-12-12 09:00"
    await evening.wait(minutes=1)
    assert [m for m in evening.from_bot(kate) if says(m, "sessions.told_skipped")] != []
    await networks.keep_closures(store, network, "", [])
    await scheduling.closures_changed(store, habits, network, now)
    assert "2026-12-05 09:00" in starts(evening)


async def test_setting_up_offers_two_sessions_and_puts_back_what_was_deleted(evening: Evening) -> None:
    evening.clock.move_to(MONDAY)
    owner, backend = evening.demo.organiser, evening.world.backend
    options = {"nation": "england", "contact": owner.id, "zone": "Europe/London"}
    ran = await evening.run(owner, "network setup", **options)
    guide = await until(
        lambda: next((m for m in ran.messages if says(m, "networks.guide")), None), "what next"
    )
    begun = await evening.tap(owner, guide, "sessions.standing=both")
    expect(begun, "sessions.standing_begun_both")
    expect(await evening.tap(owner, guide, "sessions.standing=saturday"), "sessions.standing_begun")
    await evening.wait(minutes=1)
    assert starts(evening)[:3] == ["2026-11-25 19:30", "2026-11-28 09:00", "2026-12-02 19:30"]
    assert evening.rows("SELECT standing FROM session_series ORDER BY standing") == [
        ("saturday",),
        ("wednesday",),
    ]
    first = await _announced(evening, 2)

    # A message deleted in Discord, then nothing, then the whole channel.
    ((channel,),) = evening.rows("SELECT channel_id FROM session_network")
    backend.messages[channel].pop(int(first[0]["id"]))
    again = last(await evening.run(owner, "network setup", **options))
    expect(again, "networks.setup_again")
    assert "sessions.standing" not in str(again["components"])
    await _announced(evening, 2)
    await evening.run(owner, "network setup", **options)
    await evening.wait(minutes=1)
    assert len(await _announced(evening, 2)) == 2, "nothing is put up twice"
    backend.delete_channel(channel)
    await evening.run(owner, "network setup", **options)
    await evening.wait(minutes=1)
    assert evening.rows("SELECT channel_id FROM session_network") != [(channel,)]
    await _announced(evening, 2)


async def _announced(evening: Evening, many: int) -> list[dict[str, Any]]:
    """The announcements in the channel for sessions, once there are so many."""
    template = "sessions.announcement_about"
    return await until(lambda: len(m := said_in_channel(evening, template)) == many and m, f"{many} of them")
