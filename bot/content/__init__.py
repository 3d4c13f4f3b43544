"""The words: loaded once from `prompts/`, checked, and filled in."""

from __future__ import annotations

from bot.content.files import Template, Var
from bot.content.library import Filled, Library, Words, default_root, joined, load
from bot.content.problems import ContentError, Problem, Report
from bot.content.shelf import ButtonWords

__all__ = [
    "ButtonWords",
    "ContentError",
    "Filled",
    "Library",
    "Problem",
    "Report",
    "Template",
    "Var",
    "Words",
    "default_root",
    "joined",
    "load",
]
