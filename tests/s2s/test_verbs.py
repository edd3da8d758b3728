"""The verbs as values: examples, what is refused and how, what the shortcuts have in common."""

from typing import Any

import pytest

import app
from app import (
    Application,
    DialEnded,
    LlmEvent,
    Session,
    VerbError,
    action_hook,
    event_hook,
    google_s2s,
    openai_s2s,
    s2s,
    tool,
)
from app.agent import TOOLS, render
from app.application import UnansweredHook, require_answers
from app.s2s import SpeechToSpeech
from app.verbs import Render, read_verb
from tests import oracle
from tests.s2s.least import LEAST, WEATHER, verb
from tests.s2s_options import FAMILY

OPTIONS: dict[str, Any] = {"llm_options": {}}


@tool
async def get_weather(city: str) -> str:
    """Current weather.

    Args:
        city: City name.
    """
    return city


@event_hook
async def note(session: Session, event: LlmEvent) -> None:
    """Hear an event."""


@action_hook
async def finish() -> None:
    """Hear the end."""


@pytest.mark.parametrize("name", FAMILY)
def test_the_published_examples_come_out_as_they_went_in(name: str) -> None:
    examples = oracle.examples(f"verbs/{name}")

    assert examples
    assert [read_verb(example).to_verb(Render()) for example in examples] == examples


@pytest.mark.parametrize("name", ["s2s", *sorted(set(FAMILY) - {"llm", "s2s"})])
def test_every_verb_can_be_imported_from_the_top(name: str) -> None:
    assert getattr(app, name) is FAMILY[name]


@pytest.mark.parametrize("name", sorted(set(FAMILY) - {"llm", "s2s"}))
def test_a_shortcut_and_the_vendor_by_name_write_the_same(name: str) -> None:
    vendor = name.removesuffix("_s2s")
    tools = [get_weather]
    options = {"llm_options": {}, **LEAST.get(vendor, {}), "instructions": "P", "tools": tools}
    short = FAMILY[name](**options).to_verb(Render())
    long = s2s(vendor=vendor, **options).to_verb(Render())

    assert (short.pop("verb"), long.pop("verb"), long.pop("vendor")) == (name, "s2s", vendor)
    assert short == long
    assert FAMILY[name](**options).about.dialect.command == "llm:update"


def test_tools_hooks_and_prompt_are_given_as_to_an_agent() -> None:
    made = openai_s2s(
        model="gpt-realtime",
        instructions="You help.",
        tools=[get_weather],
        event_hooks=[note],
        action_hook=finish,
        mcp_servers=["https://mcp.example.com/sse"],
        hangup=True,
        events=["response.done"],
        response_timeout_ms=3000,
    )
    rendered = render(made)

    assert rendered.verbs == [
        {
            "verb": "openai_s2s",
            "model": "gpt-realtime",
            "mcpServers": [{"url": "https://mcp.example.com/sse"}],
            "actionHook": finish.label,
            "hangup": {},
            "events": ["response.done"],
            "responseTimeoutMs": 3000,
            "llmOptions": {
                "session_update": {
                    "instructions": "You help.",
                    "tools": [{"type": "function", **get_weather.definition}],
                },
                "response_create": {"instructions": "You help."},
            },
            "toolHook": TOOLS,
            "eventHook": "/events",
        }
    ]
    (about,) = rendered.agents
    assert (about.tools, about.event_hooks) == ({"get_weather": get_weather}, (note,))
    assert about.instructions == "You help."
    assert about.agent.llm_label == "openai:gpt-realtime"


def test_without_tools_and_event_hooks_jambonz_is_asked_for_neither() -> None:
    assert render(openai_s2s(**OPTIONS)).verbs == [{"verb": "openai_s2s", "llmOptions": {}}]


def test_the_prompt_is_filled_with_data_of_the_call() -> None:
    made = google_s2s(instructions="{{from}} calls {{shop}}.", variables={"shop": "us"})
    rendered = render(made, values={"from": "+15085551212"})
    (part,) = rendered.verbs[0]["llmOptions"]["setup"]["systemInstruction"]["parts"]

    assert part["text"] == rendered.agents[0].instructions == "+15085551212 calls us."


def test_definitions_as_json_need_a_handler() -> None:
    application = Application("/x")
    rendered = render(openai_s2s(tools=[WEATHER]))
    with pytest.raises(UnansweredHook, match="get_weather"):
        require_answers(application, rendered)

    @application.on("llm:tool-call")
    async def answer(session: Session, data: dict[str, object]) -> None: ...

    require_answers(application, rendered)


@pytest.mark.parametrize(
    ("options", "path", "suggestion"),
    [
        ({"verb": "openai_s2s"}, "openai_s2s", None),
        ({"verb": "s2s", "llm_options": {}}, "s2s", None),
        ({"verb": "openai_s2s", **OPTIONS, "vendor": "opnai"}, "openai_s2s.vendor", "openai"),
        ({"verb": "openai_s2s", **OPTIONS, "toolz": []}, "openai_s2s", "tools"),
        ({"verb": "llm", "vendor": "openai", "llmOption": {}}, "llm", "llm_options"),
        ({"verb": "openai_s2s", **OPTIONS, "functions": []}, "openai_s2s", "tools"),
        ({"verb": "openai_s2s", **OPTIONS, "prompt": ""}, "openai_s2s", "instructions"),
        ({"verb": "openai_s2s", **OPTIONS, "events": [1]}, "openai_s2s.events[0]", None),
        (
            {"verb": "openai_s2s", **OPTIONS, "response_timeout_ms": 0},
            "openai_s2s.response_timeout_ms",
            None,
        ),
        (
            {"verb": "openai_s2s", "instructions": "P", "llm_options": {"session_update": 1}},
            "openai_s2s.llm_options.session_update",
            None,
        ),
        (
            {
                "verb": "openai_s2s",
                "instructions": "P",
                "llm_options": {"session_update": {"instructions": "Q"}},
            },
            "openai_s2s.instructions",
            None,
        ),
        ({"verb": "openai_s2s", "instructions": "{{form}}"}, "openai_s2s.instructions", "from"),
        (
            {"verb": "openai_s2s", "tools": [WEATHER, WEATHER]},
            "openai_s2s.tools[1]",
            None,
        ),
        (
            {"verb": "openai_s2s", "tools": [{"name": "hangup"}], "hangup": True},
            "openai_s2s.tools[0]",
            None,
        ),
        ({"verb": "elevenlabs_s2s"}, "elevenlabs_s2s", None),
        ({"verb": "elevenlabs_s2s", "auth": {"agentid": "a"}}, "elevenlabs_s2s.auth", "agent_id"),
        (
            {"verb": "elevenlabs_s2s", "auth": {"agent_id": "a"}, "tools": [WEATHER]},
            "elevenlabs_s2s.tools[0]",
            None,
        ),
        ({"verb": "gptlive_s2s", "auth": {"apiKey": "k"}}, "gptlive_s2s", None),
        (
            {"verb": "gptlive_s2s", "auth": {"apiKey": "k"}, "tools": [WEATHER]},
            "gptlive_s2s.llm_options.session_update.delegation.responses",
            None,
        ),
        (
            {
                "verb": "gptlive_s2s",
                "auth": {"apiKey": "k"},
                "llm_options": {"session_update": {"model": "m"}},
            },
            "gptlive_s2s.llm_options.session_update.model",
            "model",
        ),
        (
            {
                "verb": "gptlive_s2s",
                "auth": {"apiKey": "k"},
                "llm_options": {"session_update": {"delegation": {"type": "responses"}}},
            },
            "gptlive_s2s.llm_options.session_update.delegation",
            None,
        ),
        (
            {
                "verb": "gptlive_s2s",
                "auth": {"apiKey": "k"},
                "hangup": True,
                "llm_options": {"session_update": {"delegation": {"type": "client"}}},
            },
            "gptlive_s2s.llm_options.session_update.delegation.type",
            None,
        ),
        (
            {
                "verb": "voicelive_s2s",
                "auth": {},
                "connect_options": {"host": "h"},
                "llm_options": {"session_update": {}, "response_create": {}},
            },
            "voicelive_s2s.auth",
            "apiKey",
        ),
        (
            {
                "verb": "voicelive_s2s",
                "auth": {"apiKey": "k"},
                "connect_options": {},
                "llm_options": {"session_update": {}, "response_create": {}},
            },
            "voicelive_s2s.connect_options",
            None,
        ),
        (
            {
                "verb": "s2s",
                "vendor": "nova",
                "auth": {"accessKeyId": "i"},
                "llm_options": {"history": [{"role": "system", "content": "x"}]},
            },
            "s2s.auth",
            None,
        ),
    ],
)
def test_what_is_wrong_is_refused_with_its_place(
    options: dict[str, Any], path: str, suggestion: str | None
) -> None:
    with pytest.raises(VerbError) as caught:
        read_verb(options)

    assert (caught.value.path, caught.value.suggestion) == (path, suggestion)


def test_no_error_shows_a_secret() -> None:
    with pytest.raises(VerbError) as caught:
        s2s(vendor="nova", auth={"accessKeyId": "AKIASECRET", "secretAccessKey": 5}, **OPTIONS)

    assert "AKIASECRET" not in str(caught.value)


@pytest.mark.parametrize(
    ("vendor", "options", "warning"),
    [
        ("opnai", {"tools": [get_weather]}, "did you mean 'openai'"),
        ("google", {"event_hooks": [note]}, "llm_event"),
        ("elevenlabs", {}, "event_hooks"),
        ("openai", {"tools": [get_weather], "tool_hook": "https://a.example"}, "never run"),
    ],
)
def test_what_would_have_no_effect_is_a_warning(
    vendor: str, options: dict[str, Any], warning: str
) -> None:
    assert any(warning in one for one in verb(vendor, **options).warnings)


def test_a_complete_verb_warns_of_nothing() -> None:
    made: SpeechToSpeech = verb("openai", tools=[get_weather], event_hooks=[note])

    assert made.warnings == ()


@pytest.mark.parametrize("name", FAMILY)
def test_an_action_hook_of_another_verb_does_not_fit(name: str) -> None:
    @action_hook
    async def dialed(ended: DialEnded) -> None:
        """Hear how a dial ended."""

    vendor = name.removesuffix("_s2s")
    named = {"vendor": "openai"} if name in ("llm", "s2s") else {}
    options = {"llm_options": {}, **LEAST.get(vendor, {}), **named}
    with pytest.raises(VerbError, match="AgentEnded"):
        FAMILY[name](**options, action_hook=dialed)
