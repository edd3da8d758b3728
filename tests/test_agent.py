"""An agent: what an author writes, and what jambonz and the session read."""

from typing import Any

import pytest

from app import agent as typed
from app.agent import EVENTS, TOOLS, Agent, Rendered, render
from app.verbs import VerbError, hangup, say
from tests import oracle
from tests.strategies import counted, ended, look_up

Wrong: Any = Agent  # for calls that a type checker would refuse

DOCUMENTED: dict[str, Any] = {
    "verb": "agent",
    "id": "frontdesk",
    "stt": {
        "vendor": "deepgram",
        "language": "multi",
        "hints": ["jambonz"],
        "deepgramOptions": {"model": "nova-3-general"},
    },
    "tts": {"vendor": "cartesia", "voice": "9626c31c", "language": "en"},
    "llm": {
        "vendor": "openai",
        "model": "gpt-4.1-mini",
        "llmOptions": {
            "systemPrompt": "You are the front desk of a clinic. Short answers.",
            "maxTokens": 300,
            "temperature": 0.3,
            "tools": [
                {
                    "name": "find_slot",
                    "description": "Find a free appointment",
                    "parameters": {"type": "object", "properties": {"day": {"type": "string"}}},
                }
            ],
        },
    },
    "turnDetection": {"mode": "krisp", "threshold": 0.4},
    "earlyGeneration": True,
    "bargeIn": {"enable": True, "minSpeechDuration": 0.5, "sticky": False},
    "noResponseTimeout": 12,
    "noiseIsolation": {"mode": "krisp", "level": 80, "direction": "read"},
    "mcpServers": [{"url": "https://mcp.example.com/sse", "auth": {"apiKey": "k"}}],
    "toolHook": "/tool-call",
    "eventHook": "/agent-event",
    "actionHook": "/agent-complete",
}


def wire(agent: Agent, **values: object) -> dict[str, Any]:
    """An agent as jambonz reads it."""
    return render(agent, values=values).verbs[0]


def test_the_sample_becomes_the_agent_verb() -> None:
    rendered = render(
        Agent(
            llm="openai:gpt-4.1-mini",
            stt="deepgram:nova-3-general",
            tts="cartesia:sonic-english",
            instructions="Be friendly.",
            tools=[look_up],
            event_hooks=[counted],
            action_hook=ended,
            turn_detection="krisp",
            early_generation=True,
        )
    )
    assert rendered.verbs == [
        {
            "verb": "agent",
            "stt": {"vendor": "deepgram", "deepgramOptions": {"model": "nova-3-general"}},
            "tts": {"vendor": "cartesia", "voice": "sonic-english"},
            "llm": {
                "vendor": "openai",
                "model": "gpt-4.1-mini",
                "llmOptions": {"systemPrompt": "Be friendly.", "tools": [look_up.definition]},
            },
            "turnDetection": "krisp",
            "earlyGeneration": True,
            "toolHook": TOOLS,
            "eventHook": EVENTS,
            "actionHook": ended.label,
        }
    ]
    assert rendered.hooks == {ended.label: ended}
    assert rendered.names == frozenset()
    (about,) = rendered.agents
    assert about.instructions == "Be friendly."
    assert about.tools == {"look_up": look_up}
    assert (about.tool_hook, about.event_hook) == (TOOLS, EVENTS)
    assert about.event_hooks == (counted,)
    assert about.raw_tools == ()
    assert about.has_greeting
    assert about.agent.llm_label == "openai:gpt-4.1-mini"


def test_json_from_the_documentation_comes_out_as_it_went_in() -> None:
    rendered = render(DOCUMENTED)
    assert rendered.verbs == [DOCUMENTED]
    assert rendered.names == {"/tool-call", "/agent-event", "/agent-complete"}
    assert rendered.agents[0].raw_tools == ("find_slot",)
    assert rendered.agents[0].instructions.startswith("You are the front desk")
    assert rendered.agents[0].tool_hook == "/tool-call"
    assert oracle.complaints(rendered.verbs[0]) == []


def test_only_events_are_asked_for_where_nothing_is_set() -> None:
    assert wire(Agent()) == {"verb": "agent", "toolHook": TOOLS, "eventHook": EVENTS}


@pytest.mark.parametrize(
    ("option", "value", "expected"),
    [
        ("id", "desk", {"id": "desk"}),
        ("turn_detection", "stt", {"turnDetection": "stt"}),
        ("turn_detection", {"mode": "krisp", "threshold": 0.4, "model": "m"},
         {"turnDetection": {"mode": "krisp", "threshold": 0.4, "model": "m"}}),
        ("barge_in", {"enable": True, "min_speech_duration": 0.5},
         {"bargeIn": {"enable": True, "minSpeechDuration": 0.5}}),
        ("early_generation", False, {"earlyGeneration": False}),
        ("greeting", True, {"greeting": True}),
        ("no_response_timeout", 12, {"noResponseTimeout": 12}),
        ("no_response_max_prompts", 0, {"noResponseMaxPrompts": 0}),
        ("noise_isolation", "rnnoise", {"noiseIsolation": "rnnoise"}),
        ("noise_isolation", {"mode": "krisp", "level": 80, "direction": "read"},
         {"noiseIsolation": {"mode": "krisp", "level": 80, "direction": "read"}}),
        ("mcp_servers", ["https://x/sse", {"url": "u", "auth": {"api_key": "k"}, "roots": [{}]}],
         {"mcpServers": [{"url": "https://x/sse"},
                         {"url": "u", "auth": {"api_key": "k"}, "roots": [{}]}]}),
        ("tool_filler", False, {"toolFiller": False}),
        ("tool_filler", {"type": "audio", "url": "u", "start_delay_secs": 1},
         {"toolFiller": {"type": "audio", "url": "u", "startDelaySecs": 1}}),
        ("handoff", {"mode": "warm", "target": "+1617", "brief": {"template": "Say who."},
                     "brief_synthesizer": "google:v", "tool_name": "to_desk"},
         {"handoff": {"mode": "warm", "target": [{"type": "phone", "number": "+1617"}],
                      "brief": {"template": "Say who."},
                      "briefSynthesizer": {"vendor": "google", "voice": "v"},
                      "toolName": "to_desk"}}),
        ("hangup", True, {"hangup": {}}),
        ("hangup", False, {}),
        ("hangup", {"reason": "done"}, {"hangup": {"reason": "done"}}),
        ("auto_lock_language", "always", {"autoLockLanguage": "always"}),
        ("language_config", {"es-MX": {"tts": "google:es"}},
         {"languageConfig": {"es-MX": {"tts": {"vendor": "google", "voice": "es"}}}}),
        ("speak", False, {"speak": False}),
        ("speech_cleanup", True, {"speechCleanup": True}),
        ("extra", {"vendorParams": {"top_k": 1}}, {"vendorParams": {"top_k": 1}}),
        ("max_tokens", 300, {"llm": {"llmOptions": {"maxTokens": 300}}}),
        ("temperature", 0, {"llm": {"llmOptions": {"temperature": 0}}}),
        ("reasoning_effort", "low", {"llm": {"llmOptions": {"reasoningEffort": "low"}}}),
        ("messages", [{"role": "user", "content": "Hi", "x_y": 1}],
         {"llm": {"llmOptions": {"messages": [{"role": "user", "content": "Hi", "x_y": 1}]}}}),
        ("llm", {"vendor": "openai", "model": "m", "label": "l", "auth": {"api_key": "k"},
                 "connect_options": {"base_url": "u", "max_retries": 0}},
         {"llm": {"vendor": "openai", "model": "m", "label": "l", "auth": {"api_key": "k"},
                  "connectOptions": {"baseURL": "u", "maxRetries": 0}}}),
        ("llm", "bedrock:amazon.nova-micro-v1:0",
         {"llm": {"vendor": "bedrock", "model": "amazon.nova-micro-v1:0"}}),
        ("llm", "openai", {"llm": {"vendor": "openai"}}),
    ],
)  # fmt: skip
def test_every_option_is_written_in_its_place(
    option: str, value: object, expected: dict[str, Any]
) -> None:
    found = wire(Wrong(**{option: value}))
    assert found == {"verb": "agent", "toolHook": TOOLS, "eventHook": EVENTS, **expected}


def test_options_of_the_model_join_a_full_object() -> None:
    agent = Agent(
        llm={"vendor": "openai", "llmOptions": {"messages": [{"role": "user", "content": "Hi"}]}},
        instructions="Be brief.",
        max_tokens=100,
    )
    assert wire(agent)["llm"]["llmOptions"] == {
        "messages": [{"role": "user", "content": "Hi"}],
        "systemPrompt": "Be brief.",
        "maxTokens": 100,
    }


def test_a_system_message_is_the_instructions() -> None:
    agent = Agent(messages=[{"role": "system", "content": "Be brief."}])
    assert wire(agent)["llm"]["llmOptions"] == {
        "messages": [{"role": "system", "content": "Be brief."}]
    }
    assert render(agent).agents[0].instructions == "Be brief."


@pytest.mark.parametrize("place", ["tools", "llm"])
def test_tools_are_written_flat(place: str) -> None:
    wrapped = {"type": "function", "function": {"name": "raw", "parameters": {"type": "object"}}}
    tools: list[Any] = [look_up, wrapped]
    agent = Wrong(tools=tools) if place == "tools" else Wrong(llm={"llmOptions": {"tools": tools}})
    found = wire(agent)
    assert found["llm"]["llmOptions"]["tools"] == [
        look_up.definition,
        {"name": "raw", "parameters": {"type": "object"}},
    ]
    assert found["toolHook"] == TOOLS
    (about,) = render(agent).agents
    assert (dict(about.tools), about.raw_tools) == ({"look_up": look_up}, ("raw",))


def test_a_tool_hook_of_ones_own_is_kept() -> None:
    functions = render(Agent(tools=[look_up], tool_hook="/mine"))
    assert functions.verbs[0]["toolHook"] == "/mine"
    assert functions.names == frozenset()  # the functions answer
    definitions = render(Agent(tools=[{"name": "raw"}], tool_hook="/mine"))
    assert definitions.names == {"/mine"}
    assert definitions.agents[0].tool_hook == "/mine"
    elsewhere = render(Agent(tools=[{"name": "raw"}], tool_hook={"url": "https://x/t"}))
    assert (elsewhere.names, elsewhere.agents[0].tool_hook) == (frozenset(), "https://x/t")


def test_events_can_be_named_or_turned_off() -> None:
    named = render(Agent(event_hook="/mine"))
    assert named.verbs[0]["eventHook"] == "/mine"
    assert named.names == {"/mine"}
    assert render(Agent(event_hook="/mine", event_hooks=[counted])).names == frozenset()
    off = render(Agent(event_hook=None))
    assert "eventHook" not in off.verbs[0]
    assert off.agents[0].event_hook is None


def test_one_event_hook_may_be_given_alone() -> None:
    rendered = render(Agent(event_hook=counted))
    assert rendered.verbs[0]["eventHook"] == EVENTS
    assert rendered.agents[0].event_hooks == (counted,)


def test_hooks_inside_a_handoff_are_found() -> None:
    agent = Agent(
        handoff={"mode": "warm", "target": "+1617", "action_hook": ended, "onHoldHook": "/hold"}
    )
    rendered = render(agent)
    assert rendered.hooks == {ended.label: ended}
    assert rendered.names == {"/hold"}


def test_verbs_and_agents_are_rendered_in_order() -> None:
    agent = Agent(greeting=False)
    rendered = render([say("Welcome."), agent, {"verb": "pause", "length": 1}, hangup()])
    assert [verb["verb"] for verb in rendered.verbs] == ["say", "agent", "pause", "hangup"]
    assert [about.agent for about in rendered.agents] == [agent]
    assert not rendered.agents[0].has_greeting


def test_one_verb_json_and_nothing_are_answers_too() -> None:
    assert render(hangup()).verbs == [{"verb": "hangup"}]
    assert render({"hangup": {}}).verbs == [{"verb": "hangup"}]
    assert render(None) == Rendered.of([])
    assert render(()) == Rendered.of([])


def test_names_that_are_answered_are_not_told() -> None:
    agent = Agent(action_hook="/a", event_hook="/e")
    assert render(agent, names={"/e"}).names == {"/a"}


def test_what_is_no_verb_is_refused_with_its_place() -> None:
    with pytest.raises(VerbError, match=r"verbs\[1\]: expected a verb.*got 'hang up'"):
        render([say("x"), "hang up"])
    with pytest.raises(VerbError, match=r"verbs\[0\]\.gather: unknown option 'timout'"):
        render([{"gather": {"timout": 1}}])
    with pytest.raises(VerbError, match=r"^agent: unknown option 'turnDetectoin'"):
        render({"verb": "agent", "turnDetectoin": "krisp"})
    with pytest.raises(VerbError, match=r"verbs: expected verbs or an Agent; got 'say'"):
        render("say")


def test_an_agent_inside_another_verb_is_found() -> None:
    agent = Agent(instructions="Say hello to {{from}}.")
    rendered = render(
        {"verb": "config", "actionHookDelayAction": {"giveUpActions": [agent]}},
        values={"from": "+1617"},
    )
    inner = rendered.verbs[0]["actionHookDelayAction"]["giveUpActions"][0]
    assert inner["llm"]["llmOptions"]["systemPrompt"] == "Say hello to +1617."
    assert rendered.agents[0].agent is agent


def test_rendering_again_gives_the_same_and_no_shared_surface() -> None:
    agent = Agent(llm="openai:gpt-4.1-mini", instructions="Be brief.")
    first = wire(agent)
    first["greeting"] = False
    assert "greeting" not in wire(agent)


def test_a_changed_copy_is_another_agent() -> None:
    agent = Agent(llm="openai:gpt-4.1-mini", instructions="Be brief.", tools=[look_up])
    assert wire(agent)["llm"]["model"] == "gpt-4.1-mini"
    other = agent.model_copy(update={"llm": "groq:llama-3.3-70b-versatile"})
    assert wire(other)["llm"]["vendor"] == "groq"
    assert wire(agent)["llm"]["vendor"] == "openai"


def test_every_public_name_exists() -> None:
    assert all(hasattr(typed, name) for name in typed.__all__)
