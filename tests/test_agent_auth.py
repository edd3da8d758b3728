"""Credentials in an agent: right for the vendor, or told what is missing."""

import json
from typing import Any

import pytest

from app.agent import Agent, render
from app.verbs import VerbError
from tests import oracle

ACCOUNT = {"type": "service_account", "project_id": "p"}
KEY_ONLY = ("openai", "anthropic", "deepseek", "groq", "huggingface", "google")
AZURE = {"apiKey": "k", "endpoint": "e", "deployment": "d", "apiVersion": "v"}
IAM = {"accessKeyId": "a", "secretAccessKey": "s", "region": "r"}


def agent(vendor: str, auth: dict[str, Any]) -> Agent:
    """An agent with credentials of its own."""
    return Agent(llm={"vendor": vendor, "model": "m", "auth": auth})


@pytest.mark.parametrize(
    ("vendor", "auth"),
    [
        *((vendor, {"apiKey": "k"}) for vendor in KEY_ONLY),
        *((vendor, {"api_key": "k", "api_url": "u"}) for vendor in KEY_ONLY),
        ("openai", {"kind": "apiKey", "apiKey": "k", "baseURL": "u", "organization": "o"}),
        ("azure-openai", AZURE),
        ("azure-openai", {"api_key": "k", "endpoint": "e", "deployment": "d", "api_version": "v"}),
        ("vertex-gemini", {"credentials": ACCOUNT, "projectId": "p", "location": "l"}),
        ("vertex-openai", {"service_key": json.dumps(ACCOUNT), "location": "l"}),
        ("bedrock", IAM),
        ("bedrock", {**IAM, "sessionToken": "t", "apiKey": "k"}),
        ("bedrock", {"access_key_id": "a", "secret_access_key": "s", "region": "r"}),
        ("bedrock", {"apiKey": "k", "region": "r"}),
        ("moonshot", {"whatever": "x"}),
    ],
)
def test_credentials_of_a_vendor_are_written_as_they_are(vendor: str, auth: dict[str, Any]) -> None:
    wire = render(agent(vendor, auth)).verbs[0]
    assert wire["llm"]["auth"] == auth
    assert oracle.complaints(wire) == []


@pytest.mark.parametrize(
    ("vendor", "auth", "missing"),
    [
        *((vendor, {}, "missing: apiKey") for vendor in KEY_ONLY),
        ("openai", {"apiKey": ""}, "missing: apiKey"),
        ("azure-openai", {}, "missing: apiKey, endpoint, deployment, apiVersion"),
        ("azure-openai", {"apiKey": "k", "endpoint": "e"}, "missing: deployment, apiVersion"),
        ("vertex-gemini", {}, "missing: credentials, projectId, location"),
        ("vertex-openai", {"service_key": {"type": "x"}}, "missing: projectId, location"),
        ("bedrock", {}, "needs apiKey, region (or accessKeyId, secretAccessKey and region)"),
        ("bedrock", {"region": "r"}, "missing: apiKey"),
        ("bedrock", {"accessKeyId": "a"}, "missing: secretAccessKey, region"),
        ("bedrock", {"apiKey": "k", "accessKeyId": "a"}, "missing: region"),
        ("bedrock", {"kind": "bedrockIam", "apiKey": "k"}, "missing: accessKeyId"),
    ],
)
def test_what_is_missing_is_listed(vendor: str, auth: dict[str, Any], missing: str) -> None:
    with pytest.raises(VerbError) as caught:
        agent(vendor, auth)
    assert str(caught.value).startswith(f"agent.llm.auth: vendor {vendor!r} needs ")
    assert missing in str(caught.value)


@pytest.mark.parametrize(
    ("vendor", "auth", "words"),
    [
        ("openai", {"kind": "bedrockIam"}, "takes kind apiKey; got 'bedrockIam'"),
        ("bedrock", {"kind": "apiKey"}, "takes kind bedrockIam or bedrockApiKey; got 'apiKey'"),
        ("google", {"credentials": ACCOUNT, "apiKey": "k"}, "is for 'vertex-gemini'"),
        ("google", {"service_key": "{}"}, "is for 'vertex-gemini'"),
        ("vertex-gemini", {"service_key": "{", "projectId": "p", "location": "l"}, "is no JSON"),
        ("vertex-gemini", {"credentials": "[]", "projectId": "p", "location": "l"}, "got a list"),
        ("openai", {"apiKey": 12345}, "auth.apiKey: expected text; got a value of type int"),
        ("openai", {"api_key": ["k"]}, "auth.api_key: expected text"),
        ("moonshot", {"apiKey": 1}, "auth.apiKey: expected text"),
        ("anthropic", {"apikey": "k"}, "'apikey' is not known; did you mean 'apiKey'?"),
    ],
)
def test_wrong_credentials_are_refused(vendor: str, auth: dict[str, Any], words: str) -> None:
    with pytest.raises(VerbError) as caught:
        agent(vendor, auth)
    assert words in str(caught.value)
    assert "12345" not in str(caught.value)


def test_a_misspelt_field_is_the_suggestion() -> None:
    with pytest.raises(VerbError) as caught:
        agent("azure-openai", {**AZURE, "apiversion": "v", "apiVersion": ""})
    assert caught.value.suggestion == "apiVersion"


def test_credentials_are_not_in_a_repr() -> None:
    assert "secret!" not in repr(agent("openai", {"apiKey": "secret!"}))
