"""Every table there is, so that whoever needs them all (migrations, export, tests) imports one name."""

import bot.checkins.tables  # noqa: F401
import bot.db.tables  # noqa: F401
import bot.members.tables  # noqa: F401
import bot.outbox.tables  # noqa: F401
