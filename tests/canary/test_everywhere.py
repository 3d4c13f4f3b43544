"""Names, ids and sentences go through every path of a real process, and are then looked for as bytes in all it wrote."""

from __future__ import annotations

from datetime import timedelta
from functools import partial

from bot.db import keys, sealed_file
from tests.canary.bird import (
    EMPLOYER,
    LET_GO,
    be_forgotten,
    found,
    hatch,
    kept_by,
    sentences,
    through_everything,
    through_support,
)
from tests.launch.scene import Scene, until


async def test_words_are_never_kept_and_after_forgetting_nothing_is(scene: Scene) -> None:
    bot = await scene.bot(REALLYOK_LOG_LEVEL="DEBUG")
    bird = await hatch(scene)
    await through_everything(bird, partial(scene.advance_to, bot))
    assert found(kept_by(scene), [*sentences(), EMPLOYER.encode()]) == []
    # What the search looks for is found where it is.
    assert len({hit.split()[0] for hit in found(kept_by(scene), bird.ids)}) >= 1
    assert found([scene.log], [b"INFO"])
    organiser = scene.demo.organiser
    await until(lambda: LET_GO["report"] in str(scene.dms(organiser)), "the report being passed on")
    await be_forgotten(bird)
    # The sweep within the next minute rewrites the file.
    await scene.advance_to(bot, scene.clock.now() + timedelta(minutes=2))
    await until(lambda: found(kept_by(scene), bird.ids) == [], "nothing being left")
    copy = scene.folder / "copy.ok"
    assert await scene.program("backup", str(copy)).ended() == 0
    await bot.stop()
    assert found(kept_by(scene), [*bird.ids, *sentences(), EMPLOYER.encode()]) == []
    inside = scene.folder / "inside"
    inside.write_bytes(b"".join(sealed_file.read(copy, keys.read(scene.folder / "reallyok.key"))))
    assert found([inside], [b"SQLite format 3", str(scene.demo.guild_id).encode()]) != []
    assert found([inside], [*bird.ids, *sentences(), EMPLOYER.encode()]) == []


async def test_support_alone_leaves_nothing_of_anybody(scene: Scene) -> None:
    bot = await scene.bot(REALLYOK_LOG_LEVEL="DEBUG")
    bird = await hatch(scene)
    await through_support(bird)
    assert found(kept_by(scene), [*bird.ids, *sentences()]) == []
    await bot.stop()
    assert found(kept_by(scene), [*bird.ids, *sentences()]) == []
    assert found(kept_by(scene), [scene.demo.guild_id.to_bytes(8, "big")]) != [], (
        "the search finds what is there"
    )
