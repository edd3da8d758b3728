"""What jambonz gets for an agent, shown before any call."""

from typing import Any

import pytest
from pydantic import SecretStr

from app.keys import CALLS, STORED_AGENTS
from app.settings import Settings
from app.testing import API_KEY, Cordboard
from app.vault import Vault
from tests.api.agents import CASCADED, OPENAI, agent, cascaded
from tests.api.conftest import Api
from tests.api.test_agents import AGENTS, make

VENDOR_KEY = "sk-of-the-vendor"


@pytest.fixture
def cordboard_settings() -> Settings:
    return Settings(
        port=0,
        api_keys=(SecretStr(API_KEY),),
        public_url="https://voice.example.com",
        llm_keys={"openai": {"apiKey": VENDOR_KEY}},
    )


async def preview(api: Api, body: dict[str, Any]) -> dict[str, Any]:
    made = await api.post(AGENTS, body)
    assert made.status == 201, made.text
    shown = await api.get(f"{made.headers['Location']}/verb")
    assert shown.status == 200, shown.text
    assert VENDOR_KEY not in shown.text
    view: dict[str, Any] = shown.json
    assert view["websocket_url"] == f"wss://voice.example.com/agents/{made.json['id']}"
    return view


async def test_a_realtime_agent_is_shown_as_the_vendors_verb(api: Api) -> None:
    view = await preview(api, agent(prompt="You serve {{from}}.", realtime_config=OPENAI))

    (verb,) = view["verbs"]
    assert verb["verb"] == "openai_s2s"
    assert "auth" in verb
    assert "You serve {{from}}." in str(verb)
    assert "sage" in str(verb)
    assert "end_call" in str(verb), "with the tools that it has"
    assert "CORDBOARD_PUBLIC_URL" not in view["advice"]


async def test_an_agent_that_jambonz_runs_is_shown_with_its_first_words(api: Api) -> None:
    config = {**CASCADED, "variables": {"shop": "The Corner"}}
    view = await preview(
        api,
        cascaded(
            prompt="You work for {{shop}}.", greeting="{{shop}}, {{to}}?", agent_config=config
        ),
    )

    words, verb = view["verbs"]
    assert (words["verb"], words["text"]) == ("say", "The Corner, {{to}}?")
    assert verb["verb"] == "agent"
    prompt = verb["llm"]["llmOptions"]["systemPrompt"]
    assert prompt.startswith("You work for The Corner.")
    assert "From: {{from}}" in prompt


async def test_secrets_of_an_agent_are_not_shown(api: Api) -> None:
    llm = {"vendor": "openai", "model": "gpt-4.1", "auth": {"apiKey": "sk-of-the-agent"}}
    view = await preview(api, cascaded(agent_config={**CASCADED, "llm": llm}))

    assert "sk-of-the-agent" not in str(view)
    assert "auth" in str(view["verbs"])


async def test_drafts_and_older_versions_are_shown_too(api: Api) -> None:
    place = await make(api)
    await api.put(f"{place}?draft=true", agent(prompt="A draft."))

    now, draft = await api.get(f"{place}/verb"), await api.get(f"{place}/verb?version=2")

    assert (now.json["version"], draft.json["version"]) == (1, 2)
    assert "A draft." not in now.text
    assert "A draft." in draft.text
    assert (await api.get(f"{place}/verb?version=3")).status == 404


async def test_an_agent_whose_secrets_cannot_be_opened_says_so(
    api: Api, cordboard: Cordboard
) -> None:
    llm = {"vendor": "openai", "model": "gpt-4.1", "auth": {"apiKey": "sk-of-the-agent"}}
    made = await api.post(AGENTS, cascaded(agent_config={**CASCADED, "llm": llm}))
    cordboard.app[STORED_AGENTS]._vault = Vault(["another-key"])

    refused = await api.get(f"{made.headers['Location']}/verb")

    assert refused.status == 409
    assert "CORDBOARD_SECRET_KEY" in refused.json["detail"]


async def test_nothing_of_a_preview_is_left(api: Api, cordboard: Cordboard) -> None:
    await preview(api, agent(limits={"max_duration": 60, "max_turns": 2}))

    assert len(cordboard.calls) == 0
    assert cordboard.app[CALLS].runtime.agents is cordboard.app[STORED_AGENTS]
