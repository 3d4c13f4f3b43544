"""What is to mend at Discord: the token, the clock, servers, permissions, channels and roles."""

from __future__ import annotations

import socket
from datetime import timedelta
from email.utils import format_datetime

import pytest
from simcord.backend.models.channel import Overwrite
from simcord.enums import OverwriteType
from sqlmodel import Session

from bot.clock import MovableClock
from bot.db.store import Store
from bot.doctor.permissions import NEEDED, needed
from bot.outbox import queue
from bot.outbox.queue import Ending
from bot.outbox.tables import Outbox, State
from bot.sandbox.wire.faults import Rule
from tests.doctor.conftest import NOW, Surgery, mend


async def test_no_token(surgery: Surgery) -> None:
    assert await surgery.examine(token=None) == 1
    assert "developer portal" in mend(surgery, "There is no DISCORD_TOKEN")
    assert surgery.line("at the newest revision")


@pytest.mark.parametrize("token", ["wrong", "two words", "tøken", "line\nbreak"])
async def test_a_wrong_token(surgery: Surgery, token: str) -> None:
    assert await surgery.examine(token=token) == 1
    mend(surgery, "does not accept the token")


async def test_nobody_answers(surgery: Surgery) -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))  # taken, and nobody listens
        address = f"http://127.0.0.1:{nobody.getsockname()[1]}/api/v10"
        assert await surgery.examine(api_url=address) == 1
    mend(surgery, "Discord cannot be reached")
    assert surgery.line("at the newest revision")
    assert surgery.line("fits the database")


async def test_discord_has_trouble(surgery: Surgery) -> None:
    surgery.stage.wire.faults.rules.append(Rule("error", path="/users/@me", status=503))
    assert await surgery.examine() == 1
    mend(surgery, "error 503")


async def test_one_server_in_trouble_does_not_hide_the_others(surgery: Surgery) -> None:
    stage = surgery.stage
    other = stage.world.guild("Wednesday Tea", stage.cal)
    stage.world.add_bot(other)
    stage.wire.faults.rules.append(Rule("error", path=f"/guilds/{stage.guild}", status=500))
    assert await surgery.examine() == 1
    mend(surgery, "error 500")
    assert surgery.line("“Wednesday Tea” has not been set up").startswith("look")


async def test_too_many_requests_are_waited_out(surgery: Surgery) -> None:
    surgery.stage.wire.limits.per_second = 1  # so few that a slow machine asks too often as well
    assert await surgery.examine() == 0, surgery.said
    assert surgery.stage.wire.stats.http_429 > 0


@pytest.mark.parametrize(
    ("seconds", "kind", "words"),
    [(12, "look", "12 s ahead"), (-90, "mend", "90 s behind"), (90, "mend", "90 s ahead")],
)
async def test_a_clock_that_is_wrong(
    surgery: Surgery, monkeypatch: pytest.MonkeyPatch, seconds: int, kind: str, words: str
) -> None:
    # Both clocks stand, so that how long the asking takes is no part of it.
    monkeypatch.setattr("aiohttp.web_response.rfc822_formatted_time", lambda: format_datetime(NOW, True))
    code = await surgery.examine(clock=MovableClock(NOW + timedelta(seconds=seconds), ticking=False))
    line = surgery.line("This machine's clock is")
    assert line.startswith(kind)
    assert f"is {words}" in line
    assert code == (1 if kind == "mend" else 0)


async def test_a_bot_in_no_server(surgery: Surgery) -> None:
    surgery.stage.world.remove_bot(surgery.stage.guild)
    assert await surgery.examine() == 0
    assert surgery.line("in no server yet").startswith("look")
    assert surgery.line("no longer in “Saturday Coffee”").startswith("look")


async def test_the_list_of_servers(surgery: Surgery) -> None:
    assert await surgery.examine(servers=frozenset({surgery.stage.guild})) == 0
    assert await surgery.examine(servers=frozenset({1, surgery.stage.guild})) == 1
    mend(surgery, "The bot is not in 1 of the servers in REALLYOK_SERVERS")
    assert await surgery.examine(servers=frozenset({1})) == 1
    assert surgery.line("1 server(s) that REALLYOK_SERVERS does not list").startswith("look")
    assert "In #welcome" not in "".join(surgery.said)


@pytest.mark.parametrize("permission", NEEDED, ids=lambda p: p.name)
async def test_a_permission_the_bot_lacks_in_a_server(surgery: Surgery, permission: object) -> None:
    store = surgery.stage.world.backend
    for role in store.guilds[surgery.stage.guild].roles.values():
        role.permissions &= ~permission.bit
    assert await surgery.examine() == 1
    mend(surgery, f"In “Saturday Coffee” the bot lacks {permission.name}")


async def test_a_permission_the_bot_lacks_in_one_channel(surgery: Surgery) -> None:
    stage = surgery.stage
    bits = {p.name: p.bit for p in NEEDED}
    stage.world.backend.get_channel(surgery.talk).overwrites.append(
        Overwrite(stage.guild, OverwriteType.ROLE, deny=bits["Send Messages"] | bits["Read Message History"])
    )
    assert await surgery.examine() == 1
    mend(surgery, "In #really-ok of “Saturday Coffee” the bot lacks Send Messages")
    mend(surgery, "In #really-ok of “Saturday Coffee” the bot lacks Read Message History")
    assert surgery.line("In #welcome of").startswith("ok")
    assert len(surgery.lines("mend")) == 2


async def test_exactly_the_permissions_of_the_link_are_enough(surgery: Surgery) -> None:
    stage = surgery.stage
    stage.world.remove_bot(stage.guild)
    stage.world.backend.guilds[stage.guild].everyone_role.permissions = 0
    stage.world.add_bot(stage.guild, needed())
    assert await surgery.examine() == 0, surgery.said


async def test_an_administrator_is_told_it_is_more_than_enough(surgery: Surgery) -> None:
    stage = surgery.stage
    stage.world.remove_bot(stage.guild)
    stage.world.add_bot(stage.guild, 8)
    assert await surgery.examine() == 0
    assert surgery.line("more than it needs").startswith("look")


async def test_channels_and_roles_that_were_deleted(surgery: Surgery) -> None:
    stage = surgery.stage
    stage.world.backend.delete_channel(surgery.talk)
    del stage.world.backend.guilds[stage.guild].roles[surgery.role]
    assert await surgery.examine() == 1
    assert "/network setup again" in mend(surgery, "the checkin channel was deleted")
    assert "/network setup again" in mend(surgery, "organiser role was deleted")


async def test_what_could_not_be_posted(surgery: Surgery) -> None:
    gone = 555
    store = Store(surgery.settings.database_url)
    for number, (channel, ending) in enumerate(
        [
            (surgery.talk, Ending(State.FORBIDDEN, error="50013")),
            (surgery.talk, Ending(State.FORBIDDEN, error="50013")),
            (gone, Ending(State.GONE, error="10003")),
            (surgery.welcome, Ending(State.REFUSED, error="50035")),
        ]
    ):
        await store.write(_ended, number, channel, ending)
    store.close()
    assert await surgery.examine() == 0
    assert "2 message(s) could not be posted in #really-ok" in surgery.line("did not allow it")
    assert "/network setup" in surgery.line("in a channel: it is no more")
    assert "#welcome" in surgery.line("error 50035")
    assert str(gone) not in "".join(surgery.said).replace("“", " ").split("client_id")[0]


def _ended(session: Session, number: int, channel_id: int, ending: Ending) -> None:
    row = Outbox(dedupe_key=f"test:{number}", channel_id=channel_id, template="a.b", not_before=NOW)
    row.state = State.SENDING
    session.add(row)
    session.flush()
    queue.settle(session, {row.id: ending}, NOW, {})
