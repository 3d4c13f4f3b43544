"""A person whose name, ids and sentences are like nobody else's, what they do with the bot, and where they are looked for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bot.sandbox.people import Person
from tests.launch.scene import PATIENCE_S, WEDNESDAY, Scene, answered, button, custom_ids, until

NAME = "quillfeather-canary"
SHOWN = "Quillfeather Plumbago"
# One sentence for every place where words can be written; none of them may be kept.
LET_GO = {
    "dm": "the heron stood on my roof again and I could not stop thrumbling",
    "form": "nobody in the marzipan corridor has slept since Michaelmas",
    "report": "I saw the pelican shout at a bookbinder behind the velvet curtain",
    "dark": "I want to kill myself where the lacquered ostrich cannot see it",
    # This one is kept, and sealed, as what a listener is to steer clear of.
    "talk": "do not mention the wallpaper or my uncle Ignatius",
    "late": "a very small tortoise carried the budget home on its own",
}
EMPLOYER = "Bramblewick Zephyr Academy"  # kept, and sealed


@dataclass
class Bird:
    """The canary in a running bot's network."""

    scene: Scene
    person: Person
    dm: int

    @property
    def ids(self) -> list[bytes]:
        """Their id and their direct messages', as digits and as eight bytes."""
        numbers = (self.person.id, self.dm)
        return [
            form for n in numbers for form in (str(n).encode(), n.to_bytes(8, "big"), n.to_bytes(8, "little"))
        ]

    async def press(self, message: Mapping[str, Any], kind: str) -> Any:
        return await answered(await self.person.press(int(message["id"]), button(message, kind)))

    async def slash(self, command: str, **options: Any) -> dict[str, Any]:
        exchange = await answered(await self.person.slash(self.scene.welcome, command, options))
        return await exchange.message(patience_s=PATIENCE_S)

    async def write(self, words: str) -> None:
        before = len(self.scene.dms(self.person))
        await self.person.send(self.dm, words)
        await until(lambda: len(self.scene.dms(self.person)) > before + 1, "the words being met")


async def hatch(scene: Scene) -> Bird:
    """The canary, in the server of a network that is set up."""
    person = scene.world.person(NAME, SHOWN)
    scene.world.join(person, scene.demo.guild_id)
    await scene.set_up()
    return Bird(scene, person, await person.open_dm())


async def through_support(bird: Bird) -> None:
    """Every way to support, in the server and in direct messages."""
    for where in (bird.scene.welcome, bird.dm):
        card = (await answered(await bird.person.slash(where, "support"))).messages[0]
        for kind in ("support", "support.more", "support.country", "support.keep"):
            await bird.press(card, kind)


async def through_everything(bird: Bird, advance: Any) -> None:
    """Every path there is for a member, with their own words wherever words are taken. `advance` moves the time on."""
    scene, person, kate = bird.scene, bird.person, bird.scene.world.people["kate"]
    await scene.join(person)
    await advance(WEDNESDAY)
    question = scene.questions(person)[-1]
    told = (await bird.press(question, "checkins.level=not-ok")).messages[-1]
    form = await bird.press(told, "checkins.more")
    await answered(await person.submit(form, {"words": LET_GO["form"]}))
    await bird.write(LET_GO["dm"])
    await bird.write(LET_GO["dark"])
    card = next(m for m in reversed(scene.dms(person)) if "support.way" in str(custom_ids(m)))
    for kind in ("support.way", "support", "checkins.tomorrow"):
        await bird.press(card, kind)
    explained = await bird.slash("report")
    form = await bird.press(explained, "reports.write")
    sent = await answered(
        await person.submit(form, {"what": LET_GO["report"], "reply": ["yes"], "who": [kate.id]})
    )
    await sent.message(patience_s=PATIENCE_S)
    facts = await bird.slash("me employer")
    form = await bird.press(facts, "me.fact=employer")
    unknown = (await answered(await person.submit(form, {"text": EMPLOYER}))).messages[-1]
    await bird.press(unknown, "me.unlisted")
    await bird.slash("buddy avoid", person=kate.id)
    await bird.slash("checkin settings", zone="Pacific/Auckland")
    await bird.slash("checkin now")
    await bird.slash("checkin history")
    await bird.slash("me privacy")
    await bird.slash("me export")
    await _talk_with_somebody(bird)
    await bird.slash("pause", until="24 December 2026")
    await through_support(bird)
    await bird.write(LET_GO["late"])


async def _talk_with_somebody(bird: Bird) -> None:
    """Ask for an anonymous talk, out of hours."""
    shown = await bird.slash("talk anonymous")
    form = await bird.press(shown, "talk.anonymous.begin")
    wishes = {"want": ["listen"], "long": ["half"], "avoid": LET_GO["talk"]}
    preview = (await answered(await bird.person.submit(form, wishes))).messages[-1]
    assert LET_GO["talk"] in str(preview)
    await bird.press(preview, "talk.anonymous.ask=yes")


async def be_forgotten(bird: Bird) -> None:
    asked = await bird.slash("me forget")
    assert any(i.endswith(":yes") for i in custom_ids(asked))
    done = await answered(await bird.person.press(int(asked["id"]), button(asked, "me.forget=yes")))
    await done.message(patience_s=PATIENCE_S)


def found(files: Iterable[Path], needles: Iterable[bytes]) -> list[str]:
    """Which files hold which needles, looked for as bytes, in capitals and small letters alike for words."""
    hits: list[str] = []
    for path in files:
        try:
            content = path.read_bytes()
        except FileNotFoundError:
            continue  # a running bot has let it go since it was listed
        folded = content.lower()
        hits += [
            f"{path.name} holds {n!r}"
            for n in needles
            if n in content or (n.lower() in folded and n.isascii())
        ]
    return hits


def kept_by(scene: Scene) -> list[Path]:
    """Everything the bot wrote: its data, its log of both streams, its key's folder with the ledger."""
    files = [path for path in scene.folder.rglob("*") if path.is_file()]
    assert scene.database in files
    assert scene.log in files
    return files


def sentences() -> list[bytes]:
    """Every sentence, and the longest word of each, in case one is kept in pieces; in UTF-16 as well."""
    whole = [*LET_GO.values(), NAME, SHOWN]
    longest = [max(words.split(), key=len) for words in LET_GO.values()]
    return [form for one in (*whole, *longest) for form in (one.encode(), one.encode("utf-16-le"))]
