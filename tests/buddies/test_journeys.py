"""Two and three people find each other, on a weekend when the clocks change; on the wire."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from sqlmodel import Session, select

from bot.checkins.tables import Plan
from bot.sandbox.people import Person
from tests.buddies.lounge import employed, everything_said, got, looks, one, paired, tells
from tests.checkins.evening import Evening, expect, last
from tests.launch.scene import answered, button, custom_ids, words
from tests.listeners.scene import Listening

FRIDAY = datetime(2026, 10, 23, 11, tzinfo=UTC)  # the clocks go back on Sunday
LONDON = ZoneInfo("Europe/London")


def at(message: dict[str, object]) -> str:
    return f"{datetime.fromisoformat(str(message['timestamp'])).astimezone(LONDON):%a %d %H:%M}"


async def test_two_who_suit_each_other_meet_without_a_name_before_both_yeses(evening: Evening) -> None:
    evening.clock.move_to(FRIDAY)
    you, kate = evening.you, evening.demo.people[6]
    await evening.joined(you, kate)
    expect(await looks(evening, you, "Alder Trust"), "buddies.looking")
    expect(await looks(evening, kate, "Birch Trust"), "buddies.looking")
    for person, other in ((you, kate), (kate, you)):
        said = words(await one(evening, person, "buddies.proposal"))
        assert "a deputy head at a large coastal secondary, new in post" in said
        assert "That goes for you too." in said
        assert other.display_name not in said
        assert str(other.id) not in said
    mine, hers = got(evening, you, "buddies.proposal")[0], got(evening, kate, "buddies.proposal")[0]
    expect(await evening.tap(you, mine, "buddies.answer=yes"), "buddies.said_yes")
    # A stranger's press, somebody else's button, and the same press again.
    marcus = evening.demo.people[2]
    for stranger in (marcus, kate):
        forged = await stranger.press_raw(evening.welcome, 1, button(mine, "buddies.answer=yes"))
        expect(last(await answered(forged)), "errors.not_yours")
    assert not got(evening, kate, "buddies.introduced")
    await evening.restart()
    expect(await evening.tap(kate, hers, "buddies.answer=yes"), "buddies.said_yes")
    for person, other in ((you, kate), (kate, you)):
        said = words(await one(evening, person, "buddies.introduced"))
        assert other.display_name in said
        assert f"<@{other.id}>" in said
    expect(await evening.tap(kate, hers, "buddies.answer=no"), "buddies.over")
    # Words are passed on once and kept nowhere.
    met = got(evening, you, "buddies.introduced")[0]
    note = await evening.pressed(you, met, "buddies.note")
    said = "My head is full of *geese* @everyone\n\nYours?"
    expect(last(await answered(await you.submit(note, {"text": said}))), "buddies.passed_on")
    arrived = words(await one(evening, kate, "buddies.from_buddy"))
    assert "geese" in arrived
    assert you.display_name in arrived
    assert not [row for row in evening.rows("SELECT * FROM outbox") if "geese" in str(row)]
    # Three days on by the wall clock, though the clocks have changed.
    await evening.play(FRIDAY + timedelta(days=4))
    asked = await one(evening, you, "buddies.follow_first")
    assert at(asked) == "Mon 26 17:00"
    expect(await evening.tap(you, asked, "buddies.met=not-yet"), "buddies.met_not_yet")
    expect(
        await evening.tap(kate, await one(evening, kate, "buddies.follow_first"), "buddies.met=yes"),
        "buddies.met_yes",
    )
    await evening.play(FRIDAY + timedelta(days=50))
    assert [at(m) for m in got(evening, you, "buddies.follow_again")] == ["Thu 29 11:00"]
    assert not got(evening, kate, "buddies.follow_again")
    for person in (you, kate):
        assert [at(m) for m in got(evening, person, "buddies.follow_second")] == ["Fri 06 17:00"]
    assert at(got(evening, kate, "buddies.follow_monthly")[0]) == "Fri 04 17:00"
    assert all(len(i) <= 100 for i in everything_said(evening, you))


async def leave_alone(evening: Evening, person: Person) -> datetime:
    """Let somebody's quiet hours be the next two; returns their end."""
    now = evening.clock.now()
    until = now + timedelta(hours=2)

    def keep(session: Session) -> None:
        for plan in session.exec(select(Plan).where(Plan.user_id == person.id)):
            zone = ZoneInfo(plan.zone)
            plan.quiet_from, plan.quiet_until = now.astimezone(zone).time(), until.astimezone(zone).time()

    await evening.app.store.write(keep)
    return until


async def test_a_wobbly_day_may_ask_for_a_hello_and_an_end_is_kind(evening: Evening) -> None:
    you, kate = evening.you, evening.demo.people[6]
    await evening.joined(you, kate)
    await paired(evening, you, kate)
    asked = last(await evening.run(you, "checkin now"))
    offer = await evening.tap(you, asked, "checkins.level=wobbly")
    # And so may a worse one, beneath the way to support.
    harder = await evening.tap(you, last(await evening.run(you, "checkin now")), "checkins.level=not-ok")
    offered = [i.split(":")[1] for i in custom_ids(harder)]
    assert offered.index("buddies.hello") > offered.index("support")
    until = await leave_alone(evening, kate)
    for _ in range(2):
        expect(await evening.tap(you, offer, "buddies.hello"), "buddies.hello_sent")
    await evening.wait(minutes=1)
    assert not got(evening, kate, "buddies.hello")
    await evening.play(until)
    hello = words(await one(evening, kate, "buddies.hello"))
    assert "would welcome a hello" in hello
    assert "wobbly" not in hello
    shown = last(await evening.run(kate, "buddy end"))
    expect(shown, "buddies.end_ask")
    expect(await evening.tap(kate, shown, "buddies.end=never"), "buddies.end_never")
    await evening.wait(minutes=1)
    expect(await one(evening, you, "buddies.ended"), "buddies.ended")
    assert not got(evening, kate, "buddies.ended")
    # They both look again, and never at each other.
    for person in (you, kate):
        await evening.tap(person, last(await evening.run(person, "buddy status")), "buddies.look=yes")
    await evening.wait(weeks=16)
    assert len(got(evening, you, "buddies.proposal")) == len(got(evening, kate, "buddies.proposal")) == 1


async def test_a_report_parts_a_pair_at_once_and_a_wrong_tap_after_it_is_met_kindly(evening: Evening) -> None:
    you, kate = evening.you, evening.demo.people[6]
    await evening.joined(you, kate)
    await paired(evening, you, kate)
    explained = last(await evening.run(you, "report"))
    form = await evening.pressed(you, explained, "reports.write")
    said = {"who": [kate.id], "what": "Something that should not have been said.", "reply": ["no"]}
    expect(last(await answered(await you.submit(form, said))), "reports.sent")
    for person in (you, kate):
        await one(evening, person, "buddies.ended")
    introduced = got(evening, kate, "buddies.introduced")[0]
    expect(last(await evening.pressed(kate, introduced, "buddies.note")), "buddies.over")
    expect(await evening.tap(kate, introduced, "buddies.end"), "buddies.over")
    expect(last(await evening.run(kate, "buddy status")), "buddies.status_draft")


async def test_in_a_network_of_one_employer_everybody_is_told_why_and_nobody_is_matched(
    evening: Evening,
) -> None:
    you, kate = evening.you, evening.demo.people[6]
    await evening.joined(you, kate)
    for person in (you, kate):
        await employed(evening, person, "Alder Trust")
        await evening.tap(person, await tells(evening, person), "buddies.look=yes")
    await evening.wait(weeks=3)
    for person in (you, kate):
        said = words(await one(evening, person, "buddies.left_nobody"))
        assert "employer" in said or "elsewhere" in said
        assert not got(evening, person, "buddies.proposal")


async def test_never_again_takes_a_call_between_the_two_with_it(evening: Evening) -> None:
    scene = Listening(evening)
    sam, joan = scene.sam, scene.joan
    await scene.begin(joan)
    await paired(evening, sam, joan)
    await scene.ask(joan)
    await scene.accept(joan)
    assert scene.calls()[0][0] == "held"
    shown = last(await evening.run(sam, "buddy end"))
    expect(await evening.tap(sam, shown, "buddies.end=never"), "buddies.end_never")
    assert scene.calls()[0][0] != "held"
    await scene.told(joan, "listeners.moved_on")
    await one(evening, joan, "buddies.ended")
