"""Which agent of a call runs, which come after it, and which had to go.

A speech-to-speech verb counts as one: what it renders to differs only in its dialect.
"""

import dataclasses
import time
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

from app.agent import Rendered, RenderedAgent
from app.agent.tools import Offered, present
from app.application import Application, answers_tools
from app.hook import Hook
from app.protocol import (
    EVENT_TYPES,
    AgentUpdate,
    LlmEvent,
    OtherEvent,
    UpdateInstructions,
    UpdateTools,
)
from app.session.awaiting import Waiter
from app.session.user_code import UserCode
from app.tool import Tool, ToolSource

NO_FUNCTION = "no function answers the tool {name!r}; the model will be told that it is unknown"
EVENT_MESSAGES = ("agent:event", "llm:event")
# A redirect stops an agent at once, so what jambonz has to tell of its end comes soon.
REPLACED_SECONDS = 3.0
Replaced = tuple[str, str, float]


class Agents:
    """What talks in a call: several agents and speech-to-speech verbs may stand in one list.

    Attributes:
        current: The one that runs, as far as can be told, or None.
        following: Those that come after it.
        replaced: Those that had to go: hook, id of the verb, until when their end may be told.
        tools: What its model may call.
        last: The one that runs, or ran last, or None.
        is_speech: Whether the one that runs, or ran last, is a speech-to-speech model.
        waiting: Who waits for an event.
    """

    __slots__ = (
        "_application",
        "_heard",
        "_heard_rest",
        "current",
        "following",
        "is_speech",
        "last",
        "replaced",
        "tools",
        "waiting",
    )

    def __init__(self, application: Application[Any, Any]) -> None:
        self._application = application
        self.following: list[RenderedAgent] = []
        self.replaced: list[Replaced] = []  # hook, id of the verb, until when
        self._heard: Mapping[object, Sequence[UserCode]] = {}
        self._heard_rest: Sequence[UserCode] = ()
        self.current: RenderedAgent | None = None
        self.last: RenderedAgent | None = None
        self.tools: Mapping[str, Tool[..., Any]] = {}
        self.is_speech = False
        self.waiting: list[Waiter] = []

    def apply(self, rendered: Rendered, *, is_replacing: bool = True) -> None:
        """Take note of verbs that go to jambonz, in place of what runs or behind it."""
        if is_replacing and rendered.verbs:
            self.stop()
        self.following += rendered.agents
        if self.current is None:
            self._next()

    def stop(self) -> None:
        """None runs any more, and none will."""
        self.tell(None)
        self.current = None
        self.following.clear()

    def replace(self) -> None:
        """A redirect stops the one that runs; jambonz may still tell that it ended."""
        now = time.monotonic()
        self.replaced = [one for one in self.replaced if now < one[2]]
        old = self.current
        if old is not None and old.action_hook is not None:
            self.replaced.append((old.action_hook, old.agent.id or "", now + REPLACED_SECONDS))
        self.stop()

    def end(self, hook: str, verb_id: str) -> bool:
        """The end of an agent is told to ``hook``; False if it is one that was replaced."""
        now = time.monotonic()
        for one in self.replaced:
            if one[:2] == (hook, verb_id) and now < one[2]:
                self.replaced.remove(one)
                return False
        self.tell(None)
        self.current = None
        self._next()
        return True

    def go_on(
        self,
        last: RenderedAgent | None,
        following: Sequence[RenderedAgent],
        replaced: Sequence[Replaced],
        *,
        tools: Mapping[str, Tool[..., Any]] | None,
        is_running: bool,
    ) -> None:
        """Be as they were in another process; ``tools`` are those of the one that runs now."""
        self.following, self.replaced = [*following], [*replaced]
        if last is not None:
            self.last = last
            self.current = last if is_running else None
            self.tools = last.tools if tools is None else tools
            self._hear(last)

    def find_tool(self, name: str) -> Tool[..., Any] | None:
        """What answers a tool call; one that only a later agent has tells that this one runs."""
        if name not in self.tools:
            later = (place for place, one in enumerate(self.following) if name in one.tools)
            place = next(later, None)
            if place is not None:
                del self.following[:place]
                self._next()
        return self.tools.get(name)

    def tell(self, event: Mapping[str, Any] | None) -> None:
        """Let those look at an event who wait for one; None: whoever talks has stopped."""
        self.waiting[:] = [one for one in self.waiting if not one.tell(event)]

    def hearers(self, event: str) -> Sequence[UserCode]:
        """Who wants an event of this name: one look-up."""
        return self._heard.get(event, self._heard_rest)

    def note(
        self, update: AgentUpdate, functions: Mapping[str, Tool[..., Any]] | None
    ) -> tuple[str, ...]:
        """Keep our picture of the agent true; tools without a function are a warning."""
        assert self.current is not None
        if isinstance(update, UpdateInstructions):
            self.current = dataclasses.replace(self.current, instructions=update.instructions)
        if not isinstance(update, UpdateTools):
            return ()
        known = {**self.current.tools, **self.tools, **(functions or {})}
        names = [str(tool.get("name")) for tool in update.tools]
        self.tools = {name: known[name] for name in names if name in known}
        raw = tuple(name for name in names if name not in known)
        self.current = dataclasses.replace(self.current, raw_tools=raw, offered=())
        has_handler = answers_tools(self._application, self.current.tool_hook)
        return () if has_handler else tuple(NO_FUNCTION.format(name=name) for name in raw)

    def refit(self, made: RenderedAgent) -> None:
        """Give those that ``made`` is, in another process, the functions that they lack."""
        self.following = [fitted(one, made) for one in self.following]
        if self.last is None:
            return
        last = fitted(self.last, made)
        came = {name: one for name, one in last.tools.items() if name in self.last.raw_tools}
        self.tools = {**self.tools, **came}
        self.last = dataclasses.replace(last, tools=self.tools)
        self.current = self.last if self.current is not None else None
        self._hear(self.last)

    def offer(self, offered: tuple[Offered, ...]) -> None:
        """Note tools that come and go among those of the one that runs."""
        assert self.current is not None
        self.current = dataclasses.replace(self.current, offered=offered)

    def news(self, source: ToolSource) -> tuple[Offered, ...]:
        """What is to be offered anew because a source has other tools now; empty if nothing is."""
        agent = self.current
        if agent is None or source not in agent.offered:
            return ()
        now = present(agent.offered, agent.reserved)
        functions = {tool.name: tool for tool in now if isinstance(tool, Tool)}
        return () if functions == self.tools else agent.offered

    def _next(self) -> None:
        """The next one begins; what the last one left behind is still heard until then."""
        if not self.following:
            return
        agent = self.current = self.last = self.following.pop(0)
        self.tools = agent.tools
        self._hear(agent)

    def _hear(self, agent: RenderedAgent) -> None:
        other = agent.dialect.other_event
        self.is_speech = other is LlmEvent
        self._heard, self._heard_rest = subscribers(
            self._application, agent.event_hooks, agent.event_hook, other
        )


def fitted(one: RenderedAgent, made: RenderedAgent) -> RenderedAgent:
    """An agent from another process with the functions of the same one here."""
    is_same = one.agent.verb == made.agent.verb and one.agent.llm_label == made.agent.llm_label
    if not is_same:
        return one
    found = {name: made.tools[name] for name in one.raw_tools if name in made.tools}
    return dataclasses.replace(
        one,
        agent=made.agent,
        tools={**one.tools, **found},
        raw_tools=tuple(name for name in one.raw_tools if name not in found),
        event_hooks=tuple(dict.fromkeys((*one.event_hooks, *made.event_hooks))),
        offered=one.offered or made.offered,
        reserved=one.reserved or made.reserved,
    )


@lru_cache(maxsize=256)
def subscribers(
    application: Application[Any, Any],
    hooks: tuple[Hook[..., Any], ...],
    event_hook: str | None,
    other: type,
) -> tuple[dict[object, tuple[UserCode, ...]], tuple[UserCode, ...]]:
    """Who wants which event, by its wire name; and who wants those not named here.

    Built once per agent: a message costs one look-up. A handler by the name of an event hears it
    in both dialects. ``other`` is the class of events without one of their own: all of them, where
    a speech-to-speech model runs.
    """
    named = application.named
    types = EVENT_TYPES if other is OtherEvent else {}
    every: tuple[UserCode, ...] = tuple(
        named[name] for name in (event_hook, *EVENT_MESSAGES) if name and name in named
    )
    table: dict[object, tuple[UserCode, ...]] = {
        name: (
            *(hook for hook in hooks if types.get(name, other) in hook.events),
            *(named[same] for same in dialects(name, types) if same in named),
            *every,
        )
        for name in {*types, *named}
    }
    others: tuple[UserCode, ...] = (*(hook for hook in hooks if other in hook.events), *every)
    return table, others


def dialects(name: str, types: Mapping[str, type] = EVENT_TYPES) -> tuple[str, ...]:
    """All wire names of the event that has this one."""
    kind = types.get(name)
    return tuple(one for one in types if types[one] is kind) if kind else (name,)
