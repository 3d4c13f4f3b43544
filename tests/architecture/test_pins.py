"""Every version that is installed from a fresh clone is one that was tested: it has a pin in pyproject.toml."""

from __future__ import annotations

import re
import tomllib
from importlib.metadata import distributions
from pathlib import Path

ROOT = Path(__file__).parents[2]
# The installer of the `pip install` way, and ourselves: not resolved from our requirements.
NOT_OURS = {"reallyok", "pip", "setuptools", "uv", "wheel"}


def pins() -> dict[str, str]:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["uv"]
    return dict(line.split("==") for line in settings["constraint-dependencies"])


def unpinned(resolved: dict[str, str]) -> dict[str, str]:
    known = pins()
    return {name: version for name, version in resolved.items() if known.get(name) != version}


def name_of(text: str) -> str:
    return re.sub(r"[-_.]+", "-", text).lower()


def test_every_resolved_version_is_pinned() -> None:
    lock = ROOT / "uv.lock"
    if lock.is_file():
        packages = tomllib.loads(lock.read_text())["package"]
        resolved = {p["name"]: p["version"] for p in packages if "version" in p}
    else:
        resolved = {name_of(d.metadata["Name"]): d.version for d in distributions()}
    resolved = {name: version for name, version in resolved.items() if name not in NOT_OURS}
    assert len(resolved) > 20
    assert unpinned(resolved) == {}


def test_a_version_without_a_pin_is_noticed() -> None:
    assert unpinned({"aiohttp": pins()["aiohttp"], "left-pad": "1.0"}) == {"left-pad": "1.0"}
    assert unpinned({"aiohttp": "0.1"}) == {"aiohttp": "0.1"}


def test_what_builds_the_package_is_pinned() -> None:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())
    pinned = {
        name_of(line.split("==")[0]) for line in settings["tool"]["uv"]["build-constraint-dependencies"]
    }
    wanted = {name_of(re.split(r"[<>=~]", line)[0]) for line in settings["build-system"]["requires"]}
    assert wanted <= pinned


def test_no_registry_is_named_in_a_tracked_file() -> None:
    import subprocess

    files = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert "uv.lock" not in files.split()
