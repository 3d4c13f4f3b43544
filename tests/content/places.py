"""A small set of words on disk, for tests to damage."""

from __future__ import annotations

from pathlib import Path

TEMPLATE = """+++
id = "tea.offer"
vars = ["name", "channel:mention", "count:number"]
buttons = [["tea.level=strong", "tea.level=weak"], ["support"]]
reviewed_by = ""
review_by = ""
+++
Hello {name}.

See {channel}, cup {count}. {{braces}}
===
Again, {name}: {channel} and {count}.
"""
WORDS = """
[text]
cups = { one = "{count} cup for {name}", other = "{count} cups for {name}" }
where = "in {place:mention}, says {name}"

[buttons]
"support" = { label = "Get support", style = "primary" }
"tea.level" = { label = "Some tea" }
"tea.level=strong" = { label = "Strong" }

[commands]
"tea now" = "Make tea."

[options]
"tea now.milk" = "How much milk"

[forms]
order.title = "Your tea"
"""


def write(root: Path, name: str, text: str) -> Path:
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def small_words(root: Path) -> Path:
    write(root, "languages.toml", '[languages]\nen = "English"\n')
    write(root, "wording.en.toml", 'never = ["commit suicide", "resilien*"]\nnever_first = ["support"]\n')
    write(root, "tea/offer.en.md", TEMPLATE)
    write(root, "tea/words.en.toml", WORDS)
    write(
        root,
        "dates/words.en.toml",
        '[text]\nday_at = "{day} at {time}"\nmidday = "midday"\nmidnight = "midnight"\n',
    )
    return root
