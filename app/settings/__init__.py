"""Every setting of the server: one frozen object, read once from ``CORDBOARD_…`` variables.

This room is the only reader of the environment; all else is handed a `Settings`.
"""

from app.settings.environment import (
    PREFIX,
    environment_of_worker,
    is_color_unwanted,
    key_in_a_command,
    load,
    load_llm_keys,
    reach_of_a_command,
)
from app.settings.errors import SettingsError
from app.settings.model import Settings
from app.settings.own_keys import ensure_key, ensure_secret

__all__ = [
    "PREFIX",
    "Settings",
    "SettingsError",
    "ensure_key",
    "ensure_secret",
    "environment_of_worker",
    "is_color_unwanted",
    "key_in_a_command",
    "load",
    "load_llm_keys",
    "reach_of_a_command",
]
