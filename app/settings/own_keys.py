"""Keys that a server makes for itself, kept in files of its data folder."""

import os
import re
import secrets
import tempfile
from pathlib import Path

from pydantic import SecretStr

from app.settings.errors import SettingsError
from app.settings.model import LEAST_SECRET, Settings


def ensure_key(settings: Settings) -> Settings:
    """Give a server without API keys one of its own, kept in ``data_dir/api-key``.

    Raises:
        SettingsError: The file cannot be written or read.
    """
    if settings.api_keys or settings.allow_anonymous:
        return settings
    key, path = _kept(settings, "api-key", "an API key")
    keyed = settings.model_copy(update={"api_keys": (key,)})
    keyed._generated_key = path
    return keyed


def ensure_secret(settings: Settings) -> Settings:
    """Give a server without a secret key one of its own, kept in ``data_dir/secret-key``.

    Raises:
        SettingsError: The file cannot be written or read.
    """
    if settings.secret_key:
        return settings
    key, path = _kept(settings, "secret-key", "a secret key (or set CORDBOARD_SECRET_KEY)")
    if len(key.get_secret_value()) < LEAST_SECRET:
        raise SettingsError(f"{path}: expected {LEAST_SECRET} characters or more, came fewer")
    secured = settings.model_copy(update={"secret_key": (key,)})
    secured._generated_key = settings._generated_key
    return secured


def _kept(settings: Settings, name: str, what: str) -> tuple[SecretStr, Path]:
    """A key that stands in a file of the data folder, made the first time."""
    path = settings.data_dir / name
    try:
        key = _read_or_make_key(path)
    except OSError as error:
        raise SettingsError(
            f"CORDBOARD_DATA_DIR: cannot keep {what} in {path}: {error.strerror}"
        ) from None
    if not re.fullmatch(r"[!-~]+", key):
        raise SettingsError(f"{path} holds no key; remove the file to get a new one")
    return SecretStr(key), path


def _read_or_make_key(path: Path) -> str:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    if not path.exists():
        _make_key(path)
    if path.stat().st_mode & 0o077:
        path.chmod(0o600)
    return path.read_text(encoding="utf-8", errors="replace").strip()


def _make_key(path: Path) -> None:
    """Write a new key, unless another process that starts right now was quicker."""
    handle, draft = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-")  # owner-only rights
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(secrets.token_urlsafe(32) + "\n")
        os.link(draft, path)
    except FileExistsError:
        pass
    except OSError:  # a file system without hard links
        os.replace(draft, path)  # noqa: PTH105
    finally:
        Path(draft).unlink(missing_ok=True)
