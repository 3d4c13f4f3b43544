"""The small HTTP server: whether the bot is well, and members' private calendars."""
