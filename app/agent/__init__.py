"""Agents: a value that describes a voice agent, and its rendering as jambonz' agent verb."""

from app.agent.agent import Agent
from app.agent.auth import LLM_VENDORS
from app.agent.dialect import AGENT, Dialect, ToolOutput, TurnOver
from app.agent.llm import Llm
from app.agent.options import (
    BargeIn,
    Handoff,
    HangupTool,
    McpServer,
    NoiseIsolation,
    ToolFiller,
    TurnDetection,
)
from app.agent.rendered import EVENTS, TOOLS, Rendered, RenderedAgent, Talker
from app.agent.rendering import render
from app.agent.split import Split, split_prompt
from app.agent.templates import check_prompt

__all__ = [
    "AGENT",
    "EVENTS",
    "LLM_VENDORS",
    "TOOLS",
    "Agent",
    "BargeIn",
    "Dialect",
    "Handoff",
    "HangupTool",
    "Llm",
    "McpServer",
    "NoiseIsolation",
    "Rendered",
    "RenderedAgent",
    "Split",
    "Talker",
    "ToolFiller",
    "ToolOutput",
    "TurnDetection",
    "TurnOver",
    "check_prompt",
    "render",
    "split_prompt",
]
