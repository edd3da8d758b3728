"""The verb that hands the caller to a Google Dialogflow agent."""

from collections.abc import Iterable
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from app.verbs.errors import Problem
from app.verbs.explain import Expect
from app.verbs.hooks import HookRef
from app.verbs.part import Free, Many, Number, Of, OfText, Part, Verb
from app.verbs.speech import Synthesizer

Conversation = Annotated[
    str,
    Field(pattern=r"^[A-Za-z0-9_-]{1,200}$"),
    Expect("1 to 200 letters, digits, '-' and '_'"),
]


class QueryInput(Part):
    """What the agent is asked first."""

    text: str | None = None
    intent: str | None = None
    event: str | None = None
    dtmf: str | None = None


class Dialogflow(Verb):
    """Let a Google Dialogflow agent talk with the caller.

    Attributes:
        credentials: The service account's key: the object, or its JSON as a text.
        project: Google Cloud project.
        lang: Language, for example ``en-US``.
        model: ``es``, ``cx`` or ``ces``.
        agent: Id of the agent (cx) or app (ces), which both need.
        environment: Of cx.
        deployment: Of ces.
        session_id: Give the same again to go on with a conversation; the call's unless set.
        events: Which events ``event_hook`` hears.
        tool_hook: Answers tool calls of cx and ces with ``{outputParameters}`` or ``{error}``.
        welcome_event_params: Any JSON object; its keys are never renamed.
        no_input_timeout: Seconds.
        thinking_music: URL.
        tts: Voice of the replies.
    """

    verb: ClassVar[str] = "dialogflow"

    credentials: Free | str
    project: str
    lang: str
    agent: str | None = None
    environment: str | None = None
    deployment: str | None = None
    region: str | None = None
    model: Literal["es", "cx", "ces"] | None = None
    session_id: Conversation | None = None
    action_hook: HookRef | None = None
    event_hook: HookRef | None = None
    tool_hook: HookRef | None = None
    events: Many[str] | None = None
    welcome_event: str | None = None
    welcome_event_params: Free | None = None
    no_input_timeout: Number | None = None
    no_input_event: str | None = None
    pass_dtmf_as_text_input: bool | None = None
    thinking_music: str | None = None
    tts: OfText[Synthesizer] | None = None
    bargein: bool | None = None
    query_input: Of[QueryInput] | None = None

    def check(self) -> Iterable[Problem]:
        """The newer models need an agent."""
        yield from super().check()
        if self.model in ("cx", "ces") and not self.agent:
            yield Problem(f"model {self.model!r} needs agent=…", suggestion="agent")


dialogflow = Dialogflow
