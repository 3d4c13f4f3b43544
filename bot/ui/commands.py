"""Slash commands get their descriptions from `prompts/`, like every other word a member reads."""

from __future__ import annotations

from typing import Any

from discord import app_commands

from bot.content.library import Library


def put_words_on(tree: app_commands.CommandTree[Any], library: Library) -> None:
    """Describe every command and option in the tree. Raises `KeyError` for one without words."""
    for command in tree.walk_commands():
        command.description = library.command(command.qualified_name)
        if isinstance(command, app_commands.Command):
            # discord.py offers a decorator for this, which would put the words into the code.
            for name, option in command._params.items():  # pyright: ignore[reportPrivateUsage] - no other way
                option.description = library.option(f"{command.qualified_name}.{name}")


def beneath(tree: app_commands.CommandTree[Any], group: str, *names: str) -> None:
    """Put commands of a cog beneath another cog's group: by themselves they land at the top of the tree."""
    above = tree.get_command(group)
    assert isinstance(above, app_commands.Group), "cogs load in alphabetical order"
    for name in names:
        command = tree.remove_command(name)
        assert isinstance(command, app_commands.Command)
        above.add_command(command)
