"""A form nobody sends in is not remembered for ever."""

from __future__ import annotations

from typing import Any

from tests.checkins.evening import Evening, last


async def test_an_open_form_is_let_go_in_time(evening: Evening) -> None:
    await evening.set_up()
    await evening.join(evening.you)
    question = last(await evening.run(evening.you, "checkin now"))
    answer = await evening.tap(evening.you, question, "checkins.level=wobbly")
    await evening.pressed(evening.you, answer, "checkins.more")
    remembered: dict[str, Any] = evening.app.client._connection._view_store._modals
    assert all(form.timeout is not None and form.timeout <= 900 for form in remembered.values())
