"""Commands, buttons, menus and forms, from a person's click to the answer they see."""

from __future__ import annotations

import asyncio
from typing import Any

import discord
import pytest
from discord import app_commands

from bot.sandbox.people import CannotDo
from tests.wire.stage import Bot, Stage, until


class Panel(discord.ui.View):
    def __init__(self) -> None:
        super().__init__(timeout=None)

    @discord.ui.button(label="Say", custom_id="say")
    async def say(self, interaction: discord.Interaction[Any], button: discord.ui.Button[Any]) -> None:
        await interaction.response.send_message("for you alone", ephemeral=True)

    @discord.ui.button(label="Grey", custom_id="grey", disabled=True)
    async def grey(self, interaction: discord.Interaction[Any], button: discord.ui.Button[Any]) -> None:
        raise AssertionError("nobody can press this")

    @discord.ui.button(label="Change", custom_id="change")
    async def change(self, interaction: discord.Interaction[Any], button: discord.ui.Button[Any]) -> None:
        await interaction.response.edit_message(content="changed", view=None)

    @discord.ui.select(
        custom_id="pick", max_values=2, options=[discord.SelectOption(label=c, value=c) for c in "abc"]
    )
    async def pick(self, interaction: discord.Interaction[Any], select: discord.ui.Select[Any]) -> None:
        await interaction.response.send_message("+".join(select.values))

    @discord.ui.select(cls=discord.ui.UserSelect, custom_id="whom")
    async def whom(self, interaction: discord.Interaction[Any], select: discord.ui.UserSelect[Any]) -> None:
        await interaction.response.send_message(select.values[0].display_name)


class Form(discord.ui.Modal, title="Say more"):
    words = discord.ui.TextInput[Any](label="Words", custom_id="words", max_length=50)
    level = discord.ui.Label[Any](
        text="Level",
        component=discord.ui.Select(
            custom_id="level", options=[discord.SelectOption(label="Good"), discord.SelectOption(label="OK")]
        ),
    )

    async def on_submit(self, interaction: discord.Interaction[Any]) -> None:
        assert isinstance(self.level.component, discord.ui.Select)
        await interaction.response.send_message(f"{self.words.value}/{self.level.component.values[0]}")


def talkative() -> Bot:
    bot = Bot()
    group = app_commands.Group(name="group", description="a group")

    @bot.tree.command(description="a panel")
    async def panel(interaction: discord.Interaction[Any]) -> None:
        await interaction.response.send_message("here", view=Panel())

    @group.command(description="nested")
    @app_commands.describe(who="whom", times="how often")
    async def greet(
        interaction: discord.Interaction[Any], who: discord.Member, times: app_commands.Range[int, 1, 3]
    ) -> None:
        await interaction.response.send_message(" ".join([f"hello {who.display_name}"] * times))

    @bot.tree.command(description="slow")
    async def slow(interaction: discord.Interaction[Any]) -> None:
        await interaction.response.defer(ephemeral=True, thinking=True)
        await interaction.followup.send("first", ephemeral=True)
        await interaction.followup.send("second", ephemeral=True)

    @bot.tree.command(description="form")
    async def form(interaction: discord.Interaction[Any]) -> None:
        await interaction.response.send_modal(Form())

    @bot.tree.command(description="zone")
    async def zone(interaction: discord.Interaction[Any], name: str) -> None:
        await interaction.response.send_message(name)

    @zone.autocomplete("name")
    async def zones(interaction: discord.Interaction[Any], typed: str) -> list[app_commands.Choice[str]]:
        names = ["Europe/London", "Europe/Lisbon", "Asia/Kolkata"]
        return [app_commands.Choice(name=n, value=n) for n in names if n.startswith(typed)]

    @bot.tree.command(description="silent")
    async def silent(interaction: discord.Interaction[Any]) -> None:
        await asyncio.sleep(0)

    @bot.tree.command(description="for organisers")
    @app_commands.default_permissions(manage_guild=True)
    @app_commands.guild_only()
    async def network(interaction: discord.Interaction[Any]) -> None:
        await interaction.response.send_message("set up")

    bot.tree.add_command(group)
    return bot


async def test_a_nested_command_with_checked_options(stage: Stage) -> None:
    await stage.connect(talkative())
    asked = await stage.bea.slash(stage.channel, "group greet", {"who": stage.cal.id, "times": "2"})
    assert (await asked.message())["content"] == "hello Cal Dewhurst hello Cal Dewhurst"
    for wrong in ({"who": stage.cal.id, "times": 4}, {"times": 1}, {"who": 1, "times": 1}, {"nobody": 1}):
        with pytest.raises(CannotDo):
            await stage.bea.slash(stage.channel, "group greet", wrong)
    with pytest.raises(CannotDo):
        await stage.bea.slash(stage.channel, "group")


async def test_commands_are_offered_only_where_and_to_whom_they_are_meant(stage: Stage) -> None:
    await stage.connect(talkative())
    assert "network" in {c["name"] for c in await stage.bea.commands(stage.channel)}
    assert "network" not in {c["name"] for c in await stage.cal.commands(stage.channel)}
    assert "network" not in {c["name"] for c in await stage.bea.commands(await stage.bea.open_dm())}
    with pytest.raises(CannotDo):
        await stage.cal.slash(stage.channel, "network")


async def test_an_ephemeral_answer_is_seen_by_one_person(stage: Stage) -> None:
    await stage.connect(talkative())
    panel = await (await stage.bea.slash(stage.channel, "panel")).message()
    pressed = await (await stage.cal.press(int(panel["id"]), "say")).wait()
    assert pressed.ephemeral
    assert pressed.messages[0]["content"] == "for you alone"
    assert stage.cal.visible_messages(stage.channel)[-1]["content"] == "for you alone"
    assert stage.bea.visible_messages(stage.channel)[-1]["content"] == "here"
    with pytest.raises(CannotDo):
        await stage.cal.press(int(panel["id"]), "grey")
    with pytest.raises(CannotDo):
        await stage.cal.press(int(panel["id"]), "not there")


async def test_menus(stage: Stage) -> None:
    await stage.connect(talkative())
    panel = int((await (await stage.bea.slash(stage.channel, "panel")).message())["id"])
    assert (await (await stage.bea.choose(panel, "pick", ["a", "c"])).message())["content"] == "a+c"
    chosen = await stage.bea.choose(panel, "whom", [stage.cal.id])
    assert (await chosen.message())["content"] == "Cal Dewhurst"
    for wrong in (["a", "b", "c"], ["z"], []):
        with pytest.raises(CannotDo):
            await stage.bea.choose(panel, "pick", wrong)


async def test_a_button_that_changes_its_own_message(stage: Stage) -> None:
    await stage.connect(talkative())
    panel = int((await (await stage.bea.slash(stage.channel, "panel")).message())["id"])
    changed = await (await stage.bea.press(panel, "change")).wait()
    assert changed.messages[0]["id"] == str(panel)
    assert stage.cal.visible_messages(stage.channel)[-1]["content"] == "changed"
    assert stage.cal.visible_messages(stage.channel)[-1]["components"] == []


async def test_thinking_and_then_two_messages(stage: Stage) -> None:
    await stage.connect(talkative())
    asked = await stage.bea.slash(stage.channel, "slow")
    assert (await asked.message(2))["content"] == "second"
    assert [m["content"] for m in asked.messages] == ["first", "second"]
    assert asked.error is None
    assert stage.cal.visible_messages(stage.channel) == []


async def test_a_form_with_text_and_a_menu(stage: Stage) -> None:
    await stage.connect(talkative())
    shown = await (await stage.bea.slash(stage.channel, "form")).wait()
    assert shown.modal is not None
    assert shown.modal["title"] == "Say more"
    for wrong in ({}, {"words": "x", "level": "Awful"}, {"words": "x" * 51, "level": "OK"}, {"nope": "x"}):
        with pytest.raises(CannotDo):
            await stage.bea.submit(shown, wrong)
    with pytest.raises(CannotDo):
        await stage.cal.submit(shown, {"words": "not mine", "level": "OK"})
    sent = await stage.bea.submit(shown.id, {"words": "tired", "level": ["OK"]})
    assert (await sent.message())["content"] == "tired/OK"
    with pytest.raises(CannotDo):
        await stage.bea.submit(shown, {"words": "again", "level": "OK"})


async def test_autocomplete(stage: Stage) -> None:
    await stage.connect(talkative())
    offered = await stage.bea.autocomplete(stage.channel, "zone", "name", "Europe/L")
    assert [choice["value"] for choice in offered] == ["Europe/London", "Europe/Lisbon"]


async def test_no_answer_is_a_failure_the_person_sees_and_a_late_one_is_refused(stage: Stage) -> None:
    stage.world.backend.answer_within = 0.2
    bot = await stage.connect(talkative())
    caught: list[discord.Interaction[Any]] = []

    @bot.event
    async def on_interaction(interaction: discord.Interaction[Any]) -> None:
        caught.append(interaction)

    asked = await (await stage.bea.slash(stage.channel, "silent")).wait()
    assert asked.error is not None
    await until(lambda: caught)
    with pytest.raises(discord.NotFound) as late:
        await caught[0].response.send_message("sorry I am late")
    assert late.value.code == 10062
    assert asked.messages == []


async def test_answering_twice_is_refused(stage: Stage) -> None:
    bot = await stage.connect(talkative())
    codes: list[int] = []

    @bot.event
    async def on_interaction(interaction: discord.Interaction[Any]) -> None:
        adapter = discord.webhook.async_.async_context.get()
        for _ in range(2):
            try:
                await adapter.create_interaction_response(
                    interaction.id,
                    interaction.token,
                    session=bot.http._HTTPClient__session,
                    params=discord.webhook.async_.interaction_message_response_params(type=4, content="once"),
                )
            except discord.HTTPException as twice:
                codes.append(twice.code)

    asked = await stage.bea.slash(stage.channel, "silent")
    assert (await asked.message())["content"] == "once"
    await until(lambda: codes)
    assert codes == [40060]


async def test_deadlines_do_not_follow_the_worlds_clock(stage: Stage) -> None:
    bot = await stage.connect(talkative())

    @bot.event
    async def on_interaction(interaction: discord.Interaction[Any]) -> None:
        if interaction.type is discord.InteractionType.application_command:
            stage.clock.move_to(stage.clock.now().replace(year=2027))
            await interaction.response.defer()
            stage.clock.move_to(stage.clock.now().replace(year=2028))
            await interaction.followup.send("in time")

    asked = await stage.bea.slash(stage.channel, "silent")
    assert (await asked.message())["content"] == "in time"


async def test_a_token_dies_after_its_life(stage: Stage) -> None:
    bot = await stage.connect(talkative())
    stage.world.backend.token_life = 0.0
    failed: list[discord.HTTPException] = []

    @bot.event
    async def on_interaction(interaction: discord.Interaction[Any]) -> None:
        try:
            await interaction.followup.send("far too late")
        except discord.HTTPException as dead:
            failed.append(dead)

    await stage.bea.slash(stage.channel, "silent")
    await until(lambda: failed)
    assert failed[0].code == 50027


async def test_a_layout_arrives_and_its_button_works(stage: Stage) -> None:
    bot = Bot()

    class Layout(discord.ui.LayoutView):
        container = discord.ui.Container[Any](
            discord.ui.TextDisplay("# How it went"),
            discord.ui.Section(
                "Two weeks", accessory=discord.ui.Thumbnail("attachment://chart.png", description="a chart")
            ),
            discord.ui.ActionRow(discord.ui.Button(label="More", custom_id="more")),
        )

    @bot.tree.command(description="layout")
    async def layout(interaction: discord.Interaction[Any]) -> None:
        import io

        await interaction.response.send_message(
            view=Layout(), file=discord.File(io.BytesIO(b"\x89PNG"), "chart.png"), ephemeral=True
        )

    @bot.event
    async def on_interaction(interaction: discord.Interaction[Any]) -> None:
        if interaction.type is discord.InteractionType.component:
            await interaction.response.send_message("more of it", ephemeral=True)

    await stage.connect(bot)
    shown = await (await stage.bea.slash(stage.channel, "layout")).message()
    section = shown["components"][0]["components"][1]
    assert section["accessory"]["media"]["url"].startswith(
        stage.wire.api_url.removesuffix("/api/v10") + "/cdn/"
    )
    pressed = await stage.bea.press(int(shown["id"]), "more")
    assert (await pressed.message())["content"] == "more of it"
    with pytest.raises(CannotDo):
        await stage.cal.press(int(shown["id"]), "more")


async def test_forged_and_repeated_interactions_reach_the_bot(stage: Stage) -> None:
    bot = await stage.connect(talkative())
    seen: list[tuple[int, Any]] = []

    @bot.event
    async def on_interaction(interaction: discord.Interaction[Any]) -> None:
        seen.append((interaction.id, interaction.data))

    first = await stage.bea.press_raw(stage.channel, 12345, "forged:button")
    again = await stage.bea.interact_raw({"id": str(first.id)})
    fresh = await stage.bea.interact_raw({"id": "99"})
    await until(lambda: len(seen) == 3)
    assert again is first
    assert fresh is not first
    assert [i for i, _ in seen] == [first.id, first.id, fresh.id]
    assert seen[0][1]["custom_id"] == "forged:button"
