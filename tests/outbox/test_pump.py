"""The pump with a real database: the ordinary course, and every way a message can end."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from bot.outbox import pump as pumps
from bot.outbox import queue
from bot.outbox.pace import urgency
from bot.outbox.pump import SLOTS
from bot.outbox.queue import Ending
from bot.outbox.tables import Outbox, Priority, State
from tests.launch.waiting import until
from tests.outbox.office import IN_DOUBT, NOW, Office

# The ordinary course


async def test_everything_due_goes_once_and_is_written_down(office: Office) -> None:
    for n in range(100):
        await office.put(f"a:{n}", n % 30)
    office.start()
    await office.pump.drain()
    assert set((await office.states()).values()) == {State.SENT}
    assert sorted(office.post.order) == sorted(f"a:{n}" for n in range(100))
    assert sorted(office.ended) == sorted((f"a:{n}", State.SENT) for n in range(100))
    assert office.post.looked == [], "nothing was in doubt"


async def test_the_order_of_a_channel_is_kept(office: Office) -> None:
    for n in range(60):
        await office.put(f"a:{n}", n % 3, not_before=NOW - timedelta(seconds=60 - n))
    office.start()
    await office.pump.drain()
    for channel_id in range(3):
        assert office.post.posted[channel_id] == [f"a:{n}" for n in range(channel_id, 60, 3)]


async def test_the_attempt_is_on_the_disk_before_it_begins(office: Office) -> None:
    seen: list[tuple[str, int, str | None]] = []

    async def look_at_the_disk(row: Outbox) -> Ending:
        seen.append(office.on_disk(row.dedupe_key))
        return office.post.post(row)

    await office.put("a:1")
    office.post.next("a:1", look_at_the_disk)
    office.start()
    await office.pump.drain()
    ((state, attempts, first),) = seen
    assert (state, attempts) == ("sending", 1)
    assert first
    assert office.on_disk("a:1")[0] == "sent"


async def test_what_comes_while_it_runs_goes_at_once_and_what_is_not_due_waits(office: Office) -> None:
    office.start()
    await office.pump.drain()
    await office.put("a:1")
    await office.put("a:2", not_before=NOW + timedelta(hours=1))
    await office.until(a_1=State.SENT)
    await office.pump.drain()
    assert (await office.states())["a:2"] == State.PENDING
    office.clock.move_to(NOW + timedelta(hours=1))
    await office.pump.drain()
    assert (await office.states())["a:2"] == State.SENT


async def test_too_late_is_not_sent(office: Office) -> None:
    await office.put("a:1", expires_at=NOW - timedelta(minutes=1))
    office.start()
    await office.pump.drain()
    assert office.post.order == []
    assert office.ended == [("a:1", State.EXPIRED)]


async def test_no_more_than_its_slots_at_once(office: Office) -> None:
    gate = asyncio.Event()

    async def wait(row: Outbox) -> Ending:
        await gate.wait()
        return office.post.post(row)

    for n in range(3 * SLOTS):
        await office.put(f"a:{n}", n)
        office.post.next(f"a:{n}", wait)
    office.start()
    await until(lambda: office.post.under_way == SLOTS)
    states = list((await office.states()).values())
    assert states.count(State.SENDING) == SLOTS
    gate.set()
    await office.pump.drain()
    assert office.post.most_under_way == SLOTS
    assert len(office.post.order) == 3 * SLOTS


async def test_each_request_is_as_urgent_as_its_message(office: Office) -> None:
    seen: dict[str, int] = {}

    async def note(row: Outbox) -> Ending:
        seen[row.dedupe_key] = urgency.get()
        return office.post.post(row)

    for n, priority in enumerate(Priority):
        await office.put(f"a:{n}", n, priority=priority)
        office.post.next(f"a:{n}", note)
    office.start()
    await office.pump.drain()
    assert seen == {f"a:{n}": priority for n, priority in enumerate(Priority)}


# How it ends otherwise


@pytest.mark.parametrize("state", [State.UNDELIVERABLE, State.FORBIDDEN, State.GONE, State.REFUSED])
async def test_a_terminal_answer_is_kept_with_its_consequence_and_not_tried_again(
    office: Office, state: State
) -> None:
    await office.put("a:1", not_before=NOW - timedelta(seconds=1))
    await office.put("a:2")
    office.post.next("a:1", Ending(state, error="50007"))
    office.start()
    await office.until(a_1=state, a_2=State.SENT)
    assert office.ended == [("a:1", state), ("a:2", State.SENT)]
    assert office.post.order == ["a:2"]


@pytest.mark.parametrize("trouble", [IN_DOUBT, RuntimeError("a slip"), ConnectionResetError()])
async def test_in_doubt_it_looks_before_it_sends_again_with_the_same_nonce(
    office: Office, trouble: Ending | Exception
) -> None:
    await office.put("a:1")
    office.post.next("a:1", trouble, trouble)
    office.start()
    await office.until(a_1=State.SENT)
    assert office.post.order == ["a:1"]
    assert office.post.looked == ["a:1", "a:1"]
    assert len(office.post.nonces["a:1"]) == 1


@pytest.mark.parametrize("trouble", [IN_DOUBT, RuntimeError("a slip")])
async def test_what_arrived_though_the_answer_did_not_is_not_sent_twice(
    office: Office, trouble: Ending | Exception
) -> None:
    async def arrive(row: Outbox) -> Ending:
        office.post.post(row)
        if isinstance(trouble, Exception):
            raise trouble
        return trouble

    await office.put("a:1")
    office.post.next("a:1", arrive)
    office.start()
    await office.until(a_1=State.SENT)
    assert office.post.order == ["a:1"]


async def test_a_request_nobody_answers_is_in_doubt(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pumps, "HANG_S", 0.05)

    async def arrive_and_hang(row: Outbox) -> Ending:
        office.post.post(row)
        await asyncio.Event().wait()
        raise AssertionError

    async def hang(row: Outbox) -> Ending:
        await asyncio.Event().wait()
        raise AssertionError

    await office.put("a:1", 1)
    await office.put("a:2", 2)
    office.post.next("a:1", arrive_and_hang)
    office.post.next("a:2", hang)
    office.start()
    await office.until(a_1=State.SENT, a_2=State.SENT)
    assert sorted(office.post.order) == ["a:1", "a:2"]


async def test_a_later_message_waits_behind_one_in_doubt(office: Office) -> None:
    await office.put("a:1", 1, not_before=NOW - timedelta(seconds=1))
    await office.put("a:2", 1)
    await office.put("a:3", 2)
    office.post.next("a:1", *[IN_DOUBT] * 4)
    office.start()
    await office.until(a_1=State.SENT, a_2=State.SENT, a_3=State.SENT)
    assert office.post.posted[1] == ["a:1", "a:2"]


async def test_in_doubt_and_too_late_it_is_dropped_only_once_a_look_found_nothing(office: Office) -> None:
    soon = NOW + timedelta(minutes=1)

    async def arrive_late(row: Outbox) -> Ending:
        office.post.post(row)
        office.clock.move_to(soon + timedelta(minutes=1))
        return IN_DOUBT

    await office.put("a:1", 1, expires_at=soon)
    await office.put("a:2", 2, expires_at=soon)
    office.post.next("a:1", arrive_late)
    office.post.next("a:2", IN_DOUBT, IN_DOUBT)
    office.start()
    await office.until(a_1=State.SENT, a_2=State.EXPIRED)
    assert office.post.order == ["a:1"]
    assert dict(office.ended) == {"a:1": State.SENT, "a:2": State.EXPIRED}


async def test_draining_sees_what_fell_due_while_a_look_was_under_way(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A clock that is moved between a look and its end must not leave what it made due behind."""
    await office.put("a:later", 1, not_before=NOW + timedelta(hours=1))
    write, looking, go_on = office.store.write, asyncio.Event(), asyncio.Event()

    async def slowly(*args: Any) -> Any:
        found = await write(*args)
        looking.set()
        await go_on.wait()
        return found

    monkeypatch.setattr(office.store, "write", slowly)
    office.start()
    await looking.wait()
    office.clock.move_to(NOW + timedelta(hours=1))
    drained = asyncio.create_task(office.pump.drain())
    await asyncio.sleep(0)
    go_on.set()
    await drained
    assert office.post.order == ["a:later"]


async def test_draining_sees_what_waited_behind_one_that_ended_while_a_look_was_under_way(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A look passes over what waits behind another in its channel; when that has ended, there is one more to be had."""
    gate = asyncio.Event()

    async def wait(row: Outbox) -> Ending:
        await gate.wait()
        return office.post.post(row)

    await office.put("a:1", not_before=NOW - timedelta(seconds=1))
    await office.put("a:2")
    office.post.next("a:1", wait)
    office.start()
    await until(lambda: office.post.under_way == 1)
    write = office.store.write

    async def slowly(change: Any, *args: Any) -> Any:
        found = await write(change, *args)
        if change is queue.claim and not gate.is_set():
            gate.set()
            await until(lambda: not office.pump._tasks)
        return found

    monkeypatch.setattr(office.store, "write", slowly)
    await office.pump.drain()
    assert office.post.order == ["a:1", "a:2"]
