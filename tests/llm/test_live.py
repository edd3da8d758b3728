"""The way to run the contract against a real vendor."""

import pytest

from app.llm import close_clients
from tests.llm.hearing import HELLO, hear
from tests.llm.live import LiveVendor, keys
from tests.llm.servers.base import Answer
from tests.llm.servers.openai_wire import OpenAiWire


def test_without_a_key_it_says_which_and_where() -> None:
    with pytest.raises(
        pytest.UsageError,
        match="no key for 'bedrock': CORDBOARD_LLM_KEYS has groq;"
        " expected 'bedrock' with accessKeyId, secretAccessKey, region or apiKey, region",
    ):
        LiveVendor("bedrock", {"groq": {"apiKey": "k"}})


def test_an_unknown_vendor_is_corrected() -> None:
    with pytest.raises(pytest.UsageError, match="did you mean 'groq'"):
        LiveVendor("grog", {})


def test_keys_that_cannot_be_read_are_an_error_that_does_not_show_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("CORDBOARD_LLM_KEYS", "{secret")

    with pytest.raises(pytest.UsageError, match="CORDBOARD_LLM_KEYS") as refused:
        keys()

    assert "secret" not in str(refused.value)


async def test_it_asks_whatever_the_key_leads_to() -> None:
    server = await OpenAiWire().start()
    server.answer(Answer(("Rain is", " wet.")))
    live = LiveVendor("openai:gpt-9", {"openai": {**server.auth(), "baseURL": f"{server.url}/v1"}})

    live.answer(Answer(("In the", " model's own words.")))
    heard = await hear(live.connect(), HELLO)
    await close_clients()
    await server.stop()

    assert heard.text == "Rain is wet."
    assert server.requests[0].body["model"] == "gpt-9"


def test_what_needs_a_script_is_skipped() -> None:
    live = LiveVendor("openai", {"openai": {"apiKey": "k"}})

    with pytest.raises(pytest.skip.Exception, match="script"):
        live.answer(Answer(status=500))
