"""Agents that are kept as data answer calls: nobody has written a line of Python."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from structlog.testing import capture_logs

from app.keys import VAULT
from app.llm import FakeModel, ToolCall
from app.store import DEFAULT_ORGANISATION, Store, StoreUnavailable
from app.store.agents import Saved
from app.stored import AgentData
from app.stored.secrets import seal
from app.testing import Cordboard
from app.twin import Twin
from tests.store_fixtures import another_tenant
from tests.stored.agents import CASCADED, GEMINI, OPENAI, read

NO_AGENT = "00000000-0000-4000-8000-00000000dead"
Create = Callable[..., Awaitable[str]]


@pytest.fixture
def cordboard_store(sqlite_store: Store) -> Store:
    return sqlite_store


@pytest.fixture
def create(sqlite_store: Store) -> Create:
    """Creates an agent and gives the path that it answers on."""

    async def made(**options: Any) -> str:
        agents = sqlite_store.tenant(DEFAULT_ORGANISATION, "test").agents
        stored = await agents.create(saved(read(**options)))
        return f"/agents/{stored.id}"

    return made


def saved(data: AgentData) -> Saved:
    return Saved(data.to_json(), data.knowledge_base_ids)


async def test_an_agent_of_data_greets_and_talks(jambonz: Twin, create: Create) -> None:
    path = await create(agent_config=CASCADED, prompt="You are the reception of a hotel.")
    async with await jambonz.call(path) as call:
        assert "reception of a hotel" in await call.heard()
        verb = call.acks[0]["data"][0]
        assert verb["verb"] == "agent"
        assert verb["stt"]["vendor"] == "deepgram"


@pytest.mark.parametrize("config", [OPENAI, GEMINI], ids=["openai", "gemini"])
async def test_a_realtime_agent_of_data_greets_and_talks(
    config: dict[str, Any], jambonz: Twin, create: Create
) -> None:
    path = await create(realtime_config=config, prompt="You are the reception of a hotel.")
    async with await jambonz.call(path) as call:
        assert "reception of a hotel" in await call.heard()


async def test_data_of_the_call_is_in_the_prompt_before_the_first_word(
    jambonz: Twin, create: Create
) -> None:
    path = await create(agent_config=CASCADED, prompt="You answer the phone.")
    async with await jambonz.call(path, from_="+14155550123") as call:
        prompt = call.acks[0]["data"][0]["llm"]["llmOptions"]["systemPrompt"]
        assert "From: +14155550123" in prompt


async def test_the_first_words_are_the_operators_word_for_word(
    jambonz: Twin, create: Create
) -> None:
    config = {**CASCADED, "variables": {"shop": "Main Street"}}
    path = await create(agent_config=config, greeting="Welcome to {{shop}}, {{caller_name}}!")
    async with await jambonz.call(path, caller_name="Ada {{from}}") as call:
        assert await call.heard() == "Welcome to Main Street, Ada {{from}}!"
        words, agent = call.acks[0]["data"]
        assert words["synthesizer"] == {"vendor": "cartesia", "voice": "sonic-english"}
        assert agent["greeting"] is False
        assert agent["llm"]["llmOptions"]["messages"] == [
            {"role": "assistant", "content": "Welcome to Main Street, Ada {{from}}!"}
        ]


async def test_a_realtime_agent_says_the_operators_first_words(
    jambonz: Twin, create: Create
) -> None:
    path = await create(realtime_config=OPENAI, greeting="Welcome to Main Street.")
    async with await jambonz.call(path) as call:
        assert "Welcome to Main Street." in await call.heard()


async def test_a_call_keeps_its_version_and_the_next_one_has_the_new_one(
    jambonz: Twin, create: Create, sqlite_store: Store, cordboard: Cordboard
) -> None:
    path = await create(agent_config=CASCADED, prompt="You are a tailor.")
    agents = sqlite_store.tenant(DEFAULT_ORGANISATION, "test").agents
    async with await jambonz.call(path) as first:
        await first.heard()
        again = read(agent_config=CASCADED, prompt="You are a baker.", name="Bakery")
        await agents.replace(path.rpartition("/")[2], saved(again))
        async with await jambonz.call(path) as second:
            assert "baker" in await second.heard()
            versions = {
                session.stored_version.version
                for session in cordboard.calls
                if session.stored_version is not None
            }
            assert versions == {1, 2}
        assert "baker" not in first.acks[0]["data"][0]["llm"]["llmOptions"]["systemPrompt"]


@pytest.mark.parametrize("agent_id", [NO_AGENT, "no-id", "..%2f"])
async def test_a_caller_of_an_agent_that_is_not_there_hears_an_apology(
    agent_id: str, jambonz: Twin
) -> None:
    async with await jambonz.call(f"/agents/{agent_id}") as call:
        assert "something went wrong" in await call.heard()


async def test_an_agent_that_is_not_there_is_one_line_in_the_log(jambonz: Twin) -> None:
    with capture_logs() as logs:
        async with await jambonz.call("/agents/no-id") as call:
            await call.heard()
    (told,) = [line for line in logs if line["log_level"] in ("warning", "error")]
    assert told["event"] == "agent_not_found"
    assert "no-id" in told["error"]


async def test_an_agent_that_has_drafts_only_answers_nobody(
    jambonz: Twin, sqlite_store: Store
) -> None:
    agents = sqlite_store.tenant(DEFAULT_ORGANISATION, "test").agents
    draft = await agents.create(saved(read(agent_config=CASCADED)), is_draft=True)
    async with await jambonz.call(f"/agents/{draft.id}") as call:
        assert "something went wrong" in await call.heard()


SALES = {"number": "+14155550199", "name": "Sales", "description": "for orders"}


@pytest.mark.parametrize("config", [CASCADED, OPENAI, GEMINI], ids=["agent", "openai", "gemini"])
class TestTools:
    """The same tools run whatever the agent is made of."""

    @pytest.fixture
    def cordboard_model(self) -> FakeModel:
        return FakeModel(
            ["Good day.", ToolCall(id="1", name="end_call", arguments={}), "Goodbye then."]
        )

    async def test_a_tool_of_a_stored_agent_runs(
        self, config: dict[str, Any], jambonz: Twin, create: Create
    ) -> None:
        kind = "realtime_config" if "provider" in config else "agent_config"
        tools = {"transfer_call": True}
        path = await create(**{kind: config}, tools=tools, transfer_targets=[SALES])
        async with await jambonz.call(path) as call:
            await call.heard()
            await call.say("That is all.")
            await call.ended()
            assert call.spoken[-1] == "Goodbye then."

    async def test_what_is_switched_off_is_not_offered(
        self, config: dict[str, Any], jambonz: Twin, create: Create, cordboard: Cordboard
    ) -> None:
        kind = "realtime_config" if "provider" in config else "agent_config"
        path = await create(**{kind: config}, tools={"end_call": False})
        async with await jambonz.call(path):
            (session,) = cordboard.calls
            assert session.agent is not None
            assert session.agent.tools == {}
            assert "## Ending the call" not in session.agent.instructions


async def test_a_call_ends_after_as_many_answers_as_it_may_have(
    jambonz: Twin, create: Create
) -> None:
    limits = {"max_turns": 2, "goodbye": "Our time is over."}
    path = await create(agent_config=CASCADED, limits=limits, prompt="You are a clerk.")
    async with await jambonz.call(path) as call:
        await call.heard()
        await call.say("Hello?")
        await call.ended()
        assert call.spoken[-1] == "Our time is over."


async def test_a_realtime_call_ends_after_as_many_answers_as_it_may_have(
    jambonz: Twin, create: Create
) -> None:
    path = await create(realtime_config=OPENAI, limits={"max_turns": 1})
    async with await jambonz.call(path) as call:
        await call.heard()
        await call.ended()


async def test_calls_are_answered_while_the_store_is_away(
    jambonz: Twin, create: Create, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = await create(agent_config=CASCADED, prompt="You are the reception of a hotel.")
    other = await create(agent_config=CASCADED)
    async with await jambonz.call(path) as call:
        await call.heard()

    is_away = True

    @asynccontextmanager
    async def away(_store: Store) -> AsyncIterator[None]:
        if is_away:
            raise StoreUnavailable("the store does not answer")
        yield

    monkeypatch.setattr(Store, "reading", away)
    async with await jambonz.call(path) as call:
        assert "reception of a hotel" in await call.heard()
    async with await jambonz.call(other) as call:  # it never answered here
        assert "something went wrong" in await call.heard()


async def test_secrets_of_a_stored_agent_reach_jambonz_and_nobody_else(
    jambonz: Twin, cordboard: Cordboard, sqlite_store: Store, capsys: pytest.CaptureFixture[str]
) -> None:
    llm = {"vendor": "openai", "model": "gpt-4.1-mini", "auth": {"apiKey": "sk-of-the-operator"}}
    data = read(agent_config={**CASCADED, "llm": llm})
    agents = sqlite_store.tenant(DEFAULT_ORGANISATION, "test").agents
    sealed = seal(data.to_json(), cordboard.app[VAULT])
    stored = await agents.create(Saved(sealed))
    async with await jambonz.call(f"/agents/{stored.id}") as call:
        assert call.acks[0]["data"][0]["llm"]["auth"] == llm["auth"]
    assert "sk-of-the-operator" not in capsys.readouterr().out


@pytest.mark.parametrize("config", [CASCADED, OPENAI, GEMINI], ids=["agent", "openai", "gemini"])
async def test_nobody_is_left_in_silence_when_the_agent_has_ended(
    config: dict[str, Any], jambonz: Twin, create: Create, cordboard: Cordboard
) -> None:
    kind = "realtime_config" if "provider" in config else "agent_config"
    path = await create(**{kind: config})
    async with await jambonz.call(path) as call:
        (session,) = cordboard.calls
        assert session.agent is not None
        hook = session.agent.action_hook
        assert hook is not None
        verbs = await call.hook(hook, completion_reason="server error", error={"code": 1})
        assert [verb["verb"] for verb in verbs] == ["say", "hangup"]
    async with await jambonz.call(path) as call:
        verbs = await call.hook(hook, completion_reason="normal conversation end")
        assert [verb["verb"] for verb in verbs] == ["hangup"]


async def test_an_agent_of_another_organisation_answers_nobody(
    jambonz: Twin, sqlite_store: Store
) -> None:
    others = await another_tenant(sqlite_store)
    theirs = await others.agents.create(saved(read(agent_config=CASCADED)))
    async with await jambonz.call(f"/agents/{theirs.id}") as call:
        assert "something went wrong" in await call.heard()


class TestEitherEngine:
    @pytest.fixture
    def cordboard_store(self, store: Store) -> Store:
        return store

    async def test_an_agent_answers_from_sqlite_as_from_postgresql(
        self, jambonz: Twin, store: Store
    ) -> None:
        data = read(agent_config=CASCADED, prompt="You are the reception of a hotel.")
        agents = store.tenant(DEFAULT_ORGANISATION, "test").agents
        stored = await agents.create(saved(data))
        async with await jambonz.call(f"/agents/{stored.id}") as call:
            assert "reception of a hotel" in await call.heard()
            output = await call.tool_call("end_call", {})
            assert "goodbye" in str(output)
