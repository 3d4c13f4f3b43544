"""What stands beneath a message, against what discord.py's own view would have sent."""

from __future__ import annotations

from typing import Any

import discord

from bot.ui.render import Button, Plain, menu, people_menu, with_support


async def test_rows_are_sent_as_discord_py_would_send_them() -> None:
    buttons = [Button("Good", "ok1:a:1:good"), Button("Help", "ok1:b:0:", discord.ButtonStyle.primary)]
    choosers = [menu("ok1:c:0:", [("1", "One"), ("2", "Two")], "Which?"), people_menu("ok1:d:0:", most=3)]
    theirs = discord.ui.View(timeout=None)
    for row, chooser in enumerate(choosers):
        chooser.row = row
        theirs.add_item(chooser)
    for label, custom_id, style in buttons:
        theirs.add_item(discord.ui.Button(label=label, custom_id=custom_id, style=style, row=2))
    ours = Plain([[choosers[0]], [choosers[1]], buttons])
    assert [without_defaults(row) for row in ours.to_components()] == [
        without_defaults(row) for row in theirs.to_components()
    ]


async def test_nothing_listens_for_what_was_sent() -> None:
    ours = Plain([[Button("Good", "ok1:a:1:good")]])
    assert ours.is_finished()
    assert not ours.is_dispatchable()
    assert not ours.has_components_v2()
    assert ours.timeout is None


def test_support_that_was_forgotten_has_a_row_of_its_own_beneath_a_full_one() -> None:
    assert with_support([list("abcde")]) == [list("abcde"), ["support"]]
    assert with_support([[], list("abcd")]) == [[*"abcd", "support"]]
    assert with_support([["support", "a"], ["b"]]) == [["support", "a"], ["b"]]


def without_defaults(row: Any) -> Any:
    """A row without what Discord assumes anyway, and with its components in order."""
    return {
        **row,
        "components": [
            {k: v for k, v in each.items() if (k, v) != ("disabled", False)} for each in row["components"]
        ],
    }
