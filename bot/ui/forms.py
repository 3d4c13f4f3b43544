"""Forms. Each carries its state in its custom id, since discord.py forgets a form's handler at a restart."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

import discord

from bot.content.library import Library
from bot.ui.ids import make

# discord.py remembers every form that is open; one sent in later is answered all the same, by its custom id.
REMEMBERED_S = 900.0
MOST_WORDS = 4000  # Discord's limit for one field


def say_more(library: Library, checkin_id: int) -> discord.ui.Modal:
    """ "Say more": one field for a member's own words, which are read once and not kept."""
    modal = discord.ui.Modal(
        title=library.form("checkins.more.title"),
        custom_id=make("checkins.said", checkin_id),
        timeout=REMEMBERED_S,
    )
    field: discord.ui.TextInput[Any] = discord.ui.TextInput(
        custom_id="words",
        style=discord.TextStyle.paragraph,
        placeholder=library.form("checkins.more.placeholder"),
        max_length=MOST_WORDS,
    )
    modal.add_item(
        discord.ui.Label(
            text=library.form("checkins.more.label"),
            description=library.form("checkins.more.description"),
            component=field,
        )
    )
    return modal


def report_form(library: Library, network_id: int) -> discord.ui.Modal:
    """A concern: about whom (optional), what happened, and whether the contact may get in touch."""
    form = library.form
    modal = discord.ui.Modal(title=form("reports.write.title"), custom_id=make("reports.send", network_id))
    who: discord.ui.UserSelect[Any] = discord.ui.UserSelect(
        custom_id="who", placeholder=form("reports.who.placeholder"), required=False, min_values=0
    )
    what: discord.ui.TextInput[Any] = discord.ui.TextInput(
        custom_id="what",
        style=discord.TextStyle.paragraph,
        placeholder=form("reports.what.placeholder"),
        max_length=MOST_WORDS,
    )
    reply: discord.ui.Select[Any] = discord.ui.Select(
        custom_id="reply", placeholder=form("reports.reply.placeholder")
    )
    for answer in ("yes", "no"):
        reply.add_option(label=str(library.text(f"reports.reply.{answer}")), value=answer)
    for name, component in (("who", who), ("what", what), ("reply", reply)):
        modal.add_item(
            discord.ui.Label(
                text=form(f"reports.{name}.label"),
                description=form(f"reports.{name}.description"),
                component=component,
            )
        )
    return modal


def ask_one(
    library: Library, words: str, custom_id: str, present: str = "", *, long: bool = False
) -> discord.ui.Modal:
    """A form of one field, `text`; its title, label, description and placeholder stand under `words`.

    A long one may be sent empty: that is how a list is emptied.
    """
    form = library.form
    modal = discord.ui.Modal(title=form(f"{words}.title"), custom_id=custom_id, timeout=REMEMBERED_S)
    field: discord.ui.TextInput[Any] = discord.ui.TextInput(
        custom_id="text",
        style=discord.TextStyle.paragraph if long else discord.TextStyle.short,
        placeholder=form(f"{words}.placeholder"),
        default=present or None,
        required=not long,
        max_length=MOST_WORDS if long else 80,
    )
    label, description = form(f"{words}.label"), form(f"{words}.description")
    modal.add_item(discord.ui.Label(text=label, description=description, component=field))
    return modal


def ask_text(
    library: Library, title: str, custom_id: str, fields: Sequence[tuple[str, str, str, bool]]
) -> discord.ui.Modal:
    """A form of text fields: (custom id, key of its words, present value, long or short)."""
    modal = discord.ui.Modal(title=library.form(title), custom_id=custom_id, timeout=REMEMBERED_S)
    for name, words, present, long in fields:
        field: discord.ui.TextInput[Any] = discord.ui.TextInput(
            custom_id=name,
            style=discord.TextStyle.paragraph if long else discord.TextStyle.short,
            placeholder=library.form(f"{words}.placeholder"),
            default=present or None,
            required=False,
            max_length=MOST_WORDS if long else 80,
        )
        modal.add_item(discord.ui.Label(text=library.form(f"{words}.label"), component=field))
    return modal


def wishes_form(library: Library, custom_id: str, longest: int) -> discord.ui.Modal:
    """The three questions before an unnamed talk: what is wanted, how long, and what to steer clear of."""
    form, text = library.form, library.text
    modal = discord.ui.Modal(title=form("talks.wishes.title"), custom_id=custom_id, timeout=REMEMBERED_S)
    choices = {"want": ("listen", "advise", "either"), "long": ("quarter", "half", "hour", "open")}
    for name, values in choices.items():
        select: discord.ui.Select[Any] = discord.ui.Select(
            custom_id=name, placeholder=form(f"talks.{name}.placeholder")
        )
        for value in values:
            select.add_option(label=str(text(f"talks.choose.{name}.{value}")), value=value)
        modal.add_item(
            discord.ui.Label(
                text=form(f"talks.{name}.label"),
                description=form(f"talks.{name}.description"),
                component=select,
            )
        )
    avoid: discord.ui.TextInput[Any] = discord.ui.TextInput(
        custom_id="avoid",
        style=discord.TextStyle.paragraph,
        placeholder=form("talks.avoid.placeholder"),
        required=False,
        max_length=longest,
    )
    modal.add_item(
        discord.ui.Label(
            text=form("talks.avoid.label"), description=form("talks.avoid.description"), component=avoid
        )
    )
    return modal


@dataclass(frozen=True)
class Choosing:
    """One menu of a form: its custom id, the key of its words, its options as (value, name), what is chosen already."""

    name: str
    words: str
    options: Sequence[tuple[str, str]]
    present: Collection[str] = ()
    most: int = 1


def ask_choices(library: Library, title: str, custom_id: str, menus: Sequence[Choosing]) -> discord.ui.Modal:
    """A form of up to five menus, none of which has to be used."""
    modal = discord.ui.Modal(title=library.form(title), custom_id=custom_id, timeout=REMEMBERED_S)
    for one in menus:
        select: discord.ui.Select[Any] = discord.ui.Select(
            custom_id=one.name,
            placeholder=library.form(f"{one.words}.placeholder"),
            required=False,
            min_values=0,
            max_values=min(one.most, len(one.options)),
        )
        for value, name in one.options[:25]:
            select.add_option(label=name[:100], value=value, default=value in one.present)
        label, description = library.form(f"{one.words}.label"), library.form(f"{one.words}.description")
        modal.add_item(discord.ui.Label(text=label, description=description, component=select))
    return modal


def ask_words(library: Library, words: str, custom_id: str, most: int) -> discord.ui.Modal:
    """A form of one long field, `text`, that must be filled; its words stand under `words`."""
    form = library.form
    modal = discord.ui.Modal(title=form(f"{words}.title"), custom_id=custom_id, timeout=REMEMBERED_S)
    field: discord.ui.TextInput[Any] = discord.ui.TextInput(
        custom_id="text",
        style=discord.TextStyle.paragraph,
        placeholder=form(f"{words}.placeholder"),
        max_length=most,
    )
    label, description = form(f"{words}.label"), form(f"{words}.description")
    modal.add_item(discord.ui.Label(text=label, description=description, component=field))
    return modal
