"""The objects that some vendors' verbs need: credentials and session options by the vendors' names.

As in the published schemas of jambonz; every one of them takes more than what stands here.
"""

from collections.abc import Iterable, Mapping
from typing import Annotated, Any, Literal

from pydantic import Field

from app.verbs.errors import Problem
from app.verbs.explain import Expect
from app.verbs.part import Part
from app.verbs.vendors import OpenShape, shape

Filled = Annotated[str, Field(min_length=1), Expect("text")]
Objects = list[dict[str, Any]]
Shapes = Mapping[str, type[Part]]


class Responses(OpenShape):
    """GPT Live: the model that runs delegated turns, and its tools."""

    model: str
    tools: Objects | None = None
    instructions: str | None = None


class Delegation(OpenShape):
    """GPT Live: who does what the voice model cannot do."""

    type: Literal["client", "responses"] | None = None
    responses: Responses | None = None

    def check(self) -> Iterable[Problem]:
        """Tools stand below ``responses``, which a delegation of that type needs."""
        yield from super().check()
        if self.type == "responses" and self.responses is None:
            yield Problem("option 'responses' is required for type 'responses': {'model': …}")
        if self.responses is not None and self.responses.tools and self.type != "responses":
            yield Problem("must be 'responses' for the model to call tools", ("type",), "responses")
        if "tools" in (self.__pydantic_extra__ or {}):
            yield Problem("tools stand in delegation.responses.tools", ("tools",), "responses")


class LiveSession(OpenShape):
    """GPT Live: what the session begins with."""

    delegation: Delegation | None = None

    def check(self) -> Iterable[Problem]:
        """The model is named by the verb."""
        yield from super().check()
        if "model" in (self.__pydantic_extra__ or {}):
            text = "the model travels in the URL: write model=… beside llm_options"
            yield Problem(text, ("model",), "model")


class LiveOptions(OpenShape):
    """GPT Live: ``llmOptions``."""

    session_update: LiveSession


class VoiceLiveAuth(OpenShape):
    """Azure Voice Live: a key or a token."""

    apiKey: Filled | None = None  # noqa: N815 - as on the wire
    accessToken: Filled | None = None  # noqa: N815 - as on the wire

    def check(self) -> Iterable[Problem]:
        """One of the two."""
        yield from super().check()
        if self.apiKey is None and self.accessToken is None:
            yield Problem("option 'apiKey' or 'accessToken' is required", suggestion="apiKey")


class NovaTurn(OpenShape):
    """Amazon Nova Sonic: an earlier turn."""

    role: Literal["user", "assistant", "USER", "ASSISTANT"]
    content: str


ELEVENLABS: Shapes = {
    "auth": shape(text="agent_id api_key", required="agent_id", is_open=True),
    "llm_options": shape(
        conversation_initiation_client_data=dict[str, Any],
        input_sample_rate=int,
        output_sample_rate=int,
        is_open=True,
    ),
}
GPTLIVE: Shapes = {
    "auth": shape(apiKey=Filled, required="apiKey", is_open=True),
    "llm_options": LiveOptions,
}
VOICELIVE: Shapes = {
    "auth": VoiceLiveAuth,
    "connect_options": shape(
        text="host apiVersion agentId projectId path", required="host", is_open=True
    ),
    "llm_options": shape(
        session_update=dict[str, Any],
        response_create=dict[str, Any],
        required="session_update response_create",
        is_open=True,
    ),
}
NOVA: Shapes = {
    "auth": shape(
        text="sessionToken region",
        accessKeyId=Filled,
        secretAccessKey=Filled,
        required="accessKeyId secretAccessKey",
        is_open=True,
    ),
    "llm_options": shape(
        text="systemPrompt speechPrompt greeting",
        history=list[NovaTurn],
        sessionStart=dict[str, Any],
        promptStart=dict[str, Any],
        dtmf=shape(
            flag="enable",
            text="finishOnKey",
            number="numDigits minDigits maxDigits interDigitTimeout timeout",
            required="enable",
            is_open=True,
        ),
        is_open=True,
    ),
}
