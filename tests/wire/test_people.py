"""What a person can do when the bot is slow, and cannot do at all."""

from __future__ import annotations

import asyncio
from typing import Any

import discord
import pytest

from bot.sandbox.people import CannotDo
from tests.launch.scene import ANSWER_S
from tests.wire.stage import Bot, Stage


class Form(discord.ui.Modal, title="Say more"):
    words: discord.ui.TextInput[Any] = discord.ui.TextInput(label="Your words", custom_id="words")


async def test_a_form_the_bot_missed_may_be_sent_again_and_one_it_took_may_not(stage: Stage) -> None:
    bot, awake = Bot(), asyncio.Event()

    @bot.tree.command(name="more", description="more")
    async def more(interaction: discord.Interaction[Any]) -> None:
        await interaction.response.send_modal(Form(custom_id="form"))

    @bot.event
    async def on_interaction(interaction: discord.Interaction[Any]) -> None:
        if interaction.type is discord.InteractionType.modal_submit and awake.is_set():
            await interaction.response.send_message("read", ephemeral=True)

    await stage.connect(bot)
    shown = await (await stage.cal.slash(stage.channel, "more")).wait()
    stage.world.backend.answer_within = 0.2
    missed = await (await stage.cal.submit(shown, {"words": "all of it"})).wait()
    assert missed.error is not None

    stage.world.backend.answer_within = ANSWER_S
    awake.set()
    taken = await (await stage.cal.submit(shown, {"words": "all of it"})).message()
    assert taken["content"] == "read"
    with pytest.raises(CannotDo, match="no open form"):
        await stage.cal.submit(shown, {"words": "twice"})


@pytest.mark.parametrize("nothing", ["", "/", "  "])
async def test_a_command_without_a_name_is_refused_in_words(stage: Stage, nothing: str) -> None:
    with pytest.raises(CannotDo, match="which command"):
        await stage.cal.slash(stage.channel, nothing)
