"""Env vars: what the portal is shown, and what comes back."""

from enum import Enum
from typing import Any, Literal

import pytest

from app import Application, ConfigurationError, EnvVars, env_var
from app.application.env import read_env


class Tone(Enum):
    WARM = "warm"
    COOL = "cool"


class Env(EnvVars):
    GREETING: str = env_var(description="First sentence")
    LLM_MODEL: Literal["gpt-4.1-mini", "gpt-4.1"] = "gpt-4.1-mini"
    """Model."""
    SYSTEM_PROMPT: str | None = env_var(None, ui_hint="textarea")
    API_KEY: str = env_var("x", obscure=True)
    MAX_TURNS: int = 20
    LOUD: bool = False
    TONE: Tone = Tone.WARM
    CARRIER: str = env_var("", jambonz_resource="carriers")


def test_the_form_is_what_the_portal_expects() -> None:
    assert Env.portal_schema() == {
        "GREETING": {"type": "string", "description": "First sentence", "required": True},
        "LLM_MODEL": {
            "type": "string",
            "description": "Model.",
            "enum": ["gpt-4.1-mini", "gpt-4.1"],
            "default": "gpt-4.1-mini",
        },
        "SYSTEM_PROMPT": {"type": "string", "description": "System prompt", "uiHint": "textarea"},
        "API_KEY": {"type": "string", "description": "Api key", "obscure": True},
        "MAX_TURNS": {"type": "number", "description": "Max turns", "default": 20},
        "LOUD": {"type": "boolean", "description": "Loud", "default": False},
        "TONE": {
            "type": "string",
            "description": "Tone",
            "enum": ["warm", "cool"],
            "default": "warm",
        },
        "CARRIER": {
            "type": "string",
            "description": "Carrier",
            "default": "",
            "jambonzResource": "carriers",
        },
    }


def test_the_form_can_be_wrapped() -> None:
    assert Application("/x", env=Env).portal_body == Env.portal_schema()
    assert Application("/x", env=Env, env_body="wrapped").portal_body == {
        "env": Env.portal_schema()
    }
    assert Application("/x", env_body="wrapped").portal_body == {}


def test_values_come_back_typed() -> None:
    env, complaints = read_env(Env, {"GREETING": "Hi", "MAX_TURNS": "7", "LOUD": "true", "OLD": 1})

    assert (env.GREETING, env.MAX_TURNS, env.LOUD, env.TONE) == ("Hi", 7, True, Tone.WARM)
    assert complaints == []


def test_a_value_that_does_not_fit_counts_as_absent() -> None:
    env, complaints = read_env(Env, {"GREETING": "Hi", "MAX_TURNS": "many"})

    assert env.MAX_TURNS == 20
    assert complaints[0].startswith("MAX_TURNS: ")


def test_a_required_value_that_is_missing_is_an_error_that_names_it() -> None:
    with pytest.raises(ConfigurationError, match="GREETING"):
        read_env(Env, {})


@pytest.mark.parametrize("kind", [list, dict, object])
def test_a_type_that_the_portal_cannot_show_is_an_error(kind: Any) -> None:
    class Odd(EnvVars):
        THING: kind = None

    with pytest.raises(ConfigurationError, match="THING"):
        Application("/x", env=Odd)


def test_a_name_that_the_portal_cannot_hold_is_an_error() -> None:
    odd = type("Odd", (EnvVars,), {"__annotations__": {"ÜBER": str}, "ÜBER": ""})
    with pytest.raises(ConfigurationError, match="letters, digits"):
        Application("/x", env=odd)
