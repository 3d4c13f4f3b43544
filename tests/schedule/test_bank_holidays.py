"""Bank holidays by rule against the published lists, read from gov.uk's calendar and an independent library."""

from __future__ import annotations

from datetime import date

import pytest

from bot.schedule.bank_holidays import Holiday, Nation, bank_holidays, is_holiday

# As published, substitute days and all: the years in which something unusual happens.
PUBLISHED = {
    (Nation.ENGLAND, 2016): "01-01 03-25 03-28 05-02 05-30 08-29 12-26 12-27",
    (Nation.ENGLAND, 2020): "01-01 04-10 04-13 05-08 05-25 08-31 12-25 12-28",
    (Nation.ENGLAND, 2021): "01-01 04-02 04-05 05-03 05-31 08-30 12-27 12-28",
    (Nation.ENGLAND, 2022): "01-03 04-15 04-18 05-02 06-02 06-03 08-29 09-19 12-26 12-27",
    (Nation.ENGLAND, 2023): "01-02 04-07 04-10 05-01 05-08 05-29 08-28 12-25 12-26",
    (Nation.ENGLAND, 2026): "01-01 04-03 04-06 05-04 05-25 08-31 12-25 12-28",
    (Nation.ENGLAND, 2027): "01-01 03-26 03-29 05-03 05-31 08-30 12-27 12-28",
    (Nation.SCOTLAND, 2016): "01-01 01-04 03-25 05-02 05-30 08-01 11-30 12-26 12-27",
    (Nation.SCOTLAND, 2021): "01-01 01-04 04-02 05-03 05-31 08-02 11-30 12-27 12-28",
    (Nation.SCOTLAND, 2022): "01-03 01-04 04-15 05-02 06-02 06-03 08-01 09-19 11-30 12-26 12-27",
    (Nation.SCOTLAND, 2023): "01-02 01-03 04-07 05-01 05-08 05-29 08-07 11-30 12-25 12-26",
    (Nation.SCOTLAND, 2024): "01-01 01-02 03-29 05-06 05-27 08-05 12-02 12-25 12-26",
    (Nation.SCOTLAND, 2026): "01-01 01-02 04-03 05-04 05-25 06-15 08-03 11-30 12-25 12-28",
    (Nation.NORTHERN_IRELAND, 2022): (
        "01-03 03-17 04-15 04-18 05-02 06-02 06-03 07-12 08-29 09-19 12-26 12-27"
    ),
    (Nation.NORTHERN_IRELAND, 2024): "01-01 03-18 03-29 04-01 05-06 05-27 07-12 08-26 12-25 12-26",
    (Nation.NORTHERN_IRELAND, 2025): "01-01 03-17 04-18 04-21 05-05 05-26 07-14 08-25 12-25 12-26",
    (Nation.NORTHERN_IRELAND, 2026): "01-01 03-17 04-03 04-06 05-04 05-25 07-13 08-31 12-25 12-28",
}


@pytest.mark.parametrize(("nation", "year"), PUBLISHED, ids=str)
def test_the_rules_give_the_published_days(nation: Nation, year: int) -> None:
    got = [day.strftime("%m-%d") for day in bank_holidays(nation, year)]
    assert got == PUBLISHED[nation, year].split()


def test_wales_has_the_days_of_england() -> None:
    for year in range(2015, 2036):
        assert bank_holidays(Nation.WALES, year) == bank_holidays(Nation.ENGLAND, year)


def test_every_year_has_its_whole_number_of_weekdays() -> None:
    usual = {Nation.ENGLAND: 8, Nation.WALES: 8, Nation.SCOTLAND: 9, Nation.NORTHERN_IRELAND: 10}
    extra = {2022: 2, 2023: 1}
    for nation, number in usual.items():
        for year in range(2015, 2060):
            days = bank_holidays(nation, year)
            assert all(day.weekday() < 5 and day.year == year for day in days)
            once = 1 if (nation, year) == (Nation.SCOTLAND, 2026) else 0
            assert len(days) == number + extra.get(year, 0) + once


def test_boxing_day_keeps_its_monday_when_christmas_is_on_the_sunday() -> None:
    days = bank_holidays(Nation.ENGLAND, 2022)
    assert days[date(2022, 12, 26)] is Holiday.BOXING
    assert days[date(2022, 12, 27)] is Holiday.CHRISTMAS


def test_christmas_on_a_saturday_is_still_christmas() -> None:
    for day in (25, 26, 27, 28):
        assert is_holiday(date(2027, 12, day), Nation.ENGLAND)
    assert not is_holiday(date(2027, 12, 29), Nation.ENGLAND)
    assert is_holiday(date(2025, 7, 12), Nation.NORTHERN_IRELAND)
    assert not is_holiday(date(2025, 7, 12), Nation.ENGLAND)
