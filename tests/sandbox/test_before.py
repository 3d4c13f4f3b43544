"""What a visitor finds in the rehearsal, and how far they come with it in a minute."""

from __future__ import annotations

from bot.sandbox import rehearsal
from bot.sandbox.rehearsal import RehearsalClock
from tests.buddies.lounge import one, tells
from tests.checkins.evening import Evening, expect, last
from tests.launch.scene import ANSWER_S, answered
from tests.members.test_facts_asked import choose


async def test_a_visitor_has_a_buddy_in_a_minute(evening: Evening) -> None:
    demo, you = evening.demo, evening.you
    evening.world.backend.answer_within = 3.0  # seconds, as Discord's
    await rehearsal._begin(evening.app, demo, evening.world)
    assert evening.world.backend.answer_within >= 10 * 3.0, "the visitor's computer may be slow"
    evening.world.backend.answer_within = ANSWER_S
    assert len(set(demo.employers.values())) == len(demo.people) == len(demo.employers)
    clock = RehearsalClock(evening.clock, evening.app)
    await clock.refresh()
    assert clock.next_due() is None, "what is first to come is the visitor's own"

    await evening.join(you)
    told = await tells(evening, you, {"role": ["headteacher"], "phase": ["primary"]})
    shown = await evening.tap(you, told, "buddies.look=yes")
    expect(shown, "buddies.looking_unknown")
    employer = await evening.pressed(you, shown, "me.fact=employer")
    shown = last(await answered(await you.submit(employer, {"text": demo.employers[you.name]})))
    expect(await choose(evening, you, shown, "me.meant"), "me.fact_saved")

    other = demo.seeker
    shown = last(await evening.run(other, "buddy request"))
    expect(shown, "buddies.request")
    await evening.tap(other, shown, "buddies.look=yes")
    for person in (you, other):
        await evening.tap(person, await one(evening, person, "buddies.proposal"), "buddies.answer=yes")
    for person in (you, other):
        await one(evening, person, "buddies.introduced")
