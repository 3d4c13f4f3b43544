"""The rules of an unnamed talk: how it stands, who may do what, made-up names, and words cut to fit. Pure."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum


class Talk(StrEnum):
    """How a talk stands."""

    DRAFT = "draft"  # three questions answered and not yet sent: no listener knows of it
    WAITING = "waiting"  # listeners are asked, or will be when the next one is on
    OPEN = "open"
    CLOSED = "closed"


NEXT: dict[Talk, frozenset[Talk]] = {
    Talk.DRAFT: frozenset({Talk.WAITING}),
    Talk.WAITING: frozenset({Talk.OPEN, Talk.CLOSED}),
    Talk.OPEN: frozenset({Talk.WAITING, Talk.CLOSED}),
    Talk.CLOSED: frozenset(),
}
UNDER_WAY = frozenset({Talk.WAITING, Talk.OPEN})


class Role(StrEnum):
    """How somebody stands to a talk."""

    MEMBER = "member"
    SHOWN = "shown"  # the member was shown name and organisation, and asked whether to ask them
    ASKED = "asked"
    DECLINED = "declined"
    LISTENER = "listener"
    FORMER = "former"  # handed over, refused by the member, or gone: never asked again for this talk


PARTIES = frozenset({Role.MEMBER, Role.LISTENER})
"""Between these words are passed on."""


class Want(StrEnum):
    """What the member would like of the listener."""

    LISTEN = "listen"
    ADVISE = "advise"
    EITHER = "either"


class Long(StrEnum):
    """How long the member thinks it may take."""

    QUARTER = "quarter"
    HALF = "half"
    HOUR = "hour"
    OPEN = "open"


class Step(StrEnum):
    """Whom a talk has gone to so far."""

    FIRST = "first"
    SECOND = "second"
    ALL = "all"
    NOBODY = "nobody"  # the member was told, with numbers; whoever comes on next is asked


AFTER: dict[Step, Step] = {
    Step.FIRST: Step.SECOND,
    Step.SECOND: Step.ALL,
    Step.ALL: Step.NOBODY,
    Step.NOBODY: Step.NOBODY,
}
AT_ONCE: dict[Step, int | None] = {Step.FIRST: 1, Step.SECOND: 1, Step.ALL: None, Step.NOBODY: None}
"""How many are asked with each step; None: all who are on."""


@dataclass(frozen=True, slots=True)
class Wishes:
    """The member's three answers. `avoid` may be empty."""

    want: Want = Want.EITHER
    long: Long = Long.OPEN
    avoid: str = ""

    def __str__(self) -> str:
        return f"{self.want}\n{self.long}\n{self.avoid}"

    @classmethod
    def read(cls, kept: str) -> Wishes:
        """What `str` wrote."""
        want, long, avoid = kept.split("\n", 2)
        return cls(Want(want), Long(long), avoid)


KEPT_FOR = timedelta(days=7)
"""After its end, before a talk and all that was said in it is deleted."""
DRAFT_KEPT = timedelta(hours=1)
LOOK_AGAIN = timedelta(minutes=10)
"""While nobody takes a talk or a call, how often it is looked whether somebody could: besides coming on, which is
minded at once, they may have less in front of them, or have told where they work."""
ASK_AGAIN = timedelta(hours=12)
"""A talk that still waits may be put before the same listener again after so long."""
NAME_RESTS = timedelta(days=30)
MOST_TO_AVOID = 300
ROOM = 1750
"""Characters of words in one message: Discord takes 2,000, and a name stands above them."""
LATE = timedelta(minutes=2)
"""Words passed on later than this are passed on saying so."""


def may_end(role: Role, state: Talk) -> bool:
    """Whether somebody in this role may end a talk that stands so: a listener only once they listen."""
    if role is Role.MEMBER:
        return state in UNDER_WAY
    return role is Role.LISTENER and state is Talk.OPEN


def another_name(first: Sequence[str], second: Sequence[str], resting: Collection[str], number: int) -> str:
    """A made-up name of two words that none of `resting` is, chosen by any number from 0 up.

    Raises `ValueError` when every name rests, which thousands of talks a month would take.
    """
    count = len(first) * len(second)
    for step in range(count):
        # A stride that shares no factor with most counts, so that a taken name is not followed by its neighbour.
        place = (number + step * 7919) % count
        name = f"{first[place // len(second)]} {second[place % len(second)]}"
        if name not in resting:
            return name
    for name in (f"{one} {other}" for one in first for other in second):
        if name not in resting:
            return name
    raise ValueError("every made-up name rests")


_MENTION = re.compile(r"<(?:@[!&]?|#)\d+>")
_EMOJI = re.compile(r"<a?:(\w{2,32}):\d+>")
_COMMAND = re.compile(r"</([\w -]{1,100}):\d+>")
_GUIDE = re.compile(r"<id:\w+>")
_LABELLED = re.compile(r"\[([^\]\n]{1,200})\]\(\s*<?(https?://[^\s)>]+)>?[^)\n]*\)")
_PING = re.compile(r"@(?=everyone|here)")


def harmless(text: str, somebody: str) -> str:
    """A member's words as they may be passed on: nothing in them names anybody by Discord's own means.

    Mentions become `somebody`, a server's own emoji their names, a labelled link shows where it leads. What people
    wrote themselves, and how they set it out, stays as it is.
    """
    plain = _MENTION.sub(lambda _: somebody, text)
    plain = _EMOJI.sub(r":\1:", plain)
    plain = _COMMAND.sub(r"/\1", plain)
    plain = _GUIDE.sub("", plain)
    plain = _LABELLED.sub(r"\1 (\2)", plain)
    return _PING.sub("@\u200b", plain)


def pieces(text: str, room: int) -> list[str]:
    """The text in parts of at most `room` characters which, put together, are the text again.

    Cut at the end of a line or else after a blank where there is one in the second half of a part, and never inside a
    letter that two numbers make up. An empty text is one empty part.
    """
    parts: list[str] = []
    rest = text
    while len(rest) > room:
        cut = rest.rfind("\n", room // 2, room) + 1 or rest.rfind(" ", room // 2, room) + 1 or room
        while cut > 1 and rest[cut] in _JOINED:
            cut -= 1
        parts.append(rest[:cut])
        rest = rest[cut:]
    return [*parts, rest]


# What belongs to the sign before it: a joiner, a variation, a skin, an accent.
_JOINED = frozenset("\u200d\ufe0e\ufe0f\u20e3") | {
    chr(n) for n in (*range(0x1F3FB, 0x1F400), *range(0x300, 0x370))
}
