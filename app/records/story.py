"""Story: a call's entries as a person reads them: turns, tools, updates, recordings."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

from app.feed import Entry
from app.protocol import measured_stages, read_calls
from app.records.heard import Heard, hear, is_cancelled

__all__ = ["Story", "ToolUse", "Turn", "Update", "tell"]

Data = Mapping[str, Any]

QUERY_KNOWLEDGE: Final = "query_knowledge"
PENDING: Final = "pending"
CUT: Final = "cut"


@dataclass(slots=True, kw_only=True)
class Turn:
    """What was said in one exchange.

    Attributes:
        at: When it ended; while it goes on, when its last word came.
        caller, agent: What either said; of the agent what was spoken, if it was interrupted.
        intended: All that the agent would have said, where it was interrupted.
        interrupted: Whether the caller spoke over the agent.
        confidence: Of the caller's words, 0–1.
        latency: Milliseconds by stage, and what became of preflight.
    """

    at: datetime
    caller: str = ""
    agent: str = ""
    intended: str | None = None
    interrupted: bool = False
    confidence: float | None = None
    latency: dict[str, Any] = field(default_factory=dict)


@dataclass(slots=True, kw_only=True)
class ToolUse:
    """A tool call; its outcome is ``pending`` until it is answered, and ``cut`` if never.

    Attributes:
        by: ``mcp`` where jambonz called the tool by itself, over MCP.
        milliseconds: From the call to its output.
    """

    tool_call_id: str
    name: str
    at: datetime
    arguments: Any = None
    output: Any = None
    outcome: str = PENDING
    milliseconds: float | None = None
    by: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Update:
    """Something asked of the call while it ran.

    Attributes:
        by: Who asked: ``code``, or who sent the request.
        type: ``update_instructions`` …, or the name of a command.
        data: All else of it.
    """

    at: datetime
    by: str
    type: str
    update_id: str
    data: Any


@dataclass(slots=True)
class Story:
    """What happened in a call.

    Attributes:
        transcript: Turns, in order.
        tool_calls: In the order in which they came.
        updates: Updates of the agent, and commands.
        knowledge: Questions to knowledge bases: ``question``, ``answer`` and the titles of its
            ``sources``, or an ``error``.
        recordings: What the platform tells of recordings, and what it was asked to record.
        statuses: Of the call and of the legs that it dialed.
        errors: What the platform reported.
    """

    transcript: list[Turn] = field(default_factory=list)
    tool_calls: list[ToolUse] = field(default_factory=list)
    updates: list[Update] = field(default_factory=list)
    knowledge: list[dict[str, Any]] = field(default_factory=list)
    recordings: list[dict[str, Any]] = field(default_factory=list)
    statuses: list[dict[str, Any]] = field(default_factory=list)
    errors: list[dict[str, Any]] = field(default_factory=list)


def tell(entries: Iterable[Entry], *, is_over: bool = True) -> Story:
    """The story of a call, so far as its entries go."""
    teller = Teller()
    for entry in entries:
        read = TELL.get(entry.kind)
        if read is not None and isinstance(entry.data, Mapping):
            read(teller, entry, entry.data)
    teller.finish(is_over=is_over)
    return teller.story


class Teller:
    """Reads entries in order and writes the story."""

    def __init__(self) -> None:
        self.story = Story()
        self._turn: Turn | None = None  # the one that goes on
        self._tools: dict[str, ToolUse] = {}

    def event(self, entry: Entry, data: Data) -> None:
        """Something of the conversation."""
        if data.get("type") == "turn_end":
            self._end_turn(entry, data)
        elif data.get("type") == "response.done" and is_cancelled(data):
            self._hear(entry, Heard("interruption"))
            self._close()
        else:
            for heard in hear(data):
                self._hear(entry, heard)

    def _hear(self, entry: Entry, heard: Heard) -> None:
        if heard.what == "done":
            self._close()
            return
        if heard.what == "interruption":
            if self._turn is not None and self._turn.agent:
                self._turn.interrupted = True
            return
        turn = self._turn_for(entry, heard)
        said = getattr(turn, heard.what)
        joint = "" if heard.is_piece or not said else " "
        setattr(turn, heard.what, f"{said}{joint}{heard.text}")

    def _turn_for(self, entry: Entry, heard: Heard) -> Turn:
        """The turn that words belong to; the caller's begin one, once the agent has spoken."""
        if self._turn is not None and heard.what == "caller" and self._turn.agent:
            self._close()
        if self._turn is None:
            self._turn = Turn(at=moment(entry))
        self._turn.at = moment(entry)
        return self._turn

    def _end_turn(self, entry: Entry, data: Data) -> None:
        """``turn_end`` tells it all; what was heard before is what the agent would have said."""
        heard, self._turn = self._turn, None
        turn = Turn(at=moment(entry), interrupted=data.get("interrupted") is True)
        turn.caller = text(data, "transcript") or (heard.caller if heard else "")
        turn.agent = text(data, "response")
        intended = heard.agent if heard else ""
        if turn.interrupted and intended and intended != turn.agent:
            turn.intended = intended
        elif not turn.agent:
            turn.agent = intended
        confidence = data.get("confidence")
        turn.confidence = confidence if isinstance(confidence, int | float) else None
        turn.latency = measured_stages(data.get("latency"))
        self.story.transcript.append(turn)

    def _close(self) -> None:
        """The turn that goes on is over, without a word of how long it took."""
        if self._turn is not None:
            self.story.transcript.append(self._turn)
            self._turn = None

    def tool_call(self, entry: Entry, data: Data) -> None:
        """A tool was called, or several at once."""
        for one in read_calls(dict(data), str(entry.id)):
            given = one.get("arguments", one.get("args"))
            use = ToolUse(
                tool_call_id=text(one, "tool_call_id"),
                name=text(one, "name"),
                at=moment(entry),
                arguments=given,
                by=text(data, "by") or None,
            )
            self._tools[use.tool_call_id] = use
            self.story.tool_calls.append(use)

    def tool_output(self, entry: Entry, data: Data) -> None:
        """A tool call was answered; one that runs late gets its result a second time."""
        call_id, name = text(data, "tool_call_id"), text(data, "name")
        use = self._tools.get(call_id) or self._unanswered(name)
        if use is None:
            use = ToolUse(tool_call_id=call_id, name=name, at=moment(entry))
            self.story.tool_calls.append(use)
        self._tools[call_id] = use
        use.output, use.outcome = data.get("output"), text(data, "outcome")
        ms = data.get("ms")
        use.milliseconds = ms if isinstance(ms, int | float) else None

    def _unanswered(self, name: str) -> ToolUse | None:
        """A call by name: of several in one message some models name no ids."""
        waiting = (
            one for one in self.story.tool_calls if one.name == name and one.outcome == PENDING
        )
        return next(waiting, None)

    def update(self, entry: Entry, data: Data) -> None:
        """The agent was steered."""
        self._ask(entry, data, text(data, "type") or "llm:update")

    def command(self, entry: Entry, data: Data) -> None:
        """A command went out; one that records tells so."""
        name = text(data, "command")
        self._ask(entry, data, name)
        asked = data.get("data")
        if name == "record" and isinstance(asked, Mapping):
            self.story.recordings.append({"at": moment(entry), **asked})

    def _ask(self, entry: Entry, data: Data, kind: str) -> None:
        rest = {key: data[key] for key in data if key not in NOT_DATA}
        update_id, by = text(data, "update_id"), text(data, "by") or "code"
        update = Update(at=moment(entry), by=by, type=kind, update_id=update_id, data=rest)
        self.story.updates.append(update)

    def status(self, entry: Entry, data: Data) -> None:
        """The call, or a leg of it, got on."""
        shown = {key: data[key] for key in OF_STATUS if data.get(key) not in (None, "")}
        self.story.statuses.append({"at": moment(entry), **shown})
        self._recorded(entry, data)

    def hook(self, entry: Entry, data: Data) -> None:
        """A verb ended; with it may come word of a recording."""
        content = data.get("data")
        if isinstance(content, Mapping):
            self._recorded(entry, content)

    def _recorded(self, entry: Entry, data: Data) -> None:
        told = {key: value for key, value in data.items() if key.startswith("recording") and value}
        if told:
            self.story.recordings.append({"at": moment(entry), **told})

    def error(self, entry: Entry, data: Data) -> None:
        """The platform reported an error."""
        self.story.errors.append({"at": moment(entry), **data})

    def finish(self, *, is_over: bool) -> None:
        """No more entries."""
        self._close()
        for use in self.story.tool_calls:
            if is_over and use.outcome == PENDING:
                use.outcome = CUT
            if use.name == QUERY_KNOWLEDGE and isinstance(use.output, Mapping):
                question = use.arguments if isinstance(use.arguments, Mapping) else {}
                asked = {"at": use.at, "question": text(question, "query"), **use.output}
                self.story.knowledge.append(asked)


NOT_DATA: Final = frozenset({"type", "command", "update_id", "by"})
OF_STATUS: Final = ("call_sid", "parent_call_sid", "call_status", "sip_status", "sip_reason", "to")

TELL: Final[Mapping[str, Callable[[Teller, Entry, Data], None]]] = {
    "event": Teller.event,
    "tool_call": Teller.tool_call,
    "tool_output": Teller.tool_output,
    "update": Teller.update,
    "command": Teller.command,
    "status": Teller.status,
    "hook": Teller.hook,
    "error": Teller.error,
}


def moment(entry: Entry) -> datetime:
    """When an entry happened."""
    return datetime.fromtimestamp(entry.time, UTC)


def text(data: Data, key: str) -> str:
    """The text at a key, or empty."""
    value = data.get(key)
    return value if isinstance(value, str) else ""
