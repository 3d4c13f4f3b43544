"""A member and two networks over weeks, in any order hypothesis can think of: nothing raises, nothing is lost or doubled.

Real services, a real file; only Discord is a list. A bot that dies before noting that a message went looks for it.
"""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from collections.abc import Coroutine
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from functools import cache
from pathlib import Path
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, invariant, rule
from sqlmodel import Session, SQLModel, select

from bot.checkins import answering, asking, asking_now, going_on, plans
from bot.checkins.rules import LATE, Later, Level
from bot.checkins.tables import Checkin, Plan
from bot.db import keys
from bot.db.store import Store, engine_for
from bot.errors import Refusal
from bot.features import CONSEQUENCES
from bot.members import service as members
from bot.members.tables import Membership, Network, Person
from bot.outbox import queue
from bot.outbox.queue import Ending
from bot.outbox.tables import Outbox, State
from bot.schedule.recurrence import Often
from bot.ui.render import Origin, draw
from tests.checkins.evening import library

T = TypeVar("T")
START = datetime(2026, 3, 20, 12, tzinfo=UTC)  # a week before the clocks change
ME, DM = 11, 99
NETWORKS = {1: "Saturday Coffee Heads", 2: "Peak Small Schools"}
OPENINGS = len(library().template(asking.OPENING).wordings)
EASY = st.sampled_from(list(Level))


@cache
def blank() -> Path:
    """A database with two networks in it and nobody yet; made once, copied for each run."""
    file = Path(tempfile.mkdtemp()) / "blank.db"
    engine = engine_for(f"sqlite:///{file}", writing=True)
    SQLModel.metadata.create_all(engine)
    engine.dispose()
    store = Store(f"sqlite:///{file}")

    def found(session: Session) -> None:
        for network_id, name in NETWORKS.items():
            session.add(Network(id=network_id, name=name, made_at=START))

    asyncio.run(store.write(found))
    store.close()
    return file


@dataclass
class Sent:
    """A message as the server has it."""

    row: int
    key: str
    template: str
    subject: int
    at: datetime
    zone: str


class Months(RuleBasedStateMachine):
    questions: Bundle[int] = Bundle("questions")

    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.new_event_loop()
        self.folder = Path(tempfile.mkdtemp())
        shutil.copy(blank(), self.folder / "reallyok.db")
        self.keys = keys.load(None, self.folder / "key")
        self.store = Store(f"sqlite:///{self.folder / 'reallyok.db'}")
        self.now = START
        self.server: list[Sent] = []
        self.open_dms = True
        self.paused_until = START
        self.answers: dict[int, tuple[int, Level]] = {}
        self.events = 1000
        self.asked_on: dict[str, datetime] = {}

    def teardown(self) -> None:
        self.store.close()
        self.loop.close()
        shutil.rmtree(self.folder)

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        return self.loop.run_until_complete(work)

    def event(self) -> int:
        self.events += 10
        return self.events

    def rows(self, table: type[T]) -> list[T]:
        return self.run(self.store.read(lambda session: list(session.exec(select(table)))))

    # The bot at work

    def ring(self) -> None:
        """What the alarm does."""
        self.run(asking.ask_due(self.store, self.now, OPENINGS))
        self.post()

    def post(self, die_after: int | None = None, *, stored: bool = True) -> None:
        """What the pump does; it may die with one message on its way, stored by the server or not."""
        while taken := self.run(self.store.write(queue.claim, self.now, 16, set(), {}, CONSEQUENCES)):
            for number, row in enumerate(taken):
                if die_after == number:
                    if stored:
                        self.arrive(row)
                    return
                self.settle(row, self.arrive(row))

    def settle(self, row: Outbox, ending: Ending) -> None:
        self.run(self.store.write(queue.settle, {row.id: ending}, self.now, CONSEQUENCES))

    def arrive(self, row: Outbox) -> Ending:
        drawn = draw(
            library(), row.template, row.params, origin=Origin(row.network_id or 0), subject_id=row.subject_id,
            outbox_id=row.id,
        )  # fmt: skip
        assert "ok1:support:" in str(drawn["view"].to_components())
        if not self.open_dms:
            return Ending(State.UNDELIVERABLE, error="50007")
        zone = next((p.zone for p in self.rows(Plan) if p.network_id == row.network_id), "UTC")
        sent = Sent(row.id, row.dedupe_key, row.template.partition("#")[0], row.subject_id, self.now, zone)
        self.judge(sent)
        self.server.append(sent)
        return Ending(State.SENT, len(self.server))

    def judge(self, sent: Sent) -> None:
        """Whether this message may be sent, here and now."""
        assert sent.row not in {other.row for other in self.server}, "sent twice"
        assert sent.key not in {other.key for other in self.server}, "the same due instant twice"
        asked = sent.key.startswith("checkins:") and not sent.key.startswith(asking.LATER)
        if not asked:
            return
        due = datetime.fromtimestamp(int(sent.key.split(":")[2]), UTC)
        assert self.now - due <= LATE, "a question four hours late"
        assert self.paused_until <= due, "a question during a pause"
        today = due.astimezone(ZoneInfo(sent.zone)).date()
        before = self.asked_on.get("last")
        assert before is None or before.astimezone(ZoneInfo(sent.zone)).date() != today, "twice a day"
        self.asked_on["last"] = due

    def earliest(self) -> datetime | None:
        def look(session: Session) -> datetime | None:
            times = (asking.next_due(session), queue.next_due(session, after=self.now))
            return min((at for at in times if at is not None), default=None)

        return self.run(self.store.read(look))

    # What happens

    @initialize(networks=st.sampled_from([(1,), (1, 2)]))
    def begin(self, networks: tuple[int, ...]) -> None:
        for network in networks:
            self.join(network)

    @rule()
    def a_week_passes(self) -> None:
        self.time_passes(24 * 7, away=False)

    @rule(network=st.sampled_from(list(NETWORKS)))
    def join(self, network: int) -> None:
        name = NETWORKS[network]
        self.run(members.join(self.store, network, name, ME, self.now))
        self.run(plans.start(self.store, network, name, ME, plans.Choice(), self.now))
        greeting = {"network": name, "when": "soon"}
        template = "members.welcome"
        self.run(members.opened_dm(self.store, network, ME, DM, template, greeting, self.event(), self.now))
        self.post()

    @rule(network=st.sampled_from(list(NETWORKS)))
    def leave(self, network: int) -> None:
        gone = {row.id for row in self.rows(Checkin) if row.network_id == network}
        self.run(members.leave(self.store, network, ME, self.now))
        self.forget(gone)
        assert not [row for row in self.rows(Plan) if row.network_id == network]
        assert not [row for row in self.rows(Checkin) if row.network_id == network]
        waiting = [r for r in self.rows(Outbox) if r.state == State.PENDING and r.network_id == network]
        assert not waiting, "somebody who left is still to be written to"
        if not self.rows(Membership):
            assert self.rows(Person) == []
            self.asked_on.clear()
            self.paused_until = START

    def forget(self, gone: set[int]) -> None:
        self.answers = {key: value for key, value in self.answers.items() if key not in gone}

    @rule(network=st.sampled_from(list(NETWORKS)))
    def stop(self, network: int) -> None:
        gone = {row.id for row in self.rows(Checkin) if row.network_id == network}
        self.run(plans.stop(self.store, network, ME, self.now))
        self.forget(gone)

    @rule(
        hours=st.sampled_from([0.1, 1, 3, 5, 20, 24, 26, 24 * 7, 24 * 7 + 1, 24 * 21]),
        away=st.sampled_from([False, False, False, True]),
    )
    def time_passes(self, hours: float, away: bool) -> None:
        """With the bot at work, or off all the while."""
        until = self.now + timedelta(hours=hours)
        while not away and (due := self.earliest()) is not None and due <= until:
            self.now = max(due, self.now)
            self.ring()
            following = self.earliest()
            assert following is None or following > self.now or following > due, (
                "the same instant without end"
            )
        self.now = until
        self.ring()

    @rule(minutes=st.integers(2, 170))
    def the_clock_is_set_back(self, minutes: int) -> None:
        self.now -= timedelta(minutes=minutes)
        for network in NETWORKS:
            self.run(plans.recount(self.store, network, self.now))
        self.ring()

    @rule(target=questions)
    def look_at_a_question(self) -> int:
        """The newest one the server has, or one asked for."""
        known = [s.subject for s in self.server if s.template == asking.OPENING]
        if known:
            return known[-1]
        return self.ask_now() or 0

    @rule(target=questions)
    def ask_now(self) -> int:
        try:
            return self.run(
                asking_now.ask_now(self.store, ME, None, "", self.event(), self.now, 5)
            ).checkin_id
        except Refusal:
            assert not self.rows(Membership)
            return 0

    @rule(question=questions, level=EASY, kind=st.sampled_from(["new", "new", "same", "older"]))
    def tap(self, question: int, level: Level, kind: str) -> None:
        """A tap: a new one, one delivered twice, or one that was overtaken on its way."""
        live = {row.id for row in self.rows(Checkin)}
        last, kept = self.answers.get(question, (0, level))
        event = self.event() if kind == "new" or not last else last - (kind == "older")
        try:
            kept = (self.store, self.keys, lambda *_: False)
            told = self.run(answering.answer(*kept, question, ME, level, event, self.now))
        except Refusal:
            assert question not in live
            return
        assert question in live
        if event > last:
            self.answers[question] = event, level
            assert not self.put_off(question), "answered, and still to be asked again"
        else:
            level = kept
        assert told.level is level
        assert not (told.door and level.hard)

    def put_off(self, question: int) -> int:
        """How often a question waits to be asked again."""
        return sum(
            row.state == State.PENDING
            and row.subject_id == question
            and row.dedupe_key.startswith(asking.LATER)
            for row in self.rows(Outbox)
        )

    @rule(level=EASY)
    def write_one_word(self, level: Level) -> None:
        found = self.run(answering.open_questions(self.store, self.keys, ME, self.now))
        takers = [one for one in found if one.takes(level, self.now)]
        self.run(answering.heard(self.store, ME))
        if len(takers) == 1:
            self.tap(takers[0].checkin_id, level, "new")

    @rule(question=questions, choice=st.sampled_from(list(Later)))
    def later(self, question: int, choice: Later) -> None:
        try:
            following = self.run(
                asking.ask_later(self.store, question, ME, choice, self.event(), self.now, OPENINGS)
            )
        except Refusal:
            assert question not in {row.id for row in self.rows(Checkin)}
            return
        assert following is None or following[0] > self.now
        assert self.put_off(question) <= 1

    @rule(question=questions)
    def decline_tomorrow(self, question: int) -> None:
        try:
            self.run(answering.decline_follow_up(self.store, question, ME))
        except Refusal:
            assert question not in {row.id for row in self.rows(Checkin)}
        assert not [r for r in self.rows(Outbox) if r.topic == answering.FOLLOW and r.subject_id == question]

    @rule(network=st.sampled_from(list(NETWORKS)), choice=st.sampled_from(["pause", "less", "keep"]))
    def say_whether_to_go_on(self, network: int, choice: str) -> None:
        asked = any(plan.network_id == network for plan in self.rows(Plan))
        try:
            self.run(going_on.go_on(self.store, network, ME, choice, self.now))
        except Refusal:
            assert not asked

    @rule(
        network=st.sampled_from(list(NETWORKS)),
        often=st.none() | st.sampled_from(list(Often)),
        weekday=st.none() | st.integers(0, 6),
        at=st.none() | st.sampled_from([time(1, 30), time(7), time(18), time(23, 45)]),
        zone=st.none() | st.sampled_from(["Europe/London", "Pacific/Auckland", "America/St_Johns"]),
        quiet=st.none() | st.sampled_from([(time(21), time(7, 30)), (time(6), time(5))]),
    )
    def change(self, network: int, often: Any, weekday: Any, at: Any, zone: Any, quiet: Any) -> None:
        choice = plans.Choice(
            often=often, weekday=weekday, at=at, zone=zone, quiet=quiet, no_quiet=quiet is None
        )
        asked = any(plan.network_id == network for plan in self.rows(Plan))
        try:
            plan = self.run(plans.change(self.store, network, NETWORKS[network], ME, choice, self.now))
            assert plan.next_at is None or plan.next_at > self.now
        except Refusal:
            assert not asked

    @rule(days=st.integers(1, 30))
    def rest(self, days: int) -> None:
        ends = self.now + timedelta(days=days)
        try:
            self.run(members.pause(self.store, ME, ends, {"when": "soon"}, self.now))
        except Refusal:
            assert not self.rows(Membership)
            return
        self.run(plans.reckon(self.store, ME, ends))
        self.paused_until = ends

    @rule()
    def rest_no_more(self) -> None:
        self.run(members.unpause(self.store, ME, self.now))
        self.run(plans.reckon(self.store, ME, self.now))
        self.paused_until = START

    @rule()
    def close_or_open_the_dms(self) -> None:
        self.open_dms = not self.open_dms
        if self.open_dms:
            for membership in self.rows(Membership):
                self.join(membership.network_id)

    @rule(dies=st.booleans(), stored=st.booleans())
    def restart(self, dies: bool, stored: bool) -> None:
        """As planned, or killed with a message on its way; what was in doubt is looked for."""
        if dies and (due := self.earliest()) is not None:
            self.now = max(due, self.now)
            self.run(asking.ask_due(self.store, self.now, OPENINGS))
            self.post(0, stored=stored)
        self.store.close()
        self.store = Store(f"sqlite:///{self.folder / 'reallyok.db'}")
        for row in self.run(self.store.read(queue.unsettled)):
            there = [n for n, sent in enumerate(self.server, 1) if sent.row == row.id]
            self.settle(row, Ending(State.SENT, there[0]) if there else self.arrive(row))

    # What must always be true

    @invariant()
    def the_last_answer_is_kept(self) -> None:
        kept = {row.id: answering.level_of(self.keys, row) for row in self.rows(Checkin) if row.level_sealed}
        assert kept == {question: level for question, (_, level) in self.answers.items()}

    @invariant()
    def nobody_is_pressed(self) -> None:
        assert all(0 <= plan.unanswered <= asking.SILENT_AFTER for plan in self.rows(Plan))

    @invariant()
    def nothing_waits_for_a_stranger(self) -> None:
        if not self.rows(Membership):
            assert not [row for row in self.rows(Outbox) if row.state == State.PENDING]


TestMonths = Months.TestCase
TestMonths.settings = settings(
    max_examples=40,
    stateful_step_count=40,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=list(HealthCheck),
)
