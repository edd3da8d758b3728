"""What the doctor finds: a rule that was broken, where, and how to mend it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Severity = Literal["error", "warning", "hint"]

PAGE = "docs/protocol.md"
"""Where the sections that findings name are."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule of the wire.

    Attributes:
        severity: `error`: a caller notices, or can. `warning`: it works, until it does not.
            `hint`: harmless.
        section: Heading in `docs/protocol.md`.
        fix: What to do, where the finding does not know better.
    """

    severity: Severity
    section: str
    fix: str


@dataclass(frozen=True, slots=True)
class Finding:
    """A rule that was broken.

    Attributes:
        rule: Its id.
        path: Where: a message, and the path in it.
        came: What the application did.
        expected: What jambonz wants.
        fix: What to do.
        suggestion: The name that was probably meant.
        scenario: In which scenario.
        at: Seconds after the beginning of the call.
        times: How often it was found, in all calls.
    """

    rule: str
    path: str
    came: str
    expected: str
    fix: str = ""
    suggestion: str | None = None
    scenario: str = ""
    at: float = 0.0
    times: int = 1

    @property
    def severity(self) -> Severity:
        """How bad it is."""
        return RULES[self.rule].severity

    @property
    def section(self) -> str:
        """Heading in `docs/protocol.md`."""
        return RULES[self.rule].section

    @property
    def what_to_do(self) -> str:
        """The fix; that of the rule where the finding has none of its own."""
        return self.fix or RULES[self.rule].fix


_BEFORE_101 = (
    "Look things up after session:new, not before the 101, and let no call block the others: "
    "what waits for one must not stop the process."
)
_CONNECTING = {
    "no-subprotocol": Rule(
        "error", "Connecting", "Answer the upgrade with Sec-WebSocket-Protocol: ws.jambonz.org."
    ),
    "bad-extension": Rule(
        "error", "Connecting", "Accept permessage-deflate as it is offered, or no extension at all."
    ),
    "late-upgrade": Rule("error", "Connecting", _BEFORE_101),
    "slow-upgrade": Rule("warning", "Connecting", _BEFORE_101),
    "refuses-further-calls": Rule(
        "error", "Connecting", "Each call has a socket of its own; accept any number at a time."
    ),
    "process-ended": Rule(
        "error",
        "Closing",
        "Catch what a handler throws: one call must not end the process, and with it all others.",
    ),
    "any-password": Rule(
        "error", "Connecting", "Compare user name and password, and answer 401 to a wrong one."
    ),
}
_ACKS = {
    "no-ack": Rule("error", "Acks", "Ack every message that awaits it, if need be without data."),
    "late-ack": Rule(
        "error", "Acks", "Ack at once without data, and send the verbs later as command redirect."
    ),
    "slow-ack": Rule(
        "warning", "Acks", "Ack at once without data, and send the verbs later as command redirect."
    ),
    "doubled-ack": Rule(
        "error", "Acks", "Ack each msgid once; send further verbs as command redirect."
    ),
    "unknown-msgid": Rule(
        "error", "Acks", "Copy the msgid of the message that is answered into its ack."
    ),
    "swapped-acks": Rule(
        "error", "Acks", "Keep the msgid with the message that is answered, never 'the last one'."
    ),
    "needless-ack": Rule("hint", "Acks", "Leave the ack out; jambonz ignores it."),
    "empty-first-ack": Rule(
        "error", "Acks", 'Give session:new at least one verb; to refuse a call, {"verb": "hangup"}.'
    ),
    "ack-data-ignored": Rule("warning", "Acks", "Give data as an array of verbs, or leave it out."),
    "must-return-verbs": Rule(
        "error", "Acks", 'Answer this hook with an array, such as [{"verb": "pause", "length": 5}].'
    ),
    "forbidden-verb": Rule("error", "Acks", "Take another verb, or drive the call with redirect."),
    "verbs-ignored": Rule("hint", "Acks", "Leave the verbs out, or send them as command redirect."),
}
_FRAMES = {
    "not-json": Rule("error", "Frames", "Send one JSON object in each text frame."),
    "binary-frame": Rule("warning", "Frames", "Send text frames."),
    "unknown-type": Rule("error", "Frames", "Send ack and command, nothing else."),
    "frame-too-large": Rule(
        "error", "Frames", "Shorten prompts and results; add to an agent by agent:update."
    ),
}
_VERBS = {
    "unknown-verb": Rule("error", "Verbs", "Use a verb that jambonz has."),
    "unknown-option": Rule("error", "Verbs", "Remove it."),
    "missing-option": Rule("error", "Verbs", "Add it."),
    "wrong-value": Rule("error", "Verbs", "Give a value of the kind that is expected."),
    "bad-verb": Rule("error", "Verbs", 'Write {"verb": "say", …} or {"say": {…}}.'),
    "needs-commercial": Rule(
        "error", "Verbs", "Open-source jambonz has no such verb: use another, or 10.1 and later."
    ),
}
_COMMANDS = {
    "unknown-command": Rule("error", "Commands", "Use a command that jambonz has."),
    "command-without-data": Rule("error", "Commands", "Give the command its data."),
    "misspelt-field": Rule("error", "Commands", "Spell it as jambonz reads it."),
    "flat-data": Rule("error", "Commands", "Nest the data."),
    "wrong-command-data": Rule("error", "Commands", "Give data of the form that is expected."),
    "bad-agent-update": Rule("error", "Agent updates", "Send one of the four updates, complete."),
}
_TOOLS = {
    "no-tool-output": Rule(
        "error", "Tool calls", "Answer every tool call, also of unknown tools and failed ones."
    ),
    "tools-without-hook": Rule(
        "warning", "Tool calls", "Name a toolHook: calls of these tools are sent to it."
    ),
    "slow-tool-output": Rule(
        "warning", "Tool calls", "Answer at once that it takes longer, and add the result later."
    ),
    "tool-output-without-id": Rule(
        "error", "Tool calls", "Copy tool_call_id beside data, at the top of the command."
    ),
    "unknown-tool-call-id": Rule(
        "error", "Tool calls", "Copy the tool_call_id of the call that is answered."
    ),
    "doubled-tool-output": Rule("error", "Tool calls", "Answer each tool_call_id once."),
    "scalar-tool-output": Rule("hint", "Tool calls", 'Wrap it: {"result": …}.'),
    "tool-output-shape": Rule("error", "Tool calls", "Answer in the vendor's own shape."),
}
_CLOSING = {
    "closed-with-1000": Rule(
        "error", "Closing", "Close only when the call is over; on an error of yours with 1011."
    ),
    "closed-without-code": Rule(
        "error", "Closing", "Give a code: 1000 to give the call up, 1011 or 1012 to be redialled."
    ),
    "closed-mid-call": Rule(
        "error", "Closing", "Keep the socket open until jambonz closes it, whatever a handler does."
    ),
    "closed-on-malformed": Rule("warning", "Closing", "Log what cannot be read, and read on."),
    "closed-on-unknown": Rule(
        "error", "Closing", "Log message types and fields that are not known, and read on."
    ),
}
_REST = {
    "greets-again": Rule(
        "error", "Reconnecting", "Ack session:reconnect without data; find the call by call_sid."
    ),
    "no-adulting": Rule(
        "hint", "Connecting", "Accept sockets below the path too: jambonz appends /adulting to it."
    ),
    "bad-form": Rule("error", "Env vars", "Answer OPTIONS with a map of variables, or with 204."),
}
RULES: Mapping[str, Rule] = {
    **_CONNECTING,
    **_ACKS,
    **_FRAMES,
    **_VERBS,
    **_COMMANDS,
    **_TOOLS,
    **_CLOSING,
    **_REST,
}
"""Every rule by its id."""
