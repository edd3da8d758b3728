"""The four mid-call updates in the vendors' own client events, as far as jambonz passes them on.

Each function takes the update and the verb's ``llmOptions``.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from app.protocol import (
    AgentUpdate,
    BadUpdate,
    GenerateReply,
    InjectContext,
    UpdateInstructions,
    UpdateTools,
    Wire,
)
from app.s2s import tools
from app.s2s.vendor import look, put

NO_RESPONSE = (
    "jambonz passes no response.create on to {name}, so the model cannot be made to speak: use "
    "inject_context, which it heeds in its next turn"
)


def system(text: str) -> InjectContext:
    """A text as context."""
    return InjectContext([{"role": "system", "content": text}])


def as_context(text: str) -> Sequence[AgentUpdate]:
    """A late result as context: the model speaks of it in its next turn."""
    return (system(text),)


def as_prompt(text: str) -> Sequence[AgentUpdate]:
    """A late result as a text that makes the model speak."""
    return (GenerateReply(user_input=text),)


def texts_of(message: Mapping[str, Any]) -> str:
    """The text of a message.

    Raises:
        BadUpdate: Its content is no text.
    """
    content = message.get("content")
    if not isinstance(content, str):
        raise BadUpdate("messages", "a speech-to-speech model takes texts as content")
    return content


def wanted_text(update: GenerateReply) -> str:
    """What a reply is asked with.

    Raises:
        BadUpdate: Nothing; these models speak only when they are told something.
    """
    text = "\n\n".join(filter(None, (update.instructions, update.user_input)))
    if not text:
        raise BadUpdate("user_input", "this vendor's model needs a text to reply to")
    return text


# OpenAI Realtime and its kin


def session_instructions(update: UpdateInstructions, options: Wire) -> list[Wire]:
    """A session.update with the instructions."""
    return [session_update({"instructions": update.instructions}, options)]


def session_tools(update: UpdateTools, options: Wire) -> list[Wire]:
    """A session.update with the whole list of tools."""
    return [session_update({"tools": tools.flat([dict(tool) for tool in update.tools])}, options)]


def session_update(session: Wire, options: Wire) -> Wire:
    """The event; newer interfaces want the session's ``type`` again."""
    kind = look(options, ("session_update", "type"))
    return {
        "type": "session.update",
        "session": {**({"type": kind} if kind is not None else {}), **session},
    }


def conversation_items(update: InjectContext, options: Wire) -> list[Wire]:
    """A conversation.item.create for each message; no reply is triggered."""
    return [
        {"type": "conversation.item.create", "item": conversation_message(message)}
        for message in update.messages
    ]


def conversation_message(message: Mapping[str, Any]) -> Wire:
    """A message as an item of the conversation."""
    role = message["role"] if message["role"] in ("user", "assistant") else "system"
    kind = "text" if role == "assistant" else "input_text"
    content = [{"type": kind, "text": texts_of(message)}]
    return {"type": "message", "role": role, "content": content}


# GPT Live


def live_instructions(update: UpdateInstructions, options: Wire) -> list[Wire]:
    """A session.update with the instructions."""
    return [{"type": "session.update", "session": {"instructions": update.instructions}}]


def live_tools(update: UpdateTools, options: Wire) -> list[Wire]:
    """A session.update with the complete delegation, as the interface wants it."""
    delegation = look(options, ("session_update", "delegation"))
    if look(options, ("session_update", "delegation", "responses", "model")) is None:
        raise BadUpdate("tools", "GPT Live calls tools only with a 'responses' delegation")
    written = put(
        delegation, ("responses", "tools"), tools.flat([dict(tool) for tool in update.tools])
    )
    return [{"type": "session.update", "session": {"delegation": written}}]


def live_context(update: InjectContext, options: Wire) -> list[Wire]:
    """A session.context.append for each message; the model may speak of it at once."""
    return [context_append(texts_of(message)) for message in update.messages]


def live_reply(update: GenerateReply, options: Wire) -> list[Wire]:
    """A session.context.append that says what to say: there is no response.create."""
    return [context_append(wanted_text(update))]


def context_append(text: str) -> Wire:
    """The event."""
    return {"type": "session.context.append", "content": [{"type": "input_text", "text": text}]}


# Ultravox


def deferred_texts(update: InjectContext, options: Wire) -> list[Wire]:
    """A text message for each, deferred: no reply is triggered."""
    return [
        {"type": "input_text_message", "text": texts_of(message), "deferResponse": True}
        for message in update.messages
    ]


def text_message(update: GenerateReply, options: Wire) -> list[Wire]:
    """A text message, which the model answers."""
    return [{"type": "input_text_message", "text": wanted_text(update)}]


# Gemini Live


def client_content(update: InjectContext, options: Wire) -> list[Wire]:
    """A clientContent that leaves the turn open: no reply is triggered."""
    turns = [
        {
            "role": "model" if message["role"] == "assistant" else "user",
            "parts": [{"text": texts_of(message)}],
        }
        for message in update.messages
    ]
    return [{"clientContent": {"turns": turns, "turnComplete": False}}]


def client_turn(update: GenerateReply, options: Wire) -> list[Wire]:
    """A clientContent that ends the turn: the model replies, and is interrupted if it speaks."""
    text = "\n\n".join(filter(None, (update.instructions, update.user_input)))
    turns = {"turns": [{"role": "user", "parts": [{"text": text}]}]} if text else {}
    return [{"clientContent": {**turns, "turnComplete": True}}]


# Deepgram


def update_instructions(update: UpdateInstructions, options: Wire) -> list[Wire]:
    """UpdateInstructions."""
    return [{"type": "UpdateInstructions", "instructions": update.instructions}]
