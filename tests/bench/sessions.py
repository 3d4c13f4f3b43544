"""Five thousand series in a thousand networks for a day; presses on an announcement; two thousand reminders in one minute.

Presses are timed from the member's tap to the moment the server has the answer, and the same presses go to a bare
handler with one commit each. Reminders go through the whole bot to a server that takes 50 requests a second, and are
counted there.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import statistics
import time
from collections import Counter
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from datetime import time as wall
from pathlib import Path
from typing import Any

from sqlalchemy import insert
from sqlmodel import Session, select

from bot.db.columns import new_id
from bot.db.store import Store
from bot.members.habits import no_habits
from bot.members.tables import Membership, Network
from bot.sandbox.exchange import Exchange
from bot.schedule.recurrence import Series
from bot.sessions import due
from bot.sessions.coming_tables import Coming
from bot.sessions.planning import plan, set_rule
from bot.sessions.rules import Answer, Place, Where
from bot.sessions.tables import Occurrence, SeriesRow, SessionNetwork
from bot.ui.render import Origin, draw
from tests.bench import members
from tests.bench.members import NETWORK
from tests.bench.replies import load_once
from tests.launch.processes import Bot, Nursery, Program
from tests.launch.scene import PATIENCE_S, Scene, custom_ids, until

MONDAY = datetime(2026, 11, 23, tzinfo=members.WEDNESDAY_AT_SIX.tzinfo)
SATURDAY_AT_NINE = datetime(2026, 11, 28, 9, tzinfo=MONDAY.tzinfo)
SCANS = 200
PER_SECOND = 50


def options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--series", type=int, default=5000)
    parser.add_argument("--networks", type=int, default=1000)
    parser.add_argument("--presses", type=int, default=300, help="on one announcement")
    parser.add_argument("--seconds", type=float, default=6.0, help="in which they are pressed")
    parser.add_argument("--runs", type=int, default=3, help="of each kind of press; the medians are told")
    parser.add_argument("--reminders", type=int, default=2000)
    parser.add_argument("--only", choices=("day", "presses", "reminders"), default=None)


async def run(chosen: argparse.Namespace, folder: Path) -> dict[str, Any]:
    figures: dict[str, Any] = {}
    if chosen.only in (None, "day"):
        figures |= await _a_day(folder / "day", chosen.series, chosen.networks)
    nursery = Nursery()
    try:
        if chosen.only in (None, "presses"):
            figures |= await _both(folder, nursery, chosen)
        if chosen.only in (None, "reminders"):
            figures |= await _reminders(folder / "reminders", nursery, chosen.reminders)
    finally:
        nursery.close()
    return figures


async def _both(folder: Path, nursery: Nursery, chosen: argparse.Namespace) -> dict[str, Any]:
    """Ours and the bare bot's in turn, so that a busy minute of the machine falls on both."""
    ours: list[float] = []
    bare: list[float] = []
    for number in range(chosen.runs):
        bare.append(await _presses(folder / f"bare-{number}", nursery, chosen, bare=True))
        ours.append(await _presses(folder / f"ours-{number}", nursery, chosen))
    return {
        "rsvp_p50_ratio": round(statistics.median(ours) / statistics.median(bare), 2),
        "rsvp_p50_ms": round(statistics.median(ours), 2),
        "bare_p50_ms": round(statistics.median(bare), 2),
    }


# A day's planning


async def _a_day(folder: Path, series: int, networks: int) -> dict[str, Any]:
    """Every due instant of a Monday, one after the other; nothing is sent. Series are weekly, at all hours of the day."""
    with members.writing(folder / "reallyok.db") as session:
        made = [
            Network(id=number, name=NETWORK, made_at=MONDAY, organisers_channel_id=number)
            for number in range(1, networks + 1)
        ]
        session.add_all(made)
        session.add_all([SessionNetwork(network_id=one.id, channel_id=one.id) for one in made])
        session.flush()
        for number in range(series):
            at = wall(7 + number % 14, number % 4 * 15)
            _series(session, made[number % networks], MONDAY.date() + timedelta(days=number % 7), at, MONDAY)
    store = Store(members.address(folder / "reallyok.db"))
    instants = 0
    try:
        now, ends = MONDAY, MONDAY + timedelta(days=1)
        while (at := await store.read(due.next_due)) is not None and at <= now:
            await due.sessions_due(store, no_habits, now)  # what the first start finds
        gc.collect()
        begun = time.process_time()
        while (at := await store.read(due.next_due)) is not None and at < ends:
            now, instants = max(now, at), instants + 1
            await due.sessions_due(store, no_habits, now)
        spent = time.process_time() - begun
        empty: list[float] = []
        for _ in range(SCANS):
            started = time.perf_counter()
            await due.sessions_due(store, no_habits, now)
            empty.append(time.perf_counter() - started)
    finally:
        store.close()
    print(f"a day of {series} series: {instants} instants, {spent:.2f} s of CPU")
    return {
        "plan_day_cpu_s": round(spent, 2),
        "empty_tick_ms": round(statistics.median(empty) * 1000, 3),
        "series": series,
        "networks": networks,
    }


def _series(session: Session, network: Network, start: date, at: wall, now: datetime) -> Occurrence:
    series = SeriesRow(
        network_id=network.id,
        title="Saturday coffee",
        start_on=start,
        at=at,
        zone="Europe/London",
        unit="week",
        where_kind=Where.LINK,
        where_text="https://meet.example.org/coffee",
        made_at=now,
    )
    set_rule(series, Series(start, at, "Europe/London"))
    session.add(series)
    session.flush()
    return plan(session, series, network, now)[0]


# Presses


class Crowd:
    """Members with a reminder of one meeting in their direct messages."""

    def __init__(self, scene: Scene, many: int, *, coming: bool) -> None:
        self.scene = scene
        scene.clock.move_to(SATURDAY_AT_NINE - timedelta(hours=1, minutes=10))
        self.people = members.crowd(scene, many)
        self.channels = {person.id: person.dm_id or 0 for person in self.people}
        guild = scene.demo.guild_id
        with members.writing(scene.database) as session:
            far = SATURDAY_AT_NINE + timedelta(days=90)
            members.enrol(session, guild, self.channels, lambda _: far)
            network = session.get_one(Network, guild)
            meeting = _series(session, network, SATURDAY_AT_NINE.date(), wall(9), scene.clock.now())
            self.meeting_id = meeting.id
            if coming:
                self._all_coming(session, meeting)
        self.told: dict[int, float] = {}
        scene.world.subscribe(self._heard)

    def _all_coming(self, session: Session, meeting: Occurrence) -> None:
        rows = [
            {
                "id": new_id(),
                "occurrence_id": meeting.id,
                "membership_id": member.id,
                "network_id": member.network_id,
                "user_id": member.user_id,
                "answer": Answer.COMING,
                "place": Place.IN,
                "since": MONDAY,
                "starts_at": meeting.starts_at,
                "remind_at": meeting.starts_at - timedelta(hours=1),
            }
            for member in session.exec(select(Membership)).all()
        ]
        session.connection().execute(insert(Coming), rows)

    def _heard(self, event: str, payload: Mapping[str, Any]) -> None:
        if event == "EXCHANGE" and payload["error"] is None and int(payload["id"]) not in self.told:
            exchange = self.scene.world.backend.exchanges[int(payload["id"])]
            self.told[exchange.id] = exchange.age

    def place(self) -> dict[int, int]:
        """A reminder in everybody's direct messages, as the bot would have sent it; message by channel."""
        backend, moment = self.scene.world.backend, f"<t:{int(SATURDAY_AT_NINE.timestamp())}:F>"
        params = {
            "network": NETWORK,
            "title": "Saturday coffee",
            "when": moment,
            "soon": moment,
            "where": "here",
        }
        drawn = draw(
            load_once(),
            "sessions.reminder_maybe",
            params,
            origin=Origin(self.scene.demo.guild_id),
            subject_id=self.meeting_id,
        )
        return {
            channel: backend.create_message(
                channel,
                backend.bot_user.id,
                drawn["content"],
                components=drawn["view"].to_components(),
                broadcast=False,
            ).id
            for channel in self.channels.values()
        }

    async def press(self, seconds: float) -> list[Exchange]:
        """Everybody presses Coming, evenly over so long."""
        messages, custom_id = self.place(), f"ok1:sessions.coming:{self.meeting_id}:"
        begun = time.monotonic()
        exchanges: list[Exchange] = []
        for number, (person, (channel, message)) in enumerate(
            zip(self.people, messages.items(), strict=True)
        ):
            await asyncio.sleep(max(0.0, begun + number * seconds / len(messages) - time.monotonic()))
            exchanges.append(await person.press_raw(channel, message, custom_id))
        return exchanges


async def _presses(
    folder: Path, nursery: Nursery, chosen: argparse.Namespace, *, bare: bool = False
) -> float:
    """The median of what each waited, in milliseconds."""
    scene = Scene(folder, nursery)
    await scene.open()
    try:
        crowd = Crowd(scene, chosen.presses, coming=False)
        if bare:
            words = load_once().fill(
                "sessions.coming",
                {"title": "Saturday coffee", "when": "<t:1795856400:F>", "where": "here"},
            )
            environ = {"BARE_TEXT": words.text, "BARE_DATABASE": str(folder / "bare.db")}
            bot: Bot | Program = scene.program(module="tests.bench.bare_keeping", **environ)
            await until(lambda: scene.wire.gateway.connections, "the bare bot connecting")
        else:
            bot = await scene.bot()
        await asyncio.sleep(1.0)
        gc.collect()
        gc.freeze()  # the server's share of the machine is not what is measured
        exchanges = await crowd.press(chosen.seconds)
        await asyncio.gather(*(exchange.wait(PATIENCE_S) for exchange in exchanges))
        assert bot.pid
        if not bare:
            with members.writing(scene.database) as session:
                kept = len(session.exec(select(Coming.id).where(Coming.place == Place.IN)).all())
            assert kept == len(exchanges), "everybody pressed Coming"
    finally:
        await scene.close()
    waits = [crowd.told.get(exchange.id, 3.0) * 1000 for exchange in exchanges]
    print(f"{folder.name}: p50 {statistics.median(waits):.2f} ms, worst {max(waits):.1f} ms")
    return statistics.median(waits)


# Reminders


async def _reminders(folder: Path, nursery: Nursery, many: int) -> dict[str, Any]:
    scene = Scene(folder, nursery)
    await scene.open()
    try:
        crowd = Crowd(scene, many, coming=True)
        bot = await scene.bot()
        await asyncio.sleep(1.5)  # so that no request of the start stands in the round's first second
        refused = scene.wire.stats.http_429
        begun = time.monotonic()
        await bot.do("advance_to", patience=300.0, at=(SATURDAY_AT_NINE - timedelta(minutes=59)).isoformat())
        seconds = time.monotonic() - begun
        refused = scene.wire.stats.http_429 - refused
        await bot.stop()
        found: Counter[int] = Counter()
        for channel in crowd.channels.values():
            for message in scene.world.backend.messages[channel].values():
                if any("sessions.cant" in i for i in custom_ids({"components": message.components})):
                    found[channel] += 1
    finally:
        await scene.close()
    return {
        "reminders_ratio": round(many / PER_SECOND / seconds, 3),
        "reminders_s": round(seconds, 2),
        "http_429": refused,
        "lost": sum(1 for channel in crowd.channels.values() if not found[channel]),
        "doubled": sum(times - 1 for times in found.values() if times > 1),
    }
