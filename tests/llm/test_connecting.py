"""From a name, a credential and options to a model: what is taken and what is refused."""

import json
from collections.abc import Mapping
from typing import Any

import pytest

from app.agent import auth as of_the_verb
from app.llm import ModelError, connect, vendors
from app.llm import auth as of_the_model
from app.llm.fallback import FallbackModel
from app.llm.running import VendorModel
from app.llm.vendors import VENDORS

ACCOUNT = {"type": "service_account", "project_id": "p", "private_key": "-----BEGIN"}
KEY = {"apiKey": "a-key-of-the-test"}


def refusal(spec: Any, **options: Any) -> str:
    with pytest.raises(ModelError) as caught:
        connect(spec, **options)
    return str(caught.value)


def target_of(spec: str, **options: Any) -> Any:
    model = connect(spec, **options)
    assert isinstance(model, VendorModel)
    return model.target


def test_the_agents_credentials_and_the_models_are_checked_by_equal_tables() -> None:
    """Two rooms hold them, since neither may import the other."""
    assert dict(of_the_verb.STORED) == dict(of_the_model.STORED)
    assert {
        vendor: [(kind.name, kind.required, kind.optional) for kind in kinds]
        for vendor, kinds in of_the_verb.AUTH.items()
    } == {
        vendor.id: [(form.kind, form.required, form.optional) for form in vendor.auth]
        for vendor in VENDORS.values()
    }


@pytest.mark.parametrize(
    ("spec", "auth", "kind", "fields"),
    [
        ("openai", {"api_key": "k", "api_url": "http://h"}, "apiKey", {"baseURL": "http://h"}),
        ("bedrock", {"apiKey": "k", "region": "r"}, "bedrockApiKey", {"region": "r"}),
        (
            "bedrock",
            {"apiKey": "k", "access_key_id": "i", "secret_access_key": "s", "region": "r"},
            "bedrockIam",
            {"accessKeyId": "i", "secretAccessKey": "s"},
        ),
        (
            "vertex-openai",
            {"service_key": json.dumps(ACCOUNT), "location": "l"},
            "vertexServiceAccount",
            {"projectId": "p", "location": "l", "credentials": ACCOUNT},
        ),
    ],
)
def test_either_spelling_is_taken_and_the_kind_inferred(
    spec: str, auth: Mapping[str, Any], kind: str, fields: Mapping[str, Any]
) -> None:
    found = target_of(spec, auth=auth).auth

    assert found.kind == kind
    assert dict(found.fields) | dict(fields) == dict(found.fields)


@pytest.mark.parametrize(
    ("spec", "options", "words"),
    [
        ("openia", {}, "did you mean 'openai'?"),
        ("openai", {}, "no credential for 'openai': give auth={apiKey}"),
        ("openai", {"auth": {"apikey": "k"}}, "'apikey' is not known, did you mean 'apiKey'?"),
        ("openai", {"auth": {"apiKey": 5}}, "needs apiKey as text; got a int"),
        ("azure-openai", {"auth": KEY}, "missing: endpoint, deployment, apiVersion"),
        ("bedrock", {"auth": {"kind": "apiKey"}}, "takes kind bedrockIam or bedrockApiKey"),
        ("vertex-gemini", {"auth": {"credentials": "{"}}, "got text that is no JSON"),
        ("google", {"auth": {"credentials": ACCOUNT}}, "is for vertex-gemini"),
        ("openai", {"connect_options": {"timeOut": 1}}, "did you mean 'timeout'?"),
        ("openai", {"connect_options": {"proxy": 1}}, "known: timeout, maxRetries, endpoint"),
        ("openai", {"connect_options": {"timeout": "5s"}}, "expected a number, 0 or more"),
        ("openai", {"connect_options": {"baseURL": "my-host/v1"}}, "expected an address"),
        ("openai", {"llm_options": {"max_tokens": 1}}, "did you mean 'maxTokens'?"),
        ("openai", {"llm_options": {"reasoningEffort": "none"}}, "one of minimal, low, medium"),
        ([], {}, "expected at least one model"),
        (["openai", "groq"], {"auth": KEY}, "auth is for one vendor"),
        (
            ["openai", "groq"],
            {"keys": {"openai": KEY, "groq": KEY}, "connect_options": {"baseURL": "http://h"}},
            "connectOptions.baseURL is for one vendor",
        ),
    ],
)
def test_what_cannot_be_connected_says_why(
    spec: Any, options: Mapping[str, Any], words: str
) -> None:
    given = dict(options)
    if "connect_options" in given or "llm_options" in given:
        given.setdefault("auth", None if "keys" in given else KEY)

    assert words in refusal(spec, **given)


@pytest.mark.parametrize("vendor", sorted(set(vendors()) - {"offline"}))
def test_no_refusal_shows_a_secret(vendor: str) -> None:
    secret = "a-secret-of-the-test"
    auth = {"apikey": secret, "secretAccessKey": secret, "credentials": secret, "kind": "x"}

    assert secret not in refusal(vendor, auth=auth)


def test_options_are_in_jambonz_units() -> None:
    options = {"timeout": 2500, "maxRetries": 99}
    target = target_of("groq:m", keys={"groq": KEY}, connect_options=options)

    assert (target.timeout, target.max_retries, target.id) == (2.5, 5, "groq:m")


def test_one_credential_serves_several_models_of_its_vendor() -> None:
    model = connect(["openai:gpt-4.1-mini", "openai:gpt-4o-mini", "offline"], auth=KEY)

    assert isinstance(model, FallbackModel)
    assert model.id.startswith("openai:gpt-4.1-mini, openai:gpt-4o-mini, offline")
