"""What becomes of the questions when nobody has answered three of them and the member was asked about that."""

from __future__ import annotations

from datetime import datetime

from sqlmodel import Session, select

from bot.checkins.plans import cadence, next_time
from bot.checkins.tables import Plan
from bot.db.store import Store, wake
from bot.errors import Refusal
from bot.members.tables import Person
from bot.schedule.recurrence import Often


class Asking:
    """What somebody says to "shall I keep asking?"."""

    PAUSE = "pause"
    LESS = "less"
    KEEP = "keep"


_LESS = {
    Often.SCHOOL_DAYS: Often.WEEKLY,
    Often.WEEKLY: Often.FORTNIGHTLY,
    Often.FORTNIGHTLY: Often.MONTHLY,
    Often.MONTHLY: Often.MONTHLY,
}


async def go_on(
    store: Store, network_id: int, user_id: int, choice: str, now: datetime
) -> tuple[datetime, str] | None:
    """Pause, space out or carry on a member's questions. Returns when the next one comes, None when none does.

    Raises `Refusal` when they are not asked in this network.
    """

    def act(session: Session) -> tuple[datetime, str] | None:
        plan = session.exec(
            select(Plan).where(Plan.network_id == network_id, Plan.user_id == user_id)
        ).first()
        if plan is None:
            raise Refusal("errors.old_button")
        plan.unanswered = 0
        if choice == Asking.PAUSE:
            plan.next_at = None
        else:
            if choice == Asking.LESS:
                plan.often = _LESS[cadence(plan).often]
            person = session.get_one(Person, user_id)
            plan.next_at = next_time(session, plan, max(now, person.paused_until or now))
        session.add(plan)
        wake(session, "schedule")
        return None if plan.next_at is None else (plan.next_at, plan.zone)

    return await store.write(act)
