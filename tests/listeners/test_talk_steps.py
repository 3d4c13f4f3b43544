"""Whom a talk is put before, who may end it, and what is left of it: every path, at speed."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest

from bot.errors import Refusal
from bot.listeners import duty, relay_posts, serving, talks, talks_ending, talks_taking
from bot.listeners.relay_posts import Took
from bot.listeners.talk_rules import Role, Step, Talk
from bot.listeners.talk_tables import TalkName
from bot.listeners.talks_taking import Answer
from bot.members import apart
from tests.listeners.room import (
    ANN,
    AVOIDED,
    BOB,
    CEM,
    COLLEAGUE,
    KEYS,
    LISTENERS,
    NET,
    NEVER,
    SAM,
    TRUST,
    UNKNOWN,
)
from tests.listeners.talk_room import AVOID, NAMES, TalkRoom


@pytest.fixture
def room() -> Iterator[TalkRoom]:
    made = TalkRoom()
    yield made
    made.close()


def test_one_the_next_then_all_then_the_member_is_told_and_it_waits(room: TalkRoom) -> None:
    room.on(*LISTENERS)
    room.ask_talk()
    first = room.offered_to()
    assert len(first) == 1
    room.wait(minutes=30)
    assert len(room.offered_to()) == 2
    room.wait(minutes=30)
    assert set(room.offered_to()) == {ANN, BOB, CEM}
    assert UNKNOWN in room.parts(Role.SHOWN), "not before the member has seen who that would be"
    room.wait(minutes=30)
    assert room.notices(SAM)[-1] == "talks.nobody"
    told = room.notices(SAM).count("talks.nobody")
    room.wait(days=3)
    assert room.talk_state is Talk.WAITING, "it is the member's to end, and time never does"
    assert room.notices(SAM).count("talks.nobody") <= told + 3, "told, not nagged"
    assert not NEVER & set(room.offered_to())


def test_a_no_goes_to_the_next_at_once_and_a_late_yes_counts(room: TalkRoom) -> None:
    room.on(ANN, BOB)
    talk = room.ask_talk()
    (first,) = room.offered_to()
    room.try_to(talks_taking.decline, KEYS, first, talk, room.now)
    room.ring()
    assert set(room.offered_to()) == {ANN, BOB}
    second = room.offered_to()[-1]
    assert room.try_to(talks_taking.accept, room.desk, first, talk, room.now) is Answer.YOURS
    assert room.try_to(talks_taking.accept, room.desk, first, talk, room.now) is Answer.YOURS, "twice is once"
    assert room.try_to(talks_taking.accept, room.desk, second, talk, room.now) is Answer.TAKEN
    assert room.notices(SAM)[-1] == "talks.opened"


def test_out_of_hours_is_said_and_whoever_comes_on_is_asked(room: TalkRoom) -> None:
    room.ask_talk()
    assert room.notices(SAM) == ["talks.asked", "talks.nobody_on"]
    assert not room.offered_to()
    room.wait(hours=2)
    room.on(BOB)
    room.wait(minutes=11)
    assert room.offered_to() == [BOB]
    # Somebody whose messages are closed uses up no time there is to answer.
    room.closed_dms.add(CEM)
    room.off(BOB)


@pytest.mark.parametrize("never", sorted(NEVER))
def test_who_shares_an_employer_or_is_avoided_hears_of_it_by_no_path(room: TalkRoom, never: int) -> None:
    """The first, the next, all at once, one who comes on later, after handing over, and by pressing all the same."""
    room.on(never)
    talk = room.ask_talk()
    assert "talks.nobody_on" in room.notices(SAM)
    room.wait(hours=2)
    room.on(never, ANN)
    room.wait(hours=2)
    room.try_to(talks_taking.accept, room.desk, ANN, talk, room.now)
    assert room.talk_state is Talk.OPEN
    room.on(never)
    room.try_to(talks_ending.hand_over, KEYS, SAM, talk, room.event(), room.now)
    room.ring()
    room.wait(hours=2)
    assert never not in room.offered_to()
    assert never not in room.parts(*Role)
    assert room.try_to(talks_taking.accept, room.desk, never, talk, room.now) is None
    assert room.talk_state is Talk.WAITING


def test_what_comes_between_an_offer_and_a_yes_is_minded(room: TalkRoom) -> None:
    room.on(ANN, BOB)
    talk = room.ask_talk()
    (asked,) = room.offered_to()
    room.do(apart.separate, KEYS, asked, SAM, apart.Apart.BLOCK, room.now)
    assert room.try_to(talks_taking.accept, room.desk, asked, talk, room.now) is Answer.NOT_NEEDED
    assert room.talk_state is Talk.WAITING
    room.wait(minutes=31)
    other = room.offered_to()[-1]
    assert other != asked
    room.wait(minutes=31)
    assert room.try_to(talks_taking.accept, room.desk, other, talk, room.now) is Answer.YOURS


def test_unknown_employers_are_shown_first_and_a_no_is_for_good(room: TalkRoom) -> None:
    room.on(UNKNOWN)
    talk = room.ask_talk()
    assert room.notices(SAM)[-1] == "talks.may_i_ask"
    assert not room.offered_to()
    (shown,) = room.parts(Role.SHOWN).values()
    with pytest.raises(Refusal):
        room.do(talks.may_ask, room.desk, ANN, shown.id, True, room.now)
    assert room.try_to(talks_taking.accept, room.desk, UNKNOWN, talk, room.now) is None, "never asked"
    room.may_all(yes=False)
    room.wait(days=2)
    room.on(UNKNOWN)
    room.wait(days=1)
    assert not room.offered_to()
    assert room.notices(SAM).count("talks.may_i_ask") == 1


def test_a_no_after_a_yes_takes_it_back(room: TalkRoom) -> None:
    room.on(UNKNOWN)
    talk = room.ask_talk()
    (shown,) = room.parts(Role.SHOWN).values()
    room.may_all()
    assert room.offered_to() == [UNKNOWN]
    assert room.do(talks.may_ask, room.desk, SAM, shown.id, True, room.now), "a second yes is no second offer"
    room.do(talks.may_ask, room.desk, SAM, shown.id, False, room.now)
    room.post()
    assert room.try_to(talks_taking.accept, room.desk, UNKNOWN, talk, room.now) is None
    assert room.talk_state is Talk.WAITING
    room.wait(days=1)
    assert room.offered_to() == [UNKNOWN], "nor is it asked again"


def test_limits_count_talks_and_calls_together(room: TalkRoom) -> None:
    room.on(ANN)
    talk = room.ask_talk()
    assert room.try_to(talks_taking.accept, room.desk, ANN, talk, room.now) is Answer.YOURS
    assert room.ask(duty.open_load, KEYS, [ANN, BOB]) == {ANN: 1, BOB: 0}
    second = room.ask_talk(BOB)
    room.do(talks_ending.close, KEYS, BOB, second, room.now)
    room.do(talks_ending.close, KEYS, SAM, talk, room.now)
    assert room.ask(duty.open_load, KEYS, [ANN]) == {ANN: 0}


def test_only_who_may_ends_it_and_twice_is_once(room: TalkRoom) -> None:
    room.on(ANN)
    talk = room.ask_talk()
    assert room.try_to(talks_ending.close, KEYS, ANN, talk, room.now) is None, "not before they listen"
    assert room.try_to(talks_ending.block, KEYS, SAM, talk, room.now) is None, "there is nobody yet"
    assert room.try_to(talks_taking.accept, room.desk, ANN, talk, room.now) is Answer.YOURS
    for stranger in (BOB, COLLEAGUE):
        assert room.try_to(talks_ending.close, KEYS, stranger, talk, room.now) is None
    assert room.try_to(talks_ending.suggest_other, KEYS, SAM, talk, room.event(), room.now) is None
    assert room.try_to(talks_ending.hand_over, KEYS, ANN, talk, room.event(), room.now) is None
    assert room.try_to(talks_ending.close, KEYS, ANN, talk, room.now).fresh
    assert not room.try_to(talks_ending.close, KEYS, SAM, talk, room.now).fresh
    assert room.notices(SAM)[-1] == "talks.ended_by_listener"
    assert room.say(SAM, "hello?").outcome is Took.NOT_OURS


def test_handing_over_tells_the_next_only_what_was_agreed(room: TalkRoom) -> None:
    room.on(ANN, BOB)
    talk = room.ask_talk()
    (first,) = room.offered_to()
    room.try_to(talks_taking.accept, room.desk, first, talk, room.now)
    room.say(SAM, "a secret")
    room.post()
    press = room.event()
    for _ in range(2):
        room.try_to(talks_ending.suggest_other, KEYS, first, talk, press, room.now)
    assert room.notices(SAM).count("talks.over_asked") == 1, "the same press delivered twice"
    assert room.notices(SAM)[-1] == "talks.over_asked"
    assert room.talk_state is Talk.OPEN, "nothing happens without the member's yes"
    event = room.event()
    assert room.try_to(talks_ending.hand_over, KEYS, SAM, talk, event, room.now).fresh
    room.ring()
    second = room.offered_to()[-1]
    assert {first, second} == {ANN, BOB}
    assert room.try_to(talks_taking.accept, room.desk, first, talk, room.now) is None
    assert room.try_to(talks_taking.accept, room.desk, second, talk, room.now) is Answer.YOURS
    assert not room.try_to(talks_ending.hand_over, KEYS, SAM, talk, event, room.now).fresh, (
        "the same press again"
    )
    room.say(SAM, "from here on")
    assert room.say(first, "am I still there?").outcome is Took.NOT_OURS
    room.post()
    assert room.heard(second) == ["from here on"]
    assert room.heard(first) == ["a secret"]
    (told,) = [m.text for m in room.discord.dms[second] if m.template == "talks.opened_listener"]
    assert AVOID in told


@pytest.mark.parametrize("asker", [SAM, ANN])
def test_blocking_keeps_them_apart_and_names_nobody(room: TalkRoom, asker: int) -> None:
    room.on(ANN)
    talk = room.ask_talk()
    room.try_to(talks_taking.accept, room.desk, ANN, talk, room.now)
    assert room.try_to(talks_ending.block, KEYS, asker, talk, room.now).fresh
    assert room.ask(apart.together_forbidden, KEYS, SAM, ANN)
    assert not room.run(apart.list_of(room.store, asker)), "a list would say who it was"
    room.ask_talk()
    room.wait(hours=3)
    assert room.offered_to() == [ANN], "never again"


@pytest.mark.parametrize("how", ["forget", "leave"])
def test_a_member_who_goes_takes_everything_with_them(room: TalkRoom, how: str) -> None:
    room.on(ANN)
    talk = room.ask_talk()
    room.try_to(talks_taking.accept, room.desk, ANN, talk, room.now)
    room.say(SAM, "something")
    room.say(ANN, "something else")
    room.post()
    getattr(room, how)(SAM)
    room.post()
    assert room.notices(ANN)[-1] == "talks.member_gone"
    assert not room.parts(Role.MEMBER)
    assert not [post for post in room.posts if not post.notice]
    assert room.say(ANN, "hello?").outcome is Took.NOT_OURS
    room.wait(days=8)
    assert room.talk is None


@pytest.mark.parametrize("how", ["forget", "leave"])
def test_when_a_listener_goes_others_are_asked(room: TalkRoom, how: str) -> None:
    room.on(ANN, BOB)
    talk = room.ask_talk()
    (first,) = room.offered_to()
    room.try_to(talks_taking.accept, room.desk, first, talk, room.now)
    room.say(SAM, "something")
    room.post()
    getattr(room, how)(first)
    room.ring()
    assert "talks.listener_gone" in room.notices(SAM)
    assert room.talk_state is Talk.WAITING
    assert room.offered_to()[-1] != first
    assert room.heard(first) == ["something"]


def test_who_left_or_listens_no_more_hears_nothing_further(room: TalkRoom) -> None:
    room.on(ANN, BOB)
    talk = room.ask_talk()
    (first,) = room.offered_to()
    room.try_to(talks_taking.accept, room.desk, first, talk, room.now)
    room.discord.gone.add(first)
    room.say(SAM, "are you there")
    room.post()
    assert room.heard(first) == []
    assert room.notices(SAM)[-2:] == ["talks.listener_gone", "talks.not_passed_on"]
    assert room.talk_state is Talk.WAITING


def test_a_name_rests_for_thirty_days_and_comes_from_nobodys_number(room: TalkRoom) -> None:
    names = []
    for _ in range(20):
        room.now += timedelta(minutes=1)
        talk = room.ask_talk()
        names.append(room.parts(Role.MEMBER)[SAM].name(KEYS))
        room.do(talks_ending.close, KEYS, SAM, talk, room.now)
    assert len(set(names)) == 20 == len(NAMES[0]) * len(NAMES[1])
    room.now += timedelta(days=31)
    room.ask_talk()
    assert len(room.rows(TalkName)) == 1


def test_drafts_go_and_only_one_talk_is_open_for_one_member(room: TalkRoom) -> None:
    wishes = talks.Wishes()
    made = room.do(talks.draft, room.desk, NAMES, NET, "", SAM, wishes, room.now)
    again = room.do(talks.draft, room.desk, NAMES, NET, "", SAM, wishes, room.now)
    assert room.try_to(talks.ask, room.desk, SAM, made.talk_id, SAM + 1000, room.now) is None
    assert room.try_to(talks.ask, room.desk, ANN, again.talk_id, ANN + 1000, room.now) is None
    named = room.do(talks.rename, room.desk, NAMES, SAM, again.talk_id, room.now)
    assert named.name != again.name
    assert [row.name for row in room.rows(TalkName)] == [named.name], "names nobody saw do not rest"
    room.wait(hours=2)
    assert room.talk is None
    room.ask_talk()
    with pytest.raises(Refusal, match=r"talks\.already"):
        room.do(talks.draft, room.desk, NAMES, NET, "", SAM, wishes, room.now)


def test_nothing_is_said_openly_and_nothing_links_the_two(room: TalkRoom) -> None:
    room.on(ANN)
    talk = room.ask_talk()
    room.try_to(talks_taking.accept, room.desk, ANN, talk, room.now)
    room.say(SAM, "zebra marmalade", message_id=777_777_777_777)
    room.post()
    for table, rows in room.everything().items():
        for row in rows:
            said = repr(row)
            assert "zebra" not in said
            assert AVOID not in said, table
            assert "777777777777" not in said, table
            about_talk = table.startswith("talk")
            assert not (about_talk and any(value in (SAM, ANN, SAM + 1000, ANN + 1000) for value in row)), (
                table
            )
            if table == "outbox":
                assert not (SAM in row and talk in row), (
                    "what a member is told of a talk does not go this way"
                )
    for traces in ((SAM, ANN),):
        names = {room.parts(*Role)[who].name(KEYS) for who in traces}
        assert "zebra" not in str(names)
    assert room.step is Step.FIRST


def test_taking_is_refused_to_whom_it_is_not_for(room: TalkRoom) -> None:
    room.on(ANN)
    talk = room.ask_talk()
    room.try_to(talks_taking.accept, room.desk, ANN, talk, room.now)
    taken = room.say(SAM, "for Ann")
    room.post()
    for stranger in (BOB, AVOIDED, TRUST):
        assert room.say(stranger, "let me in").outcome is Took.NOT_OURS
        assert room.say(stranger, "let me in", answers=taken.post_id).outcome is Took.NOT_OURS
        with pytest.raises(LookupError):
            room.do(relay_posts.choose, KEYS, stranger, taken.post_id, talk)
    before = room.heard(ANN)
    message = 9_123_456
    room.say(SAM, "mine", message_id=message)
    room.do(relay_posts.change, KEYS, ANN, message, "not yours", "somebody", room.now)
    room.post()
    assert room.heard(ANN) == [*before, "mine"]


def test_what_was_written_before_the_talk_was_open_is_not_passed_on(room: TalkRoom) -> None:
    room.on(ANN)
    talk = room.ask_talk()
    assert room.say(SAM, "is anybody there").outcome is Took.WAITING
    before = room.discord.next_id()
    room.try_to(talks_taking.accept, room.desk, ANN, talk, room.now)
    assert room.say(SAM, "fine, thanks", message_id=before).outcome is Took.NOT_OURS
    assert room.say(SAM, "for you").outcome is Took.PASSED
    assert room.say(SAM, "fine, thanks", message_id=before).outcome is Took.NOT_OURS
    room.post()
    assert room.heard(ANN) == ["for you"]


def test_a_listener_who_is_called_otherwise_by_now_was_not_the_one_the_member_saw(room: TalkRoom) -> None:
    room.on(UNKNOWN)
    talk = room.ask_talk()
    room.may_all()
    assert room.offered_to() == [UNKNOWN]
    for place in ("Place 27", "Another place"):
        work = serving.introduce(
            room.store, room.desk, NET, "", UNKNOWN, "Listener 27", place, "Europe/London", room.now
        )
        room.run(work)
        room.run(serving.confirm(room.store, room.desk, NET, UNKNOWN, room.now))
    assert room.try_to(talks_taking.accept, room.desk, UNKNOWN, talk, room.now) is Answer.NOT_NEEDED
    # One the member is only being shown is shown again.
    room.do(talks_ending.close, KEYS, SAM, talk, room.now)
    room.ask_talk()
    (before,) = room.parts(Role.SHOWN).values()
    room.run(
        serving.introduce(
            room.store, room.desk, NET, "", UNKNOWN, "Listener 27", "A third", "Europe/London", room.now
        )
    )
    room.run(serving.confirm(room.store, room.desk, NET, UNKNOWN, room.now))
    assert room.try_to(talks.may_ask, room.desk, SAM, before.id, True, room.now) is None
    room.wait(minutes=30)
    assert room.parts(Role.SHOWN)[UNKNOWN].id != before.id
