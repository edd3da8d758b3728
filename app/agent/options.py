"""The objects in an agent's options."""

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal, TypeAlias

from pydantic import BeforeValidator, Field

from app.hook import Hook
from app.verbs.bridge import TransferOptions
from app.verbs.errors import Problem
from app.verbs.explain import Expect
from app.verbs.hooks import TextAuth
from app.verbs.part import Free, NotNegative, Of, OfText, Part, Percent, Share
from app.verbs.speech import Synthesizer


class TurnDetection(Part):
    """Krisp's acoustic model decides that the caller has finished.

    Attributes:
        threshold: Confidence; a lower one changes turns sooner. jambonz takes 0.5.
        model: Another Krisp model.
    """

    mode: Literal["krisp"]
    threshold: Share | None = None
    model: str | None = None


class BargeIn(Part):
    """Whether and how the caller may interrupt.

    Attributes:
        enable: Allow it; jambonz does.
        min_speech_duration: Seconds of speech that confirm it; jambonz takes 0.5.
        sticky: Do not resume the reply that was cut.
        strategy: ``vad``, or a model that tells an interruption from "uh-huh".
        vendor: Of that model.
        threshold: Of that model.
    """

    enable: bool | None = None
    min_speech_duration: NotNegative | None = None
    sticky: bool | None = None
    strategy: Literal["vad", "interruptPrediction"] | None = None
    vendor: str | None = None
    threshold: Share | None = None


class NoiseIsolation(Part):
    """Noise suppression.

    Attributes:
        mode: Who does it, for example ``krisp``.
        level: 0 to 100; jambonz takes 100.
        direction: ``read`` filters the caller, ``write`` what the caller hears.
        label: Which of several credentials.
        auth: Credentials, by the vendor's names.
    """

    mode: str
    level: Percent | None = None
    direction: Literal["read", "write"] | None = None
    model: str | None = None
    label: str | None = None
    auth: TextAuth | None = None


class McpServer(Part):
    """A server whose tools jambonz offers to the model and calls by itself.

    Attributes:
        url: SSE or Streamable HTTP.
        auth: Credentials; its keys are never renamed.
    """

    text_form: ClassVar[str] = "a URL"

    url: str
    auth: Free | None = None
    roots: list[Free] | None = None

    @classmethod
    def read_text(cls, text: str) -> object:
        """The URL alone."""
        return {"url": text}


class ToolFiller(Part):
    """What the caller hears while a tool runs.

    Attributes:
        type: ``audio`` loops a file, ``backchannel`` speaks short phrases.
        start_delay_secs: Seconds before it starts; jambonz takes 2.
        url: The file; required for audio.
        style: Of the phrases, in free words.
        escalation_secs: Seconds before a longer explanation; jambonz takes 10.
    """

    type: Literal["audio", "backchannel"]
    start_delay_secs: NotNegative | None = None
    url: str | None = None
    style: str | None = None
    escalation_secs: NotNegative | None = None

    def check(self) -> Iterable[Problem]:
        """Audio needs a file."""
        yield from super().check()
        if self.type == "audio" and not self.url:
            yield Problem("option 'url' is required for type 'audio'", suggestion="url")


class BriefTemplate(Part):
    """Guidance for the summary that the model writes for the person who takes over."""

    template: str


class Handoff(TransferOptions):
    """Gives the model a tool that transfers the caller to a person.

    Attributes:
        brief: ``auto``: the model writes a summary; ``none``; or guidance for it.
        brief_synthesizer: Voice of the summary.
        tool_name: Of the tool; ``transfer_to_human`` unless set.
    """

    brief: Literal["auto", "none"] | Of[BriefTemplate] | None = None
    brief_synthesizer: OfText[Synthesizer] | None = None
    tool_name: str | None = None
    tool_description: str | None = None


class HangupTool(Part):
    """Gives the model a tool that ends the call.

    Attributes:
        reason: For the BYE, where the model gives none.
    """

    reason: str | None = None


class LanguageConfig(Part):
    """What changes when the caller speaks another language.

    Attributes:
        tts: Laid over the agent's own; needs its vendor.
    """

    tts: OfText[Synthesizer] | None = None


def read_hangup(value: Any) -> Any:
    """True is the tool without options, False is no tool."""
    return {True: HangupTool(), False: None}[value] if isinstance(value, bool) else value


if TYPE_CHECKING:
    Hangup: TypeAlias = HangupTool | Mapping[str, Any] | bool | None
    EventHooks: TypeAlias = Sequence[Hook[..., Any]]
    Servers: TypeAlias = Sequence[McpServer | str | Mapping[str, Any]]
    Count: TypeAlias = int
else:
    Hangup = Annotated[HangupTool | None, BeforeValidator(read_hangup), Expect("True or {reason}")]
    EventHooks = Annotated[list[Hook], Expect("a list of @event_hook functions")]
    Servers = list[McpServer]
    Count = Annotated[int, Field(ge=0), Expect("a whole number, 0 or more")]
