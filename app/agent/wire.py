"""Writes an agent as jambonz reads it."""

from typing import TYPE_CHECKING, Any

from app.agent.llm import Llm
from app.agent.prompts import system_prompt
from app.agent.rendered import EVENTS, TOOLS, RenderedAgent
from app.agent.tools import tool_name, tool_wire
from app.hook import Hook
from app.tool import Tool
from app.verbs.part import Part
from app.verbs.render import Render, Wire

if TYPE_CHECKING:
    from app.agent.agent import Agent
    from app.agent.checks import WithHooks

# Option of the agent to its name in ``llmOptions``.
LLM_OPTIONS = (
    ("instructions", "systemPrompt"),
    ("messages", "messages"),
    ("max_tokens", "maxTokens"),
    ("temperature", "temperature"),
    ("reasoning_effort", "reasoningEffort"),
)


def write_agent(agent: "Agent", render: Render) -> Wire:
    """The properties of the agent verb, with its prompts as templates."""
    wire = Part.to_wire(agent, render)
    llm = write_llm(agent, render)
    if llm is not None:
        wire["llm"] = llm
    # Ours where none is named: tools may be added in mid-call, the feed and the records listen too.
    tool_hook = write_tool_hook(agent, render, TOOLS)
    if tool_hook is not None:
        wire["toolHook"] = tool_hook
    event_hook = write_event_hook(agent, render, EVENTS)
    if event_hook is not None:
        wire["eventHook"] = event_hook
    return wire


def write_llm(agent: "Agent", render: Render) -> Wire | None:
    """``llm``, with the prompt, the history and the tools in their place."""
    llm = agent.llm.to_wire(render) if isinstance(agent.llm, Llm) else {}
    options = dict(llm.get("llmOptions", {}))
    for option, key in LLM_OPTIONS:
        value = getattr(agent, option)
        if value is not None:
            options[key] = render.value(value)
    if agent.tools is not None:
        options["tools"] = [tool_wire(item) for item in agent.tool_items]
    if options:
        llm["llmOptions"] = options
    return llm if llm or agent.llm is not None else None


def write_tool_hook(verb: "WithHooks", render: Render, ours: str | None) -> object:
    """Where tool calls come: the author's hook, else ours."""
    items = verb.tool_items
    if verb.tool_hook is None:
        return None if "tool_hook" in verb.model_fields_set else ours
    if items and all(isinstance(item, Tool) for item in items):
        return render.value(verb.tool_hook)  # its name needs no handler: the functions answer
    return render.hook(verb.tool_hook)


def write_event_hook(verb: "WithHooks", render: Render, ours: str | None) -> object:
    """Where events come: the author's hook, else ours."""
    if verb.event_hook is None:
        return None if "event_hook" in verb.model_fields_set else ours
    if isinstance(verb.event_hook, Hook):
        return EVENTS
    return render.value(verb.event_hook) if verb.event_hooks else render.hook(verb.event_hook)


def about_agent(agent: "Agent") -> RenderedAgent:
    """What a session needs to know of the agent."""
    wire = agent.static.wire
    heard = [*(agent.event_hooks or ())]
    if isinstance(agent.event_hook, Hook):
        heard.append(agent.event_hook)
    return RenderedAgent(
        agent=agent,
        instructions=system_prompt(wire),
        tools={item.name: item for item in agent.tool_items if isinstance(item, Tool)},
        tool_hook=hook_name(wire.get("toolHook")),
        event_hook=hook_name(wire.get("eventHook")),
        action_hook=hook_name(wire.get("actionHook")),
        event_hooks=tuple(heard),
        raw_tools=tuple(tool_name(item) for item in agent.tool_items if not isinstance(item, Tool)),
        has_greeting=agent.greeting is not False,
    )


def hook_name(wire: Any) -> str | None:
    """Name or URL of a hook on the wire."""
    return None if wire is None else Render.url(wire)
