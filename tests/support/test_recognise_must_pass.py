"""What must never be missed: said outright, misspelt, without punctuation, in disguise, or in the veiled words many use.

The rules alone have to find every one, as they do while the sentence encoder is still loading.
"""

from __future__ import annotations

import pytest

from bot.content.library import default_root
from bot.support.constructs import read
from bot.support.lexicon import load_lexicon
from bot.support.recognise import Recogniser, Tier, by_rules

LEXICON = load_lexicon(default_root())
RECOGNISER = Recogniser.load(default_root())

MUST_PASS = """
I want to die
i want to die
I WANT TO DIE
i wanna die
i wnat to die
I just want to die tbh
want to die
I really, really want to die.
I’m going to kill myself
im gonna kill myself
I want to kill myself
i want to kill my self
i want to k i l l myself
i want to k1ll myself
kms
I'm gonna kms tonight
thinking of ending my life
I've been thinking about ending my own life
I am thinking about ending it all
I want to end it all
i'm going to end it tonight
I'm suicidal
i am feeling suicidal
ive been having suicidal thoughts
i feel sucidal
feeling suisidal again
I'm thinking about suicide
I think about suicide every day
I can't stop thinking about suicide
I've been planning my suicide
I wrote a suicide note
I have written goodbye letters
I don't want to live anymore
I dont want to live any more
i do not want to live
I don't want to be alive
I don't want to be here anymore
i dont wanna be here any more
dont want to be here no more
I don't want to exist
I wish I was dead
wish i were dead
I wish I had never been born
I wish I'd died in the crash
I'd rather be dead
I would be better off dead
everyone would be better off if I was dead
They'd all be better off without me
my kids would be better off without me
the school would be better off without me
The world would be better without me
nobody would miss me if I was gone
nobody would even notice if i died
I hope I don't wake up tomorrow
I go to bed hoping I won't wake up
I want to go to sleep and never wake up
I want to fall asleep and not wake up
every morning I'm disappointed I woke up
I have nothing left to live for
There's no reason for me to go on living
no point in living
life isn't worth living
my life is not worth living any more
I'm tired of living
I'm done with life
I've lost the will to live and I mean it, I want to die
I took an overdose last night
I'm going to take an overdose
I've got the tablets ready, enough pills for all of it
I keep thinking about driving into a tree
I want to drive my car into a wall
I think about jumping off the bridge
I nearly jumped in front of a train
I want to hang myself
I cut myself again
I've been cutting myself
I started self harming again
i want to hurt myself
I don't feel safe, I'm not safe on my own tonight
I'm scared of what I might do to myself
I tried to kill myself last year
I tried to take my own life when I was 20 and I want to again
I survived my attempt and I wish I hadn't
this is my last night, goodbye
by the time you read this I'll be gone
If it wasn't for my daughter I'd be dead
my dog is the only reason I'm still here
I don't deserve to live
I can't go on living like this
I'm not suicidal but I keep wishing I wouldn't wake up
I'd never do it but I think about killing myself every day
Year 9 were fine today and my deputy was off again and honestly I just want to die, anyway see you Wednesday
My sister is ill and I want to kill myself
"fine" is what I say. I want to be dead.
I wish I wasn't here
I wish I'd never woken up
I've not slept thinking about killing myself
I have no friends no money I want to die
I never told my wife I want to kill myself
I don't need this i want to die
I said I wasn't suicidal. I lied.
""".strip().splitlines()


def test_there_are_enough_of_them() -> None:
    assert len(set(MUST_PASS)) == len(MUST_PASS) >= 80


@pytest.mark.parametrize("text", MUST_PASS)
def test_the_rules_alone_find_it(text: str) -> None:
    assert by_rules(read(text, LEXICON), LEXICON).tier == Tier.CRISIS


def test_what_a_rule_found_the_model_does_not_take_back() -> None:
    assert [text for text in MUST_PASS if RECOGNISER.read(text).tier != Tier.CRISIS] == []
