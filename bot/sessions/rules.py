"""What a session may be, and how its parts may change. Pure."""

from __future__ import annotations

from difflib import SequenceMatcher
from enum import StrEnum
from typing import Final

TITLE_LENGTH: Final = 80
ABOUT_LENGTH: Final = 1000
WHERE_LENGTH: Final = 300
REASON_LENGTH: Final = 300
SHORTEST_MIN: Final = 5
LONGEST_MIN: Final = 8 * 60
USUAL_MIN: Final = 60
MOST_PLACES: Final = 500
MOST_FACILITATORS: Final = 10
MOST_INVITED: Final = 100
MOST_SERIES: Final = 100  # running in one network: more is a mistake or a prank


ALIKE: Final = 0.8
"""Two texts that share so much of their words, in their order, say the same: one is the other put right."""


def rewritten(before: str, after: str) -> bool:
    """Whether words were changed for others that people should hear of: more than a slip put right, and not to nothing."""
    old, new = before.casefold().split(), after.casefold().split()
    return bool(new) and SequenceMatcher(None, old, new, autojunk=False).ratio() < ALIKE


class Where(StrEnum):
    """The kind of place a session is held in."""

    VOICE = "voice"  # a voice channel: `where_channel_id`
    STAGE = "stage"  # a stage channel: `where_channel_id`
    LINK = "link"  # `where_text` is an https address
    PLACE = "place"  # `where_text` in words


class Who(StrEnum):
    """For whom a series is."""

    OPEN = "open"
    ROLE = "role"  # `role_id`
    INVITED = "invited"  # the rows of `session_invited`


class SeriesState(StrEnum):
    RUNNING = "running"
    ENDED = "ended"  # its last date has gone by
    CANCELLED = "cancelled"


SERIES_NEXT: Final[dict[SeriesState, frozenset[SeriesState]]] = {
    SeriesState.RUNNING: frozenset({SeriesState.ENDED, SeriesState.CANCELLED}),
    # An edit may give it dates again.
    SeriesState.ENDED: frozenset({SeriesState.RUNNING, SeriesState.CANCELLED}),
    SeriesState.CANCELLED: frozenset(),
}


class OccurrenceState(StrEnum):
    PLANNED = "planned"
    SKIPPED = "skipped"  # "not this week": the series runs on
    CANCELLED = "cancelled"  # called off with a reason, alone or with its series


OCCURRENCE_NEXT: Final[dict[OccurrenceState, frozenset[OccurrenceState]]] = {
    OccurrenceState.PLANNED: frozenset({OccurrenceState.SKIPPED, OccurrenceState.CANCELLED}),
    OccurrenceState.SKIPPED: frozenset({OccurrenceState.PLANNED, OccurrenceState.CANCELLED}),
    OccurrenceState.CANCELLED: frozenset(),
}


class Answer(StrEnum):
    """What a member said about one meeting."""

    COMING = "coming"
    MAYBE = "maybe"
    CANT = "cant"


class Place(StrEnum):
    """Whether somebody who is coming has a place; the rest have none to have."""

    NONE = "none"  # maybe, or not coming
    IN = "in"
    WAITING = "waiting"
    OFFERED = "offered"  # until `offered_until`


class MirrorState(StrEnum):
    """One meeting's entry among Discord's own events."""

    WANTED = "wanted"
    MAKING = "making"  # asked of Discord; after a crash nobody knows: look before asking again
    MADE = "made"
    ASKED = "asked"  # changed in Discord's own screen, and a facilitator asked which is right
    LEFT = "left"  # Discord's entry was taken away by hand, or may not be made: ours is held all the same
    GONE = "gone"  # over, cancelled or no longer mirrored


MIRROR_NEXT: Final[dict[MirrorState, frozenset[MirrorState]]] = {
    MirrorState.WANTED: frozenset({MirrorState.MAKING, MirrorState.GONE}),
    MirrorState.MAKING: frozenset({MirrorState.WANTED, MirrorState.MADE, MirrorState.LEFT, MirrorState.GONE}),
    MirrorState.MADE: frozenset({MirrorState.ASKED, MirrorState.LEFT, MirrorState.GONE}),
    MirrorState.ASKED: frozenset({MirrorState.MADE, MirrorState.WANTED, MirrorState.LEFT, MirrorState.GONE}),
    MirrorState.LEFT: frozenset({MirrorState.WANTED, MirrorState.MADE, MirrorState.GONE}),
    MirrorState.GONE: frozenset({MirrorState.WANTED}),
}
