"""What organisers do and see, and a weekly round in a process of its own, on the wire."""

from __future__ import annotations

from datetime import timedelta

from bot.buddies import organisers
from bot.buddies.rules import Field
from bot.buddies.tables import Buddying, Place
from bot.buddies.told_rules import Told
from tests.buddies.house import EMPLOYERS, NAME, NET, House
from tests.buddies.lounge import WORK, employed, form, got, looks, one, tells
from tests.checkins.evening import Evening, expect, last
from tests.launch.scene import answered, button, words


async def test_a_round_goes_by_the_networks_clock_and_lists(evening: Evening) -> None:
    """From Sunday noon: a list of the network's own, three who are not alike, and Tuesday's round."""
    you, kate, marcus, organiser = (
        evening.you,
        *(evening.demo.people[n] for n in (6, 2)),
        evening.demo.organiser,
    )
    await evening.joined(you, kate, marcus)
    small = last(await evening.run(organiser, "network report"))
    expect(small, "buddies.report_small")
    lists = await evening.tap(organiser, small, "buddies.lists")
    expect(lists, "buddies.lists")
    shown = await evening.pressed(organiser, lists, "buddies.list=role")
    kept = await answered(
        await organiser.submit(shown, {"text": "Head of *lunch*\n\nHead of lunch\n" + "y" * 500})
    )
    expect(last(kept), "buddies.list_kept")
    assert "2" in words(last(kept))
    # What is not on the list any more cannot be chosen, by a form that was open before either.
    overview = await tells(evening, you, {"role": ["head-of-lunch"]})
    assert "Head of lunch" in words(overview)
    expect(last(await evening.run(kate, "buddy end")), "buddies.end_none")
    for person, role in ((you, "head-of-lunch"), (kate, "y" * 40), (marcus, "head-of-lunch")):
        wants = {"same": ["region"], "wishes": ["listener", "small"]}
        employer = EMPLOYERS[[you, kate, marcus].index(person)]
        when = {"days": ["2"], "often": ["weekly"], "trios": []}
        waiting = await looks(evening, person, employer, work={"role": [role]}, wants=wants, when=when)
        expect(waiting, "buddies.looking")
    await evening.wait(days=3)
    left = [person for person in (you, kate, marcus) if got(evening, person, "buddies.left_odd")]
    assert len(left) == 1
    for person in (you, kate, marcus):
        assert len(got(evening, person, "buddies.proposal")) == (person not in left)
    status = last(await evening.run(left[0], "buddy status"))
    expect(status, "buddies.status_waiting")
    assert "Tuesday 1 December" in words(status)
    expect(await evening.tap(left[0], status, "buddies.look=no"), "buddies.stopped_looking")
    asked = next(person for person in (you, kate, marcus) if person not in left)
    shown_again = last(await evening.run(asked, "buddy status", await asked.open_dm()))
    expect(shown_again, "buddies.status_proposed")
    expect(await evening.tap(asked, shown_again, "buddies.answer=yes"), "buddies.said_yes")
    expect(last(await evening.run(asked, "buddy status")), "buddies.status_said")


async def test_who_is_looking_is_told_to_no_organiser(evening: Evening) -> None:
    you, kate, organiser = evening.you, evening.demo.people[6], evening.demo.organiser
    await evening.joined(you, kate)
    expect(await looks(evening, you, EMPLOYERS[0], work={"role": ["retired-head"]}), "buddies.looking")
    expect(await looks(evening, kate, None), "buddies.looking_unknown")
    lists = await evening.tap(
        organiser, last(await evening.run(organiser, "network report")), "buddies.lists"
    )
    for pair in ((you.id, kate.id), (you.id, organiser.id)):
        asked = await evening.tap(organiser, lists, "buddies.suggest")
        chosen = await organiser.choose(int(asked["id"]), button(asked, "buddies.suggested"), list(pair))
        expect(last(await answered(chosen)), "buddies.suggested")
    await evening.wait(minutes=1)
    assert not got(evening, you, "buddies.proposal")
    await employed(evening, kate, EMPLOYERS[1])
    chosen = await organiser.choose(int(asked["id"]), button(asked, "buddies.suggested"), [you.id, kate.id])
    expect(last(await answered(chosen)), "buddies.suggested")
    await evening.wait(minutes=1)
    for person in (you, kate):
        await one(evening, person, "buddies.proposal")


async def test_forms_and_presses_that_nobody_offered_are_met_kindly(evening: Evening) -> None:
    you, kate = evening.you, evening.demo.people[6]
    await evening.joined(you)
    expect(last(await evening.run(kate, "buddy request")), "errors.not_member")
    expect(last(await evening.run(you, "buddy status")), "buddies.status_none")
    overview = await tells(evening, you, {"role": []}, {"shares": []})
    expect(await evening.tap(you, overview, "buddies.look=yes"), "buddies.tell_first")
    shown = await evening.pressed(you, overview, "buddies.step=work")
    expect(last(await answered(await you.submit(shown, WORK))), "buddies.request_kept")
    kept = await form(
        evening, you, overview, "when", {"days": ["0", "6"], "often": ["monthly"], "trios": ["yes"]}
    )
    assert "Monday, Sunday" in words(kept)
    expect(await evening.tap(you, kept, "buddies.look=yes"), "buddies.looking_unknown")
    again = await evening.tap(you, kept, "buddies.look=yes")
    expect(again, "buddies.status_waiting")
    privacy = words(last(await evening.run(you, "me privacy")))
    assert "wish for a buddy" in privacy
    expect(await evening.tap(you, again, "buddies.stop"), "buddies.stopped")
    assert evening.rows("SELECT count(*) FROM buddy_request") == [(0,)]


async def test_figures_stand_still_until_enough_have_changed() -> None:
    house = House()
    try:
        for user in range(1, 22):
            await house.joins(user * 10**17, EMPLOYERS[user % 8])
            await house.looks(
                user * 10**17, Told({Field.ROLE: "headteacher"}, same=frozenset({Field.REGION}))
            )
            if user in (9, 10, 12):
                report = await organisers.report(house.store, NET, NAME, house.now)
                # From 9 to 10 is one person; to 12 it is three.
                assert report.figures["waiting"] == 10
                assert report.on == house.now.date() - timedelta(days=1 if user == 10 else 0)
                house.now += timedelta(days=1) if user == 9 else timedelta(0)
        await house.play(days=5)
        report = await organisers.report(house.store, NET, NAME, house.now)
        assert report.figures["waiting"] == 20
        assert report.figures["paired"] is report.figures["met"] is report.figures["wait"] is None
        assert len(await house.all(Buddying)) == 1
        assert len(await house.all(Place)) == 20
    finally:
        house.close()
