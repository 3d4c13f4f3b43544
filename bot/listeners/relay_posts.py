"""What is passed on between the two sides of a talk: taken in, changed, taken back, sent in order, settled.

Words are sealed before they are on the disk. A message of Discord's is taken once, however often it comes.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import func
from sqlmodel import Session, col, select

from bot.db.keys import Keyring
from bot.db.store import wake
from bot.listeners.relay_quick import Line
from bot.listeners.relay_sending import Parcel, going, parcel_of, told_since
from bot.listeners.talk_rules import LATE, PARTIES, ROOM, Role, Talk, harmless, pieces
from bot.listeners.talk_tables import WHICH, WHO, Going, Post, Side, TalkRow
from bot.members.tables import Network

TALKS = "talks"
"""What a commit wakes when there is something to pass on."""


@dataclass(frozen=True, slots=True)
class Heard:
    """Something a person wrote to the bot. `answers` is the row whose message it is a reply to, when that was ours."""

    message_id: int
    user_id: int
    text: str
    written_at: datetime
    answers: int | None = None
    answers_own: int | None = None
    """The message of their own it is a reply to."""
    somebody: str = "somebody"
    """What stands where a mention stood."""


class Took(StrEnum):
    """What became of something somebody wrote."""

    NOT_OURS = "not-ours"  # they are in no open talk, or it answers another matter
    PASSED = "passed"
    HELD = "held"
    AGAIN = "again"
    UNREADABLE = "unreadable"
    ENDED = "ended"  # it answers something said in a talk that is over
    WAITING = "waiting"  # they wait for a listener; nobody is there to pass it on to


@dataclass(frozen=True, slots=True)
class Choice:
    """A talk a held message may be for: its id, and what its other side is called."""

    talk_id: int
    name: str


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of it; whom to pass it on to; for a held one what it may be for."""

    outcome: Took
    to_id: int | None = None
    now: Parcel | None = None
    """What can be sent at once: nothing waits before it."""
    post_id: int = 0
    choices: tuple[Choice, ...] = ()
    network_id: int = 0
    language: str = "en"
    line: Line | None = None
    """What to remember, so that the next plain words go quicker."""


# Taking in


def take(session: Session, keys: Keyring, heard: Heard, now: datetime) -> Taken:
    """Take in what somebody wrote, for the talk it belongs to. What comes a second time changes nothing.

    A reply decides which talk; else the only open one; else it is held and its writer is to be asked.
    """
    mine = _open_parts(session, keys, heard.user_id)
    replied = session.get(Post, heard.answers) if heard.answers else None
    if heard.answers and (replied is None or not _is_in(session, keys, heard.user_id, replied.talk_id)):
        return Taken(Took.NOT_OURS)
    if not mine or (replied is not None and all(talk.id != replied.talk_id for _, talk in mine)):
        if replied is None:
            waits = _waits(session, keys, heard.user_id)
            return Taken(Took.WAITING if waits else Took.NOT_OURS)
        state = session.get_one(TalkRow, replied.talk_id).state
        return Taken(Took.WAITING if state == Talk.WAITING else Took.ENDED)
    source = keys.index(str(heard.message_id), WHICH)
    if session.exec(select(Post.id).where(Post.source_index == source)).first() is not None:
        return Taken(Took.AGAIN)
    if replied is None and heard.answers_own:
        replied = session.exec(
            select(Post)
            .where(Post.source_index == keys.index(str(heard.answers_own), WHICH))
            .order_by(col(Post.part))
        ).first()
    chosen = next((one for one in mine if replied is not None and one[1].id == replied.talk_id), None)
    if chosen is None and len(mine) == 1:
        chosen = mine[0]
    part, talk = chosen or mine[0]
    since = told_since(session, keys, part.id)
    if replied is None and (since is None or heard.message_id < since):
        return Taken(Took.NOT_OURS)
    network = session.get_one(Network, talk.network_id)
    other = _other(session, part) if chosen else None
    text = harmless(heard.text, heard.somebody)
    readable = bool(text.strip())
    idle = other is not None and _idle(session, other.id)
    seq, first = _next_seq(session), None
    for number, words in enumerate(pieces(text, ROOM)):
        post = Post(
            talk_id=talk.id,
            from_id=part.id,
            to_id=other.id if other else None,
            seq=seq + number,
            part=number,
            source_index=source,
            answers_id=replied.id if replied is not None and number == 0 else None,
            state=Going.READY if other else Going.HELD,
            late=now - heard.written_at > LATE,
            written_at=heard.written_at,
        )
        post.source_sealed = keys.seal(str(heard.message_id), "talk_post", "source_sealed", post.id)
        if readable:
            post.words_sealed = keys.seal(words, "talk_post", "words_sealed", post.id)
        else:
            post.state = Going.DROPPED
        first = first or post
        session.add(post)
    assert first is not None
    if not readable:
        return Taken(Took.UNREADABLE, network_id=network.id, language=network.language)
    if other is None:
        choices = tuple(
            Choice(one.id, there.name(keys))
            for side, one in mine
            if (there := _other(session, side)) is not None
        )
        return Taken(
            Took.HELD, post_id=first.id, choices=choices, network_id=network.id, language=network.language
        )
    now_parcel = None
    if idle:
        first.state = Going.SENDING
        session.flush()
        now_parcel = parcel_of(session, keys, first, other, talk, part)
    line = None
    if now_parcel is not None and len(mine) == 1:
        roles = Role(part.role), Role(other.role)
        line = Line(talk.id, part.id, roles[0], other.id, roles[1], part.person_index, since or 0, now_parcel)
    return Taken(Took.PASSED, other.id, now_parcel, first.id, (), network.id, network.language, line)


def _is_in(session: Session, keys: Keyring, user_id: int, talk_id: int) -> bool:
    index = keys.index(str(user_id), WHO)
    return (
        session.exec(select(Side.id).where(Side.talk_id == talk_id, Side.person_index == index)).first()
        is not None
    )


def _waits(session: Session, keys: Keyring, user_id: int) -> bool:
    waiting = select(Side.id).where(
        Side.person_index == keys.index(str(user_id), WHO),
        Side.talk_id == TalkRow.id,
        Side.role == Role.MEMBER,
        TalkRow.state == Talk.WAITING,
    )
    return session.exec(waiting).first() is not None


def parts_open(session: Session, keys: Keyring, user_id: int) -> int:
    """In how many open talks somebody is."""
    return len(_open_parts(session, keys, user_id))


def _open_parts(session: Session, keys: Keyring, user_id: int) -> list[tuple[Side, TalkRow]]:
    return list(
        session.exec(
            select(Side, TalkRow)
            .where(
                Side.person_index == keys.index(str(user_id), WHO),
                Side.talk_id == TalkRow.id,
                col(Side.role).in_(list(PARTIES)),
                TalkRow.state == Talk.OPEN,
            )
            .order_by(col(TalkRow.opened_at), col(TalkRow.id))
        ).all()
    )


def _other(session: Session, part: Side) -> Side | None:
    return session.exec(
        select(Side).where(
            Side.talk_id == part.talk_id, Side.id != part.id, col(Side.role).in_(list(PARTIES))
        )
    ).first()


def _idle(session: Session, to_id: int) -> bool:
    return session.exec(select(Post.id).where(going(to_id)).limit(1)).first() is None


def _next_seq(session: Session) -> int:
    return (session.exec(select(func.max(Post.seq))).one() or 0) + 1


def choose(session: Session, keys: Keyring, user_id: int, post_id: int, talk_id: int) -> str:
    """Let everything somebody wrote that is held be for one of their talks; what its other side is called.

    `post_id` is the message they were asked about. Raises `LookupError` when that talk is not theirs, or not open.
    """
    mine = {talk.id: part for part, talk in _open_parts(session, keys, user_id)}
    part = mine.get(talk_id)
    asked = session.get(Post, post_id)
    other = _other(session, part) if part else None
    if part is None or other is None or asked is None:
        raise LookupError
    theirs = [one.id for one in mine.values()]
    held = session.exec(
        select(Post)
        .where(col(Post.from_id).in_(theirs), Post.state == Going.HELD)
        .order_by(col(Post.seq), col(Post.part))
    ).all()
    if asked.from_id not in theirs:
        raise LookupError
    seq = _next_seq(session)
    for number, post in enumerate(held):
        post.from_id, post.talk_id, post.to_id = part.id, talk_id, other.id
        post.seq, post.state = seq + number, Going.READY
        session.add(post)
    if held:
        wake(session, TALKS)
    return other.name(keys)


def change(
    session: Session,
    keys: Keyring,
    user_id: int,
    message_id: int,
    text: str,
    somebody: str,
    now: datetime,
) -> None:
    """Somebody changed what they wrote: what was passed on is changed too, while the talk is open.

    `somebody` stands where a mention stood. Emptied, as Discord allows beside a picture, it is left as it was; words
    added to what had none go as if written now.
    """
    found = _written_as(session, keys, message_id)
    if not found or session.get_one(TalkRow, found[0].talk_id).state != Talk.OPEN:
        return
    first = found[0]
    part = session.get(Side, first.from_id)
    plain = harmless(text, somebody)
    if part is None or part.person_index != keys.index(str(user_id), WHO) or not plain.strip():
        return
    words = pieces(plain, ROOM)
    if [post.words(keys) for post in found if post.state != Going.DROPPED] == words:
        return
    if _never_had_words(session, first):
        first.seq, first.state = _next_seq(session), Going.READY
    for number, post in enumerate(found):
        if number < len(words):
            _reword(keys, post, words[number])
        else:
            _take_back(post)
        session.add(post)
    seq = _next_seq(session)
    for number in range(len(found), len(words)):
        post = Post(
            talk_id=first.talk_id,
            from_id=first.from_id,
            to_id=first.to_id,
            seq=seq + number,
            part=number,
            source_index=first.source_index,
            state=Going.HELD if first.state == Going.HELD else Going.READY,
            written_at=now,
        )
        post.source_sealed = keys.seal(str(message_id), "talk_post", "source_sealed", post.id)
        post.words_sealed = keys.seal(words[number], "talk_post", "words_sealed", post.id)
        session.add(post)
    wake(session, TALKS)


def _never_had_words(session: Session, post: Post) -> bool:
    """Whether it was a picture or a file alone, and whom it was for is there still."""
    to = session.get(Side, post.to_id) if post.to_id is not None else None
    empty = post.state == Going.DROPPED and post.words_sealed is None and post.copy_sealed is None
    return empty and post.source_sealed is not None and to is not None and to.role in PARTIES


def _reword(keys: Keyring, post: Post, words: str) -> None:
    if post.state == Going.DROPPED or post.words(keys) == words:
        return
    post.words_sealed = keys.seal(words, "talk_post", "words_sealed", post.id)
    # What is on its way went with the old words; once it is there it is changed.
    post.changed = post.state in (Going.SENT, Going.SENDING)


def _take_back(post: Post) -> None:
    post.words_sealed = None
    if post.state in (Going.SENT, Going.SENDING):
        post.changed = True
    else:
        post.state = Going.DROPPED


def withdraw(session: Session, keys: Keyring, message_id: int) -> None:
    """Somebody deleted what they wrote: its words go at once, and what was passed on is deleted too.

    That holds after the talk has ended as well, as long as it is known which message it was.
    """
    found = _written_as(session, keys, message_id)
    for post in found:
        if post.state != Going.DROPPED:
            _take_back(post)
        post.source_sealed = None  # no message any more: no change of it counts, and nothing answers it
        session.add(post)
    if found:
        wake(session, TALKS)


def _written_as(session: Session, keys: Keyring, message_id: int) -> list[Post]:
    return list(
        session.exec(
            select(Post)
            .where(Post.source_index == keys.index(str(message_id), WHICH))
            .order_by(col(Post.part))
        )
    )


# The bot's own words in a talk


def tell(
    session: Session,
    keys: Keyring,
    to: Side,
    template: str,
    params: Mapping[str, str],
    now: datetime,
    subject_id: int | None = None,
) -> None:
    """Say something of the bot's own to one side, after what is on its way there; in the caller's transaction.

    Buttons speak of the talk, or of `subject_id`.
    """
    post = Post(
        talk_id=to.talk_id,
        to_id=to.id,
        seq=_next_seq(session),
        notice=True,
        written_at=now,
        closed_at=to.closed_at,
    )
    said = json.dumps([template, dict(params), subject_id or to.talk_id])
    post.words_sealed = keys.seal(said, "talk_post", "words_sealed", post.id)
    session.add(post)
    session.flush()
    wake(session, TALKS)
