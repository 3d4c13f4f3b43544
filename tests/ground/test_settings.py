from __future__ import annotations

from pathlib import Path

import pytest

from bot import settings
from bot.errors import OperatorError


def _file(folder: Path, text: str) -> Path:
    path = folder / ".env"
    path.write_text(text)
    return path


def test_with_nothing_set_everything_has_a_sensible_value(tmp_path: Path) -> None:
    chosen = settings.read({}, tmp_path / "absent")
    assert chosen == settings.Settings()
    assert chosen.token is None
    assert chosen.database_url == "sqlite:///data/reallyok.db"


def test_the_environment_goes_before_the_file(tmp_path: Path) -> None:
    file = _file(tmp_path, "DISCORD_TOKEN=from-file\nREALLYOK_LOG_LEVEL=DEBUG\n")
    environment = {"DISCORD_TOKEN": "from-environment"}
    chosen = settings.read(environment, file)
    assert chosen.token == environment["DISCORD_TOKEN"]
    assert chosen.log_level == "DEBUG"


def test_an_empty_name_in_the_environment_does_not_hide_the_file(tmp_path: Path) -> None:
    file = _file(tmp_path, "REALLYOK_DATA=from-file\n")
    assert settings.read({"REALLYOK_DATA": ""}, file).data == Path("from-file")


@pytest.mark.parametrize("name", sorted(settings.KNOWN))
def test_an_empty_value_is_as_good_as_none(tmp_path: Path, name: str) -> None:
    assert settings.read({}, _file(tmp_path, f"{name}=\n")) == settings.Settings()


def test_the_database_lies_in_the_data_folder_unless_told_otherwise() -> None:
    assert settings.read({"REALLYOK_DATA": "/srv/ok"}, Path("absent")).database_url == (
        "sqlite:////srv/ok/reallyok.db"
    )
    both = {"REALLYOK_DATA": "/srv/ok", "DATABASE_URL": "sqlite:///elsewhere.db"}
    assert settings.read(both, Path("absent")).database_url == "sqlite:///elsewhere.db"


@pytest.mark.parametrize("wrong", ["REALLYOK_SERVER", "REALLYOK_TOKEN", "DISCORD_TOKENS", "DATABASE"])
def test_an_unknown_name_in_the_file_fails(tmp_path: Path, wrong: str) -> None:
    with pytest.raises(OperatorError, match=wrong) as caught:
        settings.read({}, _file(tmp_path, f"{wrong}=1\n"))
    assert ".env.example" in caught.value.mend


def test_an_unknown_name_of_ours_in_the_environment_fails() -> None:
    with pytest.raises(OperatorError, match="REALLYOK_SERVRS"):
        settings.read({"REALLYOK_SERVRS": "1"}, Path("absent"))


def test_other_programs_names_in_the_environment_are_theirs() -> None:
    environment = {"PATH": "/bin", "HOME": "/", "DISCORD_OTHER_BOT": "x"}
    assert settings.read(environment, Path("absent")) == settings.Settings()


@pytest.mark.parametrize(
    ("environment", "names"),
    [
        ({"REALLYOK_LOG_LEVEL": "chatty"}, "REALLYOK_LOG_LEVEL"),
        ({"REALLYOK_SERVERS": "12, our server"}, "REALLYOK_SERVERS"),
        ({"REALLYOK_SANDBOX_PORT": "70000"}, "REALLYOK_SANDBOX_PORT"),
        ({"REALLYOK_SANDBOX_PORT": "-1"}, "REALLYOK_SANDBOX_PORT"),
        ({"DISCORD_API_URL": "http://127.0.0.1:1/api"}, "DISCORD_GATEWAY_URL"),
        ({"DISCORD_GATEWAY_URL": "ws://127.0.0.1:1"}, "DISCORD_API_URL"),
    ],
)
def test_a_value_that_cannot_be_used_fails_and_says_the_mend(environment: dict[str, str], names: str) -> None:
    with pytest.raises(OperatorError, match=names) as caught:
        settings.read(environment, Path("absent"))
    assert caught.value.mend


@pytest.mark.parametrize("text", ["1,2", "1 2", "1, 2", " 1 ,2, "])
def test_servers_are_numbers_with_commas_or_blanks(text: str) -> None:
    chosen = settings.read({"REALLYOK_SERVERS": text}, Path("absent"))
    assert chosen.servers == {1, 2}
    assert chosen.serves(1)
    assert not chosen.serves(3)


def test_an_empty_list_serves_everybody() -> None:
    assert settings.Settings().serves(3)


def test_the_settings_cannot_be_changed_once_read() -> None:
    with pytest.raises(AttributeError):
        settings.Settings().log_level = "DEBUG"


def test_no_setting_shows_the_token_or_the_key_when_printed() -> None:
    shown = repr(settings.Settings(token="secret-token", key="secret-key"))
    assert "secret" not in shown
