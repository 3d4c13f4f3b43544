"""When two names are the same, which are near, and how an organiser's list is read."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.members.facts_rules import (
    LONGEST,
    MOST_OFFERED,
    Listed,
    Relation,
    Why,
    Workplace,
    as_text,
    canonical,
    compare,
    lookup,
    nearest,
    read_list,
    tidy,
)

LIST = [
    Listed("Ashgrove Learning Trust", ("ALT",), 1),
    Listed("Borsetshire County Council", ("Borsetshire",), 2),
    Listed("St Mary's C of E Primary", (), 3),
    Listed("Diocese of Felpersham", (), 4),
    Listed("Ashgrove Road Infants", (), 5),
]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Ashgrove Learning Trust", "  ashgrove   LEARNING trust "),
        ("The Ashgrove Learning Trust", "Ashgrove Learning Trust"),
        ("St. Mary's C of E Primary", "St Marys C of E Primary"),
        ("Saint Mary’s C of E Primary", "St Mary's C of E Primary"),
        ("Smith & Sons", "Smith and Sons"),
        ("Ysgol Penrhyn-coch", "ysgol penrhyn coch"),
        ("Ysgol Tŷ Gwyn", "Ysgol Ty Gwyn"),
        ("Ash\u200bgrove\u202e Trust", "Ashgrove Trust"),
        ("Ａshgrove Trust", "Ashgrove Trust"),  # a letter of another width
    ],
)
def test_spelling_makes_no_difference(one: str, other: str) -> None:
    assert canonical(one) == canonical(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("St Mary's Primary", "St Mark's Primary"),
        ("Ashgrove Trust", "Ashgrove Learning Trust"),
        ("Leeds City Council", "Leeds Council"),
        ("School 1", "School 11"),
        ("The", "A"),
    ],
)
def test_another_name_is_another(one: str, other: str) -> None:
    assert canonical(one) != canonical(other)


@pytest.mark.parametrize("empty", ["", "   ", "---", "\u200b\u202e", "= =", "\u3164", "!?", "🙂"])
def test_what_holds_no_letter_is_no_name(empty: str) -> None:
    assert canonical(empty) == ""


def test_a_name_is_one_line_and_holds_no_equals_sign() -> None:
    assert tidy(" a\n b\t=c\u200b ") == "a b c"


@pytest.mark.parametrize(
    ("said", "first"),
    [
        ("Ashgrove Learning Trust", 1),
        ("ashgrove learning trst", 1),
        ("ALT", 1),
        ("alt.", 1),
        ("BCC", 2),
        ("borsetshire council", 2),
        ("St Marys", 3),
        ("felpersham diocese", 4),
        ("Ashgrove Rd Infants", 5),
    ],
)
def test_the_likeliest_is_offered_first(said: str, first: int) -> None:
    assert nearest(said, LIST)[0].id == first


@pytest.mark.parametrize("said", ["Oakfield Academy", "zzz", "Norfolk", "x", "---"])
def test_what_is_not_there_is_not_offered(said: str) -> None:
    assert nearest(said, LIST) == []


def test_no_more_are_offered_than_a_menu_holds() -> None:
    many = [Listed(f"Ashgrove School {n}", (), n) for n in range(1, 101)]
    found = nearest("Ashgrove School 77", many)
    assert len(found) == MOST_OFFERED
    assert found[0].id == 77


def test_a_list_is_read_with_its_other_names() -> None:
    reading = read_list("Ashgrove Learning Trust = ALT=Ashgrove\n\n  Borsetshire  County Council =\n")
    assert reading.problems == ()
    assert reading.listed == (
        Listed("Ashgrove Learning Trust", ("ALT", "Ashgrove")),
        Listed("Borsetshire County Council"),
    )


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("= ALT", ("ALT", Why.EMPTY)),
        ("---", ("---", Why.EMPTY)),
        ("Ashgrove\nashgrove.", ("ashgrove.", Why.TWICE)),
        ("Ashgrove = ALT\nAbbey = alt", ("alt", Why.TWO)),
        ("Ashgrove = Abbey\nAbbey", ("Abbey", Why.TWO)),
        ("Ashgrove\nAbbey = Ashgrove", ("Ashgrove", Why.TWO)),
        ("A" * (LONGEST + 1), ("A" * (LONGEST + 1), Why.TOO_LONG)),
        ("Ashgrove = " + "B" * (LONGEST + 1), ("B" * (LONGEST + 1), Why.TOO_LONG)),
        ("\n".join(f"S{n}" for n in range(201)), ("S200", Why.TOO_MANY)),
        ("\n".join(f"School {n:03} {'x' * 60}" for n in range(70)), (f"School 069 {'x' * 60}", Why.TOO_MANY)),
    ],
)
def test_a_line_that_cannot_be_taken_is_named(text: str, problem: tuple[str, Why]) -> None:
    assert read_list(text).problems == (problem,)


def test_a_name_that_repeats_itself_in_its_own_line_is_no_problem() -> None:
    assert read_list("Ashgrove = ashgrove = ALT = alt") == read_list("Ashgrove = ALT")


@given(st.text(max_size=300))
def test_whatever_is_written_is_read_and_what_was_read_reads_the_same_again(text: str) -> None:
    reading = read_list(text)
    for said, why in reading.problems:
        assert said
        assert why in Why
    if not reading.problems:
        assert read_list(as_text(reading.listed)) == reading
        names = [canonical(name) for one in reading.listed for name in one.names]
        assert len(names) == len(set(names)) == len(lookup(reading.listed))
        for one in reading.listed:
            assert nearest(one.name, reading.listed, most=1) == [one]


def at(*employers: bytes, known: bool = True, trust: bytes = b"", area: bytes = b"") -> Workplace:
    return Workplace(known, frozenset(employers), frozenset({trust} - {b""}), frozenset({area} - {b""}))


@pytest.mark.parametrize(
    ("one", "other", "expected", "may_meet"),
    [
        (at(b"a"), at(b"b"), Relation.DIFFERENT, True),
        (at(b"a", b"c"), at(b"b", b"c"), Relation.SAME_EMPLOYER, False),
        (at(b"a"), at(b"b", trust=b"a"), Relation.SAME_EMPLOYER, False),
        (at(b"a"), at(b"b", area=b"a"), Relation.SAME_EMPLOYER, False),
        (at(b"a", trust=b"t"), at(b"b", trust=b"t"), Relation.SAME_TRUST, False),
        (at(b"a", area=b"l"), at(b"b", area=b"l"), Relation.SAME_AUTHORITY, True),
        (at(b"a", area=b"l", trust=b"t"), at(b"b", area=b"l", trust=b"t"), Relation.SAME_TRUST, False),
        (at(known=False), at(b"b"), Relation.UNKNOWN, False),
        (at(known=False), at(known=False), Relation.UNKNOWN, False),
        (at(b"a", known=False), at(b"b"), Relation.UNKNOWN, False),
        (at(b"a", known=False), at(b"a"), Relation.SAME_EMPLOYER, False),
        (at(known=False, trust=b"t"), at(b"a", trust=b"t"), Relation.UNKNOWN, False),
    ],
)
def test_how_two_stand_to_one_another(
    one: Workplace, other: Workplace, expected: Relation, may_meet: bool
) -> None:
    assert compare(one, other) is compare(other, one) is expected
    assert expected.may_meet is may_meet
