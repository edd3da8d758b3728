"""Credentials in jambonz' own field names, in either spelling, checked before any dialling."""

import difflib
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from app.llm.port import ModelError

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
"""How jambonz stores a field of a credential in its portal."""

SECRETS = frozenset({"apiKey", "secretAccessKey", "sessionToken"})
"""The fields that no message may show; of `credentials` it is the private key."""


@dataclass(frozen=True, slots=True)
class AuthForm:
    """One set of fields that a vendor takes.

    Attributes:
        kind: As jambonz calls it; nobody needs to write it.
        required: Its fields, in camelCase.
        optional: Further fields.
    """

    kind: str
    required: tuple[str, ...]
    optional: tuple[str, ...] = ()


API_KEY = AuthForm("apiKey", ("apiKey",), ("baseURL",))
AZURE = AuthForm("azureOpenAIApiKey", ("apiKey", "endpoint", "deployment", "apiVersion"))
BEDROCK_IAM = AuthForm(
    "bedrockIam", ("accessKeyId", "secretAccessKey", "region"), ("sessionToken",)
)
BEDROCK_KEY = AuthForm("bedrockApiKey", ("apiKey", "region"))
GOOGLE = AuthForm("googleApiKey", ("apiKey",))
VERTEX = AuthForm("vertexServiceAccount", ("credentials", "projectId", "location"))


@dataclass(frozen=True, slots=True)
class Auth:
    """A checked credential; its repr shows no value.

    Attributes:
        kind: Which form it has.
        fields: Its fields, in camelCase; `credentials` is a mapping, all else is text.
    """

    kind: str
    fields: Mapping[str, Any] = field(repr=False)

    def __getitem__(self, name: str) -> Any:
        return self.fields[name]

    def get(self, name: str, default: str = "") -> Any:
        """A field, or what to take instead."""
        return self.fields.get(name) or default

    @property
    def fingerprint(self) -> str:
        """Tells credentials apart without showing them."""
        text = json.dumps(self.fields, sort_keys=True, default=str)
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    def redact(self, text: str) -> str:
        """The text without this credential's secrets."""
        values = [self.fields.get(name) for name in SECRETS]
        values.append(dict(self.fields.get("credentials") or {}).get("private_key"))
        for value in values:
            if isinstance(value, str) and len(value) >= 6:
                text = text.replace(value, "…")
        return text


def read_auth(vendor: str, forms: tuple[AuthForm, ...], given: object) -> Auth:
    """Check a credential and give its fields in camelCase.

    Raises:
        ModelError: Of kind "auth", if a field is missing, misspelt or of the wrong type.
    """
    if not isinstance(given, Mapping):
        first = ", ".join(f"{name!r}: …" for name in forms[0].required)
        raise _wrong(vendor, f"needs a mapping, {{{first}}}; got a {type(given).__name__}")
    fields = {_camel(key): value for key, value in given.items() if value not in (None, "")}
    named = fields.pop("kind", None)
    kinds = [form.kind for form in forms]
    if named is not None and named not in kinds:
        raise _wrong(vendor, f"takes kind {' or '.join(kinds)}; got {named!r:.40}")
    if vendor == "google" and "credentials" in fields:
        raise _wrong(vendor, "takes an apiKey; a service account is for vertex-gemini")
    form = _infer(forms, named, fields)
    _check_credentials(vendor, fields)
    _check_missing(vendor, form, fields)
    known = {*form.required, *form.optional}
    return Auth(form.kind, {key: value for key, value in fields.items() if key in known})


def _camel(key: str) -> str:
    return next((camel for camel, stored in STORED.items() if stored == key), key)


def _infer(forms: tuple[AuthForm, ...], named: object, fields: Mapping[str, Any]) -> AuthForm:
    """Which form is meant: as named; for bedrock IAM where its keys are there."""
    for form in forms:
        if form.kind == named:
            return form
    if BEDROCK_IAM not in forms:
        return forms[0]
    pair = [name for name in ("accessKeyId", "secretAccessKey") if name in fields]
    is_iam = len(pair) == 2 or (pair and "apiKey" not in fields)
    return BEDROCK_IAM if is_iam else BEDROCK_KEY


def _check_credentials(vendor: str, fields: dict[str, Any]) -> None:
    """Parse a service account that came as text, and take the project's id from it."""
    value = fields.get("credentials")
    if value is None:
        return
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except ValueError:
            raise _wrong(
                vendor, "needs the service account's JSON; got text that is no JSON"
            ) from None
    if not isinstance(value, Mapping):
        raise _wrong(
            vendor, f"needs the service account's JSON object; got a {type(value).__name__}"
        )
    fields["credentials"] = dict(value)
    if "projectId" not in fields and value.get("project_id"):
        fields["projectId"] = value["project_id"]


def _check_missing(vendor: str, form: AuthForm, fields: Mapping[str, Any]) -> None:
    known = [*form.required, *form.optional]
    missing = [name for name in form.required if name not in fields]
    if missing:
        strange = [key for key in fields if key not in known]
        hints = [(key, *difflib.get_close_matches(key, missing, 1)) for key in strange]
        hint = next(
            (
                f"; {pair[0]!r} is not known, did you mean {pair[1]!r}?"
                for pair in hints
                if len(pair) > 1
            ),
            "",
        )
        also = " (or accessKeyId, secretAccessKey and region)" if form is BEDROCK_KEY else ""
        need = ", ".join(form.required)
        raise _wrong(vendor, f"needs {need}{also}; missing: {', '.join(missing)}{hint}")
    for name in known:
        if name != "credentials" and not isinstance(fields.get(name, ""), str):
            raise _wrong(vendor, f"needs {name} as text; got a {type(fields[name]).__name__}")


def _wrong(vendor: str, text: str) -> ModelError:
    return ModelError(f"auth: vendor {vendor!r} {text}", kind="auth", vendor=vendor)
