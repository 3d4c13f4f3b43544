"""What is remembered while somebody writes: their last few texts for seconds, and which card they had for ten minutes.

In memory alone, under a number that is nobody's outside this process, and gone when it ends. Texts are dropped as soon
as they are answered.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from bot.support.cards import Topic, foremost, topic_of
from bot.support.recognise import Recogniser

ONCE_IN = timedelta(minutes=10)
# Of texts in a row so many, so much, and of so long are read together: more is enough in one of them.
TOGETHER, TOGETHER_LENGTH = 8, 1500
TOGETHER_MS = 60_000
_TIME_BITS = 22  # of a message's id: what stands before them is when it was written, in milliseconds
_MOST = 10_000


@dataclass
class Heard:
    """One person's texts in a row, and the foremost thing among them. `met_by`: the message that got its card at once."""

    texts: dict[int, str] = field(default_factory=dict[int, str])
    met_by: int = 0
    plainly: bool = False
    """Whether any of it was read before the encoder was there."""
    found: dict[int, Topic] = field(default_factory=dict[int, Topic])
    """What each message came to, alone or with those before it, until it is met or goes on to somebody else."""
    failures: set[int] = field(default_factory=set[int])
    """The messages that could not be read as they should have been."""
    waiting: set[int] = field(default_factory=set[int])
    """The messages nobody has answered or taken yet. While there are any, nothing here may be forgotten."""
    apologised: bool = False
    """Whether the numbers came already because something could not be read."""

    @property
    def topic(self) -> Topic | None:
        """The foremost of what is still to be met."""
        return foremost(iter(self.found.values()))

    @property
    def failed(self) -> bool:
        """Whether something went wrong while reading: then it is answered with the numbers."""
        return bool(self.failures)

    @property
    def together(self) -> str:
        """The latest of them as one text: people send a sentence in pieces, and each alone is read besides."""
        return " ".join(self.texts.values())[-TOGETHER_LENGTH:]

    def read(self, recogniser: Recogniser, message_id: int, text: str) -> Topic | None:
        """Read one more (or one again that was changed), by itself and with the others; what all came to so far."""
        self.waiting.add(message_id)
        self.texts[message_id] = text
        self.plainly |= not recogniser.with_encoder
        since = (max(self.texts) >> _TIME_BITS) - TOGETHER_MS
        recent = [one for one in sorted(self.texts) if one >> _TIME_BITS >= since][-TOGETHER:]
        self.texts = {one: self.texts[one] for one in recent}
        if not text.strip():
            return self.topic
        topics = [self.found.get(message_id), topic_of(recogniser.read(text))]
        if len(self.texts) > 1:
            topics.append(topic_of(recogniser.read(self.together)))
        came_to = foremost(iter(topics))
        if came_to is not None:
            self.found[message_id] = came_to
        return self.topic

    def read_again(self, recogniser: Recogniser) -> None:
        """Read what is still to be met once more, if it can be read better by now."""
        if self.plainly and recogniser.with_encoder:
            self.plainly = False
            for message_id in [one for one in self.texts if one in self.waiting]:
                self.read(recogniser, message_id, self.texts[message_id])

    def let_go(self, message_id: int) -> None:
        """One of them is somebody else's to answer: what it came to is no more to be met, and the rest still is.

        Its text stays a moment, to be read with the next.
        """
        self.found.pop(message_id, None)
        self.failures.discard(message_id)
        self.waiting.discard(message_id)
        if self.met_by == message_id:
            self.met_by = 0


@dataclass(frozen=True)
class Had:
    """The card somebody had last, by which message, and when."""

    topic: Topic
    message_id: int
    at: datetime


class Lately:
    """Who had a card within the last ten minutes."""

    def __init__(self) -> None:
        self._salt = secrets.token_bytes(16)
        self._had: dict[int, Had] = {}

    def had(self, user_id: int, now: datetime) -> Had | None:
        """The last card of this person. A clock that was set back means: none, and a card too many does no harm."""
        found = self._had.get(hash((self._salt, user_id)))
        return found if found is not None and timedelta(0) <= now - found.at < ONCE_IN else None

    def met(self, user_id: int, topic: Topic | None, now: datetime) -> bool:
        """Whether dark words just now come on top of a card that stands above them."""
        found = self.had(user_id, now)
        return topic is Topic.CRISIS and found is not None and found.topic is Topic.CRISIS

    def note(self, user_id: int, topic: Topic, message_id: int, now: datetime) -> None:
        """Remember that somebody has this card now; what is older is forgotten."""
        self._had = {who: had for who, had in self._had.items() if timedelta(0) <= now - had.at < ONCE_IN}
        if len(self._had) >= _MOST:
            self._had.clear()
        self._had[hash((self._salt, user_id))] = Had(topic, message_id, now)

    def forget(self, user_id: int) -> None:
        """The card did not arrive: it may be sent again at once."""
        self._had.pop(hash((self._salt, user_id)), None)
