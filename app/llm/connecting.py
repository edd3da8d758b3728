"""From "vendor:model" to a model that can be asked."""

import difflib
from collections.abc import Mapping, Sequence
from importlib import import_module
from typing import Any

from app.llm.auth import read_auth
from app.llm.fallback import FallbackModel
from app.llm.port import ChatModel, ModelError
from app.llm.running import VendorModel
from app.llm.target import aim
from app.llm.vendor import Vendor
from app.llm.vendors import VENDORS

Keys = Mapping[str, Mapping[str, Any]]
"""Credentials by the id of their vendor."""

OFFLINE = "offline"


def vendors() -> tuple[str, ...]:
    """The ids that `connect` knows, in alphabetical order."""
    return tuple(sorted({OFFLINE, *VENDORS}))


def connect(
    spec: str | Sequence[str],
    *,
    auth: Mapping[str, Any] | None = None,
    connect_options: Mapping[str, Any] | None = None,
    llm_options: Mapping[str, Any] | None = None,
    keys: Keys | None = None,
) -> ChatModel:
    """Make the model named by "vendor" or "vendor:model", or a list of them to fall back on.

    No SDK is imported here; that happens in a thread when the model is first used, or warmed. Only
    the first colon separates: a model's name may hold more of them.

    Args:
        spec: What to connect; of a list, the next one answers where one fails before its first
            word.
        auth: The credential, in jambonz' names and either spelling (`apiKey` or `api_key`).
        connect_options: `timeout` in milliseconds, `maxRetries`, `baseURL` or `endpoint`.
        llm_options: `maxTokens`, `temperature`, `reasoningEffort` for requests that name none.
        keys: Credentials by vendor, for those without `auth`.

    Raises:
        ModelError: If no vendor has that id (the message lists those that exist), or the
            credential or an option is missing or makes no sense.
    """
    if not isinstance(spec, str):
        if not spec:
            raise ModelError("expected at least one model; got none", kind="bad_request")
        _check_shared(spec, auth, connect_options or {})
        models = [
            connect(
                each,
                auth=auth,
                connect_options=connect_options,
                llm_options=llm_options,
                keys=keys,
            )
            for each in spec
        ]
        return models[0] if len(models) == 1 else FallbackModel(models)
    id_, _, model = spec.strip().partition(":")
    if id_.lower() == OFFLINE:
        return _offline(model)
    vendor = find(id_, spec)
    given = auth or (keys or {}).get(vendor.id) or {}
    if not given:
        raise _no_credential(vendor)
    target = aim(
        vendor,
        model,
        read_auth(vendor.id, vendor.auth, given),
        connect_options or {},
        llm_options or {},
    )
    return VendorModel(target, import_module(vendor.family).Adapter(target))


def check_vendors(keys: Mapping[str, object]) -> None:
    """Check that the credentials are of vendors that exist.

    Raises:
        ModelError: If one is not; its key would be of no use, and nobody would hear of it.
    """
    for id_ in keys:
        if id_.lower() != OFFLINE:
            find(id_)


def find(id_: str, spec: str = "") -> Vendor:
    """The vendor of an id.

    Raises:
        ModelError: If there is none.
    """
    vendor = VENDORS.get(id_.lower())
    if vendor is None:
        close = difflib.get_close_matches(id_.lower(), vendors(), 1)
        hint = f"; did you mean {close[0]!r}?" if close else ""
        known = ", ".join(vendors())
        place = f" in {spec!r}" if spec not in ("", id_) else ""
        message = f"no model vendor {id_!r}{place}{hint}; known: {known}"
        raise ModelError(message, kind="bad_request", vendor=id_)
    return vendor


def _check_shared(
    spec: Sequence[str], auth: Mapping[str, Any] | None, options: Mapping[str, Any]
) -> None:
    """Refuse to send one vendor's credential to another, or a request to another's address."""
    ids = {each.partition(":")[0].strip().lower() for each in spec} - {OFFLINE}
    if len(ids) < 2:
        return
    names = [name for name in ("baseURL", "endpoint") if options.get(name)]
    if auth or names:
        what = "auth" if auth else f"connectOptions.{names[0]}"
        text = (
            f"{what} is for one vendor, and {', '.join(spec)} are several; give keys={{vendor: …}}"
        )
        raise ModelError(text, kind="bad_request")


def _offline(model: str) -> ChatModel:
    made: ChatModel = import_module("app.llm.offline").connect(model)
    return made


def _no_credential(vendor: Vendor) -> ModelError:
    forms = " or ".join("{" + ", ".join(form.required) + "}" for form in vendor.auth)
    text = (
        f"no credential for {vendor.id!r}: give auth={forms}, or set its key in CORDBOARD_LLM_KEYS"
    )
    return ModelError(text, kind="auth", vendor=vendor.id)
