# pyright: reportUnusedImport=false
"""Every table there is, so that whoever needs them all (migrations, export, tests) imports one name."""

import bot.buddies.tables
import bot.checkins.tables
import bot.db.tables
import bot.listeners.tables
import bot.listeners.talk_tables
import bot.members.apart_tables
import bot.members.facts_tables
import bot.members.tables
import bot.outbox.tables
import bot.schedule.tables
import bot.sessions.coming_tables
import bot.sessions.tables  # noqa: F401
