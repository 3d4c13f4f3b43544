"""The local Discord's wire: REST and gateway on 127.0.0.1, for any unmodified discord.py program."""
