"""The way most words go: one person, one open talk, no reply, nothing waiting before them. Three statements made ready once.

What is remembered of a talk spares looking for it, and is checked in the same transaction: whatever has changed, or is
anything but plain, goes the long way (`relay_posts.take`, `relay_sending.settle`). A third of the time (measured).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Exists, bindparam, exists, func, insert, or_, update
from sqlalchemy import select as columns
from sqlmodel import Session, col

from bot.db.columns import new_id
from bot.db.keys import Keyring
from bot.db.prepared import Prepared
from bot.listeners.relay_sending import Parcel, claim
from bot.listeners.talk_rules import LATE, ROOM, Role, Talk, harmless
from bot.listeners.talk_tables import WHICH, Going, Post, Side, TalkRow


@dataclass(frozen=True, slots=True)
class Line:
    """What is remembered of somebody's one open talk. `parcel` is how the last of their words went."""

    talk_id: int
    part_id: int
    role: Role
    to_id: int
    to_role: Role
    person_index: bytes
    since: int
    """The message that told them that the talk is open."""
    parcel: Parcel


def _has(side_id: str, role: str) -> Exists:
    return exists().where(
        col(Side.id) == bindparam(side_id),
        col(Side.role) == bindparam(role),
        col(Side.talk_id) == col(TalkRow.id),
    )


_OPEN = Talk.OPEN.value
_parts = (
    columns(func.count())
    .select_from(Side)
    .join(TalkRow, col(TalkRow.id) == col(Side.talk_id))
    .where(
        col(Side.person_index) == bindparam("person"),
        or_(col(Side.role) == Role.MEMBER.value, col(Side.role) == Role.LISTENER.value),
        col(TalkRow.state) == _OPEN,
    )
    .scalar_subquery()
)
_unfinished = or_(
    col(Post.state) == Going.READY.value, col(Post.state) == Going.SENDING.value, col(Post.changed)
)
_LOOK = Prepared(
    columns(
        _parts,
        exists().where(col(Post.to_id) == bindparam("to_id"), _unfinished),
        exists().where(col(Post.source_index) == bindparam("source")),
        columns(func.coalesce(func.max(Post.seq), 0)).scalar_subquery(),
    )
    .select_from(TalkRow)
    .where(
        col(TalkRow.id) == bindparam("talk_id"),
        col(TalkRow.state) == _OPEN,
        _has("part_id", "role"),
        _has("to_id", "to_role"),
    )
)
_COLUMNS: tuple[str, ...] = tuple(str(name) for name in Post.model_fields)
_PUT = Prepared(insert(Post), sets=_COLUMNS)
_SENT = Prepared(
    update(Post).where(
        col(Post.id) == bindparam("post_id"),
        col(Post.state) == Going.SENDING.value,
        col(Post.words_sealed) == bindparam("kept"),
    ),
    sets=("state", "copy_sealed"),
)
_MORE = Prepared(columns(exists().where(col(Post.to_id) == bindparam("to_id"), _unfinished)))


def take(
    session: Session,
    keys: Keyring,
    line: Line,
    message_id: int,
    text: str,
    somebody: str,
    written_at: datetime,
    now: datetime,
) -> Parcel | None:
    """Take in plain words for the talk they were last passed on in, as being sent; None: they must go the long way."""
    words = harmless(text, somebody)
    plain = words.strip() and len(words) <= ROOM and now - written_at <= LATE
    if not plain or message_id < line.since:
        return None
    source = keys.index(str(message_id), WHICH)
    looked = _LOOK.rows(
        session,
        {
            "person": line.person_index,
            "to_id": line.to_id,
            "source": source,
            "talk_id": line.talk_id,
            "part_id": line.part_id,
            "role": line.role.value,
            "to_role": line.to_role.value,
        },
    )
    if not looked or (parts_waiting := looked[0])[0] != 1 or parts_waiting[1] or parts_waiting[2]:
        return None
    post_id = new_id()
    sealed = keys.seal(words, "talk_post", "words_sealed", post_id)
    row: dict[str, Any] = dict.fromkeys(_COLUMNS) | {
        "id": post_id,
        "talk_id": line.talk_id,
        "from_id": line.part_id,
        "to_id": line.to_id,
        "seq": parts_waiting[3] + 1,
        "part": 0,
        "source_sealed": keys.seal(str(message_id), "talk_post", "source_sealed", post_id),
        "source_index": source,
        "words_sealed": sealed,
        "notice": False,
        "state": Going.SENDING.value,
        "changed": False,
        "late": False,
        "written_at": written_at,
    }
    _PUT.run(session, row)
    return replace(line.parcel, post_id=post_id, words=words, kept=sealed, reply_to=None)


def settle(session: Session, keys: Keyring, parcel: Parcel, copy_id: int) -> tuple[bool, Parcel | None]:
    """Write down that plain words are there, and claim what is next; false: it must be written down the long way."""
    sealed = keys.seal(str(copy_id), "talk_post", "copy_sealed", parcel.post_id)
    done = _SENT.run(
        session,
        {
            "post_id": parcel.post_id,
            "kept": parcel.kept,
            "state": Going.SENT.value,
            "copy_sealed": sealed,
        },
    )
    if done != 1:
        return False, None
    if not _MORE.rows(session, {"to_id": parcel.to_id})[0][0]:
        return True, None
    return True, claim(session, keys, parcel.to_id)
