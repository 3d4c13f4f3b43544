"""The quiet hours members gave with their check-ins, for every part that writes to them unasked."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from sqlmodel import Session, col, select

from bot.checkins.plans import quiet
from bot.checkins.tables import Plan
from bot.members.habits import Habit


def habits(session: Session, users: Collection[int]) -> Mapping[int, Habit]:
    """The clock and quiet hours of these people; of two plans, the one that has quiet hours."""
    found: dict[int, Habit] = {}
    if users:
        plans = session.exec(select(Plan).where(col(Plan.user_id).in_(list(users))).order_by(col(Plan.id)))
        for plan in plans:
            known = found.get(plan.user_id)
            if known is None or known.quiet is None:
                found[plan.user_id] = Habit(plan.zone, quiet(plan))
    return found
