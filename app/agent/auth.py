"""Credentials for a language model that stand in the agent itself, by vendor."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from app.verbs.errors import Problem
from app.verbs.names import did_you_mean, nearest


@dataclass(frozen=True, slots=True)
class AuthKind:
    """One set of fields that a vendor takes.

    Attributes:
        name: As jambonz calls it; authors need not write it.
        required: Its fields, in camelCase.
        optional: Further fields.
    """

    name: str
    required: tuple[str, ...]
    optional: tuple[str, ...] = ()


# How jambonz stores a field in the portal; both spellings are taken.
STORED: Mapping[str, str] = {
    "accessKeyId": "access_key_id",
    "apiKey": "api_key",
    "apiVersion": "api_version",
    "baseURL": "api_url",
    "credentials": "service_key",
    "projectId": "project_id",
    "secretAccessKey": "secret_access_key",
    "sessionToken": "session_token",
}
API_KEY = AuthKind("apiKey", ("apiKey",), ("baseURL",))
BEDROCK_IAM = AuthKind(
    "bedrockIam", ("accessKeyId", "secretAccessKey", "region"), ("sessionToken",)
)
BEDROCK_KEY = AuthKind("bedrockApiKey", ("apiKey", "region"))
VERTEX = AuthKind("vertexServiceAccount", ("credentials", "projectId", "location"))
AUTH: Mapping[str, tuple[AuthKind, ...]] = {
    "openai": (API_KEY,),
    "anthropic": (API_KEY,),
    "google": (AuthKind("googleApiKey", ("apiKey",)),),
    "vertex-gemini": (VERTEX,),
    "vertex-openai": (VERTEX,),
    "bedrock": (BEDROCK_IAM, BEDROCK_KEY),
    "deepseek": (API_KEY,),
    "azure-openai": (
        AuthKind("azureOpenAIApiKey", ("apiKey", "endpoint", "deployment", "apiVersion")),
    ),
    "groq": (API_KEY,),
    "huggingface": (API_KEY,),
}
LLM_VENDORS = tuple(AUTH)


def check_auth(vendor: str | None, auth: Mapping[str, Any]) -> Iterator[Problem]:
    """What is wrong with ``llm.auth`` for a vendor; nothing is known of other vendors."""
    kinds = AUTH.get(vendor or "")
    if kinds is None:
        if not isinstance(auth.get("apiKey", ""), str):
            yield Problem("expected text", ("apiKey",))
        return
    named = auth.get("kind")
    if named is not None and named not in [kind.name for kind in kinds]:
        accepted = " or ".join(kind.name for kind in kinds)
        yield Problem(f"vendor {vendor!r} takes kind {accepted}; got {named!r:.40}", ("kind",))
    elif vendor == "google" and read(auth, "credentials") is not None:
        text = "vendor 'google' takes an apiKey; a service account is for 'vertex-gemini'"
        yield Problem(text, suggestion="vertex-gemini")
    else:
        yield from check_kind(vendor or "", infer(kinds, auth), auth)


def infer(kinds: tuple[AuthKind, ...], auth: Mapping[str, Any]) -> AuthKind:
    """Which set of fields is meant: as named; for bedrock IAM where its keys are there."""
    for kind in kinds:
        if auth.get("kind") == kind.name:
            return kind
    if BEDROCK_IAM not in kinds:
        return kinds[0]
    pair = [field for field in ("accessKeyId", "secretAccessKey") if read(auth, field)]
    is_iam = len(pair) == 2 or (pair and not read(auth, "apiKey"))
    return BEDROCK_IAM if is_iam else BEDROCK_KEY


def check_kind(vendor: str, kind: AuthKind, auth: Mapping[str, Any]) -> Iterator[Problem]:
    """What is missing or of the wrong type in one set of fields."""
    credentials, complaint = read_credentials(auth)
    if complaint:
        yield Problem(complaint, (spelling(auth, "credentials"),))
    missing = [field for field in kind.required if read(auth, field) in (None, "")]
    if "projectId" in missing and credentials.get("project_id"):
        missing.remove("projectId")
    if missing:
        yield explain_missing(vendor, kind, missing, auth)
    for field in (*kind.required, *kind.optional):
        value = read(auth, field)
        if field != "credentials" and value is not None and not isinstance(value, str):
            text = f"expected text; got a value of type {type(value).__name__}"
            yield Problem(text, (spelling(auth, field),))


def explain_missing(
    vendor: str, kind: AuthKind, missing: list[str], auth: Mapping[str, Any]
) -> Problem:
    """All that is missing at once, and a misspelt field that may be one of it."""
    also = " (or accessKeyId, secretAccessKey and region)" if kind is BEDROCK_KEY else ""
    known = {*kind.required, *kind.optional, "kind", *STORED.values()}
    strange = {key: nearest(key, missing) for key in auth if key not in known}
    typo = next(((key, close) for key, close in strange.items() if close), None)
    hint = f"; {typo[0]!r} is not known{did_you_mean(typo[1])}" if typo else ""
    return Problem(
        f"vendor {vendor!r} needs {', '.join(kind.required)}{also}; "
        f"missing: {', '.join(missing)}{hint}",
        suggestion=typo[1] if typo else None,
    )


def read(auth: Mapping[str, Any], field: str) -> Any:
    """A field in either spelling."""
    value = auth.get(field)
    return auth.get(STORED.get(field, field)) if value is None else value


def spelling(auth: Mapping[str, Any], field: str) -> str:
    """How the author spelled a field."""
    return field if field in auth else STORED.get(field, field)


def read_credentials(auth: Mapping[str, Any]) -> tuple[Mapping[str, Any], str]:
    """A service account, which may be JSON text; and what is wrong with it."""
    value = read(auth, "credentials")
    if value in (None, ""):
        return {}, ""
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except ValueError:
            return {}, "expected the service account's JSON; got text that is no JSON"
    if not isinstance(value, Mapping):
        return {}, f"expected the service account's JSON object; got a {type(value).__name__}"
    return value, ""
