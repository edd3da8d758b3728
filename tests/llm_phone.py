"""What the tests of the offline model share: two tools, and the platform's part of a call."""

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import Any

from app.llm import ChatMessage, ChatRequest, Event, Token, ToolCall, ToolDefinition
from app.llm.offline import OfflineModel

WEATHER = ToolDefinition(
    "get_weather",
    "Current temperature in a city.",
    {
        "type": "object",
        "properties": {
            "city": {"type": "string", "description": 'City name, for example "Portland".'},
            "scale": {"enum": ["celsius", "fahrenheit"], "default": "celsius"},
        },
        "required": ["city"],
    },
)
TRANSFER = ToolDefinition(
    "transfer_call",
    "Send the caller to a specialist.",
    {
        "type": "object",
        "properties": {"department": {"enum": ["billing", "sales"]}},
        "required": ["department"],
    },
)
ASSISTANT = "You are a friendly weather assistant. Use the tool; never guess."
ELSE = "Is there anything else I can help you with?"


def weather(arguments: Mapping[str, Any]) -> object:
    if arguments["city"] == "Atlantis":
        return {"error": "No forecast for 'Atlantis'; ask the caller for a nearby city."}
    return {"city": arguments["city"], "temperature": 52, "unit": arguments.get("scale", "celsius")}


def done(_: Mapping[str, Any]) -> object:
    return {"result": "done"}


class Phone:
    """Plays the platform's part: history, tools and updates."""

    def __init__(self, system: str = ASSISTANT, *tools: ToolDefinition) -> None:
        self.system = system
        self.tools: tuple[ToolDefinition, ...] = tools
        self.history: list[ChatMessage] = []
        self.calls: list[tuple[str, Mapping[str, Any]]] = []
        self.results: dict[str, Callable[[Mapping[str, Any]], object]] = {"get_weather": weather}
        self.model = OfflineModel(today=lambda: date(2026, 11, 20))

    async def reply(self) -> str:
        """Let the model speak, answering its tool calls, until it stops."""
        while True:
            events = await self.events()
            calls = tuple(event for event in events if isinstance(event, ToolCall))
            self.history.append(ChatMessage("assistant", text_of(events), calls))
            if not calls:
                return self.history[-1].content
            for call in calls:
                self.calls.append((call.name, call.arguments))
                result = self.results.get(call.name, done)(call.arguments)
                self.history.append(ChatMessage("tool", json.dumps(result), tool_call_id=call.id))

    async def events(self, **limits: Any) -> list[Event]:
        request = ChatRequest(self.system, tuple(self.history), self.tools, **limits)
        return [event async for event in self.model.stream(request)]

    async def say(self, text: str) -> str:
        self.history.append(ChatMessage("user", text))
        return await self.reply()


def text_of(events: Sequence[Event]) -> str:
    return "".join(event.text for event in events if isinstance(event, Token))
