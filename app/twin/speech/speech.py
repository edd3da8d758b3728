"""A speech-to-speech verb: the twin's language model plays the vendor's, in the vendor's forms."""

import asyncio
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from app.llm import ChatModel, ToolCall
from app.twin.agent.agent import Agent, run_to_its_end
from app.twin.agent.built_in import HANGUP, handoff_name
from app.twin.agent.summary import Summaries
from app.twin.dialect import Dialect
from app.twin.hooks import Hooks, name_of
from app.twin.speech import updates
from app.twin.speech.events import CONNECTED, is_wanted
from app.twin.speech.reading import at, objects, text_at
from app.twin.speech.vendors import GOOGLE, Vendor, vendor_of
from app.twin.stack import Verb
from app.twin.wire import snake

if TYPE_CHECKING:
    from app.twin.leg import Leg

KEPT = ("verb", "id", "handoff", "hangup", "mcpServers")
"""What a speech-to-speech verb and an agent have alike."""

SAME_ID = "function_call_id"
"""The tool_call_id of every message that carries a batch, in open-source jambonz."""


class SpeechDialect(Dialect):
    """Messages of a speech-to-speech verb, in which no event is renamed."""

    def event_data(self, data: Mapping[str, Any]) -> dict[str, Any]:
        """The event as it is."""
        return dict(data)


SPEECH = SpeechDialect("llm:event", "llm:tool-call", "llm_response", "args", False)


async def play_speech(leg: "Leg", verb: Verb) -> None:
    """Live through a speech-to-speech verb, and tell its action hook why it ended."""
    speech = Speech(leg, verb)
    before = (leg.dialect, leg.hooks)
    leg.event_hook, leg.tool_hook = verb.get("eventHook"), verb.get("toolHook")
    leg.speech = leg.listener = speech
    leg.dialect, leg.hooks = SPEECH, SpeechHooks(leg, verb, speech.vendor)
    try:
        await run_to_its_end(leg, verb, speech)
    finally:
        leg.speech = leg.listener = None
        leg.dialect, leg.hooks = before
    await leg.hooks.action(verb, speech.completion)


class SpeechHooks(Hooks):
    """The hooks of a call while a speech-to-speech verb runs: events are the vendor's own."""

    def __init__(self, leg: "Leg", verb: Verb, vendor: Vendor) -> None:
        super().__init__(leg)
        self._verb = verb
        self._vendor = vendor

    def event(self, data: Mapping[str, Any]) -> None:
        """Send an event, if the verb has a hook for events and wants this one.

        What happened in the conversation goes out in the vendor's form; what a test sends by hand
        goes out as it is.
        """
        write = self._vendor.events.get(str(data.get("type")))
        if write is None and data.get("type") in GOOGLE.events:
            return  # it happened, and this vendor has no event for it
        event = write(data) if write else dict(data)
        name = (self._vendor.filter_name if write else "") or str(event.get("type"))
        if self._verb.get("eventHook") and is_wanted(name, self._verb.get("events")):
            super().event(event)


class Speech(Agent):
    """A model at work that hears and speaks."""

    def __init__(self, leg: "Leg", verb: Verb) -> None:
        self.vendor = vendor_of(verb)
        options = verb.get("llmOptions") or {}
        super().__init__(leg, as_agent(verb, options, self.vendor))
        self.summaries = Summaries(self, 0)  # a vendor's own affair
        self._batch: list[tuple[ToolCall, asyncio.Future[Any]]] = []

    def take_event(self, event: Any) -> str:
        """Take a client event of llm:update; return why jambonz drops it, or ""."""
        if not isinstance(event, Mapping):
            return "llm:update needs an object as data"
        if self.vendor is GOOGLE:
            return updates.gemini(self, event)
        if self.vendor.updates is None:
            return "llm:update: ignored for this vendor"
        take = self.vendor.updates.get(str(event.get("type")))
        if take is None:
            return f"llm:update: invalid mid-call request {event.get('type')!r}"
        return take(self, event)

    async def run(self) -> None:
        """Tell that the model is there, and take turns."""
        self.leg.hooks.event({"type": CONNECTED})
        await super().run()

    def cut(self) -> None:
        """End the present turn where it is."""
        self._cut()

    def _cast(self) -> ChatModel:
        """A model that reads text plays the one that hears, whatever its vendor is."""
        return self.leg.platform.model or self.leg.platform.offline

    async def call_tool(self, call: ToolCall, sent: list["asyncio.Future[Any]"]) -> Any:
        """Have a tool called, alone or with the others of its reply."""
        is_built_in = call.name in (HANGUP, handoff_name(self.verb))
        if is_built_in or self.servers.offers(call.name) or not self.vendor.batches:
            return await super().call_tool(call, sent)
        output: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        if not self._batch:
            # The other calls of this reply are collected before the loop comes to this.
            asyncio.get_running_loop().call_soon(self._send_batch)
        self._batch.append((call, output))
        return await self._output(call, output)

    async def _output(self, call: ToolCall, output: "asyncio.Future[Any]") -> Any:
        raw = await super()._output(call, output)
        if not output.done():
            return raw  # it did not come in time
        result = self.vendor.read_output(raw, call.id)
        if result is None:
            self.leg.log.note("invalid tool output, dropped", name=call.name, output=raw)
            return {"error": f"{call.name} did not answer in time"}
        return result

    def _send_batch(self) -> None:
        batch, self._batch = self._batch, []
        calls = [{"id": call.id, "name": call.name, "args": call.arguments} for call, _ in batch]
        names = ", ".join(call.name for call, _ in batch)
        entry = {"tool_call_id": SAME_ID, "name": names, "arguments": {"calls": calls}}
        self.leg.log.add("tool_call", entry)
        whole = self.leg.tools.expect(SAME_ID, names)
        message = {"tool_call_id": SAME_ID, "type": "toolCall", "functionCalls": calls}
        self.leg.line.send("llm:tool-call", snake(message), name_of(self.leg.tool_hook or "/tools"))

        def distribute(answered: "asyncio.Future[Any]") -> None:
            for _, output in batch:
                if not output.done() and not answered.cancelled():
                    output.set_result(answered.result())

        whole.add_done_callback(distribute)


def is_heard(first: Any) -> bool:
    """Whether what makes a model speak first has a sound: OpenAI takes responses that have none."""
    return first is not None and at(first, "output_modalities") != ["text"]


def as_agent(verb: Verb, options: Mapping[str, Any], vendor: Vendor) -> Verb:
    """The verb as an agent that would behave so."""
    prompt = at(options, *vendor.prompt)
    parts = " ".join(text_at(part, "text") for part in objects(prompt))
    text = prompt if isinstance(prompt, str) else parts
    tools = vendor.read_tools(at(options, *vendor.tools)) if vendor.read_tools else []
    kept = {key: verb[key] for key in KEPT if key in verb}
    return {
        **kept,
        "llm": {
            "llmOptions": {
                "systemPrompt": text,
                "messages": options.get("messages"),
                "tools": tools,
            }
        },
        "greeting": bool(vendor.first) and is_heard(at(options, *vendor.first)),
        "noResponseTimeout": 0,
    }
