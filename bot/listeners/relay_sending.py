"""Passing on, step by step: what is next on one side of a talk, and how it ended. Each function is one transaction's part."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import ColumnElement, func
from sqlmodel import Session, col, select

from bot.db.keys import Keyring
from bot.listeners.talk_rules import PARTIES, Role, Talk
from bot.listeners.talk_tables import WAITING_TO_GO, Going, Post, Side, TalkRow
from bot.members.tables import Network, Person


@dataclass(frozen=True, slots=True)
class Parcel:
    """One thing to do on one side of a talk, everything unsealed that is needed for it."""

    post_id: int
    to_id: int
    network_id: int
    language: str
    user_id: int
    channel_id: int
    name: str = ""
    words: str = ""
    template: str = ""
    params: Mapping[str, str] | None = None
    subject_id: int = 0
    reply_to: int | None = None
    late: bool = False
    copy_id: int | None = None
    """The message on that side, if it is there already: then it is to be changed, or without words taken away."""
    after_id: int | None = None
    in_doubt: bool = False
    sender_id: int = 0
    """Who wrote it; 0: the bot."""
    listener_id: int = 0
    """Which of the two is the listener."""
    kept: bytes = b""
    """The words as they lie in the database, where they went the quick way."""


def going(to_id: int | None = None) -> ColumnElement[bool]:
    """What makes a message one that something is still to be done about: on one side, or on any."""
    unfinished = col(Post.state).in_(list(WAITING_TO_GO)) | col(Post.changed)
    return unfinished & (col(Post.to_id).is_not(None) if to_id is None else col(Post.to_id) == to_id)


def lanes(session: Session) -> list[int]:
    """Every side of a talk that something is on its way to, whatever was first first."""
    found = select(Post.to_id, func.min(Post.seq)).where(going()).group_by(col(Post.to_id))
    return [to_id for to_id, _ in session.exec(found.order_by(func.min(Post.seq))) if to_id is not None]


def claim(session: Session, keys: Keyring, to_id: int) -> Parcel | None:
    """The next thing to do on one side, noted as begun; None when there is nothing.

    Words that were not sent before their talk ended are let go, not sent late.
    """
    to = session.get(Side, to_id)
    if to is None:
        return None
    talk = session.get_one(TalkRow, to.talk_id)
    for post in session.exec(select(Post).where(going(to_id)).order_by(col(Post.seq))).all():
        over = not post.notice and (talk.state != Talk.OPEN or to.role not in PARTIES)
        in_doubt = post.state == Going.SENDING
        if post.state == Going.READY:
            if over or post.words_sealed is None:
                post.state = Going.DROPPED
                session.add(post)
                continue
            post.state = Going.SENDING
            session.add(post)
        elif post.state == Going.DROPPED or (post.state == Going.SENT and post.copy_sealed is None):
            post.changed = False
            session.add(post)
            continue
        sender = session.get(Side, post.from_id) if post.from_id else None
        parcel = parcel_of(session, keys, post, to, talk, sender, in_doubt=in_doubt)
        if parcel is not None:
            return parcel
        post.state, post.changed = Going.DROPPED, False  # there is nobody to send it to any more
        session.add(post)
    return None


def over(session: Session, post_id: int) -> bool:
    """Whether words that are on their way, and that Discord does not have, are not to be sent any more."""
    post = session.get(Post, post_id)
    if post is None or post.words_sealed is None:
        return True
    if post.notice:
        return False
    # Handed over and taken, a talk is open again, and what its former listener wrote is not for it.
    both = [session.get(Side, side_id) for side_id in (post.from_id, post.to_id)]
    ended = session.get_one(TalkRow, post.talk_id).state != Talk.OPEN
    return ended or any(one is None or one.role not in PARTIES for one in both)


def parcel_of(
    session: Session,
    keys: Keyring,
    post: Post,
    to: Side,
    talk: TalkRow,
    sender: Side | None,
    *,
    in_doubt: bool = False,
) -> Parcel | None:
    user_id = to.user_id(keys)
    person = session.get(Person, user_id)
    if person is None or person.dm_channel_id is None:
        return None
    network = session.get_one(Network, talk.network_id)
    said = post.words(keys)
    notice: tuple[str, dict[str, str], int] = json.loads(said) if post.notice and said else ("", {}, 0)
    template, params, subject_id = notice
    sender_id = sender.user_id(keys) if sender else 0
    listening = sender_id if sender is not None and sender.role != Role.MEMBER else user_id
    return Parcel(
        post.id,
        to.id,
        talk.network_id,
        person.language or network.language,
        user_id,
        person.dm_channel_id,
        sender.name(keys) if sender else "",
        "" if post.notice else said,
        template,
        params,
        subject_id,
        _counterpart(session, keys, post),
        post.late,
        post.copy_id(keys) if post.state == Going.SENT else None,
        _last_there(session, keys, post) if in_doubt else None,
        in_doubt,
        sender_id,
        listening if sender else 0,
    )


def _counterpart(session: Session, keys: Keyring, post: Post) -> int | None:
    """The message on the receiving side of what this one answers."""
    answered = session.get(Post, post.answers_id) if post.answers_id else None
    if answered is None:
        return None
    if answered.to_id == post.to_id:
        return answered.copy_id(keys)
    # What somebody wrote before a talk was handed over stands in another conversation.
    return answered.source_id(keys) if answered.from_id == post.to_id else None


def _last_there(session: Session, keys: Keyring, post: Post) -> int | None:
    """The newest message known to be on that side before this one: where a look begins."""
    before = session.exec(
        select(Post)
        .where(Post.to_id == post.to_id, Post.seq < post.seq, col(Post.copy_sealed).is_not(None))
        .order_by(col(Post.seq).desc())
        .limit(1)
    ).first()
    return before.copy_id(keys) if before else None


OPENED = "talks.opened"
"""How the notices begin that tell each of the two that the other is there."""


def told_since(session: Session, keys: Keyring, side_id: int) -> int | None:
    """The message that told somebody their talk is open: what they wrote before it was not for the talk.

    None while it is on its way; 0 where it could not be delivered, or never was.
    """
    notices = session.exec(
        select(Post).where(Post.to_id == side_id, col(Post.notice)).order_by(col(Post.seq).desc())
    )
    for post in notices:
        if json.loads(post.words(keys) or '[""]')[0].startswith(OPENED):
            return None if post.state in WAITING_TO_GO else post.copy_id(keys) or 0
    return 0


class Ending(StrEnum):
    """How one thing to do on one side of a talk ended."""

    DONE = "done"
    CLOSED_DMS = "closed-dms"  # they take no messages from the bot
    LOST = "lost"  # it cannot be sent at all, or is not to be sent any more


def settle(
    session: Session, keys: Keyring, parcel: Parcel, ending: Ending, copy_id: int | None, now: datetime
) -> Parcel | None:
    """Write down how it ended, and claim what is next on that side."""
    post = session.get(Post, parcel.post_id)
    if post is not None:
        if parcel.copy_id is not None:
            _settle_change(keys, post, parcel)
        elif ending is Ending.DONE and copy_id is not None:
            post.state = Going.SENT
            post.copy_sealed = keys.seal(str(copy_id), "talk_post", "copy_sealed", post.id)
            # Its words may have been changed or taken back while it was on its way.
            post.changed = post.words_sealed is None or (not post.notice and post.words(keys) != parcel.words)
        else:
            post.state, post.changed = Going.DROPPED, False
        session.add(post)
    person = session.get(Person, parcel.user_id)
    if person is not None and ending is Ending.CLOSED_DMS:
        person.dm_closed_at = now
        session.add(person)
    session.flush()
    return claim(session, keys, parcel.to_id)


def _settle_change(keys: Keyring, post: Post, parcel: Parcel) -> None:
    if not parcel.words:
        post.copy_sealed = None
        post.changed, post.state = False, Going.DROPPED
    else:
        post.changed = post.words(keys) != parcel.words
