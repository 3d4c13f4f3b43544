"""Every table there is. Whoever needs them all (migrations, export, forgetting, tests) takes `TABLES` from here.

SQLModel knows a table once its module was imported; one missing here would go unexported and unforgotten. That
is all these imports are for, so the linters do not ask where they are used.
"""
# pyright: reportUnusedImport=false

from sqlmodel import SQLModel

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
import bot.sessions.tables

TABLES = SQLModel.metadata
