"""Secrets inside an agent: sealed in the store, hidden over REST, kept where they are sent back."""

from typing import Any

import orjson
import pytest
from pydantic import ValidationError

from app.rest.explain import explain
from app.stored.secrets import HIDDEN, hide, seal, unseal
from app.vault import Vault
from tests.stored.agents import CASCADED, written

KEY = "sk-of-the-operator"
VAULT = Vault(["a key for this test"])
LLM = {"vendor": "openai", "model": "gpt-4.1-mini", "auth": {"apiKey": KEY}}
HOOK = {"url": "https://crm.example/calls", "username": "us", "password": KEY}
SERVER = {"url": "https://tools.example/mcp", "headers": {"Authorization": KEY}}
AGENT = written(
    agent_config={**CASCADED, "llm": LLM},
    call_hooks=[HOOK],
    mcp_servers=[SERVER, {"url": "https://other.example/mcp", "headers": {"X-Key": KEY}}],
)


def with_changes(data: dict[str, Any], **options: Any) -> dict[str, Any]:
    """What an operator sends back after reading it."""
    return {**hide(data), **options}


def refused(data: dict[str, Any], former: dict[str, Any] | None) -> list[str]:
    """The fields whose secrets could not be kept."""
    with pytest.raises(ValidationError) as caught:
        seal(data, VAULT, former)
    return [field for field, _ in explain(caught.value)]


def test_what_is_stored_holds_no_secret_in_plain() -> None:
    stored = seal(AGENT, VAULT)
    assert KEY not in orjson.dumps(stored).decode()
    assert unseal(stored, VAULT) == AGENT


def test_what_is_read_back_holds_neither_secret_nor_seal() -> None:
    hidden = hide(seal(AGENT, VAULT))
    assert hidden == hide(AGENT)
    assert hidden["agent_config"]["llm"]["auth"] == {"apiKey": HIDDEN}
    assert hidden["call_hooks"][0]["password"] == HIDDEN
    assert "sealed" not in orjson.dumps(hidden).decode()


def test_a_hidden_secret_that_is_sent_back_is_kept() -> None:
    stored = seal(AGENT, VAULT)
    servers = list(reversed(hide(stored)["mcp_servers"]))
    again = seal(with_changes(stored, name="Desk", mcp_servers=servers), VAULT, stored)
    opened = unseal(again, VAULT)
    assert opened["name"] == "Desk"
    assert opened["agent_config"] == AGENT["agent_config"]
    assert opened["mcp_servers"] == list(reversed(AGENT["mcp_servers"]))


def test_a_new_secret_takes_the_place_of_the_old_one() -> None:
    stored = seal(AGENT, VAULT)
    hook = {**HOOK, "password": "another"}
    opened = unseal(seal(with_changes(stored, call_hooks=[hook]), VAULT, stored), VAULT)
    assert opened["call_hooks"] == [hook]


def test_a_hidden_secret_needs_one_that_is_kept() -> None:
    assert sorted(refused(hide(AGENT), None)) == [
        "agent_config.llm.auth.apiKey",
        "call_hooks[0].password",
        "mcp_servers[0].headers.Authorization",
        "mcp_servers[1].headers.X-Key",
    ]


@pytest.mark.parametrize(
    ("option", "changed", "field"),
    [
        (
            "call_hooks",
            [{**HOOK, "password": HIDDEN, "url": "https://elsewhere.example"}],
            "call_hooks[0].password",
        ),
        (
            "mcp_servers",
            [{"url": "https://elsewhere.example", "headers": {"Authorization": HIDDEN}}],
            "mcp_servers[0].headers.Authorization",
        ),
        (
            "agent_config",
            {"llm": {**LLM, "auth": {"apiKey": HIDDEN, "baseURL": "https://elsewhere.example"}}},
            "agent_config.llm.auth.apiKey",
        ),
        (
            "agent_config",
            {
                "llm": {
                    **LLM,
                    "auth": {"apiKey": HIDDEN},
                    "connect_options": {"base_url": "https://elsewhere.example"},
                }
            },
            "agent_config.llm.auth.apiKey",
        ),
    ],
)
def test_a_kept_secret_is_never_sent_to_another_place(
    option: str, changed: Any, field: str
) -> None:
    stored = seal(AGENT, VAULT)
    assert refused(with_changes(stored, **{option: changed}), stored) == [field]


def test_what_looks_sealed_is_taken_from_the_store_only() -> None:
    stored = seal(AGENT, VAULT)
    stolen = {**CASCADED, "variables": {"password": stored["call_hooks"][0]["password"]}}
    assert refused(written(agent_config=stolen), stored) == ["agent_config.variables.password"]
