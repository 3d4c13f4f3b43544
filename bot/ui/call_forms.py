"""The forms of calls and listeners, and menus of people by the names they chose."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import discord

from bot.content.library import Library
from bot.ui.forms import REMEMBERED_S


@dataclass(frozen=True)
class Field:
    """One field: its custom id, how long it may be, and whether it must be filled in and has several lines."""

    name: str
    longest: int
    needed: bool = True
    long: bool = False


CALL = (
    Field("name", 60),
    Field("reach", 100),
    Field("suits", 100, needed=False),
    Field("about", 300, needed=False, long=True),
)
LISTENER = (Field("name", 60), Field("organisation", 80))
ROTA = (Field("rota", 600, needed=False, long=True),)


def form(
    library: Library, words: str, custom_id: str, fields: Sequence[Field], present: Mapping[str, str]
) -> discord.ui.Modal:
    """A form whose title stands under `words`, and each field's label, description and placeholder beneath that."""
    modal = discord.ui.Modal(title=library.form(f"{words}.title"), custom_id=custom_id, timeout=REMEMBERED_S)
    for field in fields:
        key = f"{words}.{field.name}"
        box: discord.ui.TextInput[Any] = discord.ui.TextInput(
            custom_id=field.name,
            style=discord.TextStyle.paragraph if field.long else discord.TextStyle.short,
            placeholder=library.form(f"{key}.placeholder"),
            default=present.get(field.name) or None,
            required=field.needed,
            max_length=field.longest,
        )
        modal.add_item(
            discord.ui.Label(
                text=library.form(f"{key}.label"),
                description=library.form(f"{key}.description"),
                component=box,
            )
        )
    return modal


def several(
    custom_id: str, options: Sequence[tuple[str, str]], chosen: Sequence[str], hint: str
) -> discord.ui.Select[Any]:
    """A menu to pick any number from, none too: (value, name)."""
    select: discord.ui.Select[Any] = discord.ui.Select(
        custom_id=custom_id, placeholder=hint[:150], min_values=0, max_values=min(len(options), 25)
    )
    for value, name in options[:25]:
        select.add_option(label=name[:100], value=value, default=value in chosen)
    return select
