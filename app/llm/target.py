"""Which model is meant, with which credential and which options."""

import difflib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, get_args

from app.llm.auth import Auth
from app.llm.history import mend
from app.llm.port import ChatRequest, Effort, ModelError
from app.llm.vendor import ModelFacts, Vendor

TIMEOUT = 15.0
"""Seconds that a vendor may keep silent, before its first piece and between two."""

MOST_RETRIES = 5
"""More of them are not made, whatever is asked for: a caller waits."""

CONNECT_OPTIONS = ("timeout", "maxRetries", "endpoint", "baseURL")
LLM_OPTIONS = ("maxTokens", "temperature", "reasoningEffort")
_NOT_OURS = ("systemPrompt", "messages", "initialMessages", "tools")  # part of the conversation


@dataclass(frozen=True, slots=True)
class Target:
    """One model, ready to be dialled.

    Attributes:
        vendor: Its row of the table.
        model: The vendor's name of it; of azure-openai it is the deployment.
        auth: The credential.
        base_url: Where it is, as given; empty where the vendor's own address is meant.
        timeout: Seconds of silence after which a request has failed.
        max_retries: How often a request that failed before its first piece is made again.
        max_tokens: For requests that name none.
        temperature: The same.
        reasoning_effort: The same.
    """

    vendor: Vendor
    model: str
    auth: Auth
    base_url: str = ""
    timeout: float = TIMEOUT
    max_retries: int = 1
    max_tokens: int | None = None
    temperature: float | None = None
    reasoning_effort: Effort | None = None

    @property
    def id(self) -> str:
        """What `connect` made it from."""
        return f"{self.vendor.id}:{self.model}"

    @property
    def facts(self) -> ModelFacts:
        """What the model can do."""
        return self.vendor.facts(self.model)

    def complete(self, request: ChatRequest) -> ChatRequest:
        """The request with what the options say, as this model and every vendor takes it."""
        effort = request.reasoning_effort or self.reasoning_effort
        warmth = self.temperature if request.temperature is None else request.temperature
        return replace(
            request,
            messages=mend(request.messages),
            tools=request.tools if self.facts.tools else (),
            max_tokens=request.max_tokens or self.max_tokens,
            temperature=warmth,
            reasoning_effort=effort,
        )


def aim(
    vendor: Vendor,
    model: str,
    auth: Auth,
    connect_options: Mapping[str, Any],
    llm_options: Mapping[str, Any],
) -> Target:
    """Check the options, in jambonz' names, and put all together.

    Raises:
        ModelError: Of kind "bad_request", if an option is unknown or makes no sense.
    """
    _check_names("connectOptions", connect_options, CONNECT_OPTIONS, vendor.id)
    _check_names("llmOptions", llm_options, (*LLM_OPTIONS, *_NOT_OURS), vendor.id)
    known = vendor.models[0].id if vendor.models else ""
    model = model or auth.get("deployment") or known
    if not model:
        raise _bad(f'expected a model, such as "{vendor.id}:MODEL"; got none', vendor.id)
    given = connect_options.get("baseURL") or connect_options.get("endpoint")
    url = _url("connectOptions.baseURL", given, vendor.id)
    own = _url("auth.baseURL", auth.get("baseURL"), vendor.id)
    _url("auth.endpoint", auth.get("endpoint"), vendor.id)
    timeout = _number("connectOptions.timeout", connect_options.get("timeout"), vendor.id)
    retries = _number("connectOptions.maxRetries", connect_options.get("maxRetries"), vendor.id)
    tokens = _number("llmOptions.maxTokens", llm_options.get("maxTokens"), vendor.id)
    effort = llm_options.get("reasoningEffort")
    if effort is not None and effort not in get_args(Effort):
        known = ", ".join(get_args(Effort))
        raise _bad(
            f"llmOptions.reasoningEffort: expected one of {known}; got {effort!r}", vendor.id
        )
    return Target(
        vendor,
        model,
        auth,
        base_url=url or own,
        timeout=timeout / 1000 if timeout else TIMEOUT,
        max_retries=1 if retries is None else min(int(retries), MOST_RETRIES),
        max_tokens=None if tokens is None else int(tokens),
        temperature=_number("llmOptions.temperature", llm_options.get("temperature"), vendor.id),
        reasoning_effort=effort,
    )


def _check_names(what: str, given: Mapping[str, Any], known: tuple[str, ...], vendor: str) -> None:
    for name in given:
        if name not in known:
            close = difflib.get_close_matches(name, known, 1)
            hint = f"; did you mean {close[0]!r}?" if close else f"; known: {', '.join(known)}"
            raise _bad(f"{what}: {name!r} is not an option{hint}", vendor)


def _number(what: str, value: Any, vendor: str) -> float | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or value < 0:
        raise _bad(f"{what}: expected a number, 0 or more; got {value!r:.40}", vendor)
    return float(value)


def _url(what: str, value: Any, vendor: str) -> str:
    if not value:
        return ""
    if not isinstance(value, str) or not value.startswith(("http://", "https://")):
        text = f'{what}: expected an address, such as "https://…"; got {value!r:.80}'
        raise _bad(text, vendor)
    return value


def _bad(text: str, vendor: str) -> ModelError:
    return ModelError(text, kind="bad_request", vendor=vendor)
