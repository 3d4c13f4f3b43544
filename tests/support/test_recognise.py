"""The recogniser: its tiers, its guards one by one, and what holds for any text whatever."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.content.library import default_root
from bot.content.problems import ContentError
from bot.support import constructs, normal
from bot.support.constructs import read
from bot.support.lexicon import check_lexicon, load_lexicon
from bot.support.recognise import Recogniser, Tier, Verdict, by_rules
from tests.support.sayings import sayings

LEXICON = load_lexicon(default_root())
RECOGNISER = Recogniser.load(default_root())
FEW = settings(max_examples=60, deadline=None)


def rules(text: str) -> Verdict:
    return by_rules(read(text, LEXICON), LEXICON)


CRISIS, DISTRESS, OTHER, LOSS, NONE = Tier
GUARDS = [
    # negation, within its own clause
    ("I'm not suicidal, just tired", NONE, "", True),
    ("I don't want to die, I want a holiday", NONE, "", True),
    ("I've never felt suicidal", NONE, "", True),
    ("no thoughts of hurting myself, promise", NONE, "", True),
    ("I'm not suicidal but I keep thinking about not waking up", CRISIS, "", True),
    ("don't worry I won't do anything stupid, though I do wish I was dead", CRISIS, "", True),
    ("I can't stop thinking about killing myself", CRISIS, "", False),
    ("I don't just want a rest, I want to be dead", CRISIS, "", False),
    ("I'm not going to lie, I want to die", CRISIS, "", False),
    ("I'm not suicidal but I can't cope and I can't stop crying", DISTRESS, "", True),
    # a "not" that belongs to another word takes nothing back
    ("I never told anyone I want to die", CRISIS, "", False),
    ("I'm not afraid to kill myself", CRISIS, "", False),
    ("no I want to die", CRISIS, "", False),
    ("not eating not sleeping want to die", CRISIS, "", False),
    ("I don't see why I shouldn't kill myself", CRISIS, "", False),
    ("not a day goes by without thinking about killing myself", CRISIS, "", False),
    ("not just thoughts of harming myself, I did it", CRISIS, "", False),
    ("never, let me be clear, with any thought of harming myself", NONE, "", True),
    ("I'm not depressed or suicidal", NONE, "", True),
    ("reasons not to kill myself: none", CRISIS, "", False),
    ("I am not taking my tablets", NONE, "", False),
    ("I don't want to feel suicidal any more", CRISIS, "", False),
    ("I don't want to die in pain", CRISIS, "", False),
    ("not a day goes by when I don't want to die", CRISIS, "", False),
    ("I don't need this I want to die", CRISIS, "", False),
    ("I've never been so close to ending it", CRISIS, "", False),
    ("I don't like being alive", CRISIS, "", False),
    # half a denial, and one taken back
    ("I don't think of hurting myself any more except at night", CRISIS, "", False),
    ("I'm not suicidal yet", CRISIS, "", False),
    ("I'd never hurt myself while the children are small", CRISIS, "", False),
    ("I can't promise I won't do anything stupid", CRISIS, "", False),
    ("I said I wasn't suicidal, I lied", CRISIS, "", False),
    ("I used to deny it", CRISIS, "", False),
    ("I told the GP no thoughts of self harm. That wasn't true.", CRISIS, "", False),
    ("I'm not suicidal and I'm not lying", NONE, "", True),
    ("hurting myself is not something I can stop", CRISIS, "", False),
    ("I wouldn't kill myself if somebody stayed with me", CRISIS, "", False),
    ("I'm not suicidal, I just can't do this any more", DISTRESS, "", True),
    ("I'm not suicidal, my ex lied to the court. It was rubbish.", NONE, "", True),
    ("My wife wants to die and I'm too tired to think", OTHER, "someone", False),
    # a question answered
    ("Suicidal? No. Knackered? Yes.", NONE, "", True),
    ("The GP asked if I felt suicidal and I said no", NONE, "", True),
    ("The GP asked if I felt suicidal and I said yes", CRISIS, "", False),
    ("Do I want to die? No idea.", CRISIS, "", False),
    ("Does he know I want to die? No.", CRISIS, "", False),
    # a denial beside means, a place or a day of one's own
    ("They tell me I'm not suicidal, and I nod, but I've put by my mother's pills", CRISIS, "", False),
    ("She asks am I suicidal and I say no, never, and there is a noose in the shed", CRISIS, "", False),
    ("I tell the nurse I'd never hurt myself and then I sit googling overdoses", CRISIS, "", False),
    ("I'm not suicidal. I have chosen the day.", CRISIS, "", False),
    ("I'm not suicidal, I've picked the date for the panto", NONE, "", True),
    ("I'm not suicidal and there's no rope in any shed", NONE, "", True),
    ("We picked the place. Then the letters were sealed.", NONE, "", False),
    # a denial bounded in time
    ("I won't kill myself tonight. After that who knows.", CRISIS, "", False),
    ("I wouldn't hurt myself before the summer show", CRISIS, "", False),
    ("I wasn't suicidal, or I wasn't until last month", CRISIS, "", False),
    ("not suicidal. well maybe a little", CRISIS, "", False),
    ("I'm not going to do anything daft tonight", DISTRESS, "", True),
    ("I'm not suicidal right now", DISTRESS, "", True),
    ("I'm not suicidal during lessons", CRISIS, "", False),
    ("I don't want to die on good days", CRISIS, "", False),
    ("not suicidal per se", DISTRESS, "", False),
    ("I'm safe for now", DISTRESS, "", False),
    ("I'm not suicidal, just swamped at the moment", NONE, "", True),
    ("I'm not suicidal, before you ask", NONE, "", True),
    # of the writer, though others are named
    ("They keep asking if I'm suicidal and I say no, as I'm not", NONE, "", True),
    ("They wonder if I'm suicidal. I say no.", NONE, "", True),
    ("I'm not one of those people who want to die", NONE, "", True),
    ("I'm not the sort who wants to kill himself", NONE, "", True),
    ("I'm one of those who want to die", CRISIS, "", False),
    ("I'm worried about somebody who wants to die", OTHER, "someone", False),
    ("I'm not suicidal but one of my tutees is", OTHER, "pupil", True),
    ("I'm not suicidal but my head is", NONE, "", True),
    ("it's not me who wants to die, it's my brother", OTHER, "someone", False),
    # half a denial says less than no, and what follows counts
    ("I wouldn't call it suicidal, I'm only worn out", DISTRESS, "", False),
    ("I'm not exactly suicidal. I no longer care whether I wake.", CRISIS, "", False),
    ("I never thought I'd want to kill myself, and here I am", CRISIS, "", False),
    ("I've never thought of killing myself", NONE, "", True),
    # one "not" undoes the next
    ("I couldn't not want to die", CRISIS, "", False),
    ("I'm not certain that I'm not suicidal", CRISIS, "", False),
    ("I'm not low and not suicidal", NONE, "", True),
    ("no I'm not suicidal", NONE, "", True),
    ("I put no for suicidal thoughts. I should have put yes.", CRISIS, "", False),
    # plain denials
    ("don't worry I wouldn't do anything", NONE, "", True),
    ("no thoughts of harming myself, just fed up", NONE, "", True),
    ("it isn't anything dark, I'm only tired", NONE, "", True),
    # somebody else
    ("one of our sixth formers wants to die", OTHER, "pupil", False),
    ("a year 11 wants to die", OTHER, "pupil", False),
    ("one of our students doesn't want to live, she wants to end it", OTHER, "pupil", False),
    ("an ex-pupil of ours is suicidal", OTHER, "pupil", False),
    ("one of our staff wants to die", OTHER, "colleague", False),
    ("one of the parents wants to end it all", OTHER, "someone", False),
    ("one of the chefs rang me crying, wants to die", OTHER, "someone", False),
    ("one of my bad days, wants to die today, this one", CRISIS, "", False),
    ("part of me wants to die", CRISIS, "", False),
    ("three staff off, rent due, want to die", CRISIS, "", False),
    ("one of my students wants to die and so do I", CRISIS, "", False),
    ("as a student I tried to kill myself", CRISIS, "", False),
    ("A girl in Year 9 said she wants to kill herself", OTHER, "pupil", False),
    ("one of my Year 9s said she wants to die", OTHER, "pupil", False),
    ("One of my TAs told me he wants to die", OTHER, "colleague", False),
    ("My deputy told me he wants to die", OTHER, "colleague", False),
    ("My husband is suicidal", OTHER, "someone", False),
    ("my son in year 9 says he wants to die", OTHER, "someone", False),
    ("My wife says I want to die and she's right", CRISIS, "", False),
    ("My deputy wants to die and so do I, I want to kill myself", CRISIS, "", False),
    # quotation
    ("he said 'I want to die', a Year 8 boy", OTHER, "pupil", False),
    ("the song goes “I want to die” and year 6 sang it all day", NONE, "", False),
    ("“fine” is what I say. I want to die", CRISIS, "", False),
    # idiom
    ("this term is killing me", NONE, "", False),
    ("dying for a brew, dead on my feet", NONE, "", False),
    ("I nearly died laughing", NONE, "", False),
    ("the photocopier committed suicide", NONE, "", False),
    ("this term is killing me and I want to die", CRISIS, "", False),
    # talk of the trade
    ("does anyone have a suicide prevention policy", NONE, "", False),
    ("self-harm training on Friday", NONE, "", False),
    ("self-harm training on Friday and I'm self-harming again", CRISIS, "", False),
    # a loss
    ("My brother took his own life in March", LOSS, "suicide", False),
    ("my mum died on Sunday", LOSS, "death", False),
    ("my brother killed himself and I want to be with him, I want to die", CRISIS, "", False),
    ("", NONE, "", False),
]


@pytest.mark.parametrize(("text", "tier", "about", "denial"), GUARDS)
def test_the_rules_guard(text: str, tier: Tier, about: str, denial: bool) -> None:
    verdict = rules(text)
    assert (verdict.tier, verdict.about, verdict.denial) == (tier, about, denial)


def test_a_guard_taken_away_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    def wrong() -> int:
        return sum(rules(text).tier != tier for text, tier, _, _ in GUARDS)

    assert wrong() == 0
    monkeypatch.setattr(constructs, "_is_negated", lambda *_: False)
    assert wrong() > 0
    monkeypatch.undo()
    monkeypatch.setattr(constructs, "_is_own", lambda *_: True)
    assert wrong() > 0
    monkeypatch.undo()
    monkeypatch.setattr(constructs, "_unquoted", lambda text: text)
    assert wrong() > 0
    monkeypatch.undo()
    monkeypatch.setattr(constructs, "_mask", lambda text, _: (text, False))
    assert wrong() > 0


SAID = st.sampled_from([saying.text for saying in sayings() if saying.tier == "crisis"])
ANY = st.text(max_size=300) | st.text(alphabet="ki1l m\u200bsefÍ*.@'“!🙂\u202eا|,", max_size=200)


@FEW
@given(ANY)
def test_any_text_has_a_verdict(text: str) -> None:
    assert RECOGNISER.read(text).tier in Tier


@FEW
@given(SAID, st.sampled_from(["upper", "spaces", "curly", "invisible", "lines"]))
def test_typography_changes_nothing(text: str, how: str) -> None:
    changed = {
        "upper": text.upper(),
        "spaces": "  " + text.replace(" ", "   ") + " \t",
        "curly": text.replace("'", "’"),
        "invisible": text.replace("a", "a\u200b"),
        "lines": text.replace(" ", "\u00a0"),
    }[how]
    assert rules(changed) == rules(text)


@FEW
@given(SAID, ANY)
def test_nothing_that_follows_hides_what_the_rules_found(text: str, more: str) -> None:
    if rules(text).tier == Tier.CRISIS:
        # A quotation mark or a denial that follows may only change its own clause.
        more = "".join(sign for sign in more if sign not in "\"“”'‘’")
        assert rules(f"{text}\n\n{more}").tier == Tier.CRISIS


@pytest.mark.parametrize(
    "text",
    [
        "I want to die " * 3000,
        "a" * 50_000,
        "k i l l " * 5000,
        "1@" * 10_000,
        "\0" * 5000 + "I want to die",
        "🙂" * 20_000,
        "\u202e" * 100 + "أريد أن أموت" * 400,
        "'" * 10_000,
        "my my my my " * 4000,
        "." * 20_000,
        "I " * 20_000,
    ],
    ids=range(11),
)
def test_the_work_is_bounded(text: str) -> None:
    """By how much text is looked at, however much there is: no clock is needed to see it."""
    assert len(normal.normal(text, LEXICON.typos)) <= 3 * normal.LONGEST
    assert RECOGNISER.read(text).tier in Tier


def test_a_long_message_is_read_at_both_ends() -> None:
    long = "The hall was full and the heating was off. " * 400
    assert rules("I want to die. " + long).tier == Tier.CRISIS
    assert rules(long + "I want to die").tier == Tier.CRISIS


def test_the_lexicon_is_checked(tmp_path: Path) -> None:
    shutil.copytree(default_root() / "risk", tmp_path / "risk")
    assert check_lexicon(tmp_path).errors == ()
    assert len(check_lexicon(tmp_path).warnings) == 5, "nobody qualified has signed it"
    file = tmp_path / "risk" / "distress.toml"
    good = file.read_text(encoding="utf-8")
    for broken in (
        good.replace('version = "2"', 'version = ""'),
        good.replace('tier = "distress"', 'tier = "sad"', 1),
        good.replace('"cant cope",', '"<nobody> cope",', 1),
        good.replace('"cant cope",', '"cant ~40 cope",', 1),
        good.replace('"cant cope",', '"cant co(pe",', 1),
        good.replace('"cant cope",', '"cant? cope?",', 1),
        good + "\ncolour = 1\n",
        good.replace("[[construct]]", "[[construct", 1),
    ):
        assert broken != good
        file.write_text(broken, encoding="utf-8")
        assert check_lexicon(tmp_path).errors
    with pytest.raises(ContentError):
        Recogniser.load(tmp_path)


def test_reading_opens_no_socket_and_no_file() -> None:
    """In a process of its own, where an audit hook sees everything the interpreter is asked to do."""
    code = """
import sys
from bot.content.library import default_root
from bot.support.recognise import Recogniser
recogniser = Recogniser.load(default_root())
assert recogniser.load_encoder()
recogniser.read("warm up")
seen = []
sys.addaudithook(lambda event, _: seen.append(event) if event.split(".")[0] in ("socket", "open", "subprocess", "os") else None)
for text in ("I want to die", "roll on friday", "my year 9 told me she cuts herself. I said nothing."):
    recogniser.read(text)
assert seen == [], seen
"""
    done = subprocess.run([sys.executable, "-c", code], check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
