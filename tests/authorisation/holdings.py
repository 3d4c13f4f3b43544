"""What the people of a town have to begin with: facts and lists, a talk that waits, calls asked for and written."""

from __future__ import annotations

from datetime import timedelta

from sqlmodel import Session

from bot.listeners import talks
from bot.listeners.rules import Offer, State
from bot.listeners.tables import Call, CallOffer
from bot.listeners.talk_rules import Wishes
from bot.members.tables import membership_of
from bot.sandbox.people import Person
from tests.checkins.evening import Evening


async def wait_for_a_talk(evening: Evening, person: Person) -> None:
    app, now, names = evening.app, evening.clock.now(), (["Quiet"], ["Heron"])
    guild = evening.demo.guild_id
    made = await app.store.write(talks.draft, app.desk, names, guild, "", person.id, Wishes(), now)
    await app.store.write(talks.ask, app.desk, person.id, made.talk_id, await person.open_dm(), now)
    assert app.relay is not None
    await app.relay.drain()


async def ask_for_calls(evening: Evening, listener: Person, *people: Person) -> None:
    """Everybody has a call open, which the listener was asked about, and another one written and not sent."""
    app, demo, now = evening.app, evening.demo, evening.clock.now()
    for person in people:
        second = evening.rows("SELECT network_id FROM membership WHERE user_id = ?", person.id) == [
            (demo.second_guild_id,)
        ]
        network = demo.second_guild_id if second else demo.guild_id

        def put(session: Session, person: Person = person, network: int = network) -> None:
            membership = membership_of(session, network, person.id)
            assert membership is not None
            for state in (State.ASKING, State.DRAFT):
                call = Call(
                    membership_id=membership.id,
                    user_id=person.id,
                    network_id=network,
                    zone="Europe/London",
                    state=state,
                    name_sealed=b"",
                    reach_sealed=b"",
                    made_at=now,
                    step_at=now + timedelta(days=100),
                )
                call.name_sealed = app.keyring.seal("Sam", "call", "name_sealed", call.id)
                call.reach_sealed = app.keyring.seal("07700 900123", "call", "reach_sealed", call.id)
                session.add(call)
                session.flush()
                how = Offer.ASKED if state is State.ASKING else Offer.FREE
                session.add(
                    CallOffer(
                        call_id=call.id,
                        user_id=listener.id,
                        network_id=network,
                        state=how,
                        shown_at=now,
                        changed_at=now,
                    )
                )

        await app.store.write(put)
