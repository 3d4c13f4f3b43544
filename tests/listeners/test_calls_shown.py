"""Whom a member has seen by name and organisation: only who was really read, and only as they are called now."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from bot.errors import Refusal
from bot.listeners import calls, serving
from bot.listeners import standing as standing_words
from bot.listeners.rules import Ending
from bot.members import facts
from tests.listeners.room import ANN, BOB, CEM, KEYS, NET, NOW, SAM, UNKNOWN, Room


@pytest.fixture
def room() -> Iterator[Room]:
    room = Room()
    yield room
    room.close()


def test_whoever_changes_their_name_or_organisation_has_to_be_shown_again(room: Room) -> None:
    room.on(UNKNOWN)
    draft = room.write(UNKNOWN)

    def called(organisation: str) -> None:
        work = serving.introduce(
            room.store, room.desk, NET, "", UNKNOWN, f"Listener {UNKNOWN}", organisation, "Europe/London", NOW
        )
        room.run(work)
        room.run(serving.confirm(room.store, room.desk, NET, UNKNOWN, room.now))

    called(f"Place {UNKNOWN}")
    standing = room.run(calls.look(room.store, room.desk, draft.id, SAM, room.now))
    assert standing.askable[0].user_id == UNKNOWN, "the same is nothing new"
    called("Another place")
    room.run(calls.send(room.store, room.desk, draft.id, SAM, room.event(), room.now))
    room.post()
    assert room.asked() == []
    room.run(calls.end(room.store, room.desk, draft.id, SAM, Ending.NOT_NEEDED, room.event(), room.now))
    room.send()
    assert room.asked() == [UNKNOWN], "shown anew"
    called("A third")
    with pytest.raises(Refusal, match=r"listeners\.not_needed_now"):
        room.accept(UNKNOWN)


def test_a_name_there_was_no_room_for_was_not_shown(room: Room) -> None:
    """All in the room are made strangers of whom nobody knows where they work, with long names."""
    for who in (ANN, BOB, CEM):
        for fact in room.run(facts.mine(room.store, KEYS, NET, "", who)):
            room.run(facts.remove(room.store, who, fact.id))
    for who in (ANN, BOB, CEM, UNKNOWN):
        name, place = f"{who}" * 30, f"{who}" * 40
        room.run(serving.introduce(room.store, room.desk, NET, "", who, name, place, "Europe/London", NOW))
        room.run(serving.confirm(room.store, room.desk, NET, who, room.now))
    draft = room.write(CEM)
    lines = standing_words.listed(room.desk, draft.askable, "en")
    assert 0 < len(lines) == len(draft.askable) < 4
    assert draft.askable[0].user_id == CEM
    read = {one.user_id for one in draft.askable}
    left = room.run(calls.leave_out(room.store, room.desk, draft.id, SAM, read, room.now))
    assert left.askable
    assert not read & {one.user_id for one in left.askable}, (
        "who is left out makes room for others to be read"
    )
    assert len(left.offers) == 4, "whoever was not shown may be left out all the same"
