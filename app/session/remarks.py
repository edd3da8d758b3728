"""What a log tells once: what nobody answers or hears, and what a newer jambonz sends."""

from collections.abc import Collection
from typing import TYPE_CHECKING, Any

from app.application.unanswered import (
    missing_adulting,
    missing_event,
    missing_hook,
    missing_message,
    missing_tool,
)
from app.protocol import EVENT_TYPES, Message

if TYPE_CHECKING:
    from app.session.live import LiveCall

MAX_FIELDS = 20


def unanswered_hook(session: "LiveCall[Any, Any]", message: Message) -> None:
    """A hook without an answer, with the code to paste."""
    path = session.application.path
    if message.hook and session._runtime.is_news(f"hook {path} {message.hook}"):
        advice = missing_hook(session.application, message.hook)
        session.log.warning("hook_unanswered", advice=advice)


def undriven_leg(session: "LiveCall[Any, Any]") -> None:
    """A dialed leg became a call, and nobody tells it what to do."""
    path = session.application.path
    if session._runtime.is_news(f"adulting {path}"):
        advice = missing_adulting(session.application)
        session.log.warning("hook_unanswered", advice=advice)


def unanswered_tool(session: "LiveCall[Any, Any]", name: str, hook: str) -> None:
    """A tool without a function, with the code to paste."""
    if session._runtime.is_news(f"tool {session.application.path} {name}"):
        advice = missing_tool(session.application, name)
        session.log.warning("tool_unanswered", hook=hook, advice=advice)


def unheard_event(session: "LiveCall[Any, Any]", kind: str) -> None:
    """An agent event that no hook wants; usual for those we know."""
    if session._runtime.is_news(f"event {kind[:80]}"):
        log = session.log.debug if kind in EVENT_TYPES else session.log.warning
        log("event_unheard", advice=missing_event(kind[:80]))


def unknown_message(session: "LiveCall[Any, Any]", kind: str) -> None:
    """A message type that this release does not know."""
    if session._runtime.is_news(kind):
        advice = missing_message(session.application, kind)
        session.log.warning("unknown_message", type=kind, advice=advice)


def unknown_fields(session: "LiveCall[Any, Any]", kind: str, names: Collection[str]) -> None:
    """Fields of a newer jambonz: kept where they stand."""
    for name in list(names)[:MAX_FIELDS]:
        if session._runtime.is_news(f"field {kind[:80]} {name[:80]}"):
            advice = "a newer jambonz? it is kept, in session.data or in the event's extra"
            session.log.warning("unknown_field", type=kind[:80], field=name[:80], advice=advice)
