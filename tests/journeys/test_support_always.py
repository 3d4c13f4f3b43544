"""Support answers whatever the database is doing; everything else says kindly that it cannot just now."""

from __future__ import annotations

import contextlib
import resource
import sqlite3
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bot.db.upgrade import upgrade
from tests.launch.scene import (
    WEDNESDAY,
    Scene,
    answered,
    button,
    custom_ids,
    offers_support,
    says,
    until,
    words,
)


async def support_answers(scene: Scene) -> None:
    """The command, in a server and in a DM, and the button on what it answered: whole cards, at once."""
    for channel in (scene.welcome, await scene.you.open_dm()):
        card = await answered(await scene.you.slash(channel, "support"))
        assert card.ephemeral
        assert not card.deferred
        again = await answered(
            await scene.you.press(int(card.messages[0]["id"]), button(card.messages[0], "support"))
        )
        for shown in (card, again):
            (message,) = shown.messages
            assert "999" in words(message)
            assert "116 123" in words(message)


async def nothing_else_does(scene: Scene) -> None:
    """What needs the database is declined in kind words, with the way to support."""
    for command in ("join", "checkin now", "leave"):
        declined = await answered(await scene.you.slash(scene.welcome, command))
        message = declined.messages[-1]
        assert says(message, "errors.busy"), words(message)
        assert offers_support(message)


@contextlib.contextmanager
def held(database: Path, *, wholly: bool) -> Iterator[None]:
    """Another program holds the database: for writing, or so that nobody can even read."""
    with contextlib.closing(sqlite3.connect(database, isolation_level=None, timeout=60)) as other:
        if wholly:
            other.execute("PRAGMA locking_mode=EXCLUSIVE")
        other.execute("BEGIN EXCLUSIVE")
        yield
        other.execute("ROLLBACK")


def overwrite(path: Path) -> None:
    """The same file, with nothing but rubbish in it."""
    size = path.stat().st_size
    with path.open("r+b") as file:
        file.write(b"\xff" * size)


@pytest.mark.parametrize("wholly", [False, True], ids=["for writing", "wholly"])
async def test_locked_before_the_start(scene: Scene, wholly: bool) -> None:
    upgrade(f"sqlite:///{scene.database}")
    with held(scene.database, wholly=wholly):
        await scene.bot(opened=False)
        await support_answers(scene)
        await nothing_else_does(scene)


async def test_locked_in_the_middle_and_free_again(scene: Scene) -> None:
    bot = await scene.bot()
    await scene.joined(scene.you)
    await scene.advance_to(bot, WEDNESDAY)
    (question,) = scene.questions(scene.you)
    with held(scene.database, wholly=False):
        await support_answers(scene)
        tried = await answered(
            await scene.you.press(int(question["id"]), button(question, "checkins.level=not-ok"))
        )
        assert says(tried.messages[-1], "checkins.hard_not_kept"), words(tried.messages[-1])
        assert "116 123" in words(tried.messages[-1])
        assert offers_support(tried.messages[-1])
    kept = await answered(
        await scene.you.press(int(question["id"]), button(question, "checkins.level=not-ok"))
    )
    assert says(kept.messages[-1], "checkins.not_ok")


async def test_a_folder_that_cannot_be_used_and_can_again(scene: Scene) -> None:
    scene.data.write_text("a file where the folder should be")
    bot = await scene.bot(opened=False, reopen_s=0.1)
    await support_answers(scene)
    await nothing_else_does(scene)
    await until(lambda: "cannot be used" in scene.log.read_text(), "the operator being told")
    scene.data.unlink()
    await bot.opened()
    await scene.set_up()


async def test_corrupt_before_the_start(scene: Scene) -> None:
    scene.data.mkdir()
    scene.database.write_bytes(b"this is no database " * 500)
    await scene.bot(opened=False)
    await support_answers(scene)
    await nothing_else_does(scene)
    assert scene.database.read_bytes().startswith(b"this is no database"), (
        "what is broken is left to be mended"
    )
    await until(lambda: "cannot be read" in scene.log.read_text(), "the operator being told")


async def test_corrupted_in_the_middle(scene: Scene) -> None:
    await scene.bot()
    await scene.joined(scene.demo.people[6])
    overwrite(scene.database)
    overwrite(Path(f"{scene.database}-wal"))
    await support_answers(scene)
    declined = await answered(await scene.you.slash(scene.welcome, "join"))
    assert offers_support(declined.messages[-1])


async def test_gone_in_the_middle(scene: Scene) -> None:
    await scene.bot()
    await scene.set_up()
    for path in list(scene.data.iterdir()):
        path.unlink()
    scene.data.rmdir()
    await support_answers(scene)


async def test_a_slow_migration(scene: Scene) -> None:
    still = scene.folder / "still-migrating"
    still.touch()
    bot = await scene.bot(opened=False, migrating=str(still))
    await support_answers(scene)
    await nothing_else_does(scene)
    still.unlink()
    await bot.opened()
    await scene.joined(scene.you)
    await support_answers(scene)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux lets one process limit another's files")
async def test_a_full_disk_and_room_again(scene: Scene) -> None:
    bot = await scene.bot()
    await scene.joined(scene.you)
    await scene.advance_to(bot, WEDNESDAY)
    (question,) = scene.questions(scene.you)
    # Less than one page: nothing fits into the database's log, wherever in it SQLite happens to be. The bot's own
    # log, shorter than that, goes on.
    before = resource.prlimit(bot.pid, resource.RLIMIT_FSIZE, (4096, resource.RLIM_INFINITY))
    await support_answers(scene)
    tried = await answered(
        await scene.you.press(int(question["id"]), button(question, "checkins.level=wobbly"))
    )
    assert says(tried.messages[-1], "checkins.hard_not_kept"), words(tried.messages[-1])
    assert "116 123" in words(tried.messages[-1])
    assert offers_support(tried.messages[-1])
    resource.prlimit(bot.pid, resource.RLIMIT_FSIZE, before)
    kept = await answered(
        await scene.you.press(int(question["id"]), button(question, "checkins.level=wobbly"))
    )
    assert says(kept.messages[-1], "checkins.wobbly")
    await until(lambda: "took nothing" in scene.log.read_text(), "the operator being told")


async def test_members_words_are_met_while_the_database_is_held(scene: Scene) -> None:
    await scene.bot()
    await scene.joined(scene.you)
    dm = await scene.you.open_dm()
    with held(scene.database, wholly=False):
        before = len(scene.dms(scene.you))
        await scene.you.send(dm, "it has been a long week and I am not sure how many more")
        await until(lambda: len(scene.dms(scene.you)) >= before + 2, "an answer")
    assert offers_support(scene.dms(scene.you)[-1])


def choices_of(card: Any, custom_id: str) -> list[str]:
    """What a menu of a card offers; a single nothing for a button."""
    for row in card["components"]:
        for component in row["components"]:
            if component.get("custom_id") == custom_id and "options" in component:
                return [option["value"] for option in component["options"]]
    return [""]


async def test_every_button_beneath_support_leads_somewhere(scene: Scene) -> None:
    """From the first card through every choice there is, each button of each kind and choice once."""
    scene.wire.limits.messages = None  # "keep these" is pressed more often than anybody would
    await scene.bot()
    first = (await answered(await scene.you.slash(scene.welcome, "support"))).messages[0]
    seen: dict[str, str] = {}
    waiting = [first]
    while waiting:
        card = waiting.pop()
        for custom_id in custom_ids(card):
            if not custom_id.startswith("ok1:support"):
                continue  # another part's, with tests of its own
            for value in choices_of(card, custom_id):
                if custom_id + value in seen:
                    continue
                message = int(card["id"])
                tried = (
                    scene.you.choose(message, custom_id, [value])
                    if value
                    else scene.you.press(message, custom_id)
                )
                shown = (await answered(await tried)).messages[-1]
                assert offers_support(shown), custom_id
                assert not says(shown, "errors.generic"), custom_id
                seen[custom_id + value] = words(shown)
                waiting.append(shown)
    assert sum(":support.about:" in custom_id for custom_id in seen) > 5, "the menu of cards too"
    for country, number in (("scotland", "0800 83 85 87"), ("us", "988"), ("australia", "13 11 14")):
        assert any(f".{country}." in custom_id and number in said for custom_id, said in seen.items()), (
            country
        )
    assert "ERROR" not in scene.log.read_text()
