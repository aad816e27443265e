from __future__ import annotations

import re
from pathlib import Path

import pytest
from dotenv import dotenv_values

from penstock.app.config.settings import Settings, load_settings, mask_address, variable
from penstock.domain.errors import ConfigError

ROOT = Path(__file__).parents[3]


def test_without_anything_the_defaults_hold(tmp_path: Path) -> None:
    settings = load_settings({}, tmp_path)
    assert settings.value == Settings()
    assert {str(origin) for origin in settings.origins.values()} == {"default"}
    assert settings.files == ()


def test_the_environment_wins_over_the_file_and_origins_say_so(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("PENSTOCK_HOME=/a\nPENSTOCK_EXECUTOR=processes\nOTHER=1\n")
    settings = load_settings({"PENSTOCK_HOME": "/b", "PATH": "/bin"}, tmp_path)
    assert settings.value.home == Path("/b")
    assert settings.value.executor == "processes"
    assert str(settings.origins["home"]) == "environment"
    assert str(settings.origins["executor"]) == ".env"
    assert settings.environ == {
        "PENSTOCK_HOME": "/b",
        "PENSTOCK_EXECUTOR": "processes",
        "OTHER": "1",
        "PATH": "/bin",
    }
    assert settings.files == (tmp_path / ".env",)
    assert settings.rows()[0] == ("PENSTOCK_HOME", "/b", "environment")
    assert ("PENSTOCK_EXECUTOR", "processes", ".env") in settings.rows()


def test_an_empty_variable_counts_as_not_set(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("PENSTOCK_HOME=/a\nPENSTOCK_STORE_URL=\n")
    settings = load_settings({"PENSTOCK_HOME": ""}, tmp_path)
    assert settings.value.home == Path("/a")
    assert settings.value.store_url is None


def test_the_file_may_lie_outside_the_repository(tmp_path: Path) -> None:
    secret = tmp_path / "vault/team.env"
    secret.parent.mkdir()
    secret.write_text("PENSTOCK_DEBUG=true\n")
    settings = load_settings({"PENSTOCK_ENV_FILE": str(secret)}, tmp_path)
    assert settings.value.debug
    assert str(settings.origins["debug"]) == "team.env"
    with pytest.raises(ConfigError, match=r"PENSTOCK_ENV_FILE = .*there is no such file"):
        load_settings({"PENSTOCK_ENV_FILE": "nowhere.env"}, tmp_path)


def test_all_wrong_values_are_told_with_their_origin(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("PENSTOCK_EXECUTOR=airflow\nPENSTOCK_STORE_URL\n")
    with pytest.raises(ConfigError) as caught:
        load_settings({"PENSTOCK_DEBUG": "perhaps"}, tmp_path)
    message = str(caught.value)
    assert "PENSTOCK_EXECUTOR = 'airflow' (.env): must be 'inline' or 'processes'" in message
    assert "PENSTOCK_DEBUG = 'perhaps' (environment): must be a valid boolean" in message
    assert ".env: PENSTOCK_STORE_URL has no value; write PENSTOCK_STORE_URL=value" in message


def test_a_file_that_is_no_text_is_a_fault(tmp_path: Path) -> None:
    (tmp_path / ".env").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ConfigError, match="cannot be read"):
        load_settings({}, tmp_path)


def test_addresses_are_masked_everywhere(tmp_path: Path) -> None:
    environ = {
        "PENSTOCK_DATABASE_URL": "postgresql://anna:s3cret@db.example/penstock",
        "PENSTOCK_TRACKING_URI": "s3cret",
    }
    settings = load_settings(environ, tmp_path)
    assert "s3cret" not in f"{settings.value!r} {settings.masked()} {settings.value.model_dump_json()}"
    assert settings.masked()["database_url"] == "postgresql://**********@db.example/**********"
    assert settings.masked()["home"] == ".penstock"


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("https://mlflow.example:5000", "https://mlflow.example:5000"),
        ("https://mlflow.example/", "https://mlflow.example/"),
        ("https://token@host/path?key=s3cret", "https://**********@host/**********"),
        ("https://host?key=s3cret", "https://host/**********"),
        ("s3://bucket/key", "s3://bucket/**********"),
        ("postgresql+psycopg://u:p@h:1/d", "postgresql+psycopg://**********@h:1/**********"),
        ("u:p@h", "**********"),
        ("https://u:p@ss@h/d", "https://**********@h/**********"),
        ("https://u:p/ss@h/d", "**********"),
        ("https://u:p@h/d?mail=a@s3cret", "**********"),
        ("sqlite:////home/anna/x.db", "sqlite:///**********"),
        ("off", "off"),
    ],
)
def test_what_is_shown_of_an_address(address: str, shown: str) -> None:
    assert mask_address(address) == shown


def test_a_variable_that_nothing_reads_is_named_with_the_nearest(tmp_path: Path) -> None:
    environ = {"PENSTOCK_HOEM": "/a", "PENSTOCK_TOKEN": "x", "HOME": "/"}
    settings = load_settings(environ, tmp_path, {"PENSTOCK_TOKEN": ""})
    assert settings.unknown == ("PENSTOCK_HOEM is set and nothing reads it; did you mean PENSTOCK_HOME?",)


def test_the_template_lists_every_variable_with_its_default(tmp_path: Path) -> None:
    template = dotenv_values(ROOT / ".env.default")
    assert list(template) == [variable(field) for field in Settings.model_fields]
    assert load_settings({name: text or "" for name, text in template.items()}, tmp_path).value == Settings()


def test_the_template_explains_every_variable_as_the_settings_do() -> None:
    text = (ROOT / ".env.default").read_text(encoding="utf-8")
    for field, info in Settings.model_fields.items():
        said = re.search(rf"# (.*)\n{variable(field)}=", text)
        assert said is not None
        assert said[1].startswith((info.description or "").rstrip("."))
