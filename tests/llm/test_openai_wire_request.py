"""What the six vendors of OpenAI's wire are asked, each in its own way."""

from typing import Any

import pytest

from app.llm import ModelError, ToolCall, ToolDefinition, connect
from app.llm.openai_wire.adapter import Adapter
from app.llm.openai_wire.request import ReasonedTurn, arguments
from app.llm.port import ChatMessage, ChatRequest
from app.llm.running import VendorModel
from tests.llm.asking import HI, ask, used

WEATHER = ToolDefinition("get_weather", "Current weather.", {"type": "object", "properties": {}})
ACCOUNT = {"credentials": {"project_id": "p"}, "location": "europe-west4"}
AZURE = {"apiKey": "k", "endpoint": "https://x.example", "deployment": "d", "apiVersion": "v"}


def model_of(spec: str, auth: Any = None, **options: Any) -> VendorModel:
    own: dict[str, Any] = {"azure-openai": AZURE, "vertex-openai": ACCOUNT}
    model = connect(
        spec,
        auth=auth or own.get(spec.partition(":")[0]) or {"apiKey": "k"},
        connect_options=options,
    )
    assert isinstance(model, VendorModel)
    return model


def sent(spec: str, request: ChatRequest | None = None, auth: Any = None) -> dict[str, Any]:
    """What the SDK is called with."""
    target = model_of(spec, auth).target
    return arguments(target, target.vendor.quirks["wire"], target.complete(request or ask()))


def url_of(spec: str, auth: Any = None, **options: Any) -> str:
    return Adapter(model_of(spec, auth, **options).target).url


@pytest.mark.parametrize(
    "pasted",
    [
        "https://x.openai.azure.com",
        "https://x.openai.azure.com/",
        "https://x.openai.azure.com/openai",
        "https://x.openai.azure.com/openai/v1/",
        "https://x.openai.azure.com/openai/deployments/d/chat/completions?api-version=2025-03-01",
    ],
)
def test_of_an_azure_address_the_resource_is_taken(pasted: str) -> None:
    assert url_of("azure-openai", {**AZURE, "endpoint": pasted}) == "https://x.openai.azure.com"
    assert url_of("azure-openai", endpoint=pasted) == "https://x.openai.azure.com"


def test_the_model_of_azure_is_the_deployment_unless_it_is_named() -> None:
    assert model_of("azure-openai").target.model == "d"
    assert model_of("azure-openai:gpt-5.4-mini").target.model == "gpt-5.4-mini"


@pytest.mark.parametrize("path", ["", "/", "/openai/v1", "/openai/v1/"])
def test_groq_is_found_with_and_without_its_path(path: str) -> None:
    adapter = Adapter(model_of("groq", baseURL=f"https://groq.example{path}").target)

    assert str(adapter.make_client().base_url) == "https://groq.example"


@pytest.mark.parametrize(
    ("place", "host"),
    [
        ("europe-west4", "europe-west4-aiplatform.googleapis.com"),
        ("global", "aiplatform.googleapis.com"),
    ],
)
def test_partner_models_of_vertex_have_an_address_for_each_place(place: str, host: str) -> None:
    path = f"/v1beta1/projects/p/locations/{place}/endpoints/openapi"

    assert url_of("vertex-openai", {**ACCOUNT, "location": place}) == f"https://{host}{path}"


@pytest.mark.parametrize(
    ("spec", "name"),
    [
        ("openai:gpt-4.1-mini", "max_tokens"),
        ("openai:gpt-5.4-mini", "max_completion_tokens"),
        ("openai:o4-mini", "max_completion_tokens"),
        ("azure-openai", "max_completion_tokens"),
        ("groq", "max_completion_tokens"),
        ("deepseek", "max_tokens"),
        ("huggingface", "max_tokens"),
        ("vertex-openai", "max_tokens"),
    ],
)
def test_a_limit_has_the_name_that_the_vendor_knows(spec: str, name: str) -> None:
    limits = {key: value for key, value in sent(spec, ask(max_tokens=7)).items() if "tokens" in key}

    assert limits == {name: 7}


def test_only_vertex_is_sent_a_limit_that_nobody_asked_for() -> None:
    assert sent("vertex-openai")["max_tokens"] == 4096
    assert not [key for key in sent("openai") if "tokens" in key]


@pytest.mark.parametrize(
    ("model", "asked", "tools", "effort"),
    [
        ("gpt-4.1-mini", "high", False, None),
        ("gpt-5-mini", None, False, "minimal"),
        ("gpt-5-mini", "low", True, "low"),
        ("gpt-5-chat-latest", "high", False, None),
        ("gpt-5.1", None, True, "none"),
        ("gpt-5.1", "high", True, "high"),
        ("gpt-5.2", "high", True, "none"),
        ("gpt-5.2", "high", False, "high"),
        ("gpt-5.5", None, True, "none"),
        ("gpt-5.5", "minimal", False, "none"),
        ("gpt-5.4-pro", None, False, None),
        ("ft:gpt-4.1-mini:acme", "high", False, None),
        ("o4-mini", "minimal", False, "low"),
        ("o4-mini", None, False, None),
    ],
)
def test_openai_thinks_no_longer_than_a_call_can_bear(
    model: str, asked: Any, tools: bool, effort: str | None
) -> None:
    request = ask(reasoning_effort=asked, tools=(WEATHER,) if tools else ())

    assert sent(f"openai:{model}", request).get("reasoning_effort") == effort


@pytest.mark.parametrize(
    ("deployment", "asked", "effort"),
    [
        ("phone", None, None),
        ("phone", "low", "low"),
        ("gpt-35-turbo", "low", None),
        ("my-gpt-5-mini", None, "minimal"),
    ],
)
def test_of_a_deployment_only_its_name_tells(deployment: str, asked: Any, effort: Any) -> None:
    auth = {**AZURE, "deployment": deployment}

    found = sent("azure-openai", ask(reasoning_effort=asked), auth)

    assert found.get("reasoning_effort") == effort


@pytest.mark.parametrize(
    ("spec", "asked", "is_sent"),
    [
        ("openai:gpt-4.1-mini", None, True),
        ("openai:gpt-5.4-mini", None, True),
        ("openai:gpt-5.4-mini", "high", False),
        ("openai:gpt-5-mini", None, False),
        ("openai:o4-mini", None, False),
        ("groq:openai/gpt-oss-20b", None, True),
    ],
)
def test_a_model_that_thinks_is_sent_no_temperature_at_openai(
    spec: str, asked: Any, is_sent: bool
) -> None:
    found = sent(spec, ask(temperature=0.0, reasoning_effort=asked))

    assert ("temperature" in found) == is_sent


def test_deepseek_thinks_only_where_it_is_asked_to() -> None:
    off, on = sent("deepseek"), sent("deepseek", ask(reasoning_effort="high"))

    assert off["extra_body"] == {"thinking": {"type": "disabled"}}
    assert on["extra_body"] == {"thinking": {"type": "enabled"}, "reasoning_effort": "high"}


def test_the_thoughts_behind_a_call_go_back_and_others_do_not() -> None:
    call = ToolCall("c", "get_weather", {})
    turn = ChatMessage("assistant", "Let me see.", (call,), native=ReasonedTurn("They ask."))
    talk = ChatMessage("assistant", "Fine.", native=ReasonedTurn("They greet."))

    found = sent("deepseek", ask(HI, turn, used(call), talk, HI))["messages"]

    assert found[2]["reasoning_content"] == "They ask."
    assert found[2]["content"] == "Let me see."
    assert "reasoning_content" not in found[4]


@pytest.mark.parametrize(
    ("model", "expected"),
    [
        ("openai/gpt-oss-20b", {"reasoning_effort": "low", "reasoning_format": "hidden"}),
        ("qwen/qwen3-32b", {"reasoning_effort": "none", "reasoning_format": "hidden"}),
        ("llama-3.3-70b-versatile", {}),
    ],
)
def test_groq_hides_thoughts_of_the_models_that_have_them(
    model: str, expected: dict[str, str]
) -> None:
    found = sent(f"groq:{model}")

    assert {key: found[key] for key in found if "reasoning" in key} == expected
    assert "stream_options" not in found


def test_padding_is_refused_at_openai_only_and_no_cache_key_is_sent() -> None:
    assert sent("openai")["stream_options"] == {"include_usage": True, "include_obfuscation": False}
    for spec in ("azure-openai", "deepseek", "huggingface", "vertex-openai"):
        assert sent(spec)["stream_options"] == {"include_usage": True}
        assert "prompt_cache_key" not in sent(spec)


def test_a_provider_behind_a_models_name_stays_there() -> None:
    spec = "huggingface:meta-llama/Llama-3.3-70B-Instruct:fastest"

    assert sent(spec)["model"] == "meta-llama/Llama-3.3-70B-Instruct:fastest"


def test_a_call_without_text_has_null_content_and_a_blank_turn_is_left_out() -> None:
    call = ToolCall("c", "get_weather", {})
    blank = ChatMessage("assistant", "  ")

    found = sent(
        "openai", ask(HI, ChatMessage("assistant", "", (call,)), used(call, ""), blank, HI)
    )

    assert [each["role"] for each in found["messages"]] == [
        "system",
        "user",
        "assistant",
        "tool",
        "user",
    ]
    assert found["messages"][2]["content"] is None
    assert found["messages"][3]["content"] == ""


def test_a_blank_system_prompt_is_left_out() -> None:
    assert sent("openai", ask(system=" "))["messages"] == [{"role": "user", "content": "Hi"}]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"timout": 1}, "connectOptions: 'timout' is not an option; did you mean 'timeout'?"),
        ({"timeout": "soon"}, "connectOptions.timeout: expected a number, 0 or more; got 'soon'"),
        ({"maxRetries": -1}, "connectOptions.maxRetries: expected a number, 0 or more; got -1"),
    ],
)
def test_an_option_that_makes_no_sense_is_named(options: dict[str, Any], said: str) -> None:
    with pytest.raises(ModelError, match="connectOptions") as refused:
        connect("openai", auth={"apiKey": "k"}, connect_options=options)

    assert str(refused.value) == said


def test_an_unknown_option_of_the_model_is_named() -> None:
    with pytest.raises(ModelError, match="llmOptions: 'max_tokens' is not an option"):
        connect("openai", auth={"apiKey": "k"}, llm_options={"max_tokens": 5})
