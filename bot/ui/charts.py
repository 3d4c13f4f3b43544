"""A member's own picture of their answers: four named rows, the months along the bottom, a dot for each answer.

It is theirs to read, so it makes no point of its own: one colour for every answer, no score, no line of best fit.
Answers up to three weeks apart are joined by a soft curve; over a longer silence nothing is drawn. Somebody asked
every school day has too many for dots, and gets a stroke for each.

Pillow draws it rather than matplotlib. Measured for two years of answers, from a cold start and on the same machine:
0.11 s and 43 MB against 1.0 s and 77 MB; and since each of its steps is short or lets other threads run, one thread beside
the event loop is enough, with no worker process to start, feed, and outlive. The type comes in a package of its own
because Pillow's built-in one has no letters with accents, and Welsh needs them.
"""

from __future__ import annotations

import asyncio
import io
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from importlib.resources import files
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple
from zoneinfo import ZoneInfo

if TYPE_CHECKING:
    from PIL import Image, ImageDraw, ImageFont

WIDTH, HEIGHT = 1000, 560
LONGEST = timedelta(days=731)
JOINED = timedelta(days=21)

_SCALE = 2  # drawn at twice the size and halved, for smooth edges
_SHORTEST = timedelta(days=56)  # two answers a day apart should not fill the width
_GROUND = (45, 50, 57)
_BAND = (53, 59, 67)
_LINE = (74, 82, 92)
_INK = (236, 234, 228)
_SOFT_INK = (178, 183, 189)
_DOT = (159, 200, 216)
_CROWDED = 130  # about six pixels each: more dots than this hide one another
_TOP, _BOTTOM, _RIGHT = 114, 82, 40
_WIDEST_NAME = 300


class Answer(NamedTuple):
    """One answer: when (aware), and its row, 0 for the top one to 3 for the bottom."""

    at: datetime
    row: int


@dataclass(frozen=True, slots=True)
class Summary:
    """What the picture shows, counted, for putting it in words. Dates are the member's own."""

    count: int
    by_row: tuple[int, int, int, int]
    first_on: date
    last_on: date
    last_row: int


@dataclass(frozen=True, slots=True)
class HistoryWords:
    """Every word in the picture. `rows` from top to bottom, `months` short, `alt` says the same without seeing."""

    title: str
    note: str
    rows: tuple[str, str, str, str]
    months: tuple[str, ...]
    alt: Callable[[Summary], str]


# One thread, so that many members asking at once wait for each other and not the event loop for them.
_hand = ThreadPoolExecutor(max_workers=1, thread_name_prefix="charts")


async def history_picture(
    answers: Sequence[Answer], *, zone: str, until: date, words: HistoryWords
) -> tuple[bytes, str]:
    """`draw_history` beside the event loop, one picture at a time."""
    loop = asyncio.get_running_loop()
    return await loop.run_in_executor(
        _hand, lambda: draw_history(answers, zone=zone, until=until, words=words)
    )


def draw_history(
    answers: Sequence[Answer], *, zone: str, until: date, words: HistoryWords
) -> tuple[bytes, str]:
    """A PNG of 1000 by 560 and its alt text, for answers of up to two years before `until` in `zone`.

    Raises ValueError if there is no answer in that time: that is better said in words.
    """
    end = datetime.combine(until + timedelta(days=1), time.min, ZoneInfo(zone)).astimezone(UTC)
    shown = sorted(answer for answer in answers if end - LONGEST <= answer.at < end)
    if not shown:
        raise ValueError("no answers to draw")
    alt = words.alt(summarise(shown, zone))
    return _Picture(shown, ZoneInfo(zone), end, words).png(), alt


def summarise(answers: Sequence[Answer], zone: str) -> Summary:
    """Counts and dates of answers in order of time, at least one."""
    dates = [answer.at.astimezone(ZoneInfo(zone)).date() for answer in answers]
    rows = [answer.row for answer in answers]
    by_row = (rows.count(0), rows.count(1), rows.count(2), rows.count(3))
    return Summary(len(rows), by_row, dates[0], dates[-1], rows[-1])


@cache
def _type(size: int, *, bold: bool = False) -> ImageFont.FreeTypeFont:
    from PIL import ImageFont

    name = "SourceSansPro-Semibold.ttf" if bold else "SourceSansPro-Regular.ttf"
    data = files("font_source_sans_pro").joinpath("files", name).read_bytes()
    return ImageFont.truetype(io.BytesIO(data), size * _SCALE)


def _widest(texts: Sequence[str], size: int) -> float:
    return max(_type(size).getlength(text) for text in texts) / _SCALE


class _Picture:
    """One drawing. Lengths are in pixels of the finished picture until they are scaled."""

    def __init__(self, answers: list[Answer], zone: ZoneInfo, end: datetime, words: HistoryWords) -> None:
        from PIL import Image, ImageDraw

        self.answers, self.zone, self.words = answers, zone, words
        self.image: Image.Image = Image.new("RGB", (WIDTH * _SCALE, HEIGHT * _SCALE), _GROUND)
        self.pen: ImageDraw.ImageDraw = ImageDraw.Draw(self.image)
        self.start = min(answers[0].at, end - _SHORTEST)
        self.span = (end - self.start).total_seconds()
        self.name_size = next(
            (size for size in (30, 26, 22) if _widest(words.rows, size) <= _WIDEST_NAME), 18
        )
        self.left = 40 + _widest(words.rows, self.name_size) + 28
        # Fewer answers, larger dots; two years of weeks leave eight pixels for each.
        self.radius = max(5.5, min(11.0, 320 / max(1, len(answers)) ** 0.5 / 6))

    def x(self, at: datetime) -> float:
        inset = self.radius + 6
        width = WIDTH - _RIGHT - self.left - 2 * inset
        return self.left + inset + (at - self.start).total_seconds() / self.span * width

    def y(self, row: float) -> float:
        return _TOP + (row + 0.5) * (HEIGHT - _TOP - _BOTTOM) / 4

    def png(self) -> bytes:
        self.draw_rows()
        self.draw_months()
        self.draw_heading()
        if len(self.answers) > _CROWDED:
            self.draw_strokes()
        else:
            self.draw_joins()
            self.draw_dots()
        out = io.BytesIO()
        self.image.reduce(_SCALE).save(out, "PNG", compress_level=6)
        return out.getvalue()

    def text(
        self,
        x: float,
        y: float,
        words: str,
        size: int,
        anchor: str,
        *,
        bold: bool = False,
        soft: bool = False,
    ) -> None:
        ink = _SOFT_INK if soft else _INK
        self.pen.text((x * _SCALE, y * _SCALE), words, fill=ink, font=_type(size, bold=bold), anchor=anchor)

    def draw_heading(self) -> None:
        # One under the other, so that neither language can run the one into the other.
        self.text(40, 54, self.words.title, 38, "ls", bold=True)
        self.text(40, 90, self.words.note, 26, "ls", soft=True)

    def draw_rows(self) -> None:
        for row, name in enumerate(self.words.rows):
            box = (self.left, self.y(row - 0.5) + 3, WIDTH - _RIGHT, self.y(row + 0.5) - 3)
            self.pen.rounded_rectangle([edge * _SCALE for edge in box], 8 * _SCALE, fill=_BAND)
            self.text(self.left - 28, self.y(row), name, self.name_size, "rm")

    def draw_months(self) -> None:
        months = [first for first in self.month_starts() if self.x(first) >= self.left]
        each = (WIDTH - _RIGHT - self.left) / max(1.0, self.span / 2_629_800)
        room = _widest(self.words.months, 28) + 16
        step = next((step for step in (1, 2, 3, 4) if each * step >= room), 6)
        said_year = False
        for first in months:
            local = first.astimezone(self.zone)
            if (local.month - 1) % step:
                continue
            x, name = self.x(first), self.words.months[local.month - 1]
            self.line(x, self.y(-0.5), self.y(3.5))
            if x + _widest([name], 28) > WIDTH - 8:
                continue
            self.text(x, HEIGHT - _BOTTOM + 10, name, 28, "la")
            if local.month == 1 or not said_year:
                self.text(x, HEIGHT - _BOTTOM + 42, str(local.year), 24, "la", soft=True)
                said_year = True

    def line(self, x: float, top: float, bottom: float) -> None:
        ends = [(x * _SCALE, top * _SCALE), (x * _SCALE, bottom * _SCALE)]
        self.pen.line(ends, fill=_LINE, width=_SCALE)

    def month_starts(self) -> list[datetime]:
        first = self.start.astimezone(self.zone).date().replace(day=1)
        months = (first.year * 12 + first.month - 1 + n for n in range(26))
        starts = (datetime(m // 12, m % 12 + 1, 1, tzinfo=self.zone) for m in months)
        end = self.start + timedelta(seconds=self.span)
        return [each.astimezone(UTC) for each in starts if each < end]

    def draw_joins(self) -> None:
        """Curves that leave and reach each dot level, so that no slope is read into them."""
        from PIL import Image, ImageDraw

        layer = Image.new("L", self.image.size, 0)
        pen = ImageDraw.Draw(layer)
        for one, two in pairwise(self.answers):
            if two.at - one.at > JOINED:
                continue
            x1, x2, y1, y2 = self.x(one.at), self.x(two.at), self.y(one.row), self.y(two.row)
            steps = [n / 16 for n in range(17)]
            curve = [
                ((x1 + (x2 - x1) * t) * _SCALE, (y1 + (y2 - y1) * t * t * (3 - 2 * t)) * _SCALE)
                for t in steps
            ]
            pen.line(curve, fill=120, width=round(max(3.0, self.radius * 0.5) * _SCALE), joint="curve")
        self.image.paste(_DOT, mask=layer)

    def draw_strokes(self) -> None:
        """For somebody asked every school day: a short upright stroke each, so that the rows show where they gather."""
        for answer in self.answers:
            x, y = self.x(answer.at), self.y(answer.row)
            box = (x - 1, y - 15, x + 1, y + 15)
            self.pen.rounded_rectangle([edge * _SCALE for edge in box], _SCALE, fill=_DOT)

    def draw_dots(self) -> None:
        for answer in self.answers:
            self.dot(answer, self.radius + 1.5, _BAND)  # a thin edge keeps close dots apart
            self.dot(answer, self.radius, _DOT)
        last = self.answers[-1]
        self.dot(last, self.radius + 4, _INK)
        self.dot(last, self.radius, _DOT)

    def dot(self, answer: Answer, radius: float, colour: tuple[int, int, int]) -> None:
        x, y = self.x(answer.at), self.y(answer.row)
        box = (x - radius, y - radius, x + radius, y + radius)
        self.pen.ellipse([edge * _SCALE for edge in box], fill=colour)
