"""Session: one live call, with all that a handler, a hook or a tool can say to it."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from app.protocol import (
    AgentUpdate,
    GenerateReply,
    InjectContext,
    UpdateInstructions,
    UpdateTools,
    check_update,
    parse_update,
)
from app.session import opening
from app.session.live import E, LiveCall, S
from app.session.receipt import Receipt
from app.session.speaker import Speaker
from app.tool import Tool
from app.verbs import Verb

Verbs = Verb | Mapping[str, Any] | Sequence[Verb | Mapping[str, Any]]
RecordAction = Literal["start", "stop", "pause", "resume"]


class Session(LiveCall[S, E]):
    """One live call. It goes on when jambonz loses the connection and comes back.

    Its attributes are those of :class:`LiveCall`.
    """

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

    async def update_tools(self, tools: Sequence[Tool[..., Any] | Mapping[str, Any]]) -> Receipt:
        """Replace the agent's tools, from its next turn; what is called is what was offered."""
        functions = {tool.name: tool for tool in tools if isinstance(tool, Tool)}
        wire = [tool.definition if isinstance(tool, Tool) else tool for tool in tools]
        return self._send_update(check_update(UpdateTools(wire)), functions)

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
            return self._send_update(parse_update(update))
        return self._send_update(check_update(update))

    async def send_tool_output(self, tool_call_id: str, result: object) -> None:
        """Answer a tool call by its id; for handlers that are bound by name.

        Raises:
            AlreadyAnswered: It has its output.
            UnknownMessage: No such tool call waits.
        """
        self._tool_calls.answer(tool_call_id, result)
        self._flush()

    @property
    def tts(self) -> Speaker:
        """Speaks the application's own words as they are made, over a stream of text."""
        if self._tts is None:
            self._tts = Speaker(self)
        return self._tts

    # commands

    async def redirect(self, verbs: Verbs, *, queue: bool = False) -> Receipt:
        """Replace what the call does by ``verbs``, at once; with ``queue``, go on with them later.

        Replacing ends the agent that runs, unless there is one among the verbs.
        """
        rendered = opening.render_reply(self, verbs)
        receipt = self._send_command("redirect", rendered.verbs, queue=queue or None)
        if not queue:
            self._agents.replace()
        self._apply(rendered, is_replacing=not queue)
        return receipt

    async def command(
        self, name: str, data: object = None, *, call_sid: str | None = None
    ) -> Receipt:
        """Send any command, with ``data`` as on the wire; ``call_sid`` names another leg.

        Verbs of a redirect are checked, and an agent among them is known, as in :meth:`redirect`.
        """
        if name != "redirect" or not isinstance(data, list):
            return self._send_command(name, data, call_sid=call_sid)
        if call_sid in (None, self.call_sid):
            return await self.redirect(data)
        verbs = opening.render_reply(self, data).verbs
        return self._send_command(name, verbs, call_sid=call_sid)

    async def tag(self, data: Mapping[str, Any]) -> Receipt:
        """Set the call's metadata, which comes back as customer data."""
        return self._send_command("tag", dict(data))

    async def record(self, action: RecordAction, **options: Any) -> Receipt:
        """Start, stop, pause or resume recording; options as on the wire: siprecServerURL …."""
        return self._send_command("record", {"action": f"{action}CallRecording", **options})

    async def dtmf(
        self, digit: str, *, duration: int | None = None, call_sid: str | None = None
    ) -> Receipt:
        """Send a key press into the call; ``duration`` in milliseconds."""
        press = {"digit": digit} if duration is None else {"digit": digit, "duration": duration}
        # jambonz reads the nested form, its SDKs send the flat one: both go out.
        return self._send_command("dtmf", {**press, "dtmf": press}, call_sid=call_sid)

    async def mute(self, *, call_sid: str | None = None) -> Receipt:
        """Mute a leg of a dial, or all non-moderators of a conference."""
        return self._send_command("mute:status", {"mute_status": "mute"}, call_sid=call_sid)

    async def unmute(self, *, call_sid: str | None = None) -> Receipt:
        """Undo :meth:`mute`."""
        return self._send_command("mute:status", {"mute_status": "unmute"}, call_sid=call_sid)

    async def hangup(self) -> Receipt:
        """End the call."""
        return self._send_command("call:status", {"call_status": "completed"})
