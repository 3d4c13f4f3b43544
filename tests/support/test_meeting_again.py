"""What was read before the encoder was there is read once more when it is answered."""

from __future__ import annotations

import pytest

from bot.content.library import default_root
from bot.support.cards import Topic
from bot.support.meeting import Heard
from bot.support.recognise import Recogniser

VEILED = "I would like the whole of me to be over."


@pytest.fixture
def recogniser() -> Recogniser:
    return Recogniser.load(default_root())


def test_a_text_the_rules_passed_over_is_found_when_more_is_there_to_read_with(
    recogniser: Recogniser,
) -> None:
    heard = Heard()
    heard.read(recogniser, 1 << 22, VEILED)
    assert heard.plainly
    assert heard.topic not in (Topic.CRISIS, Topic.DISTRESS), (
        "or this proves nothing: choose another sentence"
    )
    heard.read_again(recogniser)
    assert heard.plainly, "nothing better is there yet"

    assert recogniser.load_encoder()
    heard.read_again(recogniser)
    assert heard.topic in (Topic.CRISIS, Topic.DISTRESS)
    assert not heard.plainly
