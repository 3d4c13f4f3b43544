"""What two people have with each other goes to somebody else once they are kept apart, and shows nobody who the other is."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest

from bot.errors import Refusal
from bot.listeners import holding, parted, talks_ending, talks_taking
from bot.listeners.rules import State
from bot.listeners.talk_rules import Role, Talk
from bot.members import apart, reports
from bot.members.apart_tables import Apart
from tests.listeners.room import ANN, BOB, CEM, KEYS, NET, SAM
from tests.listeners.talk_room import TalkRoom

FORESEEN = timedelta(minutes=59)


@pytest.fixture
def room() -> Iterator[TalkRoom]:
    made = TalkRoom()
    yield made
    made.close()


def talking(room: TalkRoom) -> tuple[int, int]:
    """A talk of Sam's that is open; its id, and who listens."""
    room.on(ANN, BOB, until=room.now + timedelta(hours=12))
    talk = room.ask_talk()
    who = room.offered_to()[-1]
    room.do(talks_taking.accept, room.desk, who, talk, room.now)
    room.post()
    return talk, who


def keep_apart(room: TalkRoom, asker: int, other: int, how: str) -> None:
    """What `/report`, `/buddy avoid` and the end of a pair commit."""
    if how == "report":
        room.run(reports.keep_apart(room.store, KEYS, asker, other, room.now))
    elif how == "avoid":
        room.run(apart.keep_apart(room.store, KEYS, NET, "", asker, other, Apart.AVOID, room.now))
    else:
        room.do(apart.separate, KEYS, asker, other, Apart.ENDED, room.now)
    room.ring()


@pytest.mark.parametrize(
    ("asks", "how"),
    [("member", "report"), ("listener", "report"), ("member", "avoid"), ("listener", "ended")],
)
def test_a_talk_goes_to_another_listener_when_nobody_can_tell_why(
    room: TalkRoom, asks: str, how: str
) -> None:
    _, listener = talking(room)
    before = room.notices(SAM), room.notices(listener)
    keep_apart(room, *((SAM, listener) if asks == "member" else (listener, SAM)), how)
    room.wait(seconds=FORESEEN.total_seconds())
    assert (room.notices(SAM), room.notices(listener)) == before, "seen at once it would say who the other is"
    room.say(SAM, "still here")
    room.post()
    assert room.heard(listener) == ["still here"]
    room.wait(hours=3, minutes=2)
    assert room.notices(SAM)[len(before[0])] == "talks.listener_gone"
    assert room.notices(listener)[len(before[1]) :] == ["talks.handed_over"]
    assert room.talk_state is Talk.WAITING
    assert listener in room.parts(Role.FORMER)
    assert room.offered_to()[-1] != listener
    room.wait(days=2)
    assert room.offered_to().count(listener) == 1, "nor ever again"


def test_the_hour_is_another_for_each_two_and_undone_in_time_nothing_ends(room: TalkRoom) -> None:
    instants = {parted.unforeseen(bytes([n, 0, 0, 0]), room.now) for n in range(256)}
    assert len(instants) == 256
    assert min(instants) - room.now >= parted.SOONEST
    assert max(instants) - room.now < timedelta(hours=4)
    _, listener = talking(room)
    keep_apart(room, SAM, listener, "avoid")
    (mine,) = room.run(apart.list_of(room.store, SAM))
    room.run(apart.undo(room.store, KEYS, SAM, mine.id))
    room.wait(hours=5)
    assert room.talk_state is Talk.OPEN


def test_a_call_between_buddies_who_never_want_to_meet_again_goes_to_others_at_once(room: TalkRoom) -> None:
    room.on(ANN, BOB)
    room.send()
    (holder,) = room.asked()
    room.accept(holder)
    keep_apart(room, holder, SAM, "ended")
    assert room.told(holder)[-1] == "listeners.moved_on"
    assert room.told(SAM)[-1] == "calls.reoffered"
    assert room.state is State.ASKING
    assert room.call.holder_id is None


def test_a_call_that_was_held_already_stays_with_whoever_rang(room: TalkRoom) -> None:
    room.on(ANN, BOB)
    room.send()
    (holder,) = room.asked()
    held = room.accept(holder)
    room.run(holding.spoken(room.store, room.desk, held.id, holder, room.event(), room.now))
    keep_apart(room, holder, SAM, "ended")
    assert room.call.holder_id == holder, "it is over but for the member's own tap"
    assert room.told(SAM)[-1] == "calls.spoken"


@pytest.mark.parametrize("asks", ["member", "listener"])
def test_a_block_in_a_talk_takes_their_call_too_and_not_in_the_same_moment(room: TalkRoom, asks: str) -> None:
    talk, listener = talking(room)
    room.on(CEM, until=room.now + timedelta(hours=12))
    room.off(*({ANN, BOB} - {listener}), CEM)
    room.send()
    held = room.accept(listener, promise=holding.Promise.TOMORROW)
    room.do(talks_ending.block, KEYS, SAM if asks == "member" else listener, talk, room.now)
    room.on(CEM, until=room.now + timedelta(hours=12))
    room.wait(seconds=FORESEEN.total_seconds())
    assert room.call.holder_id == listener
    assert "listeners.moved_on" not in room.told(listener), "else they would know whose call it was"
    room.wait(hours=3, minutes=2)
    assert room.told(listener)[-1] == "listeners.moved_on"
    assert room.asked()[-1] == CEM
    with pytest.raises(Refusal):
        room.run(holding.seen(room.store, room.desk, held.id, listener))


def test_words_that_wait_when_a_talk_goes_to_another_are_owned_up_to(room: TalkRoom) -> None:
    talk, listener = talking(room)
    room.discord.silent = True  # nobody says who is there, so nothing goes across
    for who in (SAM, listener):
        room.say(who, "the first")
        room.say(who, "the second")
    room.do(talks_ending.hand_over, KEYS, SAM, talk, room.event(), room.now)
    room.discord.silent = False
    for who in (SAM, listener):
        lanes = [m for m in room.posts if m.notice]
        assert any("not_passed_on" in post.words(KEYS) for post in lanes if post.to_id in _sides(room, who))


def _sides(room: TalkRoom, who: int) -> set[int]:
    return {part.id for user, part in room.parts(*Role).items() if user == who}
