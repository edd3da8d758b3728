"""The agents of a call as JSON and back: what they are now, and references to their code."""

import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain, repeat
from operator import is_
from typing import Any

import orjson

from app.agent import AGENT, Dialect, RenderedAgent
from app.agent.tools import Offered
from app.application import (
    Application,
    find_hook,
    recall_tool,
    refer_to_source,
    refer_to_tool,
)
from app.hook import Hook
from app.protocol import Wire
from app.s2s import VendorDialect, vendor_of
from app.session.agents import Agents
from app.tool import Tool, ToolSource


@dataclass(frozen=True, slots=True)
class CarriedTalker:
    """What is known of an agent that another process has started."""

    id: str | None
    verb: str
    llm_label: str
    warnings: tuple[str, ...] = ()


@dataclass(slots=True)
class References:
    """How the code of a call is named and found again.

    Attributes:
        application: The application that answers it.
        is_stored: Whether a stored agent answers it, whose own functions are made again later.
        missing: What could not be named, or found.
    """

    application: Application[Any, Any]
    is_stored: bool = False
    missing: list[str] = field(default_factory=list)

    # writing

    def tool(self, tool: Tool[..., Any], sources: Iterable[ToolSource] = ()) -> Any:
        """A reference to a tool; None where there is none."""
        found = refer_to_tool(self.application, tool)
        if found is not None:
            return found
        for source in sources:
            if tool in source.tools:
                return {"source": refer_to_source(self.application, source)}
        if not self.is_stored:
            self.missing.append(f"tool {tool.name}")
        return None

    def offered(self, item: Offered) -> Any:
        """A reference to what stood among the tools of an agent, or the definition itself."""
        if isinstance(item, Tool):
            return {"tool": self.tool(item), "name": item.name}
        if not isinstance(item, ToolSource):
            return {"raw": dict(item)}
        place = refer_to_source(self.application, item)
        if place is None and not self.is_stored:
            self.missing.append(f"tools of {item!r:.80}")
        return {"source": place}

    def hook(self, hook: Hook[..., Any]) -> str:
        """The label of a hook; noted where it would not be found."""
        if find_hook(self.application, hook.label) is None and not self.is_stored:
            self.missing.append(f"hook {hook.label}")
        return hook.label

    # reading

    def find_tool(
        self, name: str, reference: Any, sources: Iterable[ToolSource] = ()
    ) -> Tool[..., Any] | None:
        """The tool that was referred to; None where it is gone, or comes with its source."""
        if isinstance(reference, str | list):
            found = recall_tool(self.application, reference)
        elif reference is not None and "source" in reference:
            offered = (one for source in sources for one in source.tools)
            return next((one for one in offered if one.name == name), None)
        else:
            found = None
        if found is None and not self.is_stored:
            self.missing.append(f"tool {name}")
        return found

    def find_offered(self, value: Wire) -> Offered | None:
        """What stood among the tools of an agent."""
        if "raw" in value:
            raw: Wire = dict(value["raw"])
            return raw
        if "tool" in value:
            return self.find_tool(value["name"], value["tool"])
        source = self.application.found.sources.get(value["source"] or "")
        if source is None and not self.is_stored:
            self.missing.append(f"tools of {value['source']}")
        return source

    def find_hook(self, label: str) -> Hook[..., Any] | None:
        """The hook of a label."""
        found = find_hook(self.application, label)
        if found is None and not self.is_stored:
            self.missing.append(f"hook {label}")
        return found


# one agent


def capture_agent(agent: RenderedAgent, names: References) -> Wire:
    """An agent as JSON, all but its instructions."""
    sources = [one for one in agent.offered if isinstance(one, ToolSource)]
    value: Wire = {
        "id": agent.agent.id,
        "verb": agent.agent.verb,
        "label": agent.agent.llm_label,
        "tools": {name: names.tool(one, sources) for name, one in agent.tools.items()},
        "hooks": [agent.tool_hook, agent.event_hook, agent.action_hook],
        "event_hooks": [names.hook(one) for one in agent.event_hooks],
        "raw_tools": agent.raw_tools,
        "has_greeting": agent.has_greeting,
    }
    if isinstance(agent.dialect, VendorDialect):
        dialect = agent.dialect
        value["dialect"] = [dialect.vendor.name, dialect.options, dialect.hears_tools]
    if agent.offered:
        value["offered"] = [names.offered(one) for one in agent.offered]
        value["reserved"] = sorted(agent.reserved)
    return value


def restore_agent(value: Wire, instructions: object, names: References) -> RenderedAgent:
    """The agent that was captured.

    Raises:
        KeyError, TypeError, ValueError: It is none.
    """
    offered = [names.find_offered(one) for one in value.get("offered", ())]
    if names.is_stored and None in offered:
        offered = []  # all of them come with the stored agent
    sources = [one for one in offered if isinstance(one, ToolSource)]
    tool_hook, event_hook, action_hook = value["hooks"]
    heard = [names.find_hook(label) for label in value["event_hooks"]]
    tools = restore_tools(value["tools"], names, sources)
    return RenderedAgent(
        agent=CarriedTalker(value["id"], value["verb"], value["label"]),
        instructions=str(instructions or ""),
        tools=tools,
        tool_hook=tool_hook,
        event_hook=event_hook,
        action_hook=action_hook,
        event_hooks=tuple(hook for hook in heard if hook is not None),
        raw_tools=(*value["raw_tools"], *(name for name in value["tools"] if name not in tools)),
        has_greeting=bool(value["has_greeting"]),
        dialect=restore_dialect(value.get("dialect")),
        offered=tuple(one for one in offered if one is not None),
        reserved=frozenset(value.get("reserved", ())),
    )


def restore_tools(
    value: Mapping[str, Any], names: References, sources: Sequence[ToolSource]
) -> dict[str, Tool[..., Any]]:
    """Tools by name, without those that are gone, or come with a source once it is connected."""
    found = {name: names.find_tool(name, one, sources) for name, one in value.items()}
    return {name: one for name, one in found.items() if one is not None}


def restore_dialect(value: Any) -> Dialect:
    """How an agent is spoken to."""
    if value is None:
        return AGENT
    name, options, hears_tools = value
    return VendorDialect(vendor_of(name), dict(options), bool(hears_tools))


# all of a call


def capture_agents(agents: Agents, names: References) -> Wire:
    """The one that runs, those that follow, and those that had to go."""
    value: Wire = {}
    if agents.last is not None:
        value["last"] = capture_agent(agents.current or agents.last, names)
        value["is_running"] = agents.current is not None
        if agents.current is not None and agents.tools is not agents.current.tools:
            sources = [one for one in agents.current.offered if isinstance(one, ToolSource)]
            value["tools"] = {name: names.tool(one, sources) for name, one in agents.tools.items()}
    if agents.following:
        value["following"] = [capture_agent(one, names) for one in agents.following]
    if agents.replaced:
        ahead = time.time() - time.monotonic()
        value["replaced"] = [(hook, verb, until + ahead) for hook, verb, until in agents.replaced]
    return value


def capture_prompts(agents: Agents) -> list[str]:
    """Their instructions, in the same order: long, and so not kept as text beside."""
    first = agents.current or agents.last
    several = agents.following if first is None else (first, *agents.following)
    return [one.instructions for one in several]


def restore_agents(
    agents: Agents, value: Wire, prompts: Sequence[object], names: References
) -> None:
    """The same into agents that are fresh.

    Raises:
        KeyError, TypeError, ValueError: It is something else.
    """
    ahead = time.time() - time.monotonic()
    given = chain(prompts, repeat(""))
    last, tools = value.get("last"), None
    if last is not None:
        last = restore_agent(last, next(given), names)
        sources = [one for one in last.offered if isinstance(one, ToolSource)]
        tools = restore_tools(value["tools"], names, sources) if "tools" in value else None
    following = [restore_agent(one, next(given), names) for one in value.get("following", ())]
    replaced = [(hook, verb, until - ahead) for hook, verb, until in value.get("replaced", ())]
    agents.go_on(last, following, replaced, tools=tools, is_running=bool(value.get("is_running")))


class KeptAgents:
    """What was captured last, as text, for as long as the agents are the same."""

    __slots__ = ("_of", "_text")

    def __init__(self) -> None:
        self._of: tuple[object, ...] = ()
        self._text = b"{}"

    def capture(self, agents: Agents, names: References) -> orjson.Fragment:
        """The agents as JSON text."""
        now = (agents.current, agents.last, agents.tools, *agents.following, *agents.replaced)
        is_same = len(now) == len(self._of) and all(map(is_, now, self._of))
        if not is_same:
            self._text = orjson.dumps(capture_agents(agents, names))
            self._of = now
        return orjson.Fragment(self._text)
