"""The cards: what each says in every wording, everywhere and at every hour; and what is remembered of whoever had one."""

from __future__ import annotations

import itertools
import re
from datetime import UTC, datetime, timedelta

import pytest

from bot.content import default_root, load
from bot.content.library import Library
from bot.support.cards import AGAIN, LATE, TEMPLATES, WAY, WAYS, Cards, Topic, foremost, says_suicide
from bot.support.helplines import COUNTRIES
from bot.support.lines import NetworkSupport, OwnLine
from bot.support.meeting import ONCE_IN, TOGETHER, TOGETHER_LENGTH, Heard, Lately
from bot.support.recognise import Recogniser
from bot.support.signposts import Signposts

LIBRARY: Library = load(default_root())
SIGNPOSTS = Signposts.load(default_root(), LIBRARY)
CARDS = Cards(LIBRARY, SIGNPOSTS)
RECOGNISER = Recogniser.load(default_root())
NIGHT = datetime(2026, 11, 25, 3, 30, tzinfo=UTC)
SAID = (*TEMPLATES.values(), AGAIN, WAY, *WAYS.values())
WORST = NetworkSupport(lines=tuple(OwnLine("*" * 60, "_" * 120) for _ in range(5)))


def wordings(template: str) -> list[str]:
    return [f"{template}#{number}" for number in range(len(LIBRARY.template(template).wordings))]


@pytest.mark.parametrize("template", [*SAID, LATE])
def test_there_are_wordings_enough_and_no_two_alike(template: str) -> None:
    said = LIBRARY.template(template).wordings
    assert len(said) >= 4
    assert len({wording.partition("\n")[0] for wording in said}) == len(said) or template == WAY


def test_every_card_has_numbers_support_and_room_everywhere_and_at_every_hour() -> None:
    late = max(len(LIBRARY.fill(one).text) for one in wordings(LATE))
    for template, nation, hour in itertools.product(SAID, (None, *COUNTRIES), (3, 12, 22)):
        own = NetworkSupport(nation=nation, lines=WORST.lines)
        for wording in wordings(template):
            card = CARDS.fill(wording, own, "en", NIGHT.replace(hour=hour), said="suicide")
            assert re.search(r"\*\*[\d ,a-z]{3,}\*\*|findahelpline", card.text), card.text
            assert any("support" in row for row in card.buttons)
            assert len(card.text) + late <= 2000
            assert "{" not in card.text


def test_the_darkest_words_are_met_with_all_there_is_to_say() -> None:
    for wording in wordings(TEMPLATES[Topic.CRISIS]):
        text = CARDS.fill(wording, NetworkSupport(), "en", NIGHT).text
        assert re.search(r"[Tt]hank you|glad you", text)
        assert re.search(r"hard", text)
        assert re.search(r"\bbot\b", text)
        assert re.search(r"[Nn]obody has seen", text)
        assert "even if you're not sure it's that bad" in text
        assert {"116 123", "85258", "999"} <= set(re.findall(r"116 123|85258|999", text))
        assert text.rstrip().endswith((".", "?"))
        assert "?" in text
    buttons = LIBRARY.template(TEMPLATES[Topic.CRISIS]).buttons
    assert buttons[0] == tuple(f"support.way={way}" for way in WAYS)


def test_distress_asks_one_question_and_has_one_line_at_the_foot() -> None:
    for wording in LIBRARY.template(TEMPLATES[Topic.DISTRESS]).wordings:
        assert wording.count("?") == 1
        assert wording.rstrip().splitlines()[-1].endswith("{line}")


def test_a_worry_about_somebody_else_has_a_way_for_them_and_support_for_the_worrier() -> None:
    for wording in wordings(TEMPLATES[Topic.PUPIL]):
        text = CARDS.fill(wording, NetworkSupport(), "en", NIGHT).text
        assert {"999", "111", "116 123"} <= set(re.findall(r"999|111|116 123", text))
        assert re.search(r"safeguarding (?:route|lead)", text)
        abroad = CARDS.fill(wording, NetworkSupport(nation="ireland"), "en", NIGHT).text
        assert "**111**" not in abroad
    for wording in wordings(TEMPLATES[Topic.SOMEONE]):
        text = CARDS.fill(wording, NetworkSupport(), "en", NIGHT).text
        assert re.search(r"\b[Aa]sk", text)
        assert re.search(r"[Ss]tay|[Ss]it there|leave them by themselves|reach", text)
        assert re.search(r"for you|yourself|[Yy]ou count", text)


def test_a_loss_shows_those_who_know_it_and_one_that_never_closes() -> None:
    for nation in (None, "england", "scotland"):
        own = NetworkSupport(nation=nation)
        text = CARDS.fill("support.bereavement_suicide#0", own, "en", NIGHT).text
        assert "0300 111 5065" in text
        assert "supportaftersuicide" in text
        assert "116 123" in text
        # Cruse answers in England, Wales and Northern Ireland.
        assert ("0808 808 1677" in text) is (nation != "scotland")
        assert text.count("0808 808 1677") <= 1
    elsewhere = CARDS.fill("support.bereavement#0", NetworkSupport(nation="us"), "en", NIGHT).text
    assert "988" in elsewhere
    assert "0808" not in elsewhere


@pytest.mark.parametrize("topic", [Topic.CRISIS, Topic.SOMEONE])
def test_the_word_is_said_only_to_whoever_said_it(topic: Topic) -> None:
    for wording in wordings(TEMPLATES[topic]):
        unsaid = CARDS.fill(wording, NetworkSupport(), "en", NIGHT, said="I don't want to wake up").text
        assert "suicid" not in unsaid.lower()
        said = CARDS.fill(wording, NetworkSupport(), "en", NIGHT, said="I'm SUICIDAL").text
        assert "suicide" in said.lower()


def test_the_word_is_known_however_it_is_spelt() -> None:
    assert all(map(says_suicide, ["Suicide.", "suicidal", "sucidal", "meddwl am hunanladdiad"]))
    assert not any(map(says_suicide, ["", "decided", "lucid", "pesticide"]))


def test_each_turn_is_another_wording_and_nobody_is_remembered_for_it() -> None:
    cards = Cards(LIBRARY, SIGNPOSTS)
    turns = [cards.next("support.way_busy") for _ in range(8)]
    assert len(set(turns[:4])) == 4
    assert all(one != other for one, other in itertools.pairwise(turns))


def test_everything_can_be_chosen_without_having_written_a_word() -> None:
    chosen = {CARDS.chosen(value) for value, _ in CARDS.menu("en")}
    assert chosen == {*TEMPLATES.values(), WAY}
    assert CARDS.chosen("never") is None
    assert "pupil" not in dict(CARDS.menu("en", education=False))


# What is remembered


def test_the_foremost_of_several_things_is_met() -> None:
    assert foremost(iter([None, Topic.DENIAL, Topic.PUPIL, Topic.CRISIS, Topic.DISTRESS])) is Topic.CRISIS
    assert foremost(iter([Topic.DISTRESS, Topic.BEREAVED])) is Topic.BEREAVED
    assert foremost(iter([None])) is None


def _id(seconds: float) -> int:
    """A message's id at so many seconds."""
    return int(1_000_000 + seconds * 1000) << 22


def test_texts_in_a_row_are_read_as_one_and_those_of_long_ago_are_not() -> None:
    heard = Heard()
    for second, text in enumerate(("I want to", "kill", "myself")):
        heard.read(RECOGNISER, _id(second), text)
    assert heard.topic is Topic.CRISIS
    slow = Heard()
    for minute, text in enumerate(("I want to", "kill", "myself")):
        slow.read(RECOGNISER, _id(minute * 90), text)
    assert slow.texts == {_id(180): "myself"}


def test_one_denial_never_closes_the_door() -> None:
    heard = Heard()
    heard.read(RECOGNISER, _id(0), "I'm not suicidal, just tired")
    assert heard.topic is Topic.DENIAL
    heard.read(RECOGNISER, _id(1), "but I want to die")
    assert heard.topic is Topic.CRISIS


def test_what_was_said_is_said_even_if_it_is_changed() -> None:
    heard = Heard()
    heard.read(RECOGNISER, _id(0), "I want to die")
    heard.read(RECOGNISER, _id(0), "never mind, long day")
    assert heard.topic is Topic.CRISIS


def test_what_goes_on_to_somebody_else_takes_only_its_own_with_it() -> None:
    heard = Heard()
    heard.read(RECOGNISER, _id(0), "I cried in the car again, I can't cope any more")
    heard.read(RECOGNISER, _id(90), "see you on Thursday")
    heard.failures.add(_id(90))
    heard.let_go(_id(90))
    assert heard.topic is Topic.DISTRESS
    assert not heard.failed
    heard.met_by = _id(0)
    heard.let_go(_id(0))
    assert (heard.topic, heard.met_by, heard.waiting) == (None, 0, set())


def test_a_flood_of_texts_is_read_a_few_at_a_time() -> None:
    heard = Heard()
    for number in range(50):
        heard.read(RECOGNISER, _id(number / 10), "x" * 2000)
    assert len(heard.texts) == TOGETHER
    assert len(heard.together) <= TOGETHER_LENGTH


def test_a_card_is_remembered_for_ten_minutes_and_under_nobodys_number() -> None:
    lately = Lately()
    lately.note(7, Topic.CRISIS, 1, NIGHT)
    assert lately.met(7, Topic.CRISIS, NIGHT + timedelta(minutes=9))
    assert not lately.met(7, Topic.DISTRESS, NIGHT)
    assert not lately.met(8, Topic.CRISIS, NIGHT)
    assert not lately.met(7, Topic.CRISIS, NIGHT + ONCE_IN)
    assert not lately.met(7, Topic.CRISIS, NIGHT - timedelta(days=1)), "a clock set back"
    assert 7 not in lately._had
    lately.note(8, Topic.CRISIS, 2, NIGHT + ONCE_IN)
    assert len(lately._had) == 1, "what is older is gone"
    lately.forget(8)
    assert lately.had(8, NIGHT + ONCE_IN) is None
