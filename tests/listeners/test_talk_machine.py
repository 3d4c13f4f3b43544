"""A talk in any order hypothesis can think of: never crossed, in order, once, nothing after the end, nobody named.

Real services, the real relay and a real database file; Discord is lists of messages that die before or after they
have one. Several listeners, one member, and the same words coming twice.
"""

from __future__ import annotations

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from bot.listeners import relay_posts, talks_ending, talks_taking
from bot.listeners.relay_posts import Took
from bot.listeners.talk_rules import Role, Talk
from bot.listeners.talk_tables import Going
from bot.listeners.talks_taking import Answer
from tests.listeners.room import ANN, BOB, CEM, KEYS, NEVER, SAM, TRUST
from tests.listeners.talk_room import TalkRoom

LISTENERS = (ANN, BOB, CEM, TRUST)
WHO = st.sampled_from((SAM, ANN, BOB, CEM))


class Talks(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.room = TalkRoom()
        self.count = 0
        self.written: dict[int, tuple[int, int, str]] = {}
        """Every message that was taken in: its writer, its reader, and what it says now; empty once deleted."""
        self.ended: set[int] = set()
        """Messages written in a talk that has ended, or went to somebody else, since: they may have arrived or not."""

    @initialize()
    def begin(self) -> None:
        self.room.on(*LISTENERS, until=self.room.now.replace(year=2027))

    def teardown(self) -> None:
        self.room.close()

    # What is so

    @property
    def open_with(self) -> int | None:
        """Who listens, while a talk is open."""
        if self.room.talk_state is not Talk.OPEN:
            return None
        return next(iter(self.room.parts(Role.LISTENER)), None)

    def part(self) -> None:
        """The talk ended, or went on to somebody else: what is still on its way may never arrive."""
        self.ended |= set(self.written)

    # What people do

    @precondition(lambda self: self.room.talk_state in (None, Talk.CLOSED))
    @rule()
    def ask(self) -> None:
        self.room.ask_talk()

    @precondition(lambda self: self.room.talk_state is Talk.WAITING)
    @rule(first=st.sampled_from((ANN, BOB, CEM, TRUST)))
    def say_yes(self, first: int) -> None:
        """Everybody presses, one after the other: one of those asked has it at most."""
        talk = self.room.talk
        assert talk is not None
        answers = {
            who: self.room.try_to(talks_taking.accept, self.room.desk, who, talk.id, self.room.now)
            for who in (first, *(one for one in LISTENERS if one != first))
        }
        assert sum(answer is Answer.YOURS for answer in answers.values()) <= 1
        assert all(answers[who] is None for who in NEVER & set(answers))

    @precondition(lambda self: self.room.talk_state is Talk.WAITING)
    @rule(who=st.sampled_from((ANN, BOB, CEM)))
    def say_no(self, who: int) -> None:
        talk = self.room.talk
        assert talk is not None
        self.room.try_to(talks_taking.decline, KEYS, who, talk.id, self.room.now)
        self.room.ring()

    @rule(who=WHO, twice=st.booleans(), die=st.sampled_from((None, None, "before", "after")))
    def write(self, who: int, twice: bool, die: str | None) -> None:
        self.count += 1
        text, message = f"w{self.count}", self.room.discord.next_id()
        self.room.discord.die = die
        taken = self.room.say(who, text, message)
        listens = self.open_with
        if listens is None or who not in (SAM, listens):
            assert taken.outcome in (Took.NOT_OURS, Took.WAITING)
            self.room.discord.die = None
            return
        assert taken.outcome is Took.PASSED
        self.written[message] = (who, listens if who == SAM else SAM, text)
        if die is not None and taken.now is not None:
            self.room.run(self.room.discord.dead.wait())
            self.room.discord.dead.clear()
            self.room.restart()
        self.room.discord.die = None
        if twice:
            assert self.room.say(who, text, message).outcome is Took.AGAIN
        self.room.post()

    @precondition(lambda self: self.written)
    @rule(data=st.data(), long=st.booleans())
    def change(self, data: st.DataObject, long: bool) -> None:
        message = data.draw(st.sampled_from(sorted(self.written)))
        who, to, text = self.written[message]
        self.count += 1
        new = f"w{self.count}"
        self.room.do(relay_posts.change, KEYS, who, message, new, "somebody", self.room.now)
        self.room.post()
        if text and message not in self.ended:
            self.written[message] = (who, to, new)

    @precondition(lambda self: self.written)
    @rule(data=st.data())
    def delete(self, data: st.DataObject) -> None:
        message = data.draw(st.sampled_from(sorted(self.written)))
        who, to, _ = self.written[message]
        self.room.do(relay_posts.withdraw, KEYS, message)
        self.room.post()
        self.written[message] = (who, to, "")

    @precondition(lambda self: self.room.talk_state in (Talk.OPEN, Talk.WAITING))
    @rule(who=WHO, how=st.sampled_from((talks_ending.close, talks_ending.block)))
    def end(self, who: int, how: object) -> None:
        talk, listens = self.room.talk, self.open_with
        assert talk is not None
        ended = self.room.try_to(how, KEYS, who, talk.id, self.room.now)
        may = who == SAM if listens is None else who in (SAM, listens)
        if how is talks_ending.block:
            may = may and listens is not None
        assert (ended is not None) == may
        if ended is not None:
            self.part()

    @precondition(lambda self: self.room.talk_state is Talk.OPEN)
    @rule()
    def hand_over(self) -> None:
        talk, before = self.room.talk, self.open_with
        assert talk is not None
        self.room.try_to(talks_ending.hand_over, KEYS, SAM, talk.id, self.room.event(), self.room.now)
        self.part()
        self.room.ring()
        assert before not in self.room.parts(Role.ASKED, Role.LISTENER)

    @precondition(lambda self: self.room.talk_state is Talk.OPEN)
    @rule()
    def listener_lost(self) -> None:
        listens = self.open_with
        assert listens is not None
        self.room.discord.gone.add(listens)
        self.room.say(SAM, "are you there")
        self.room.post()
        self.room.discord.gone.clear()
        self.part()
        assert self.room.talk_state is Talk.WAITING

    @precondition(lambda self: self.room.talk_state is Talk.OPEN and self.count > 3)
    @rule()
    def leave_and_come_back(self) -> None:
        """What belongs to Sam is gone at once, on both sides of the database."""
        self.room.run_parting(SAM)
        assert not [post for post in self.room.posts if not post.notice]
        assert not self.room.parts(Role.MEMBER)
        self.written.clear()

    @rule(minutes=st.sampled_from((5, 35, 600)))
    def time_passes(self, minutes: int) -> None:
        before = self.room.talk_state
        self.room.wait(minutes=minutes)
        if before is Talk.WAITING:
            assert self.room.talk_state is Talk.WAITING, "time never ends it"

    @rule()
    def restart(self) -> None:
        self.room.restart()
        self.room.post()

    # What must always be so

    @invariant()
    def everything_arrives_once_in_order_and_with_the_right_person(self) -> None:
        for reader in (SAM, ANN, BOB, CEM, TRUST):
            heard = [text for text in self.room.heard(reader) if text.startswith("w")]
            assert len(heard) == len(set(heard)), "once"
            mine = [(m, text) for m, (_, to, text) in sorted(self.written.items()) if to == reader and text]
            order = [text for _, text in mine]
            known = [text for text in heard if text in order]
            assert known == [text for text in order if text in known], "in order"
            missing = [text for m, text in mine if text not in heard and m not in self.ended]
            assert not missing, f"lost: {missing}"
            foreign = {text for _, to, text in self.written.values() if to != reader and text}
            assert not foreign & set(heard), "crossed"

    @invariant()
    def deleted_words_are_gone(self) -> None:
        for post in self.room.posts:
            if post.words_sealed is None and not post.notice:
                assert post.state in (Going.DROPPED, Going.SENT)

    @invariant()
    def nobody_unsuitable_was_asked_and_nobody_is_named(self) -> None:
        assert not NEVER & set(self.room.offered_to())
        for reader in LISTENERS:
            for message in self.room.discord.dms.get(reader, []):
                assert str(SAM + 1000) not in message.text
                assert "Sam" not in message.text


Talks.TestCase.settings = settings(
    max_examples=12, stateful_step_count=16, deadline=None, suppress_health_check=list(HealthCheck)
)
TestTalks = Talks.TestCase
