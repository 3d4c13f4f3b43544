"""How a talk ends and what goes on beside it, on the wire: by buttons, commands, a role taken away, and dark words."""

from __future__ import annotations

from datetime import timedelta

from bot.outbox.tables import Outbox
from tests.checkins.evening import Evening, expect, says
from tests.launch.scene import answered, button, until, words
from tests.listeners.conversing import Conversing


async def test_dark_words_get_the_member_a_card_and_go_on_to_the_listener(evening: Evening) -> None:
    talk = Conversing(evening)
    await talk.open(talk.joan)
    dark = "I want to kill myself and I have planned how"
    await talk.say(talk.sam, dark)
    await talk.reads(talk.joan, dark)
    await until(lambda: any("116 123" in words(m) for m in evening.from_bot(talk.sam)), "the card")
    cards = [m for m in evening.from_bot(talk.sam) if "116 123" in words(m)]
    assert len(cards) == 1
    assert not any("116 123" in words(m) for m in evening.from_bot(talk.joan)), "the member's alone"
    # What a listener writes of it is theirs to write: it goes across, and no card comes between.
    said = "You told me you want to kill yourself. Are you safe now?"
    await talk.say(talk.joan, said)
    await talk.reads(talk.sam, said)
    await talk.quiet()
    assert not any("116 123" in words(m) for m in evening.from_bot(talk.joan))
    # One tap to what helps a listener, and it names nobody.
    opened = await talk.told(talk.joan, "talks.opened_listener")
    beyond = await evening.tap(talk.joan, opened, "talk.anonymous.beyond")
    expect(beyond, "talks.beyond")
    expect(await evening.tap(talk.joan, opened, "listening.danger"), "listeners.danger")
    assert button(beyond, "listening.route")


async def test_handed_over_with_the_members_yes_and_blocked(evening: Evening) -> None:
    talk = Conversing(evening)
    await talk.open(talk.joan, avoid="My father")
    await talk.come_on_later(talk.imran)
    await talk.say(talk.sam, "only for Joan")
    await talk.reads(talk.joan, "only for Joan")
    opened = await talk.told(talk.joan, "talks.opened_listener")
    expect(await evening.tap(talk.joan, opened, "talk.anonymous.over=ask"), "talks.over_sent")
    asked = await talk.told(talk.sam, "talks.over_asked")
    expect(await evening.tap(talk.sam, asked, "talk.anonymous.over=no"), "talks.stays")
    expect(await evening.tap(talk.sam, asked, "talk.anonymous.over=yes"), "talks.over_done")
    await talk.told(talk.joan, "talks.handed_over")
    await until(lambda: len(talk.all(talk.sam, "talks.may_i_ask")) == 2, "the next one being shown")
    await talk.may(talk.sam)
    await talk.accept(talk.imran)
    seen = await talk.told(talk.imran, "talks.opened_listener")
    assert "My father" in words(seen)
    assert not any("only for Joan" in words(m) for m in evening.from_bot(talk.imran))
    await talk.say(talk.joan, "am I still there")
    await evening.settled()
    assert not any("am I still there" in words(m) for m in evening.from_bot(talk.sam))

    shown = await evening.tap(talk.imran, seen, "talk.anonymous.block=ask")
    expect(shown, "talks.block_ask")
    expect(await evening.tap(talk.imran, shown, "talk.anonymous.block=yes"), "talks.blocked")
    await talk.told(talk.sam, "talks.ended_by_listener")
    # Again: Imran is never asked, and hears nothing of it.
    await talk.ask()
    await talk.quiet()
    offers = len(talk.all(talk.imran, "talks.offer"))
    await evening.wait(hours=2)
    assert len(talk.all(talk.imran, "talks.offer")) == offers
    talk.never_named(talk.imran)
    talk.never_named(talk.joan)


async def test_a_listener_whose_role_was_taken_hears_nothing_further(evening: Evening) -> None:
    talk = Conversing(evening)
    await talk.open(talk.joan)
    evening.world.take_role(talk.joan, evening.demo.guild_id, await talk.role(talk.joan))
    await talk.say(talk.sam, "Can I trust this")
    await talk.told(talk.sam, "talks.listener_gone")
    await talk.told(talk.sam, "talks.not_passed_on")
    assert not any("Can I trust this" in words(m) for m in evening.from_bot(talk.joan))
    await talk.say(talk.sam, "hello there")
    await talk.told(talk.sam, "talks.still_waiting")
    status = (await evening.run(talk.sam, "talk anonymous")).messages[-1]
    expect(status, "talks.status_waiting")
    ask = await evening.tap(talk.sam, status, "talk.anonymous.end=stop")
    expect(ask, "talks.end_ask_waiting")
    expect(await evening.tap(talk.sam, ask, "talk.anonymous.end=yes"), "talks.ended_waiting")
    # An offer pressed by somebody who is a listener no more: asked of Discord, refused.
    old = await talk.told(talk.joan, "talks.offer")
    said = await evening.tap(talk.joan, old, "talk.anonymous.take=yes")
    assert says(said, "errors.listener_only")


async def test_forgetting_in_the_middle_leaves_nothing_of_it(evening: Evening) -> None:
    talk = Conversing(evening)
    await talk.open(talk.joan, avoid="quincewort")
    await talk.say(talk.sam, "blunderbuss marzipan")
    await talk.reads(talk.joan, "blunderbuss marzipan")
    exported = (await evening.run(talk.sam, "me privacy")).messages[-1]
    assert "anonymous talk" in words(exported)
    rows = evening.rows("SELECT * FROM talk_side") + evening.rows("SELECT * FROM talk_post")
    rows += evening.rows("SELECT * FROM talk")
    numbers = {talk.sam.id, talk.sam.dm_id, talk.joan.id, talk.joan.dm_id}
    assert not any(value in numbers for row in rows for value in row)
    files = [path for path in evening.folder.rglob("*") if path.is_file()]
    for canary in ("quincewort", "blunderbuss", talk.name):
        for path in files:
            data = path.read_bytes()
            assert canary.encode() not in data or canary == talk.name, path
    sent = evening.rows(f"SELECT user_id, template, params FROM {Outbox.__tablename__}")
    assert not [row for row in sent if row[0] == talk.sam.id and row[1].startswith("talks")]
    asked = (await evening.run(talk.sam, "me forget")).messages[-1]
    receipt = await (await evening.pressed(talk.sam, asked, "me.forget=yes")).message()
    assert "talk" in words(receipt)
    await talk.told(talk.joan, "talks.member_gone")
    await talk.quiet()
    assert not evening.rows("SELECT 1 FROM talk_post WHERE NOT notice")
    assert len(evening.rows("SELECT 1 FROM talk_side")) == 1
    evening.clock.move_to(evening.clock.now() + timedelta(days=8))
    await evening.wait(minutes=1)
    assert not evening.rows("SELECT 1 FROM talk")
    assert not evening.rows("SELECT 1 FROM talk_post")
    assert not evening.rows("SELECT 1 FROM talk_side")


async def test_two_yeses_at_once_and_a_stranger_with_somebody_elses_button(evening: Evening) -> None:
    talk = Conversing(evening)
    await talk.begin(talk.joan, talk.imran)
    await talk.ask()
    await talk.may(talk.sam)
    await evening.wait(minutes=31)
    await until(lambda: len(talk.all(talk.sam, "talks.may_i_ask")) == 2, "the second being shown")
    await talk.may(talk.sam)
    offers = {person: await talk.told(person, "talks.offer") for person in (talk.joan, talk.imran)}
    presses = [
        await person.press(int(offer["id"]), button(offer, "talk.anonymous.take=yes"))
        for person, offer in offers.items()
    ]
    said = [(await answered(press)).messages[-1] for press in presses]
    kinds = sorted(next(k for k in ("talks.yours", "talks.taken") if says(m, k)) for m in said)
    assert kinds == ["talks.taken", "talks.yours"]
    await talk.told(talk.sam, "talks.opened")
    opened = await talk.told(talk.sam, "talks.opened")
    for kind in ("end=yes", "over=yes", "block=yes", "end=ask", "beyond"):
        name, _, choice = f"talk.anonymous.{kind}".partition("=")
        number = button(opened, "talk.anonymous.end").split(":")[2]
        forged = await answered(
            await talk.kate.press_raw(await talk.kate.open_dm(), 1, f"ok1:{name}:{number}:{choice}")
        )
        expect(forged.messages[-1], "errors.old_button")
    assert evening.rows("SELECT state FROM talk") == [("open",)]
