"""One turn of the agent: the model's reply, its tool calls, and its words to the caller."""

import asyncio
import json
from contextlib import aclosing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from app.llm import ChatMessage, End, ModelError, Token, ToolCall
from app.twin.agent.cue import Cue
from app.twin.agent.hearing import Heard
from app.twin.agent.reply import Reply, without_tools
from app.twin.voice import Utterance

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from app.llm import ChatRequest, Event
    from app.twin.agent.agent import Agent

MAX_ROUNDS = 10
"""How often the model may ask for tools within one turn."""


@dataclass(slots=True)
class Times:
    """What a turn measures, in seconds of the twin's clock."""

    started: float
    first_token: float | None = None
    tools: float = 0.0
    tokens: int = 0


class Turn:
    """A turn under way.

    Attributes:
        is_interrupted: Whether it was cut.
        was_disturbed: Whether it was only held up.
        error: Why the model failed, where it did.
    """

    def __init__(self, agent: "Agent", cue: Cue) -> None:
        self.cue = cue
        self.is_interrupted = False
        self.was_disturbed = False
        self.error: ModelError | None = None
        self._agent = agent
        self._leg = agent.leg
        self._clock = agent.leg.clock
        self._times = Times(self._clock.time())
        self._spoken: list[str] = []
        self._said: list[str] = []
        self._tool_calls: list[dict[str, Any]] = []
        self._utterance: Utterance | None = None
        self._heard = ""
        self._outputs: list[asyncio.Future[Any]] = []
        self._early = cue.heard.early if cue.heard else None
        self._tts: float | None = None

    async def run(self) -> None:
        """Take the turn to its end; cancel it to cut it."""
        for rounds_left in range(MAX_ROUNDS, -1, -1):
            reply = await self._reply(may_call=rounds_left > 0)
            if not reply.calls or self.error:
                break
            await self._answer(reply)
            if self._agent.completion:  # the caller was handed over: nobody hears the model
                break

    def cut(self) -> None:
        """Stop speaking now, and keep in the history what was heard."""
        self.is_interrupted = True
        if self._early:
            self._early.drop()
        self._end_speech(interrupted=True)
        self._remember(ChatMessage("assistant", self._heard))
        for output in self._outputs:
            self._leg.tools.forget(output)

    def pause(self, seconds: float) -> None:
        """Be silent for a while, since the caller made a noise."""
        self.was_disturbed = True
        if self._utterance:
            self._utterance.pause(seconds)

    def summary(self) -> dict[str, Any]:
        """The data of turn_end, in the documentation's form."""
        turn: dict[str, Any] = {"type": "turn_end", "transcript": self.cue.transcript}
        if self.cue.kind == "caller":
            turn["confidence"] = self.cue.confidence
        return turn | {
            "response": " ".join(self._spoken if self.is_interrupted else self._said),
            "interrupted": self.is_interrupted or self.was_disturbed,
            "latency": self._latency(),
            "tool_calls": self._tool_calls,
        }

    async def _reply(self, *, may_call: bool) -> Reply:
        """Ask the model once; speak its words as they come."""
        await self._clock.rest()  # what a hook updates now counts for this request
        request = self._agent.request(self.cue)
        if not may_call:
            self._leg.log.note(f"the model asked for tools {MAX_ROUNDS} times: now it must answer")
            request = without_tools(request)
        stream = self._stream(request)
        utterance = self._utterance = Utterance(self._leg.voice, "agent")
        reply = Reply(request, self._agent.cleanup(), is_last=not may_call)
        async with aclosing(stream) as events:
            async for event in events:
                match event:
                    case Token():
                        self._take(event, reply, utterance)
                        if self.is_interrupted:
                            await asyncio.sleep(0)  # the cancellation arrives here
                    case ToolCall():
                        reply.calls.append(event)
                    case End():
                        self.error = event.error
                        reply.end(event, self._leg.log)
        if self.error:
            self._end_speech(interrupted=True)
        else:
            self._say(reply.finish(), utterance)
            await self._conclude(reply, utterance)
        return reply

    def _stream(self, request: "ChatRequest") -> "AsyncGenerator[Event]":
        """What the model says: what it began to say early, or from the beginning."""
        early, self._early = self._early, None
        stream = early.stream() if early else self._agent.ask(request)
        return cast("AsyncGenerator[Event]", stream)

    def _take(self, token: Token, reply: Reply, utterance: Utterance) -> None:
        if self._times.first_token is None:
            self._times.first_token = self._clock.time() - self._times.tools
        self._times.tokens += 1
        self._say(reply.take(token.text), utterance)

    def _say(self, text: str, utterance: Utterance) -> None:
        if text and self._agent.speaks:
            if self._tts is None:
                self._tts = self._leg.pace.timings.tts.draw(self._leg.platform.chance)
                utterance.pause(self._tts)
            utterance.feed(text)

    async def _conclude(self, reply: Reply, utterance: Utterance) -> None:
        if reply.text.strip():
            self._said.append(" ".join(reply.text.split()))
        if reply.calls:
            return
        if self._said:
            self._leg.hooks.event({"type": "llm_response", "response": " ".join(self._said)})
        await self._speak_out(utterance)
        self._remember(reply.message())

    async def _speak_out(self, utterance: Utterance) -> None:
        await utterance.finish()
        self._end_speech(interrupted=None)

    def _end_speech(self, *, interrupted: bool | None) -> None:
        """End the present utterance, as far as it was heard."""
        utterance, self._utterance = self._utterance, None
        if utterance and (heard := utterance.end(interrupted=interrupted)):
            self._heard = heard
            self._spoken.append(heard)

    def _remember(self, message: ChatMessage) -> None:
        """Write the assistant's turn into the history."""
        self._heard = ""
        if message.content or message.tool_calls:
            self._agent.conversation.add(message)

    async def _answer(self, reply: Reply) -> None:
        """Run the tool calls of one reply together, and tell the model their outputs."""
        calls = reply.calls
        began = self._clock.time()
        outputs = await self._outputs_of(calls)
        self._times.tools += self._clock.time() - began
        self._remember(reply.message())
        self._agent.conversation.add(
            *(
                ChatMessage("tool", json.dumps(output, ensure_ascii=False), tool_call_id=call.id)
                for call, output in zip(calls, outputs, strict=True)
            )
        )

    async def _outputs_of(self, calls: list[ToolCall]) -> list[Any]:
        if len(calls) == 1 and (self._utterance is None or self._utterance.is_quiet):
            self._end_speech(interrupted=None)
            return [await self._call(calls[0])]
        speech = [self._speak_out(self._utterance)] if self._utterance else []
        outputs, *_ = await asyncio.gather(
            asyncio.gather(*(self._call(call) for call in calls)), *speech
        )
        return list(outputs)

    async def _call(self, call: ToolCall) -> Any:
        began = self._clock.time()
        output = await self._agent.call_tool(call, self._outputs)
        rtt = round((self._clock.time() - began) * 1000)
        self._tool_calls.append({"name": call.name, "rtt_ms": rtt})
        return output

    def _latency(self) -> dict[str, Any]:
        times = self._times
        latency: dict[str, Any] = {}
        heard = self.cue.heard or Heard()
        if self.cue.kind == "caller":
            latency["stt_ms"] = round(heard.stt * 1000)
        if heard.eot:
            latency["eot_ms"] = round(heard.eot * 1000)
        if heard.preflight:
            latency["preflight"] = {"result": heard.preflight}
        if heard.preflight == "hit":
            latency["preflight"]["tokens"] = heard.tokens or times.tokens
        elif times.first_token is not None:
            latency["llm_ms"] = round((times.first_token - times.started) * 1000)
        if self._tool_calls:
            latency["tool_ms"] = round(times.tools * 1000)
        if self._spoken:
            latency["tts_ms"] = round((self._tts or 0.0) * 1000)
        return latency
