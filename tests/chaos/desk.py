"""The application whose processes are killed: copied into `handlers/` of a folder of its own.

What its functions do, they write into a file beside, line by line, so that it outlives them.
"""

import asyncio
import json
import os
import time
from dataclasses import dataclass, field

from app import Agent, Application, Session, tool

LEDGER = os.open("ledger.jsonl", os.O_WRONLY | os.O_APPEND | os.O_CREAT)
TOOL_SECONDS = 30.0


@dataclass
class State:
    """What the call remembers: a reference for each tool that has ended."""

    done: list[str] = field(default_factory=list)


def note(session: "Session[State]", what: str, ref: str = "") -> None:
    """Write a line: one write of a few bytes is not torn by others."""
    line = [time.monotonic(), os.getpid(), session.call_sid, what, ref]
    os.write(LEDGER, (json.dumps(line) + "\n").encode())


@tool(timeout=TOOL_SECONDS)
async def mark(session: Session[State], ref: str) -> dict[str, object]:
    """Remember something at once."""
    note(session, "mark", ref)
    session.state.done.append(ref)
    return {"ref": ref, "count": len(session.state.done)}


@tool(timeout=TOOL_SECONDS)
async def search(session: Session[State], ref: str, seconds: float) -> dict[str, object]:
    """Take some time, and remember."""
    note(session, "search", ref)
    await asyncio.sleep(seconds)
    session.state.done.append(ref)
    return {"ref": ref, "count": len(session.state.done)}


@tool(once=True, timeout=TOOL_SECONDS)
async def book(session: Session[State], ref: str, seconds: float) -> dict[str, object]:
    """Do what must not be done twice."""
    note(session, "book", ref)
    await asyncio.sleep(seconds)
    session.state.done.append(ref)
    note(session, "booked", ref)
    return {"ref": ref, "count": len(session.state.done)}


@tool(timeout=TOOL_SECONDS)
async def recall(session: Session[State], ref: str) -> dict[str, object]:
    """Tell all that is remembered."""
    return {"ref": ref, "done": list(session.state.done)}


desk = Application("/desk", state=State)


@desk.session_new
async def answer(session: Session[State]) -> Agent:
    """A desk that keeps book."""
    note(session, "opened")
    return Agent(
        llm="openai:gpt-4.1-mini",
        stt="deepgram:nova-3-general",
        tts="cartesia:sonic-english",
        instructions="You keep book at a desk.",
        tools=[mark, search, book, recall],
    )


@desk.session_reconnect
async def welcome_back(session: Session[State]) -> None:
    """Note that the call is back."""
    note(session, "back")
