"""A stored agent made ready to answer: what is the same in every call is made once."""

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any

from app.agent import Agent
from app.agent.templates import Template, compile_template
from app.agent.tools import present
from app.builtin_tools import Built
from app.hook import Hook, action_hook, event_hook
from app.protocol import AgentEnded, LlmEvent
from app.s2s import SpeechToSpeech
from app.session import Session, StoredVersion
from app.stored.cascaded import make_agent
from app.stored.data import AgentData
from app.stored.limits import ANSWERS, begin_limits, farewell, resume_limits, turn_limit
from app.stored.prompt import GREET, UNFILLED, compose
from app.stored.realtime import GeminiRealtime
from app.stored.speech import make_speech
from app.verbs import Verb, hangup, say

__all__ = ["Compiled"]

SET_UP = "setup_complete"


@event_hook
async def speak_first(session: Session, event: LlmEvent) -> None:
    """Gemini Live waits for words; the first are ours, as soon as it is set up."""
    if event.name == SET_UP:
        await session.generate_reply(user_input=GREET)


@action_hook
async def after_agent(session: Session, ended: AgentEnded) -> list[Verb]:
    """Without this the caller would stay in silence: jambonz waits for what comes next."""
    if ended.error is not None:
        return [say(session.application.apology), hangup()]
    return [hangup()]


class Compiled:
    """One version of a stored agent, with its tools as they are now.

    Args:
        version: Which one.
        data: What it is, its secrets opened.
        built: Its tools.
        key: Of the vendor of a realtime model.
    """

    def __init__(
        self,
        version: StoredVersion,
        data: AgentData,
        built: Sequence[Built],
        *,
        key: str | None = None,
    ) -> None:
        self.version, self.data, self._built, self._key = version, data, tuple(built), key
        self._made: dict[bool, Agent | SpeechToSpeech] = {}

    def answer(self, session: Session) -> list[Verb]:
        """What answers this call; the call keeps this version to its end."""
        session.stored_version = self.version
        session.notes.pop(ANSWERS, None)
        begin_limits(session, self.data.limits, self._ending)
        words = self._first_words(session.prompt_values)
        runs = self._agent(has_lookup=bool(session.lookup))
        return [words, runs] if words is not None else [runs]

    def runs(self, session: Session) -> list[Verb]:
        """What answered this call in another process, without its first words."""
        return [self._agent(has_lookup=bool(session.lookup))]

    def resume(self, session: Session) -> None:
        """Go on with what had begun in another process."""
        resume_limits(session, self.data.limits, self._ending)
        for one in self._built:
            if one.resume is not None:
                one.resume(session)

    def preview(self) -> list[Verb]:
        """What would answer a call; nothing is begun."""
        words, runs = self._first_words(UNFILLED), self._agent(has_lookup=False)
        return [words, runs] if words is not None else [runs]

    def _agent(self, *, has_lookup: bool) -> Agent | SpeechToSpeech:
        if has_lookup not in self._made:
            make = self._make_agent if self.data.realtime_config is None else self._make_speech
            self._made[has_lookup] = make(has_lookup)
        return self._made[has_lookup]

    def _make_agent(self, has_lookup: bool) -> Agent:
        config = dict(self.data.agent_config or {})
        greeting = self.data.greeting
        if isinstance(greeting, str):
            spoken = {"role": "assistant", "content": greeting}
            config["messages"] = [*(config.get("messages") or ()), spoken]
        if greeting is not None:
            config["greeting"] = greeting is True
        if hooks := self._event_hooks:
            config["event_hooks"] = hooks
        if self._built:
            config["tools"] = [one.tool for one in self._built]
        return make_agent(config, instructions=self._prompt(has_lookup), action_hook=after_agent)

    def _make_speech(self, has_lookup: bool) -> SpeechToSpeech:
        greeting = self.data.greeting if isinstance(self.data.greeting, str) else ""
        return make_speech(
            self.data,
            instructions=self._prompt(has_lookup, greeting=greeting),
            tools=present(one.tool for one in self._built),
            key=self._key,
            event_hooks=self._event_hooks,
            action_hook=after_agent,
        )

    def _prompt(self, has_lookup: bool, *, greeting: str = "") -> str:
        sections = [one.prompt for one in self._built if one.prompt]
        return compose(
            self.data.prompt, sections=sections, greeting=greeting, has_lookup=has_lookup
        )

    @cached_property
    def _event_hooks(self) -> list[Hook[..., Any]]:
        hooks = [hook for one in self._built for hook in one.event_hooks]
        is_gemini = isinstance(self.data.realtime_config, GeminiRealtime)
        if is_gemini and self.data.greeting is not False:
            hooks.append(speak_first)
        if (most := self.data.limits.max_turns) is not None:
            hooks.append(turn_limit(most, self._ending))
        return list(dict.fromkeys(hooks))

    @cached_property
    def _ending(self) -> list[Verb]:
        """How a call ends that has reached a limit."""
        return farewell(self.data.limits, self._voice)

    @cached_property
    def _voice(self) -> Any:
        """The synthesizer of the agent, for words that are ours; a realtime model has none."""
        return (self.data.agent_config or {}).get("tts")

    @cached_property
    def _greeting(self) -> Template | str | None:
        """Words that are spoken before the agent begins; a template where they hold variables."""
        greeting = self.data.greeting
        if not isinstance(greeting, str) or self.data.realtime_config is not None:
            return None
        return compile_template(greeting) or greeting

    def _first_words(self, values: Mapping[str, object]) -> Verb | None:
        greeting = self._greeting
        if isinstance(greeting, Template):
            own: Mapping[str, object] = self.data.variables
            greeting = greeting.fill(values, own)
        if not greeting or not greeting.strip():
            return None
        options = {} if self._voice is None else {"synthesizer": self._voice}
        return say(greeting, **options)
