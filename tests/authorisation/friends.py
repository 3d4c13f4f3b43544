"""Suggestions and pairs among the people of the town, put into rows as they would be after a week."""

from __future__ import annotations

from datetime import timedelta

from sqlmodel import Session

from bot.buddies.life_rules import Stage, State
from bot.buddies.rules import Field
from bot.buddies.tables import Place, Request
from bot.buddies.told_rules import Told
from bot.members.service import consent
from bot.members.tables import Purpose, membership_of
from bot.sandbox.people import Person
from tests.checkins.evening import Evening


def befriend(
    session: Session, evening: Evening, member: Person, left: Person, kate: Person, tom: Person
) -> None:
    """Kate is in a pair with the member, and with the one who left; and each was suggested to somebody as well."""
    now, keys = evening.clock.now(), evening.app.keyring
    homes = {tom.id: evening.demo.second_guild_id}
    requests: set[int] = set()
    for number, match in enumerate(
        ((member, kate), (left, kate), (member, kate), (left, kate), (tom,), (tom,))
    ):
        paired = number in (0, 1, 4)
        for person in match:
            network_id = homes.get(person.id, evening.demo.guild_id)
            membership = membership_of(session, network_id, person.id)
            assert membership is not None
            whose = {"membership_id": membership.id, "user_id": person.id, "network_id": network_id}
            session.add(
                Place(
                    **whose,
                    match_id=number + 1,
                    state=State.INTRODUCED if paired else State.PROPOSED,
                    made_at=now,
                    expires_at=now + timedelta(days=3),
                    introduced_at=now if paired else None,
                    stage=Stage.QUIET if number == 1 else Stage.DAY_14,
                )
            )
            if person.id not in requests:
                requests.add(person.id)
                request = Request(**whose, told_sealed=b"", since=now)
                request.tell(keys, Told({Field.ROLE: "headteacher"}))
                session.add(request)
                consent(session, network_id, person.id, Purpose.BUDDIES, now)
