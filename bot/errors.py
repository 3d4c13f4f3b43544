"""The few ways things go wrong that somebody can do something about.

A member sees words from `prompts/` and the way to support; an operator sees what to do next.
"""

from __future__ import annotations


class OperatorError(Exception):
    """Something only the person who runs the bot can mend.

    `mend` is one sentence: what to do next. Neither text may hold anything about a member.
    """

    def __init__(self, problem: str, mend: str) -> None:
        super().__init__(f"{problem} {mend}")
        self.problem = problem
        self.mend = mend


class FolderUnusable(OperatorError):
    """The folder of the database is missing, not ours to write in, or no folder. It may become usable while we run."""


class Refusal(Exception):
    """A kind no. `template` names the words in `prompts/`; `params` fill them."""

    def __init__(self, template: str, **params: object) -> None:
        super().__init__(template)
        self.template = template
        self.params = params


class StoreUnavailable(Exception):
    """The database cannot take this now: locked, full, migrating, or not open. Nothing was kept."""
