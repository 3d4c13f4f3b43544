"""A member's own answers as a picture, with its description in words. Imports a drawing library: import it late."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from bot.content.library import Library
from bot.ui.charts import Answer, HistoryWords, Summary, history_picture

ROWS = ("good", "ok", "wobbly", "not-ok")


async def picture(
    library: Library, past: Sequence[tuple[datetime, str]], zone: str, until: datetime
) -> tuple[bytes, str, str]:
    """The picture as PNG, its description for those who cannot see it, and since when, in words.

    `past` are instants and levels, at least one, oldest first.
    """
    text = library.text

    def described(summary: Summary) -> str:
        answers = text("checkins.history.count", count=summary.count, since=library.day(summary.first_on))
        good, ok, wobbly, not_ok = (str(n) for n in summary.by_row)
        return str(
            text(
                "checkins.history.alt",
                answers=answers,
                good=good,
                ok=ok,
                wobbly=wobbly,
                not_ok=not_ok,
                level=text(f"checkins.level.{past[-1][1]}"),
                last=library.day(summary.last_on),
            )
        )

    months = await asyncio.to_thread(library.months)  # the first who asks has the names to load
    names = [str(text(f"checkins.history.{row}")) for row in ROWS]
    words = HistoryWords(
        title=str(text("checkins.history.title")),
        note="",
        rows=(names[0], names[1], names[2], names[3]),
        months=months,
        alt=described,
    )
    answers = [Answer(at, ROWS.index(level)) for at, level in past]
    local = ZoneInfo(zone)
    image, alt = await history_picture(answers, zone=zone, until=until.astimezone(local).date(), words=words)
    return image, alt, library.day(past[0][0].astimezone(local).date())
