"""The language model of an agent."""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal, TypeAlias

from pydantic import AfterValidator, Field

from app.agent.auth import LLM_VENDORS, check_auth
from app.agent.tools import ToolItem, tool_wire
from app.verbs.errors import Problem, VerbError, refuse
from app.verbs.explain import Expect, show
from app.verbs.names import did_you_mean, nearest
from app.verbs.part import Free, Many, NotNegative, Of, Part
from app.verbs.render import Render, Wire

ROLES = ("system", "user", "assistant", "tool")
Effort = Literal["minimal", "low", "medium", "high"]
Positive = Annotated[int, Field(ge=1), Expect("a whole number, 1 or more")]


def check_message(value: dict[str, Any]) -> dict[str, Any]:
    """A message has a role and content; everything else in it is the author's."""
    role = value.get("role")
    if role not in ROLES:
        close = nearest(str(role), ROLES)
        text = f"expected one of {', '.join(ROLES)}; got {show(role)}{did_you_mean(close)}"
        raise VerbError("", [Problem(text, ("role",), close)])
    if "content" not in value:
        raise refuse("option 'content' is required")
    return value


if TYPE_CHECKING:
    Message: TypeAlias = Mapping[str, Any]
else:
    Message = Annotated[Free, AfterValidator(check_message), Expect("{role, content}")]


class ConnectOptions(Part):
    """How jambonz' client of the model connects.

    Attributes:
        timeout: Milliseconds.
    """

    timeout: NotNegative | None = None
    max_retries: Annotated[int, Field(ge=0), Expect("a whole number, 0 or more")] | None = None
    endpoint: str | None = None
    base_url: str | None = None


class LlmOptions(Part):
    """Prompt, tools and sampling, where they stand on the wire; ``Agent`` has them all."""

    system_prompt: str | None = None
    messages: Many[Message] | None = None
    initial_messages: Many[Message] | None = None
    max_tokens: Positive | None = None
    temperature: NotNegative | None = None
    reasoning_effort: Effort | None = None
    tools: Many[ToolItem] | None = None

    def to_wire(self, render: Render) -> Wire:
        """The options, with functions as their definitions."""
        wire = super().to_wire(render)
        if self.tools is not None:
            wire["tools"] = [tool_wire(item) for item in self.tools]
        return wire


NO_OPTIONS = LlmOptions()


class Llm(Part):
    """A language model. As a text: ``"openai:gpt-4.1-mini"``, vendor and model.

    Attributes:
        vendor: One of the ten that are known, or another.
        model: The vendor's id; for azure-openai the deployment.
        label: Which of several credentials of the vendor.
        auth: Credentials, in place of those in the portal; its keys are never renamed.
    """

    text_form: ClassVar[str] = "'vendor:model'"

    vendor: str | None = None
    model: str | None = None
    label: str | None = None
    auth: Free | None = None
    connect_options: Of[ConnectOptions] | None = None
    llm_options: Of[LlmOptions] | None = None

    @classmethod
    def read_text(cls, text: str) -> object:
        """``vendor:model`` at the first colon: models may hold more of them."""
        vendor, colon, model = text.partition(":")
        if not colon and vendor in LLM_VENDORS:
            return {"vendor": vendor}
        if not vendor.strip() or not model.strip():
            raise refuse(
                "expected 'vendor:model' such as 'openai:gpt-4.1-mini', or an object; "
                f"got {show(text)}"
            )
        return {"vendor": vendor.strip(), "model": model.strip()}

    def check(self) -> Iterable[Problem]:
        """The credentials fit the vendor."""
        yield from super().check()
        if self.auth is not None:
            yield from (found.below(("auth",)) for found in check_auth(self.vendor, self.auth))


NO_LLM = Llm()


def describe_vendor(vendor: str) -> str:
    """The warning about a vendor that is not one of the ten."""
    close = nearest(vendor, LLM_VENDORS)
    return (
        f"llm: vendor {vendor!r} is not known here{did_you_mean(close) or '.'} "
        f"jambonz may know it. Known: {', '.join(LLM_VENDORS)}"
    )
