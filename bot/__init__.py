"""Really OK: a Discord bot that keeps peer-support networks alive."""

__version__ = "0.1.0"
