"""What a vendor does with a client event that llm:update brings.

Each function returns what is wrong with the event, or "".
"""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from app.twin.agent.cue import Cue
from app.twin.speech.reading import at, objects, realtime_tools, text_at

if TYPE_CHECKING:
    from app.twin.speech.speech import Speech

Event = Mapping[str, Any]
Take = Callable[["Speech", Event], str]


def session_update(speech: "Speech", event: Event) -> str:
    """OpenAI Realtime: instructions and tools."""
    session = at(event, "session")
    if not isinstance(session, Mapping):
        return "session.update needs session, an object"
    if text := text_at(session, "instructions"):
        speech.conversation.instructions = text
    if "tools" in session:
        speech.conversation.set_tools(realtime_tools(session["tools"]))
    return ""


def live_session_update(speech: "Speech", event: Event) -> str:
    """GPT Live: the tools stand in the delegation."""
    tools = at(event, "session", "delegation", "responses", "tools")
    if tools is not None:
        speech.conversation.set_tools(realtime_tools(tools))
    return session_update(speech, event)


def item_create(speech: "Speech", event: Event) -> str:
    """OpenAI Realtime: one more message, no reply."""
    item = at(event, "item")
    texts = [text_at(part, "text") for part in objects(at(item, "content"))]
    if at(item, "type") != "message" or not any(texts):
        return "conversation.item.create needs item, a message with content"
    speech.conversation.inject([{"role": at(item, "role"), "content": " ".join(texts)}])
    return ""


def nothing(speech: "Speech", event: Event) -> str:
    """Taken, and without an effect in text."""
    return ""


def cancel(speech: "Speech", event: Event) -> str:
    """OpenAI Realtime: stop the present response."""
    speech.cut()
    return ""


def context_append(speech: "Speech", event: Event) -> str:
    """GPT Live: a text that the model may speak of at once."""
    text = " ".join(text_at(part, "text") for part in objects(at(event, "content")))
    if not text:
        return "session.context.append needs content"
    speech.take_cue(Cue("reply", text))
    return ""


def text_message(speech: "Speech", event: Event) -> str:
    """Ultravox: the user's text, answered unless it is deferred."""
    text = text_at(event, "text")
    if not text:
        return "input_text_message needs text"
    if at(event, "deferResponse"):
        speech.conversation.inject([{"role": "user", "content": text}])
    else:
        speech.take_cue(Cue("reply", text))
    return ""


def update_instructions(speech: "Speech", event: Event) -> str:
    """Deepgram: the prompt."""
    speech.conversation.instructions = text_at(event, "instructions")
    return "" if speech.conversation.instructions else "UpdateInstructions needs instructions"


def inject_agent_message(speech: "Speech", event: Event) -> str:
    """Deepgram: a fixed sentence."""
    text = text_at(event, "message")
    if text:
        speech.leg.spawn_work(speech.leg.voice.say(text, "agent"))
    return "" if text else "InjectAgentMessage needs message"


def gemini(speech: "Speech", event: Event) -> str:
    """Gemini Live: content of the conversation; `turnComplete` asks for a reply."""
    content = at(event, "clientContent")
    if not isinstance(content, Mapping):
        return "" if at(event, "realtimeInput") else "the twin knows clientContent only"
    roles = {"model": "assistant"}
    for turn in objects(at(content, "turns")):
        text = " ".join(text_at(part, "text") for part in objects(at(turn, "parts")))
        role = roles.get(text_at(turn, "role"), "user")
        speech.conversation.inject([{"role": role, "content": text}])
    if at(content, "turnComplete"):
        speech.take_cue(Cue("reply"), interrupt=True)
    return ""


REALTIME: dict[str, Take] = {
    "session.update": session_update,
    "conversation.item.create": item_create,
    "conversation.item.delete": nothing,
    "response.cancel": cancel,
}
LIVE: dict[str, Take] = {
    "session.update": live_session_update,
    "session.context.append": context_append,
    "delegation.context.append": nothing,
}
ULTRAVOX: dict[str, Take] = {"input_text_message": text_message}
DEEPGRAM: dict[str, Take] = {
    "UpdateInstructions": update_instructions,
    "UpdateSpeak": nothing,
    "InjectAgentMessage": inject_agent_message,
}
