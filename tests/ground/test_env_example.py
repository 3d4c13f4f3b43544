"""Every setting is documented, and every documented setting exists."""

from __future__ import annotations

import re
from pathlib import Path

from bot import settings

ROOT = Path(__file__).parents[2]
EXAMPLE = (ROOT / ".env.example").read_text()


def test_every_setting_is_in_the_example_and_nothing_else_is() -> None:
    named = re.findall(r"^([A-Z_]+)=", EXAMPLE, re.MULTILINE)
    assert sorted(named) == sorted(set(named)), "a setting stands there twice"
    assert set(named) == set(settings.KNOWN)


def test_every_setting_is_explained_just_above_it() -> None:
    lines = EXAMPLE.splitlines()
    block_explained = False
    for line in lines:
        if line.startswith("# ") and not re.match(r"# [A-Z_]+=", line):
            block_explained = True
        elif not line:
            block_explained = False
        elif re.match(r"[A-Z_]+=", line):
            assert block_explained, f"nothing explains {line}"


def test_the_example_as_it_is_gives_the_defaults(tmp_path: Path) -> None:
    copy = tmp_path / ".env"
    copy.write_text(EXAMPLE)
    assert settings.read({}, copy) == settings.Settings()


def test_no_setting_is_read_past_the_list() -> None:
    """The code asks the environment for a setting in one place only."""
    asked = re.compile(rf"(environ|getenv).*({'|'.join(settings.KNOWN)})")
    askers = {
        path.relative_to(ROOT).as_posix()
        for folder in ("bot", "cogs")
        for path in (ROOT / folder).rglob("*.py")
        if path != Path(settings.__file__) and asked.search(path.read_text())
    }
    assert askers == set()
