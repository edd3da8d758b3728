"""What Bedrock is asked, for every history that a call can have."""

from dataclasses import replace
from typing import Any

import botocore.session
from botocore.validate import ParamValidator

from app.llm import (
    CALL_CONNECTED,
    CALLER_SILENT,
    ChatMessage,
    ChatRequest,
    ToolCall,
    ToolDefinition,
)
from app.llm.bedrock.families import cache_places, effort_of, takes_temperature, takes_tools
from app.llm.bedrock.request import Block, NativeTurn, ask
from app.llm.history import mend

HAIKU = "us.anthropic.claude-haiku-4-5-20251001-v1:0"
NOVA = "amazon.nova-micro-v1:0"
LLAMA = "meta.llama3-3-70b-instruct-v1:0"
WEATHER = ToolDefinition("get_weather", "Current temperature.", {"type": "object"})
PORTLAND = ToolCall("tooluse_1", "get_weather", {"city": "Portland"})
PARIS = ToolCall("tooluse_2", "get_weather", {"city": "Paris"})
POINT = {"cachePoint": {"type": "default"}}


def asked(*messages: ChatMessage, model: str = LLAMA, **more: Any) -> dict[str, Any]:
    """The arguments for a history, after botocore's own check of their shape."""
    request = ChatRequest("Be brief.", mend(messages), **more)
    arguments = dict(ask(request, model).arguments)
    service = botocore.session.Session().get_service_model("bedrock-runtime")
    shape = service.operation_model("ConverseStream").input_shape
    assert shape is not None
    report = ParamValidator().validate(arguments, shape)
    assert not report.has_errors(), report.generate_report()
    return arguments


def user(text: str) -> ChatMessage:
    return ChatMessage("user", text)


def agent(text: str = "", *calls: ToolCall, native: object = None) -> ChatMessage:
    return ChatMessage("assistant", text, calls, native=native)


def output(call: ToolCall, text: str) -> ChatMessage:
    return ChatMessage("tool", text, tool_call_id=call.id)


def result(call: ToolCall, text: str) -> dict[str, object]:
    return {"toolResult": {"toolUseId": call.id, "content": [{"text": text}]}}


def roles(arguments: dict[str, Any]) -> str:
    return "".join(message["role"][0] for message in arguments["messages"])


def test_the_system_prompt_stands_apart_and_a_blank_one_is_left_out() -> None:
    assert asked(user("Hi"))["system"] == [{"text": "Be brief."}]
    assert "system" not in ask(ChatRequest(" \n", (user("Hi"),)), LLAMA).arguments


def test_turns_of_one_speaker_become_one() -> None:
    arguments = asked(user("Hello?"), user("Anyone?"), agent("Yes."), agent("Go on."), user("Ok"))

    assert roles(arguments) == "uau"
    assert arguments["messages"][0]["content"] == [{"text": "Hello?"}, {"text": "Anyone?"}]


def test_the_history_begins_and_ends_with_the_caller() -> None:
    arguments = asked(agent("Good morning!"))

    assert arguments["messages"] == [
        {"role": "user", "content": [{"text": CALL_CONNECTED}]},
        {"role": "assistant", "content": [{"text": "Good morning!"}]},
        {"role": "user", "content": [{"text": CALLER_SILENT}]},
    ]


def test_an_empty_turn_is_left_out() -> None:
    arguments = asked(user("Hi"), agent(""), user("Hello?"))

    assert arguments["messages"] == [
        {"role": "user", "content": [{"text": "Hi"}, {"text": "Hello?"}]}
    ]
    assert asked(user("  "))["messages"][0]["content"] == [{"text": CALL_CONNECTED}]


def test_the_outputs_of_parallel_calls_follow_at_once_and_together() -> None:
    arguments = asked(
        user("Portland and Paris?"),
        agent("Let me look.", PORTLAND, PARIS),
        output(PORTLAND, "52"),
        output(PARIS, "64"),
        user("Are you there?"),
        tools=(WEATHER,),
    )

    called, answered = arguments["messages"][1:]
    assert [next(iter(block)) for block in called["content"]] == ["text", "toolUse", "toolUse"]
    assert answered["content"] == [
        result(PORTLAND, "52"),
        result(PARIS, "64"),
        {"text": "Are you there?"},
    ]


def test_an_empty_output_is_an_empty_object() -> None:
    arguments = asked(user("Go"), agent("", PORTLAND), output(PORTLAND, ""))

    assert arguments["messages"][-1]["content"][0]["toolResult"]["content"] == [{"json": {}}]


def test_a_tool_without_description_or_parameters_passes() -> None:
    arguments = asked(user("Hi"), tools=(ToolDefinition("ping"),))

    assert arguments["toolConfig"]["tools"] == [
        {
            "toolSpec": {
                "name": "ping",
                "inputSchema": {"json": {"type": "object", "properties": {}}},
            }
        }
    ]


def test_tools_are_defined_as_long_as_the_history_knows_them() -> None:
    history = (user("Portland?"), agent("", PORTLAND), output(PORTLAND, "52"))

    (tool,) = asked(*history)["toolConfig"]["tools"]

    assert tool["toolSpec"]["name"] == "get_weather"
    assert "never call it" in tool["toolSpec"]["description"]
    assert "toolConfig" not in asked(user("Hi"))


def test_a_model_without_tools_is_offered_none_and_reads_outputs_as_text() -> None:
    history = (user("Portland?"), agent("Moment.", PORTLAND), output(PORTLAND, "52"))

    arguments = asked(*history, model="meta.llama3-8b-instruct-v1:0", tools=(WEATHER,))

    assert "toolConfig" not in arguments
    assert arguments["messages"][1:] == [
        {"role": "assistant", "content": [{"text": "Moment."}]},
        {"role": "user", "content": [{"text": "(looked up: 52)"}]},
    ]


def test_a_turn_goes_back_to_its_own_model_as_it_came() -> None:
    thought: Block = {"reasoningContent": {"reasoningText": {"text": "Hm.", "signature": "s"}}}
    native = NativeTurn(HAIKU, (thought, {"text": "Hi."}))
    history = (user("Hello"), agent("Hi.", native=native), user("Go on"))

    assert asked(*history, model=HAIKU)["messages"][1]["content"] == [thought, {"text": "Hi."}]
    assert asked(*history, model=NOVA)["messages"][1]["content"] == [{"text": "Hi."}]


def test_claude_caches_everywhere_and_marks_never_add_up() -> None:
    history = (user("Portland?"), agent("", PORTLAND), output(PORTLAND, "52"))

    for _ in range(6):
        arguments = asked(*history, model=HAIKU, tools=(WEATHER,))

    assert str(arguments).count("cachePoint") == 3
    assert arguments["system"][-1] == POINT
    assert arguments["toolConfig"]["tools"][-1] == POINT
    assert arguments["messages"][-1]["content"][-1] == POINT


def test_nova_caches_neither_tools_nor_their_outputs() -> None:
    history = (user("Portland?"), agent("", PORTLAND), output(PORTLAND, "52"))

    arguments = asked(*history, model=NOVA, tools=(WEATHER,))

    assert str(arguments).count("cachePoint") == 1
    assert arguments["system"][-1] == POINT
    assert asked(user("Hi"), model=NOVA)["messages"][-1]["content"][-1] == POINT
    assert "cachePoint" not in str(asked(user("Hi"), model=LLAMA))


def test_limits_go_where_the_family_takes_them() -> None:
    limits: dict[str, Any] = {"max_tokens": 200, "temperature": 0.3}

    assert asked(user("Hi"), **limits)["inferenceConfig"] == {
        "maxTokens": 200,
        "temperature": 0.3,
    }
    new = asked(user("Hi"), model="global.anthropic.claude-opus-4-7", **limits)
    assert new["inferenceConfig"] == {"maxTokens": 200}
    assert "inferenceConfig" not in asked(user("Hi"))


def test_temperature_gives_way_to_thinking() -> None:
    arguments = asked(user("Hi"), model=HAIKU, temperature=0.3, reasoning_effort="low")

    assert "inferenceConfig" not in arguments
    assert arguments["additionalModelRequestFields"] == {
        "thinking": {"type": "enabled", "budget_tokens": 1024}
    }


def test_families_differ_in_what_they_take() -> None:
    assert cache_places("anthropic.claude-3-haiku-20240307-v1:0") == set()
    assert cache_places("anthropic.claude-3-5-haiku-20241022-v1:0") == {
        "system",
        "tools",
        "messages",
    }
    assert cache_places("us.amazon.nova-2-lite-v1:0") == set()
    assert takes_temperature(HAIKU)
    assert not takes_temperature("anthropic.claude-sonnet-5-5")
    assert takes_tools(LLAMA)
    assert not takes_tools("amazon.titan-text-express-v1")


def test_effort_is_written_as_the_family_reads_it() -> None:
    assert effort_of(HAIKU, "minimal").arguments == {}
    assert effort_of("us.amazon.nova-2-lite-v1:0", "high").arguments == {
        "reasoningConfig": {"type": "enabled", "maxReasoningEffort": "medium"}
    }
    assert effort_of("openai.gpt-oss-120b-1:0", "low").arguments == {"reasoning_effort": "low"}
    assert effort_of(LLAMA, "low").arguments == {}


def test_thoughts_get_room_beside_the_limit_of_the_reply() -> None:
    arguments = asked(user("Hi"), model=HAIKU, max_tokens=200, reasoning_effort="low")

    assert arguments["additionalModelRequestFields"]["thinking"]["budget_tokens"] == 1024
    assert arguments["inferenceConfig"] == {"maxTokens": 1224}


def test_a_turn_that_lost_a_call_is_written_anew() -> None:
    uses: list[Block] = [{"toolUse": {"toolUseId": call.id}} for call in (PORTLAND, PARIS)]
    kept = agent("", PORTLAND, native=NativeTurn(LLAMA, tuple(uses)))

    arguments = asked(user("Both?"), kept, output(PORTLAND, "52"))

    (use,) = arguments["messages"][1]["content"]
    assert use["toolUse"]["input"] == {"city": "Portland"}


def test_thoughts_of_new_claudes_go_back_only_behind_what_preceded_them() -> None:
    sonnet = "global.anthropic.claude-sonnet-5-5"
    thought: Block = {"reasoningContent": {"reasoningText": {"text": "Hm.", "signature": "s"}}}
    first = ChatRequest("Be brief.", (user("Hello"),))
    native = NativeTurn(sonnet, (thought, {"text": "Hi."}), ask(first, sonnet).prefix)
    later = replace(first, messages=(user("Hello"), agent("Hi.", native=native), user("Go on")))

    def replayed(request: ChatRequest) -> Any:
        return ask(request, sonnet).arguments["messages"][1]["content"]

    assert replayed(later) == [thought, {"text": "Hi."}]
    assert replayed(replace(later, system="Be rude.")) == [{"text": "Hi."}]
    assert replayed(replace(later, tools=(WEATHER,))) == [{"text": "Hi."}]
