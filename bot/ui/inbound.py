"""What somebody's message is, before it is read."""

from __future__ import annotations

import unicodedata

import discord

# Everything else of a conversation is Discord's own: a pin, a call, somebody's new name.
WORDS = (discord.MessageType.default, discord.MessageType.reply)


def from_a_person(message: discord.Message) -> bool:
    """Whether a person wrote this to the bot, in direct messages."""
    return message.guild is None and not message.author.bot and message.type in WORDS


def unreadable(message: discord.Message) -> str | None:
    """The words for what the bot cannot read, or None when there is text."""
    if message.content.strip():
        return None
    if message.flags.voice:
        return "checkins.voice_note"
    if message.stickers:
        return "checkins.sticker"
    if message.attachments:
        pictures = all((a.content_type or "").startswith("image/") for a in message.attachments)
        return "checkins.picture" if pictures else "checkins.file"
    if message.message_snapshots or message.poll is not None:
        return "checkins.file"  # something forwarded, or a vote: not their own words
    return None


def other_script(text: str) -> bool:
    """Whether most of a text's letters are none that English is written with: nothing here can read it, and says so."""
    letters = [sign for sign in unicodedata.normalize("NFKC", text) if sign.isalpha()]
    known = sum(unicodedata.name(sign, "").startswith("LATIN") for sign in letters)
    return known * 2 < len(letters)
