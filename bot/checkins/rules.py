"""The rules of asking and listening. Pure: standard library only, no clock, no database."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo


class Level(StrEnum):
    """The member's own answer, in their own words for it."""

    GOOD = "good"
    OK = "ok"
    WOBBLY = "wobbly"
    NOT_OK = "not-ok"

    @property
    def hard(self) -> bool:
        """Whether a softer question follows the next day."""
        return self in (Level.WOBBLY, Level.NOT_OK)


class State(StrEnum):
    """What became of one question."""

    ASKED = "asked"
    ANSWERED = "answered"
    DROPPED = "dropped"  # it would have come too late, or could not be delivered: recorded, not sent


# Geekbot's and DailyBot's users complain of questions at 10 pm; a question four hours late is another question.
LATE = timedelta(hours=4)
# Officevibe's users: "you have not completed" mails break trust. After three we ask once, then we are quiet.
SILENT_AFTER = 3
# Asked every time, a second door becomes a form; asked never, "OK" ends the conversation, as it does everywhere else.
DOOR_EVERY = 3
LOOKING_BACK = 4


def too_late(due_at: datetime, now: datetime) -> bool:
    """Whether a question due then should no longer be asked now."""
    return now - due_at > LATE


def asked_today(last_asked_at: datetime | None, due_at: datetime, zone: str) -> bool:
    """Whether somebody was asked already on the local date a question is due: once a day over all networks."""
    if last_asked_at is None:
        return False
    return local_date(last_asked_at, zone) == local_date(due_at, zone)


def local_date(instant: datetime, zone: str) -> date:
    """The date on the wall of `zone` at an instant."""
    return instant.astimezone(ZoneInfo(zone)).date()


def second_door(level: Level, before: Sequence[tuple[Level, bool]]) -> bool:
    """Whether to ask "really?" after this answer. `before`: earlier answers and whether the door was opened, latest first.

    Only after Good or OK. Always the first time, so that a member knows it is there; always when a hard answer
    is among the last four, since "OK" the week after "not OK" is what masking looks like; else every third time.
    """
    if level.hard:
        return False
    if not before or any(earlier.hard for earlier, _ in before[:LOOKING_BACK]):
        return True
    return not any(opened for _, opened in before[: DOOR_EVERY - 1])


def next_wording(count: int, used: Sequence[int], seed: int) -> int:
    """Which of `count` wordings to use: none of those used lately, as far as there are enough.

    `used` are the latest first. At least the very last is never repeated (when there are two or more).
    `seed` decides among what is left, so that two members are not asked in the same words.
    """
    if count < 2:
        return 0
    avoid = set(used[: min(len(used), max(1, count // 2))])
    left = [number for number in range(count) if number not in avoid]
    return left[seed % len(left)]


class Later(StrEnum):
    TONIGHT = "tonight"
    TOMORROW = "tomorrow"
    SKIP = "skip"


TONIGHT = time(20, 30)


def later_at(choice: Later, now: datetime, zone: str, usual: time) -> datetime:
    """When to ask again: half past eight tonight, or two hours on if that is near or past; or tomorrow at the usual time.

    "Tonight" never becomes the small hours: after 10 pm it is tomorrow at the usual time.
    """
    local = now.astimezone(ZoneInfo(zone))
    if choice is Later.TONIGHT:
        evening = local.replace(hour=TONIGHT.hour, minute=TONIGHT.minute, second=0, microsecond=0)
        if evening - local >= timedelta(minutes=30):
            return evening
        later = local + timedelta(hours=2)
        if later.date() == local.date() and later.hour < 23:
            return later
    return datetime.combine(local.date() + timedelta(days=1), usual, ZoneInfo(zone))


class Meaning(StrEnum):
    """What a short message in a DM is, when that is plain; everything else is simply words."""

    HELLO = "hello"
    CHANGE = "change"
    WHO_SEES = "who-sees"
    THANKS = "thanks"
    WORDS = "words"


_LEVELS: dict[Level, str] = {
    Level.GOOD: r"good|great|very good|really good|pretty good|lovely|brilliant|grand|i'?m good|all good|da iawn",
    Level.OK: r"ok|okay|k|fine|alright|all right|not bad|so[- ]so|meh|i'?m (?:ok|okay|fine|alright|all right)|iawn",
    Level.WOBBLY: r"wobbly|a bit wobbly|shaky|up and down|bit much|a bit much|struggling a bit|i'?m wobbly",
    Level.NOT_OK: r"not ok|not okay|not good|not great|not fine|bad|terrible|awful|rubbish|i'?m not ok(?:ay)?|"
    r"no|not really|struggling|i'?m struggling|ddim yn iawn",
}
_LEVEL = {level: re.compile(rf"(?:{pattern})", re.IGNORECASE) for level, pattern in _LEVELS.items()}
# "Fine, thanks" is "fine"; "no, thanks" is no answer at all.
_POLITE = re.compile(r"(?<!^no) (?:thanks|thank you|ta|cheers|diolch)$", re.IGNORECASE)

# A question to us must be the whole message. "I can't stop crying all day" has "stop" and "day" in it, and the
# answer to it is never the settings. What no pattern names is words, and words are always met.
_THIS = r"(?:this|these|that|it|them|any of (?:this|it)|my (?:answers?|replies|messages?|words|taps?|name)|what i (?:say|write|type|tap|put|answer|tell you))"
_SEE = r"(?:see|sees|read|reads|look at|looks at|know|knows|hear|hears|find out|be told)(?: about)?"
_WHAT = (
    r"(?:(?:the|my|your|this|that|these) )?(?:time(?: ?zone)?|days?|hours?|quiet hours|questions?|"
    r"check[ -]?ins?|settings?|when you ask(?: me)?|how often you ask(?: me)?)"
)
_MAY = (
    r"(?:(?:and|hi|hello|please|how (?:do|can|could|would) i|where (?:do|can) i|(?:can|could|may) (?:i|we|you)|"
    r"i(?:'d| would) like to|i want to) )*"
)
_AND = r"(?: (?:please|pls|thanks|thank you|then|to \w+(?: \w+)?|for me))*"
_MEANINGS = {
    Meaning.HELLO: r"(?:hi|hiya|hello|hey|helo|shwmae|bore da|good (?:morning|evening|afternoon)|"
    r"(?:are you|anyone|anybody|is any(?:one|body)) there|who are you|what (?:are you|is this))(?: there| again)?",
    Meaning.THANKS: r"(?:thanks|thank you|thank u|ta|cheers|diolch(?: yn fawr(?: iawn)?)?)"
    r"(?: (?:so much|very much|a lot|again|for asking|bot))*",
    Meaning.WHO_SEES: rf"(?:(?:and|but|so) )?(?:who(?: else)?(?: can| will| gets to)? {_SEE} {_THIS}|"
    r"who else (?:sees|reads|knows)|(?:can|could|does|do|will|would) "
    rf"(?:(?:any|some) ?(?:one|body)(?: else)?|my \w+|the \w+|people|others)(?: ever| really)? {_SEE} {_THIS}|"
    r"(?:is|are) (?:this|it|these|my (?:answers?|replies|messages?))(?: really| all)? (?:private|anonymous|confidential|secret))(?: then| though)?",
    Meaning.CHANGE: rf"{_MAY}(?:(?:change|move|set|switch|alter|stop|pause|turn off) {_WHAT}|"
    r"ask (?:me )?(?:at |on )?(?:a |an )?(?:different|another|other|less|more|later|earlier)(?: (?:time|day|hour|often))?|"
    r"move (?:it|them) to \w+|stop asking(?: me)?|(?:where are my |my )?settings|pause)"
    rf"{_AND}",
}
_MEANING = {kind: re.compile(pattern, re.IGNORECASE) for kind, pattern in _MEANINGS.items()}
_LONGEST_QUESTION = 120
# Nothing that anybody sees; then faces that only underline what is said. Any other face may mean the opposite.
_UNSEEN = re.compile("[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufe0f\ufeff]")
_FRIENDLY = re.compile(
    "(?:(?<!:):-?\\)|[\U0001f642\U0001f60a\U0001f600\U0001f44d\U0001f44c\U0001f64f\u263a\u2764\U0001f3fb-\U0001f3ff])+"
)


def one_word(text: str) -> Level | None:
    """The level, when a message says nothing but that ("fine", "Not OK."); None for anything longer."""
    said = _POLITE.sub("", _bare(text))
    for level in (Level.NOT_OK, Level.WOBBLY, Level.OK, Level.GOOD):
        if _LEVEL[level].fullmatch(said):
            return level
    return None


def meaning(text: str) -> Meaning:
    """What a message is. Long ones are always words: a question in the middle of a hard story is not a question to us."""
    said = _bare(text)
    if len(said) > _LONGEST_QUESTION:
        return Meaning.WORDS
    return next((kind for kind, pattern in _MEANING.items() if pattern.fullmatch(said)), Meaning.WORDS)


def _bare(text: str) -> str:
    """The words alone: no punctuation, no spaces to spare, nothing invisible, no friendly faces."""
    seen = _FRIENDLY.sub(" ", _UNSEEN.sub("", text).replace("’", "'"))
    return re.sub(r"\s+", " ", re.sub(r"[.!?…,;\"“”]+", " ", seen)).strip()
