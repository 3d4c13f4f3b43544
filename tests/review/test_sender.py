"""A message whose words cannot be put together is ours to mend: it ends, and holds up nobody else's."""

from __future__ import annotations

from sqlmodel import Session

from bot.outbox.queue import enqueue
from bot.outbox.tables import State
from tests.checkins.evening import Evening, expect
from tests.launch.scene import until


async def test_words_that_cannot_be_filled_end_and_the_next_message_comes(evening: Evening) -> None:
    await evening.set_up()
    await evening.join(evening.you)
    before = len(evening.from_bot(evening.you))

    def put(session: Session) -> None:
        for number, (template, params) in enumerate(
            (("members.welcome", {}), ("members.welcome_without", {"network": "Ours"}))
        ):
            enqueue(
                session,
                f"members:test:{number}",
                evening.you.dm_id or 0,
                template,
                now=evening.clock.now(),
                params=params,
                user_id=evening.you.id,
                network_id=evening.demo.guild_id,
            )

    await evening.app.store.write(put)
    await until(lambda: len(evening.from_bot(evening.you)) > before, "the second message")
    expect(evening.from_bot(evening.you)[-1], "members.welcome_without")
    states = "SELECT state FROM outbox WHERE dedupe_key LIKE 'members:test:%' ORDER BY dedupe_key"
    await until(lambda: evening.rows(states) == [(State.REFUSED,), (State.SENT,)], "each being written down")
    assert any("members.welcome" in line for line in evening.slips.lines), "the operator is told which words"
    evening.slips.lines.clear()
