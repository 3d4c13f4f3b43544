"""A canary goes through support and through its own words: no byte of it is kept, and support changes nothing at all."""

from __future__ import annotations

import struct
from pathlib import Path

from bot.sandbox.people import Person
from tests.launch.scene import Scene, answered, button, offers_support, until

NAME = "quillfeather-canary"
WORDS = "the heron stood on my roof again and I could not stop shaking"


def traces(scene: Scene, needles: list[bytes]) -> list[str]:
    """The files of the data folder, and the log of both streams, that hold any of these bytes."""
    files = [path for path in (*scene.data.rglob("*"), scene.log) if path.is_file()]
    assert scene.database in files
    return [f"{path.name} holds {n!r}" for path in files for n in needles if n in path.read_bytes()]


def spellings(number: int) -> list[bytes]:
    """A Discord id as text and as SQLite stores it."""
    return [str(number).encode(), struct.pack(">q", number)]


def contents(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


async def through_support(person: Person, where: int) -> None:
    card = (await answered(await person.slash(where, "support"))).messages[0]
    assert offers_support(card)
    for kind in ("support", "support.more", "support.country", "support.keep"):
        shown = await answered(await person.press(int(card["id"]), button(card, kind)))
        assert offers_support(shown.messages[-1])


async def test_support_leaves_no_trace_of_a_stranger(scene: Scene) -> None:
    canary = scene.world.person(NAME, NAME.title())
    scene.world.join(canary, scene.demo.guild_id)
    bot = await scene.bot(REALLYOK_LOG_LEVEL="DEBUG")
    await scene.joined(scene.you)
    dm = await canary.open_dm()
    for where in (scene.welcome, dm):
        await through_support(canary, where)
    await canary.send(dm, WORDS)
    before = len(scene.dms(canary))
    await until(lambda: len(scene.dms(canary)) > before, "the words being met")
    needles = [NAME.encode(), NAME.title().encode(), WORDS.encode(), *spellings(canary.id), *spellings(dm)]
    assert traces(scene, needles) == []
    # What the search would find, it finds: a member is in the database, and a log line is in the log.
    assert traces(scene, spellings(scene.you.id)) != []
    assert traces(scene, [b"INFO"]) != []
    await bot.stop()
    assert traces(scene, needles) == []


async def test_support_changes_no_byte_even_for_a_member(scene: Scene) -> None:
    # What the bot does each minute by itself is not what this is about, however long this machine takes.
    bot = await scene.bot(REALLYOK_LOG_LEVEL="DEBUG", sweep_s=3600.0)
    await scene.joined(scene.you)
    dm = await scene.you.open_dm()
    await bot.do("quiet")
    before, log = contents(scene.data), scene.log.read_bytes()
    for where in (scene.welcome, dm):
        await through_support(scene.you, where)
    await bot.do("quiet")
    assert contents(scene.data) == before
    assert scene.log.read_bytes() == log


async def test_a_members_words_are_let_go(scene: Scene) -> None:
    bot = await scene.bot(REALLYOK_LOG_LEVEL="DEBUG")
    await scene.joined(scene.you)
    dm = await scene.you.open_dm()
    before = len(scene.dms(scene.you))
    await scene.you.send(dm, WORDS)
    await until(lambda: len(scene.dms(scene.you)) > before + 1, "the words being met")
    assert traces(scene, [WORDS.encode(), scene.you.display_name.encode()]) == []
    await bot.stop()
    assert traces(scene, [WORDS.encode(), scene.you.display_name.encode()]) == []
