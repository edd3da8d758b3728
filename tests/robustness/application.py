"""The application that is fuzzed: it hears everything there is to hear and answers in every way."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from app import (
    Agent,
    Application,
    CallStatus,
    LocalError,
    Session,
    SpeechFailed,
    Tool,
    ToolError,
    conference,
    dial,
    enqueue,
    event_hook,
    gather,
    listen,
    openai_s2s,
    play,
    say,
    sip_refer,
    tool,
    transcribe,
)
from app.application.handler import TYPED

AGENT: dict[str, Any] = {
    "llm": "openai:gpt-4.1-mini",
    "stt": "deepgram:nova-3-general",
    "tts": "cartesia:x",
    "instructions": "PRIVATE PROMPT",
}


class Deliberate(Exception):
    """What the author's code raises here: the only failures that may be in the log."""


@tool
async def quick(city: str = "", day: int = 0) -> str:
    """Answer at once."""
    return "PRIVATE answer"


@tool
def in_thread(city: str = "") -> str:
    """Answer from a thread."""
    return "PRIVATE answer"


@tool(timeout=0.02, late_limit=0.04, filler="One moment.", filler_after=0.01)
async def late() -> str:
    """Take longer than the model waits."""
    await asyncio.sleep(0.1)
    return "PRIVATE answer"


@tool(once=True)
async def refused(name: str) -> str:
    """Refuse."""
    raise ToolError("not today")


@tool
async def broken() -> str:
    """Break."""
    raise Deliberate("a reason")


@tool
async def steering(session: Session) -> dict[str, object]:
    """Do to the call whatever can be done to it."""
    with suppress(LocalError):
        await session.update_instructions("PRIVATE: be brief.")
        await session.generate_reply(user_input="PRIVATE", interrupt=True)
        await session.update_tools([quick])
    with suppress(LocalError):
        await session.command("tag", {"note": "PRIVATE"})
        await session.redirect(say("PRIVATE"))
    with suppress(SpeechFailed):
        session.tts.start("PRIVATE words.")
    return {"state": session.snapshot()["state"]}


TOOLS: list[Tool[..., Any]] = [quick, in_thread, late, refused, broken, steering]


async def look_at(event: Any) -> None:
    """Hear every event."""
    str(event)


hear = event_hook(look_at)


def listener(kind: type) -> Callable[..., Any]:
    """A handler that takes one class of events, and looks at it."""

    async def listen_to(session: Session, event: Any) -> Any:
        return play("https://example.com/PRIVATE.wav") if len(str(event)) % 2 else None

    listen_to.__annotations__["event"] = kind
    listen_to.__name__ = f"hear_{kind.__name__}"
    return listen_to


def make_agent(**options: Any) -> Agent:
    return Agent(**AGENT, tools=TOOLS, event_hooks=[hear], action_hook="/AgentEnded", **options)


def verbs() -> list[Any]:
    """Verbs that name a hook of every role."""
    return [
        make_agent(id="a"),
        gather(input=["speech"], action_hook="/GatherEnded", partial_result_hook="/raw"),
        enqueue("support", wait_hook="/QueueWait", action_hook="/EnqueueEnded"),
        conference(
            "room", wait_hook="/ConferenceWait", enter_hook="/ConferenceEnter",
            status_hook="/ConferenceEvent", action_hook="/ConferenceEnded",
        ),
        dial(
            "+16175550100", confirm_hook="/DialConfirm", on_hold_hook="/HoldStarted",
            dtmf_hook="/DtmfPressed", refer_hook="/Referred", action_hook="/fails",
        ),
        sip_refer("sip:desk@example.org", event_hook="/ReferStatus", action_hook="/huge"),
        listen("wss://example.com/", action_hook="/slow"),
        transcribe(transcription_hook="/TranscriptHeard"),
    ]  # fmt: skip


def speech_to_speech() -> Any:
    return openai_s2s(
        model="gpt-realtime",
        auth={"api_key": "k"},
        instructions="PRIVATE PROMPT",
        tools=TOOLS,
        event_hooks=[hear],
        action_hook="/AgentEnded",
    )


def split() -> Agent:
    """An agent whose prompt does not fit into one frame."""
    return Agent(**{**AGENT, "instructions": "PRIVATE rule. " * 2500}, tools=TOOLS, greeting=True)


OPENINGS: dict[str, Callable[[], Any]] = {
    "/agent": make_agent,
    "/verbs": verbs,
    "/speech": speech_to_speech,
    "/split": split,
}


def make_application(path: str) -> Application[Any, Any]:
    """An application that answers new calls as its path says, and everything else somehow."""
    made: Application[Any, Any] = Application(path)
    made.session_new(lambda session: OPENINGS[path]())
    made.session_redirect(redirected)
    made.session_adulting(redirected)
    made.session_reconnect(back)
    made.call_status(status)
    for kind in sorted({*TYPED}, key=str):
        made.on(f"/{kind.__name__}", listener(kind))
    for name in ("verb:status", "jambonz:error", "tts:streaming-event", "tts:tokens-result"):
        made.on(name, hear)
    for name, function in (("/raw", raw), ("/slow", slow), ("/fails", fails), ("/huge", huge)):
        made.on(name, function)
    return made


async def redirected(session: Session, data: dict[str, Any]) -> Any:
    return [say("PRIVATE"), make_agent()]


async def back(session: Session) -> None:
    session.snapshot()


async def status(session: Session, status: CallStatus) -> None:
    str(status)


def raw(session: Session, data: dict[str, Any]) -> Any:
    """From a thread, and in the author's hands to change."""
    data.clear()
    return [say("PRIVATE")]


async def slow(session: Session, data: dict[str, Any]) -> Any:
    await asyncio.sleep(0.08)
    return say("PRIVATE")


async def fails(session: Session, data: dict[str, Any]) -> Any:
    raise Deliberate("a reason")


async def huge(session: Session, data: dict[str, Any]) -> Any:
    return say("PRIVATE " * 5000)


HOOKS = sorted({*(f"/{kind.__name__}" for kind in TYPED), "/raw", "/slow", "/fails", "/huge"})
