"""The rehearsal's page: a small, calm client for one person at a time, on this computer alone."""

from __future__ import annotations

from bot.sandbox.page.server import Page

__all__ = ["Page"]
