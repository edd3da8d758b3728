"""The agent verb: it greets, listens, answers, and ends."""

import asyncio
from collections import deque
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from app.llm import (
    CALL_CONNECTED,
    CALLER_SILENT,
    ChatMessage,
    ChatModel,
    ChatRequest,
    ModelError,
    ToolCall,
)
from app.twin.agent import updates
from app.twin.agent.barging import Barging
from app.twin.agent.built_in import (
    HANGUP,
    brief,
    definitions,
    handoff_name,
    told_of_transfer,
)
from app.twin.agent.casting import cast_model
from app.twin.agent.cleanup import Cleanup
from app.twin.agent.completion import ENDED, NO_RESPONSE, completion, completion_of
from app.twin.agent.conversation import Conversation
from app.twin.agent.cue import Cue
from app.twin.agent.filler import Filler
from app.twin.agent.hearing import Hearing
from app.twin.agent.mcp import AgentServers
from app.twin.agent.options import read_options
from app.twin.agent.summary import Summaries
from app.twin.agent.thinking import think
from app.twin.agent.tongue import Tongue
from app.twin.agent.turn import Turn
from app.twin.faults import MODEL_FAILED
from app.twin.plays.transfer import hand_over
from app.twin.stack import Verb

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from app.llm import Event
    from app.twin.leg import Leg

NO_RESPONSE_TIMEOUT = 12.0
"""Seconds of silence after which the agent checks in."""


async def play_agent(leg: "Leg", verb: Verb) -> None:
    """Live through an agent verb, and tell its action hook why it ended."""
    agent = Agent(leg, verb)
    leg.event_hook, leg.tool_hook = verb.get("eventHook"), verb.get("toolHook")
    leg.agent = leg.listener = agent
    try:
        await run_to_its_end(leg, verb, agent)
    finally:
        leg.agent = leg.listener = None
    if not leg.is_over:  # who hung up before the agent began is told of by the status alone
        await leg.hooks.action(verb, agent.completion)


async def run_to_its_end(leg: "Leg", verb: Verb, agent: "Agent") -> None:
    """Let an agent or a speech-to-speech model talk; tell its action hook if it is replaced."""
    try:
        await agent.run()
    except asyncio.CancelledError:
        if verb.get("actionHook") and not leg.is_over:  # its ack's verbs are ignored
            result = leg.hooks.result(verb, completion(ENDED))
            leg.hooks.notify(verb["actionHook"], result)
        raise


class Agent:
    """An agent at work; it listens to the caller.

    Attributes:
        completion: Why it ended, for the action hook.
        speaks: False keeps the replies silent.
        hearing: How it hears the caller out.
    """

    def __init__(self, leg: "Leg", verb: Verb) -> None:
        self.leg = leg
        self.verb = verb
        self.completion: dict[str, Any] = {}
        self.speaks = verb.get("speak", True) is not False
        options = (verb.get("llm") or {}).get("llmOptions") or {}
        self.conversation = Conversation(options, read_options(options, leg.log))
        self.summaries = Summaries(self, leg.platform.summarize_turns)
        self.tongue = Tongue(leg, verb)
        self.barging = Barging(self)
        self.filler = Filler(leg, verb, speaks=self.speaks)
        self.servers = AgentServers(leg, verb)
        self.hearing = Hearing(self)
        self._cues: deque[Cue] = deque()
        self._more = asyncio.Event()
        self._turn: Turn | None = None
        self._task: asyncio.Task[None] | None = None
        self._check_ins = 0
        self._hangup_reason: str | None = None
        self._is_handing_over = False
        self._note_options()
        self.model = self._cast()

    @property
    def is_waiting(self) -> bool:
        """Whether it is the caller's turn."""
        is_free = self._turn is None and not self._cues and not self.completion
        return is_free and self.servers.is_ready and not self.hearing.is_listening

    async def run(self) -> None:
        """Connect to what the verb names, and take turns until something ends the agent."""
        try:
            await self.servers.connect()
            await self._take_turns()
        finally:
            await self.servers.close()

    async def _take_turns(self) -> None:
        if self.verb.get("greeting", True):
            self._cues.append(Cue("greeting", CALL_CONNECTED))
        while not self.completion and not self.leg.is_over:
            await self._take_turn(await self._next())
            if self._hangup_reason is not None:
                if self._hangup_reason:
                    headers = {"X-Reason": self._hangup_reason}
                    self.leg.log.note("the BYE has headers", headers=headers)
                self.leg.finish(f"the agent hung up: {self._hangup_reason}")
                await asyncio.Event().wait()

    @property
    def is_speaking(self) -> bool:
        """Whether there is a turn to interrupt."""
        return self._turn is not None

    def request(self, cue: Cue) -> ChatRequest:
        """What the model is asked in a turn."""
        tools = (*self.servers.definitions(), *definitions(self.verb))
        return self.conversation.request(cue.instructions, tools)

    def cleanup(self) -> Cleanup | None:
        """What keeps out of speech what is not meant to be said, unless `speechCleanup` is off."""
        return Cleanup() if self.verb.get("speechCleanup", True) is not False else None

    def update(self, data: Mapping[str, Any]) -> str:
        """Take an `agent:update`; return what is wrong with it, or ""."""
        return updates.apply(self, data)

    def take_cue(self, cue: Cue, *, interrupt: bool = False) -> None:
        """Take a turn as soon as the present one is over, or instead of it."""
        if interrupt and not self._is_handing_over:
            self._cut()
            self._cues.appendleft(cue)
        else:
            self._cues.append(cue)
        self._more.set()

    def hear(self, text: str, confidence: float) -> None:
        """Take what the caller said."""
        self._check_ins = 0
        self.tongue.hear(text)
        self.hearing.hear(text, confidence)

    def take_heard(self, cue: Cue, *, first: bool) -> None:
        """Answer what the caller said."""
        if first:
            self._cues.appendleft(cue)
        else:
            self._cues.append(cue)
        self._more.set()

    def ask(self, request: ChatRequest) -> "AsyncGenerator[Event]":
        """The model's reply, as long as it takes."""
        return think(self.leg, self.model, request)

    def press(self, digits: str) -> None:
        """Keys mean nothing to an agent."""
        self.leg.log.note("the agent does not listen to keys", digits=digits)

    def fall_silent(self) -> None:
        """Check in with the caller, or end when that was done often enough."""
        limit = int(self.verb.get("noResponseMaxPrompts") or 0)
        if not self._no_response_timeout:
            self.leg.log.note("noResponseTimeout is 0: the agent does not check in")
        elif limit and self._check_ins >= limit:
            self.completion = completion(NO_RESPONSE)
            self._more.set()
        else:
            self._check_ins += 1
            self.take_cue(Cue("silence", CALLER_SILENT))

    def barge_in(self, text: str, seconds: float | None = None) -> bool:
        """Be interrupted, if there is a turn to interrupt and `bargeIn` allows it."""
        if self._turn is None or self._is_handing_over:
            return False
        return self.barging.begin(text, seconds)

    def interrupt(self, text: str, spoken: float = 0.0) -> None:
        """Stop speaking, and listen."""
        self._cut()
        self.leg.hooks.event({"type": "user_interruption"})
        if text:
            self.leg.log.add("said", {"text": text})
            self._check_ins = 0
            self.tongue.hear(text)
            self.hearing.hear(text, 0.97, spoken=spoken, first=True)

    def pause(self, seconds: float) -> None:
        """Be silent for a while, and go on."""
        if self._turn:
            self._turn.pause(seconds)

    async def call_tool(self, call: ToolCall, sent: list["asyncio.Future[Any]"]) -> Any:
        """Have a tool called; return its output, or what the model is told instead."""
        if call.problem:
            self.leg.log.note(f"{call.name} is not called: {call.problem}", tool_call_id=call.id)
            return {"error": call.problem}
        if call.name == HANGUP and "hangup" in self.verb:
            default = (self.verb["hangup"] or {}).get("reason", "")
            self._hangup_reason = str(call.arguments.get("reason") or default)
            return {"result": "the call ends now"}
        if call.name == handoff_name(self.verb):
            return await self._hand_off()
        if self.servers.offers(call.name):
            sent.append(output := self.servers.ask(call))
            return await self._wait(call, output)
        output = self.leg.tools.ask(call.name, call.arguments, call.id)
        sent.append(output)
        return await self._output(call, output)

    async def _output(self, call: ToolCall, output: "asyncio.Future[Any]") -> Any:
        """What the application answered, as the model is told."""
        return await self._wait(call, output)

    async def _wait(self, call: ToolCall, output: "asyncio.Future[Any]") -> Any:
        await self.filler.during(output, self.leg.pace.tool)
        if output.done():
            return output.result()
        self.leg.tools.forget(output)
        self.leg.log.note("the tool did not answer in time", name=call.name, tool_call_id=call.id)
        return {"error": f"{call.name} did not answer in time"}

    async def _hand_off(self) -> Any:
        self._is_handing_over = True
        try:
            handoff = {"verb": "handoff", **self.verb["handoff"]}
            result = await hand_over(self.leg, handoff, brief=await brief(self, handoff))
        finally:
            self._is_handing_over = False
        if result["transfer_result"] == "bridged" or not self.leg.stack.is_empty:
            self.completion = completion(ENDED)
        return told_of_transfer(result)

    async def _next(self) -> Cue | None:
        self.leg.log.poke()
        while not self._cues and not self.completion:
            self._more.clear()
            try:
                async with self.leg.clock.timeout(self._silence_limit):
                    await self._more.wait()
            except TimeoutError:
                self.leg.ears.fall_silent()
        return self._cues.popleft() if self._cues and not self.completion else None

    async def _take_turn(self, cue: Cue | None) -> None:
        if cue is None:
            return
        if cue.kind == "caller":
            self.leg.hooks.event({"type": "user_transcript", "transcript": cue.text})
        if cue.text:
            self.conversation.add(ChatMessage("user", cue.text))
        turn = self._turn = Turn(self, cue)
        task = self._task = asyncio.ensure_future(turn.run())
        try:
            await asyncio.wait({task})
        finally:
            self._turn = self._task = None
            if not task.done():
                turn.cut()
                task.cancel()
                await asyncio.wait({task})
        if not task.cancelled():
            task.result()
        self._end_turn(turn)

    def _end_turn(self, turn: Turn) -> None:
        if turn.error is None:
            self.leg.hooks.event(self.leg.dialect.turn_end(turn.summary()))
            self.summaries.turn_ended()
            return
        self._fail(turn.error)

    def _fail(self, error: ModelError) -> None:
        """End: there is no model to speak."""
        self.completion = completion_of(error)
        self.leg.log.note(f"{MODEL_FAILED}{error}", **self.completion["error"])

    def _cast(self) -> ChatModel:
        """Find who plays the language model, and let it get ready."""
        try:
            model = cast_model(self.leg.platform, self.verb.get("llm") or {}, self.leg.log)
        except ModelError as error:
            self._fail(error)
            return self.leg.platform.offline  # nobody asks it
        if model is not self.leg.platform.model:  # that one got ready when the call began
            self.leg.spawn(model.prewarm())
        return model

    def _cut(self) -> None:
        """End the present turn where it is."""
        if self._turn and self._task:
            self._turn.cut()
            self._task.cancel()

    @property
    def _no_response_timeout(self) -> float:
        return float(self.verb.get("noResponseTimeout", NO_RESPONSE_TIMEOUT))

    @property
    def _silence_limit(self) -> float | None:
        is_measured = self.leg.pace.silence or self.leg.clock.is_virtual
        return self._no_response_timeout or None if is_measured else None

    def _note_options(self) -> None:
        if noise := self.verb.get("noiseIsolation"):
            text = "noiseIsolation recorded: nothing to isolate in text"
            self.leg.log.note(text, noiseIsolation=noise)
