"""Session: one live call, with all that a handler, a hook or a tool can say to it."""

from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import replace
from typing import Any

from app.agent import McpServer
from app.agent.tools import Tools, listed
from app.command import AGENT_UPDATE
from app.protocol import (
    AgentUpdate,
    BadUpdate,
    ConfigurationError,
    GenerateReply,
    InjectContext,
    UpdateInstructions,
    check_update,
    parse_update,
)
from app.session.awaiting import HowSpoken, guarded, until_running, until_spoken
from app.session.call_commands import CallCommands
from app.session.conference_commands import ConferenceCommands
from app.session.facts import E, S
from app.session.media_commands import MediaCommands
from app.session.offers import offer
from app.session.opening import CallValues
from app.session.receipt import Receipt
from app.session.speaker import Speaker
from app.session.updates import LLM_UPDATE, doubts, send_event, send_tools, send_update
from app.tool import Tool
from app.verbs import Verb

NO_STORE = (
    "load_agent: this server keeps no agents; it does where it was started with a store, as by "
    "`python -m app serve`"
)


class Session(CallCommands[S, E], MediaCommands[S, E], ConferenceCommands[S, E]):
    """One live call. It goes on when jambonz loses the connection and comes back.

    Its attributes are those of :class:`~app.session.facts.CallFacts`.
    """

    _when_over: tuple[Callable[[str], object], ...] = ()

    # steering the agent while it runs

    async def update_instructions(self, instructions: str) -> Receipt:
        """Replace the agent's system prompt, from its next request to the model.

        Raises:
            NoAgent: The call runs no agent.
            FrameTooLarge: The text does not fit into one frame.
        """
        return await self.update_agent(UpdateInstructions(instructions))

    async def inject_context(self, messages: str | Sequence[Mapping[str, Any]]) -> Receipt:
        """Append to the conversation without making the agent speak; text is a system message."""
        if isinstance(messages, str):
            messages = [{"role": "system", "content": messages}]
        return await self.update_agent(InjectContext(messages))

    async def update_tools(self, tools: Tools) -> Receipt:
        """Replace the agent's tools, from its next turn; what is called is what was offered.

        Args:
            tools: Functions decorated with ``@tool``, ``mcp_tools(…)``, or definitions as JSON.
        """
        return send_tools(self, listed(tools))

    async def generate_reply(
        self,
        *,
        user_input: str | None = None,
        instructions: str | None = None,
        interrupt: bool | None = None,
    ) -> Receipt:
        """Make the agent speak: now if idle, when the turn ends if busy, at once to interrupt."""
        return await self.update_agent(GenerateReply(user_input, instructions, interrupt))

    async def update_agent(self, update: AgentUpdate | Mapping[str, Any]) -> Receipt:
        """Send one of the four updates, as a value or in its wire form.

        Raises:
            BadUpdate: The wire form is wrong; the text names the field.
        """
        if isinstance(update, Mapping):
            return send_update(self, parse_update(update))
        return send_update(self, check_update(update))

    async def update_llm(self, event: Mapping[str, Any]) -> Receipt:
        """Send a client event of the vendor whose speech-to-speech model runs.

        What jambonz would drop is refused; ``command("llm:update", …)`` sends anything.

        Raises:
            NoAgent: The call runs no speech-to-speech verb.
            BadUpdate: jambonz passes no such event on; the text names those that it does.
        """
        return send_event(self, event)

    async def send_tool_output(self, tool_call_id: str, result: object) -> None:
        """Answer a tool call by its id; for handlers that are bound by name.

        Raises:
            AlreadyAnswered: It has its output.
            UnknownMessage: No such tool call waits.
        """
        self._tool_calls.answer(tool_call_id, result)
        self._flush()

    def mcp_server(self, tools: Sequence[Tool[..., Any]]) -> McpServer:
        """Offer tools to jambonz over MCP, for ``Agent(mcp_servers=[…])``.

        jambonz then lists and calls them by itself, in place of the tool hook; they run as any tool
        of this call, with its session. The address is good for this call only.

        Raises:
            ConfigurationError: They are no tools, or two of them share a name.
        """
        return offer(self, tools)

    @property
    def tts(self) -> Speaker:
        """Speaks the application's own words as they are made, over a stream of text."""
        if self._tts is None:
            self._tts = Speaker(self)
        return self._tts

    # an agent that is kept as data

    async def load_agent(self, agent_id: str) -> list[Verb]:
        """The verbs with which a stored agent answers this call, as its published version says.

        Its tools, call data and what a lookup told are in them. The call keeps this version, see
        ``stored_version``; the next one gets what is published by then.

        Raises:
            AgentNotFound: The organisation of this call has no such agent that is published.
            ConfigurationError: This node keeps no agents.
        """
        source = self._runtime.agents
        if source is None:
            raise ConfigurationError(NO_STORE)
        return await source.answer(self, agent_id)

    def when_over(self, told: Callable[[str], object]) -> None:
        """Have a function called with the reason, once, when the call is over."""
        self._when_over = (*self._when_over, told)

    def _report_end(self, reason: str) -> None:
        super()._report_end(reason)
        for told in self._when_over:
            self._loop.call_soon(told, reason)  # what it raises must not keep the call from ending

    @property
    def prompt_values(self) -> Mapping[str, object]:
        """What ``{{…}}`` in prompts can name in this call."""
        return CallValues(self)

    async def until_spoken(self, within: float = 15.0) -> HowSpoken:
        """Wait until the agent has spoken, as before a call is ended or transferred.

        In a tool, start it with :meth:`start` and return first: the turn that is waited for goes on
        when the tool has answered.

        Args:
            within: Seconds to wait at most.

        Returns:
            ``spoken``; ``interrupted`` where the caller spoke over it; ``gone`` where it ended or
            was replaced; ``unknown`` where nothing told within the time, as with a
            speech-to-speech verb whose ``events`` leave out the end of a response.
        """
        return await until_spoken(self, within)

    @property
    def ack_deadline(self) -> float:
        """Seconds after which jambonz is answered in place of a handler that takes longer."""
        return self._runtime.limits.ack_deadline

    async def until_running(self, within: float = 30.0) -> bool:
        """Wait until the agent's first event, from a handler or before there is one.

        From then on updates reach it: jambonz drops those that come before.

        Args:
            within: Seconds to wait at most.
        """
        return await until_running(self, within)

    def start(self, work: Coroutine[Any, Any, object]) -> None:
        """Run something beside what goes on, until the call ends; a failure goes to the log."""
        self._start(guarded(self, work))

    # any command

    async def command(
        self,
        name: str,
        data: object = None,
        *,
        call_sid: str | None = None,
        queue: bool | None = None,
    ) -> Receipt:
        """Send a command with ``data`` as on the wire; ``call_sid`` names another leg.

        What jambonz knows is checked as by the methods above; of other commands the receipt and
        the log say that jambonz may ignore them, and of an ``llm:update`` the receipt says if
        jambonz will not pass it on. ``queue`` is for a redirect with verbs.

        Raises:
            VerbError: The data is wrong; the text names the field and the fix.
            BadUpdate: The same of an ``agent:update``.
        """
        if name == AGENT_UPDATE:
            if call_sid not in (None, self.call_sid):
                raise BadUpdate("call_sid", "an update goes to the agent of this call; remove it")
            return send_update(self, parse_update(data))
        receipt = self._send_wire(name, data, call_sid=call_sid, queue=queue)
        if name != LLM_UPDATE:
            return receipt
        return replace(receipt, warnings=(*receipt.warnings, *doubts(self, data)))
