"""Wrong agents are refused when they are made; odd ones warn."""

from collections.abc import Callable
from typing import Any

import pytest

from app.agent import LLM_VENDORS, Agent
from app.tool import tool
from app.verbs import VerbError
from tests.strategies import counted, ended, look_up

Wrong: Any = Agent  # for calls that a type checker would refuse
Build = Callable[[], object]


@pytest.mark.parametrize(
    ("options", "text", "path", "suggestion"),
    [
        ({"turnDetectoin": "krisp"},
         "agent: unknown option 'turnDetectoin'; did you mean 'turn_detection'?",
         "agent", "turn_detection"),
        ({"barge_in": {"enabled": True}},
         "agent.barge_in: unknown option 'enabled'; did you mean 'enable'?",
         "agent.barge_in", "enable"),
        ({"turn_detection": "smart"},
         "agent.turn_detection: expected 'stt', 'krisp' or {mode: 'krisp', threshold, model}; "
         "got 'smart'", "agent.turn_detection", None),
        ({"turn_detection": {"mode": "stt"}},
         "agent.turn_detection.mode: expected 'krisp'; got 'stt'",
         "agent.turn_detection.mode", None),
        ({"turn_detection": {"mode": "krisp", "threshold": 2}},
         "agent.turn_detection.threshold: expected a number from 0 to 1; got 2",
         "agent.turn_detection.threshold", None),
        ({"prompt": "x"}, "agent: unknown option 'prompt'; did you mean 'instructions'?",
         "agent", "instructions"),
        ({"systemPrompt": "x"}, "agent: unknown option 'systemPrompt'; did you mean "
         "'instructions'?", "agent", "instructions"),
        ({"llm": {"vendor": "openai", "temperature": 1}},
         "agent.llm: unknown option 'temperature'; known: vendor, model, label, auth, "
         "connect_options, llm_options, extra", "agent.llm", None),
        ({"llm": {"vendor": "openai", "llmOptions": {"maxtokens": 1}}},
         "agent.llm.llm_options: unknown option 'maxtokens'; did you mean 'max_tokens'?",
         "agent.llm.llm_options", "max_tokens"),
        ({"llm": "gpt-4.1-mini"},
         "agent.llm: expected 'vendor:model' such as 'openai:gpt-4.1-mini', or an object; "
         "got 'gpt-4.1-mini'", "agent.llm", None),
        ({"llm": "openai:"},
         "agent.llm: expected 'vendor:model' such as 'openai:gpt-4.1-mini', or an object; "
         "got 'openai:'", "agent.llm", None),
        ({"no_response_timeout": -1},
         "agent.no_response_timeout: expected a number, 0 or more; got -1",
         "agent.no_response_timeout", None),
        ({"max_tokens": 1.5}, "agent.max_tokens: expected a whole number, 1 or more; got 1.5",
         "agent.max_tokens", None),
        ({"tool_filler": {"type": "audio"}},
         "agent.tool_filler: option 'url' is required for type 'audio'",
         "agent.tool_filler", "url"),
        ({"tool_filler": True},
         "agent.tool_filler: expected False or {type, start_delay_secs, url, style, "
         "escalation_secs}; got True", "agent.tool_filler", None),
        ({"noise_isolation": "crisp"},
         "agent.noise_isolation: expected 'krisp', 'rnnoise', 'kugelaudio' or {mode, level, "
         "direction, model, label, auth}; got 'crisp'; did you mean 'krisp'?",
         "agent.noise_isolation", "krisp"),
        ({"noise_isolation": {"mode": "krisp", "auth": {"apiKey": 1}}},
         "agent.noise_isolation.auth.apiKey: expected text; got a value of type int",
         "agent.noise_isolation.auth.apiKey", None),
        ({"language_config": {"es": {"tts": {"voice": "v"}}}},
         "agent.language_config.es.tts: option 'vendor' is required: text",
         "agent.language_config.es.tts", None),
        ({"mcp_servers": [{"ur": "x"}]},
         "agent.mcp_servers[0]: unknown option 'ur'; did you mean 'url'?",
         "agent.mcp_servers[0]", "url"),
        ({"messages": [{"role": "sytem", "content": "x"}]},
         "agent.messages[0].role: expected one of system, user, assistant, tool; got 'sytem'; "
         "did you mean 'system'?", "agent.messages[0].role", "system"),
        ({"messages": [{"role": "user"}]},
         "agent.messages[0]: option 'content' is required", "agent.messages[0]", None),
        ({"instructions": "a", "messages": [{"role": "system", "content": "b"}]},
         "agent.messages[0]: a system message beside instructions; keep one of them",
         "agent.messages[0]", None),
        ({"instructions": "a", "llm": {"llmOptions": {"systemPrompt": "b"}}},
         "agent.instructions: is given twice, here and as llm.llm_options.system_prompt; "
         "keep one", "agent.instructions", None),
        ({"tools": [look_up, {"name": "look_up"}]},
         "agent.tools[1]: there are two tools named 'look_up'; rename one",
         "agent.tools[1]", None),
        ({"tools": [{"name": "hangup"}], "hangup": True},
         "agent.tools[0]: 'hangup' is the tool that hangup=… adds; rename yours",
         "agent.tools[0]", None),
        ({"tools": [{"name": "transfer_to_human"}],
          "handoff": {"mode": "blind", "target": "+1617"}},
         "agent.tools[0]: 'transfer_to_human' is the tool that handoff=… adds; rename yours",
         "agent.tools[0]", None),
        ({"tools": [{"nam": "x"}]}, "agent.tools[0].name: expected the tool's name, got None",
         "agent.tools[0].name", None),
        ({"tools": look_up}, "agent.tools: expected a list, each an @tool function, mcp_tools(…) "
         "or {name, description, …}; got a value of type Tool", "agent.tools", None),
        ({"action_hook": counted}, "agent.action_hook: counted is an event hook, which nothing "
         "calls here; decorate it with @action_hook", "agent.action_hook", None),
        ({"event_hooks": [ended]},
         "agent.event_hooks[0]: ended is an action hook; decorate it with @event_hook",
         "agent.event_hooks[0]", "action_hook"),
        ({"event_hook": ended},
         "agent.event_hook: ended is an action hook; decorate it with @event_hook",
         "agent.event_hook", None),
        ({"event_hook": None, "event_hooks": [counted]},
         "agent.event_hooks: event_hook=None turns events off, so these would never run",
         "agent.event_hooks", "event_hook"),
        ({"tool_hook": ended},
         "agent.tool_hook: takes a name; what answers tool calls are @tool functions in "
         "tools=[…]", "agent.tool_hook", "tools"),
        ({"variables": {"from": "x"}},
         "agent.variables: 'from' is data of the call; choose another name",
         "agent.variables", None),
        ({"variables": {"a b": "x"}},
         "agent.variables: 'a b' cannot be a variable; use letters, digits and underscores",
         "agent.variables", None),
    ],
)  # fmt: skip
def test_an_error_names_path_fix_and_suggestion(
    options: dict[str, Any], text: str, path: str, suggestion: str | None
) -> None:
    with pytest.raises(VerbError) as caught:
        Wrong(**options)
    assert str(caught.value).splitlines()[0] == text
    assert (caught.value.path, caught.value.suggestion) == (path, suggestion)


def test_own_tools_may_have_those_names_where_nothing_adds_them() -> None:
    Agent(tools=[{"name": "hangup"}, {"name": "transfer_to_human"}])
    Agent(
        tools=[{"name": "transfer_to_human"}],
        handoff={"mode": "blind", "target": "+1617", "tool_name": "to_desk"},
    )


def test_an_undecorated_tool_is_refused_with_the_decorator() -> None:
    def plain() -> None: ...

    with pytest.raises(VerbError, match=r"plain is a plain function; decorate it with @tool"):
        Wrong(tools=[plain])


@pytest.mark.parametrize("vendor", LLM_VENDORS)
def test_the_ten_vendors_are_known(vendor: str) -> None:
    agent = Agent(llm=f"{vendor}:any-model")
    assert agent.warnings == ()
    assert agent.llm_label == f"{vendor}:any-model"


def test_there_are_ten_vendors() -> None:
    assert len(LLM_VENDORS) == 10


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"llm": "opnai:gpt-4.1"}, "did you mean 'openai'?"),
        ({"llm": "moonshot:kimi"}, "vendor 'moonshot' is not known here"),
        ({}, "llm: not set"),
        ({"stt": "deepgramflux:flux", "turn_detection": "krisp"}, "turn_detection: ignored"),
        ({"stt": {"vendor": "assemblyai"}, "turn_detection": {"mode": "krisp"}},
         "turn_detection: ignored"),
        ({"stt": "speechmatics", "early_generation": True}, "early_generation: ignored"),
        ({"stt": "deepgramflux", "early_generation": False}, "early_generation: ignored"),
        ({"barge_in": {"threshold": 0.4}}, "barge_in.threshold: ignored"),
        ({"barge_in": {"strategy": "interruptPrediction", "min_speech_duration": 1}},
         "barge_in.min_speech_duration: ignored"),
        ({"speak": False, "tool_filler": {"type": "backchannel"}}, "tool_filler: ignored"),
        ({"speak": False, "early_generation": True}, "early_generation: ignored"),
        ({"no_response_timeout": 0, "no_response_max_prompts": 2},
         "no_response_max_prompts: ignored"),
        ({"tools": [look_up], "tool_hook": "https://x/t"}, "tools: the functions never run"),
        ({"event_hooks": [counted], "event_hook": {"url": "https://x/e"}},
         "event_hooks: they never run"),
    ],
)  # fmt: skip
def test_what_jambonz_would_ignore_is_a_warning(options: dict[str, Any], words: str) -> None:
    (warning,) = Wrong(**{"llm": "openai:gpt-4.1-mini", **options} if options else {}).warnings
    assert words in warning


@pytest.mark.parametrize(
    "options",
    [
        {"stt": "deepgram:nova-3", "turn_detection": "krisp", "early_generation": True},
        {"stt": "deepgramflux:flux", "turn_detection": "stt", "early_generation": True},
        {"barge_in": {"strategy": "interruptPrediction", "threshold": 0.4}},
        {"tools": [look_up], "tool_hook": "/mine"},
    ],
)
def test_what_has_an_effect_does_not_warn(options: dict[str, Any]) -> None:
    assert Wrong(llm="openai:gpt-4.1-mini", **options).warnings == ()


def test_tools_that_could_never_be_called_are_an_error() -> None:
    @tool
    async def ping() -> str:
        """Ping."""
        return "pong"

    with pytest.raises(VerbError, match="tool_hook=None turns tool calls off") as error:
        Agent(llm="openai:gpt-4.1-mini", tools=[ping], tool_hook=None)
    assert error.value.path == "agent.tools"
