"""Settings: what is accepted, what stops the start, and with which words."""

import os
import stat
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from pydantic import SecretStr, ValidationError

from app.settings import (
    Settings,
    SettingsError,
    ensure_key,
    ensure_secret,
    key_in_a_command,
    load,
    load_llm_keys,
)


def complaint(**variables: str) -> str:
    with pytest.raises(SettingsError) as caught:
        load({f"CORDBOARD_{name.upper()}": value for name, value in variables.items()})
    return str(caught.value)


def test_nothing_is_needed_and_the_server_then_listens_on_loopback_only() -> None:
    settings = load({})

    assert (settings.host, settings.port, settings.is_loopback) == ("127.0.0.1", 3000, True)


def test_variables_of_others_are_left_alone() -> None:
    assert load({"PATH": "/bin", "PORT": "1", "CORDBOARDING": "pass"}) == Settings()


def test_the_environment_of_the_process_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CORDBOARD_PORT", "4000")

    assert load().port == 4000


def test_a_settings_object_made_in_code_ignores_the_environment(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("CORDBOARD_PORT", "4000")

    assert Settings().port == 3000


def test_each_value_arrives_in_its_type() -> None:
    settings = load(
        {
            "CORDBOARD_API_KEYS": " one, two ,",
            "CORDBOARD_TRUSTED_PROXIES": "10.0.0.0/8,::1",
            "CORDBOARD_ALLOW_PRIVATE": "10.0.0.0/8, crm.internal",
            "CORDBOARD_LOG_LEVEL": "DEBUG",
            "CORDBOARD_LOG_PII": "1",
            "CORDBOARD_ACK_DEADLINE": "2.5",
            "CORDBOARD_PUBLIC_URL": "https://voice.example.com/",
        }
    )

    assert [key.get_secret_value() for key in settings.api_keys] == ["one", "two"]
    assert [str(network) for network in settings.trusted_proxies] == ["10.0.0.0/8", "::1/128"]
    assert settings.allow_private == ("10.0.0.0/8", "crm.internal")
    assert (settings.log_level, settings.log_pii, settings.ack_deadline) == ("debug", True, 2.5)
    assert settings.websocket_url == "wss://voice.example.com"


def test_an_empty_variable_counts_as_not_set() -> None:
    assert load({"CORDBOARD_PORT": "", "CORDBOARD_WS_USER": ""}) == Settings()


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("port", "http", "a valid integer"),
        ("port", "70000", "less than or equal to 65535"),
        ("ack_deadline", "5", "less than 5"),
        ("ack_deadline", "nan", "less than 5"),
        ("ping_interval", "inf", "a finite number"),
        ("log_level", "loud", "'debug', 'info', 'warning' or 'error'"),
        ("log_pii", "perhaps", "a valid boolean"),
        ("public_url", "voice.example.com", "https://voice.example.com"),
        ("public_url", "ftp://voice.example.com", "https://voice.example.com"),
        ("public_url", "https://voice.example.com/?a=b", "https://voice.example.com"),
        ("rate_limit", "fast", "50/second"),
        ("rate_limit", "0/second", "50/second"),
        ("trusted_proxies", "10.0.0.0/8,proxy", "IPv4 or IPv6 network"),
        ("folder", "/no/such/folder", "a folder that exists"),
        ("tls_key", "/no/such/file", "a file that exists"),
        ("max_frame", "10", "greater than or equal to 1024"),
    ],
)
def test_a_bad_value_is_named_with_what_was_expected_and_what_came(
    name: str, value: str, expected: str
) -> None:
    message = complaint(**{name: value})

    assert message.startswith(f"CORDBOARD_{name.upper()}: ")
    assert "expected" in message
    assert expected in message
    assert value.rpartition(",")[2] in message
    assert "\n" not in message


def test_credentials_in_the_public_url_are_refused_and_not_shown() -> None:
    message = complaint(public_url="https://user:hunter2@voice.example.com")

    assert message.startswith("CORDBOARD_PUBLIC_URL: expected an address such as")
    assert "hunter2" not in message


def test_every_wrong_variable_is_listed_at_once() -> None:
    message = complaint(port="x", log_level="y", hots="z")

    assert message.count(";") == 2
    assert "CORDBOARD_PORT" in message
    assert "CORDBOARD_LOG_LEVEL" in message


def test_a_misspelt_variable_is_an_error_with_a_suggestion() -> None:
    assert complaint(hots="x") == ("CORDBOARD_HOTS is not a setting, did you mean CORDBOARD_HOST?")
    assert "docs/settings.md" in complaint(colour="red")


def test_the_keys_of_vendors_are_json_or_a_file_of_it(tmp_path: Path) -> None:
    text = '{"OpenAI": "sk-1", "bedrock": {"apiKey": "b", "region": "us-east-1"}}'
    (tmp_path / "keys.json").write_text(text)
    keys = {"openai": {"apiKey": "sk-1"}, "bedrock": {"apiKey": "b", "region": "us-east-1"}}

    for value in (text, str(tmp_path / "keys.json")):
        variables = {"CORDBOARD_LLM_KEYS": value}
        assert load(variables).llm_keys == keys
        assert load_llm_keys(variables) == keys
        assert "sk-1" not in repr(load(variables))
    assert load_llm_keys({}) == {}


@pytest.mark.parametrize("value", ["sk-hunter2", '{"openai": 2}', '{"openai": ""}', "{hunter2"])
def test_keys_of_vendors_that_make_no_sense_are_refused(value: str) -> None:
    message = complaint(llm_keys=value)

    assert message.startswith("CORDBOARD_LLM_KEYS: expected JSON")
    assert "hunter2" not in message
    with pytest.raises(SettingsError) as caught:
        load_llm_keys({"CORDBOARD_LLM_KEYS": value})
    assert str(caught.value) == message


@pytest.mark.parametrize("name", ["api_keys", "ws_password", "secret_key"])
def test_a_secret_is_never_shown(name: str) -> None:
    assert "hunter" not in repr(load({"CORDBOARD_API_KEYS": "hunter2,hunter3"}))
    assert "hunter" not in repr(
        load({"CORDBOARD_WS_USER": "jambonz", "CORDBOARD_WS_PASSWORD": "hunter2"})
    )
    assert "hunter" not in complaint(**{name: "hunter 2"})


def test_a_wrong_secret_stays_out_of_the_error_of_pydantic_too() -> None:
    with pytest.raises(ValidationError) as caught:
        Settings.model_validate({"api_keys": "hunter 2"})

    assert "hunter" not in str(caught.value)


def test_certificate_and_key_come_together(tmp_path: Path) -> None:
    pem = tmp_path / "server.pem"
    pem.touch()

    assert "set both or neither" in complaint(tls_certificate=str(pem))
    settings = load({"CORDBOARD_TLS_CERTIFICATE": str(pem), "CORDBOARD_TLS_KEY": str(pem)})
    assert settings.has_tls
    assert settings.base_url == "https://127.0.0.1:3000"


def test_user_and_password_come_together() -> None:
    assert "CORDBOARD_WS_PASSWORD: set both or neither" in complaint(ws_user="jambonz")


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.7", "voice.example.com"])
def test_an_open_address_without_keys_and_credentials_is_refused(host: str) -> None:
    message = complaint(host=host)

    assert "CORDBOARD_API_KEYS" in message
    assert "CORDBOARD_WS_USER with CORDBOARD_WS_PASSWORD" in message
    assert "CORDBOARD_ALLOW_ANONYMOUS=1" in message


def test_an_open_address_is_told_only_what_it_lacks() -> None:
    message = complaint(host="0.0.0.0", api_keys="one")

    assert "CORDBOARD_API_KEYS" not in message
    assert "CORDBOARD_WS_USER" in message


@pytest.mark.parametrize(
    "variables",
    [
        {"API_KEYS": "one", "WS_USER": "jambonz", "WS_PASSWORD": "two"},
        {"ALLOW_ANONYMOUS": "1"},
    ],
)
def test_an_open_address_starts_with_credentials_or_with_consent(
    variables: dict[str, str],
) -> None:
    named = {f"CORDBOARD_{name}": value for name, value in variables.items()}

    assert not load({"CORDBOARD_HOST": "0.0.0.0", **named}).is_loopback


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.9.1", "::1", "[::1]", "localhost"])
def test_loopback_has_many_names(host: str) -> None:
    assert Settings(host=host).is_loopback


@pytest.mark.parametrize(
    ("host", "url"),
    [
        ("127.0.0.1", "ws://127.0.0.1:3000"),
        ("::1", "ws://[::1]:3000"),
        ("0.0.0.0", "ws://127.0.0.1:3000"),
        ("::", "ws://[::1]:3000"),
    ],
)
def test_the_url_can_be_dialled(host: str, url: str) -> None:
    assert Settings(host=host, allow_anonymous=True).websocket_url == url


def test_settings_cannot_be_changed() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        Settings().port = 1  # type: ignore[misc]


def test_a_key_is_made_once_and_kept_with_owner_only_rights(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    first = ensure_key(Settings(data_dir=folder))
    second = ensure_key(Settings(data_dir=folder))

    assert first.api_keys == second.api_keys
    assert len(first.api_keys[0].get_secret_value()) > 40
    assert first.generated_key == second.generated_key == folder / "api-key"
    if sys.platform != "win32":
        assert stat.S_IMODE((folder / "api-key").stat().st_mode) == 0o600
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_a_secret_key_is_made_once_and_kept_beside_it(tmp_path: Path) -> None:
    keyed = ensure_key(Settings(data_dir=tmp_path))
    first, second = ensure_secret(keyed), ensure_secret(Settings(data_dir=tmp_path))

    assert first.secret_key == second.secret_key
    assert len(first.secret_key[0].get_secret_value()) > 40
    assert first.generated_key == tmp_path / "api-key"
    if sys.platform != "win32":
        assert stat.S_IMODE((tmp_path / "secret-key").stat().st_mode) == 0o600


def test_secret_keys_are_given_the_newest_first(tmp_path: Path) -> None:
    settings = load({"CORDBOARD_SECRET_KEY": f"{'n' * 32}, {'o' * 40}"})

    assert [key.get_secret_value() for key in settings.secret_key] == ["n" * 32, "o" * 40]
    assert ensure_secret(settings) is settings
    assert "32 characters or more" in complaint(secret_key="too short")


def test_a_secret_key_that_is_short_stops_the_start(tmp_path: Path) -> None:
    (tmp_path / "secret-key").write_text("guessed")

    with pytest.raises(SettingsError, match="expected 32 characters"):
        ensure_secret(Settings(data_dir=tmp_path))


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has other rights")
def test_a_key_that_others_could_read_is_closed_again(tmp_path: Path) -> None:
    path = tmp_path / "api-key"
    path.write_text("kept\n")
    path.chmod(0o644)

    settings = ensure_key(Settings(data_dir=tmp_path))

    assert settings.api_keys == (SecretStr("kept"),)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has other rights")
def test_a_key_with_the_right_rights_is_left_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = ensure_key(Settings(data_dir=tmp_path))
    monkeypatch.setattr(Path, "chmod", None)  # on a read-only file system it fails

    assert ensure_key(Settings(data_dir=tmp_path)).api_keys == first.api_keys


def test_two_servers_that_start_at_once_share_one_key(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        started = list(pool.map(ensure_key, [Settings(data_dir=tmp_path)] * 32))

    assert len({settings.api_keys for settings in started}) == 1
    assert [path.name for path in tmp_path.iterdir()] == ["api-key"]


@pytest.mark.parametrize("linking", [PermissionError, OSError])
def test_a_file_system_without_hard_links_will_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, linking: type[OSError]
) -> None:
    def link(_from: str, _to: Path) -> None:
        raise linking

    monkeypatch.setattr(os, "link", link)
    first = ensure_key(Settings(data_dir=tmp_path))

    assert ensure_key(Settings(data_dir=tmp_path)).api_keys == first.api_keys


def test_no_key_is_made_where_keys_are_given_or_nobody_is_asked(tmp_path: Path) -> None:
    for settings in (
        Settings(data_dir=tmp_path, api_keys=(SecretStr("given"),)),
        Settings(data_dir=tmp_path, allow_anonymous=True),
    ):
        assert ensure_key(settings) is settings
        assert settings.generated_key is None

    assert os.listdir(tmp_path) == []  # noqa: PTH208


@pytest.mark.parametrize("content", [b"", b"\n", b"\xff\xfe", b"two words"])
def test_a_file_without_a_key_is_said_to_be_so(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "api-key").write_bytes(content)

    with pytest.raises(SettingsError, match="remove the file"):
        ensure_key(Settings(data_dir=tmp_path))


def test_a_folder_that_cannot_be_made_is_an_error_of_the_setting(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    with pytest.raises(SettingsError, match=r"^CORDBOARD_DATA_DIR: cannot keep an API key"):
        ensure_key(Settings(data_dir=tmp_path / "file" / "data"))


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        ({}, "$(cat .cordboard/api-key)"),
        ({"CORDBOARD_DATA_DIR": "/var/lib/cordboard"}, "$(cat /var/lib/cordboard/api-key)"),
        ({"CORDBOARD_API_KEYS": "a,b"}, "KEY"),
    ],
)
def test_a_command_to_paste_finds_the_key(
    monkeypatch: pytest.MonkeyPatch, environ: dict[str, str], expected: str
) -> None:
    for name in ("CORDBOARD_DATA_DIR", "CORDBOARD_API_KEYS"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environ.items():
        monkeypatch.setenv(name, value)

    assert key_in_a_command() == expected
