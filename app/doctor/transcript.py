"""What was sent, what came, and when: all that the rules know of a call."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Wants = Literal["ack", "output", "nothing"]
"""What the application owes for a message."""


@dataclass(frozen=True, slots=True)
class Opened:
    """A socket was opened.

    Attributes:
        at: Seconds since the call began, when the upgrade was complete.
        took: Seconds from the first SYN to the 101 response.
        subprotocol: The header of the response; None where there was none.
        extensions: The header of the response; empty where there was none.
    """

    at: float
    socket: int
    took: float
    subprotocol: str | None
    extensions: str


@dataclass(frozen=True, slots=True)
class Sent:
    """A message to the application.

    Attributes:
        message: The JSON; None where the frame was broken on purpose.
        wants: What the application owes for it.
        about: What it is, in words: `gather.actionHook /menu`.
        option: The option that named the hook, as `gather.actionHook`; empty for others.
        tool_call_id: Of a tool call.
        is_strange: Whether it is one that no application can know.
    """

    at: float
    socket: int
    message: Mapping[str, Any] | None
    wants: Wants = "nothing"
    about: str = ""
    option: str = ""
    tool_call_id: str = ""
    is_strange: bool = False

    @property
    def msgid(self) -> str:
        """The id that an ack must carry."""
        return str((self.message or {}).get("msgid", ""))

    @property
    def type(self) -> str:
        """The type of the message."""
        return str((self.message or {}).get("type", ""))

    @property
    def wants_ack(self) -> bool:
        """Whether it awaits an ack; in one dialect tool calls await it beside their output."""
        return self.wants == "ack" or self.type == "verb:hook"


@dataclass(frozen=True, slots=True)
class Came:
    """A frame of the application.

    Attributes:
        frame: The JSON in it; None where it holds none.
        raw: The text, as far as a report can show it.
        size: In bytes, decompressed.
        is_binary: Whether it was a binary frame.
    """

    at: float
    socket: int
    frame: Any
    raw: str
    size: int
    is_binary: bool = False

    @property
    def type(self) -> str:
        """The type of the message; empty where it has none."""
        return str(self.frame.get("type", "")) if isinstance(self.frame, Mapping) else ""

    @property
    def command(self) -> str:
        """The name of the command; empty where it is none."""
        is_command = isinstance(self.frame, Mapping) and self.frame.get("type") == "command"
        return str(self.frame.get("command", "")) if is_command else ""


@dataclass(frozen=True, slots=True)
class Closed:
    """The application closed a socket, or lost it.

    Attributes:
        code: 1005 for a close frame without a code, 1006 for no close frame.
    """

    at: float
    socket: int
    code: int


Entry = Opened | Sent | Came | Closed


@dataclass(slots=True)
class Transcript:
    """One call, as the doctor had it.

    Attributes:
        scenario: Which scenario it belongs to.
        entries: In the order of time.
        ended: When the doctor ended the call; infinite where it did not.
        given_up: Why the scenario could not go on; empty where it could.
        alone: By msgid of a hook that was sent together with another: what the same hook was
            answered with when it was sent alone.
    """

    scenario: str
    entries: list[Entry] = field(default_factory=list)
    ended: float = float("inf")
    given_up: str = ""
    alone: dict[str, Any] = field(default_factory=dict)

    @property
    def sent(self) -> Iterator[Sent]:
        """All messages to the application."""
        return (entry for entry in self.entries if isinstance(entry, Sent))

    @property
    def came(self) -> Iterator[Came]:
        """All frames of the application."""
        return (entry for entry in self.entries if isinstance(entry, Came))

    @property
    def opened(self) -> Iterator[Opened]:
        """All sockets."""
        return (entry for entry in self.entries if isinstance(entry, Opened))

    @property
    def closed(self) -> Iterator[Closed]:
        """All sockets that the application closed."""
        return (entry for entry in self.entries if isinstance(entry, Closed))

    @property
    def acks(self) -> Iterator[Came]:
        """All acks."""
        return (came for came in self.came if came.type == "ack")

    @property
    def commands(self) -> Iterator[Came]:
        """All commands."""
        return (came for came in self.came if came.command)

    def acks_of(self, sent: Sent) -> list[Came]:
        """The acks of a message."""
        return [ack for ack in self.acks if ack.frame.get("msgid") == sent.msgid]

    def outputs_of(self, sent: Sent) -> list[Came]:
        """The outputs of a tool call."""
        return [
            came
            for came in self.commands
            if came.command == "llm:tool-output"
            and came.frame.get("tool_call_id") == sent.tool_call_id
        ]

    def closing_of(self, socket: int) -> Closed | None:
        """How the application closed a socket; None where it did not."""
        return next((closed for closed in self.closed if closed.socket == socket), None)

    def last_sent(self, before: float, socket: int) -> Sent | None:
        """The last message before a moment."""
        earlier = [one for one in self.sent if one.at <= before and one.socket == socket]
        return earlier[-1] if earlier else None

    def answered(self, came: Came) -> Sent | None:
        """The message that an ack answers; None where there is none."""
        msgid = came.frame.get("msgid")
        return next((sent for sent in self.sent if sent.msgid == msgid), None)
