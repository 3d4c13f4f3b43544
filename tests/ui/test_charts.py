"""The picture of one's own answers, looked at pixel by pixel where it makes a promise."""

from __future__ import annotations

import asyncio
import io
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import pytest
from PIL import Image

from bot.ui.charts import Answer, HistoryWords, Summary, draw_history, history_picture

UNTIL = date(2026, 11, 22)
MONTHS = ("Ion", "Chwef", "Maw", "Ebrill", "Mai", "Meh", "Gorff", "Awst", "Medi", "Hyd", "Tach", "Rhag")


def told(summary: Summary) -> str:
    return f"{summary.count} since {summary.first_on}: {summary.by_row}, last {summary.last_on} {summary.last_row}"


WORDS = HistoryWords("Yours", "Only you can see this", ("Good", "OK", "Wobbly", "Not OK"), MONTHS, told)


def on(day: str, row: int) -> Answer:
    return Answer(datetime.fromisoformat(day).replace(hour=12, tzinfo=UTC), row)


def drawn(*answers: Answer, words: HistoryWords = WORDS) -> Image.Image:
    png, _ = draw_history(answers, zone="Europe/London", until=UNTIL, words=words)
    assert png.startswith(b"\x89PNG")
    return Image.open(io.BytesIO(png)).convert("RGB")


def bright(red: int, green: int, blue: int) -> bool:
    """The colour of a dot: neither ground, band, line, join nor the warm white of the type."""
    return blue > 200 and blue - red > 40 and green > 180


def dots(picture: Image.Image) -> list[tuple[int, int, int, int]]:
    """Boxes of columns and rows of each separate dot, from left to right."""
    found: list[tuple[int, int, int, int]] = []
    for x in range(picture.width):
        column = picture.crop((x, 0, x + 1, picture.height)).tobytes()
        rows = [y for y in range(picture.height) if bright(*column[3 * y : 3 * y + 3])]
        if not rows:
            continue
        if found and x - found[-1][1] == 1:
            left, _, top, bottom = found[-1]
            found[-1] = (left, x, min(top, *rows), max(bottom, *rows))
        else:
            found.append((x, x, min(rows), max(rows)))
    return found


def test_each_answer_is_a_dot_in_its_own_row_and_time() -> None:
    found = dots(drawn(*(on(f"2026-10-{1 + 7 * row:02}", row) for row in range(4))))
    assert len(found) == 4
    middles = [(top + bottom) / 2 for _, _, top, bottom in found]
    steps = [lower - upper for upper, lower in pairwise(middles)]
    assert min(steps) > 60
    assert max(steps) - min(steps) <= 2
    lefts = [left for left, _, _, _ in found]
    apart = [right - left for left, right in pairwise(lefts)]
    assert max(apart) - min(apart) <= 2


def test_good_is_above_not_ok_and_both_are_the_same_colour() -> None:
    good, bad = drawn(on("2026-11-10", 0)), drawn(on("2026-11-10", 3))
    (first,), (second,) = dots(good), dots(bad)
    assert first[2] < second[2]
    middles = [((box[0] + box[1]) // 2, (box[2] + box[3]) // 2) for box in (first, second)]
    assert good.getpixel(middles[0]) == bad.getpixel(middles[1])


@pytest.mark.parametrize(("later", "joined"), [("2026-10-22", True), ("2026-10-23", False)])
def test_answers_are_joined_up_to_three_weeks_and_a_longer_silence_is_left_empty(
    later: str, joined: bool
) -> None:
    picture = drawn(on("2026-10-01", 1), on(later, 1))
    one, two = dots(picture)
    middle = (one[2] + one[3]) // 2
    between = [picture.getpixel((x, middle)) for x in range(one[1] + 8, two[0] - 8)]
    assert len(between) > 100
    empty = {(53, 59, 67)}
    assert (set(between) == empty) is not joined


def test_nothing_but_the_answers_is_plotted() -> None:
    # Two far apart: any line through the points, or an average, would show between them.
    picture = drawn(on("2025-12-01", 0), on("2026-11-01", 3))
    one, two = dots(picture)
    bands = {(45, 50, 57), (53, 59, 67), (74, 82, 92)}
    inside = picture.crop((one[1] + 6, 120, two[0] - 8, 470))
    colours = inside.getcolors(maxcolors=100_000)
    assert colours is not None
    seen = sum(number for number, colour in colours if colour in bands)
    assert seen / (inside.width * inside.height) > 0.97  # the rest is the softened edges of bands and lines


def test_the_alt_text_is_told_the_same_as_the_picture_in_local_dates() -> None:
    answers = [
        Answer(datetime(2026, 6, 3, 23, 30, tzinfo=UTC), 0),  # 00:30 on the 4th in London
        on("2026-07-01", 1),
        on("2026-07-08", 1),
        on("2026-07-15", 3),
    ]
    _, alt = draw_history(answers[::-1], zone="Europe/London", until=UNTIL, words=WORDS)
    assert alt == "4 since 2026-06-04: (1, 2, 0, 1), last 2026-07-15 3"


def test_only_two_years_up_to_the_day_asked_for_are_drawn() -> None:
    answers = [on("2024-01-01", 0), on("2025-01-01", 1), on("2026-11-22", 2), on("2026-11-23", 3)]
    _, alt = draw_history(answers, zone="Europe/London", until=UNTIL, words=WORDS)
    assert alt.startswith("2 since 2025-01-01: (0, 1, 1, 0)")


def test_no_answers_is_not_a_picture() -> None:
    with pytest.raises(ValueError, match="no answers"):
        draw_history([on("2020-01-01", 0)], zone="Europe/London", until=UNTIL, words=WORDS)


def test_welsh_letters_have_shapes_of_their_own() -> None:
    def titled(title: str) -> bytes:
        words = HistoryWords(title, "", WORDS.rows, MONTHS, told)
        return drawn(on("2026-11-10", 0), words=words).crop((30, 10, 500, 70)).tobytes()

    letters = ["\ufffe", *"wŵyŷaâoô"]  # the first has no shape: it shows what a missing one looks like
    assert len({titled(letter) for letter in letters}) == len(letters)


@pytest.mark.parametrize("number", [1, 3, 26, 104, 731])
def test_any_number_of_answers_stays_inside_the_picture(number: int) -> None:
    end = datetime(2026, 11, 22, 12, tzinfo=UTC)
    answers = [Answer(end - timedelta(days=n * 730 / max(number, 2)), n % 4) for n in range(number)]
    picture = drawn(*answers)
    assert picture.size == (1000, 560)
    found = dots(picture)
    assert found[0][0] > 100
    assert found[-1][1] < 960


def test_an_answer_every_school_day_is_a_stroke_in_its_row_and_none_is_joined() -> None:
    end = datetime(2026, 11, 20, 12, tzinfo=UTC)
    answers = [Answer(end - timedelta(days=n), 0 if n % 4 else 3) for n in range(0, 400, 3)]
    picture = drawn(*answers)
    gap = picture.crop((200, 260, 940, 380)).getcolors(maxcolors=10_000)  # the two middle rows
    assert gap is not None
    assert all(not bright(*colour) for _, colour in gap if isinstance(colour, tuple))
    assert len({(top, bottom) for _, _, top, bottom in dots(picture)}) <= 3


def test_long_words_are_made_to_fit() -> None:
    rows = ("Really rather good today", "OK", "A bit wobbly, to be honest", "Not OK at all")
    words = HistoryWords("Yours", "", rows, MONTHS, told)
    found = dots(drawn(on("2026-10-01", 0), on("2026-11-10", 2), words=words))
    assert len(found) == 2
    assert found[0][0] < 620


async def test_pictures_asked_for_together_are_each_their_own() -> None:
    rows = [0, 1, 2, 3] * 3
    pictures = await asyncio.gather(
        *(
            history_picture([on("2026-11-10", row)], zone="Europe/London", until=UNTIL, words=WORDS)
            for row in rows
        )
    )
    for row, (png, alt) in zip(rows, pictures, strict=True):
        assert alt.endswith(f"last 2026-11-10 {row}")
        assert png == draw_history([on("2026-11-10", row)], zone="Europe/London", until=UNTIL, words=WORDS)[0]
