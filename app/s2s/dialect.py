"""The session's view of a speech-to-speech verb: everything in its vendor's own shape."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from app.agent import ToolOutput, TurnOver
from app.protocol import AgentUpdate, BadUpdate, LlmEvent, Wire
from app.s2s.endings import playback_stopped
from app.s2s.vendor import Vendor
from app.verbs.names import did_you_mean, nearest

UNSURE = "whether jambonz passes this on to {name} is not published"


@dataclass(frozen=True, slots=True, eq=False)
class VendorDialect:
    """How one verb is spoken to.

    Attributes:
        vendor: Its row of the table.
        options: Its ``llmOptions``, which some updates repeat in part.
        hears_tools: Whether it has a hook for tool calls.
    """

    vendor: Vendor
    options: Wire
    hears_tools: bool

    command: ClassVar[str] = "llm:update"
    other_event: ClassVar[type] = LlmEvent

    def output(self, one: ToolOutput) -> Wire:
        """The vendor's shape."""
        return self.vendor.write_output(one)

    def updates(self, update: AgentUpdate) -> list[Wire]:
        """The vendor's own events.

        Raises:
            BadUpdate: The vendor cannot do it, or jambonz does not let it.
        """
        how = self.vendor.updates[update.type]
        if isinstance(how, str):
            raise BadUpdate("type", f"{update.type}: {how}")
        if update.type == "update_tools" and not self.hears_tools:
            text = "the verb began without a tool hook: begin it with a tool, or set tool_hook"
            raise BadUpdate("tools", text)
        return how(update, self.options)

    def telling(self, text: str) -> Sequence[AgentUpdate]:
        """What brings a late result to the model, if anything does."""
        return self.vendor.telling(text)

    def turn_over(self, event: Mapping[str, Any]) -> TurnOver | None:
        """The end of a turn, as the vendor tells it."""
        return self.vendor.turn_over(event)

    def heard(self, event: Mapping[str, Any]) -> TurnOver | None:
        """The end of the sound, as jambonz tells it."""
        return playback_stopped(event)

    def check_event(self, event: Wire) -> tuple[str, ...]:
        """Refuse what jambonz would drop without a word."""
        name, allowed = self.vendor.name, self.vendor.events
        if not event:
            raise BadUpdate("llm_update", "expected an event of the vendor; got an empty object")
        kind = event.get("type")
        if allowed is not None and not allowed:
            raise BadUpdate("llm_update", str(self.vendor.updates["inject_context"]))
        if allowed is not None and kind not in allowed:
            close = nearest(kind, allowed) if isinstance(kind, str) else None
            known = ", ".join(sorted(allowed))
            text = f"for {name}, jambonz passes on {known}; got {kind!r:.80}{did_you_mean(close)}"
            raise BadUpdate("type", text)
        return () if self.vendor.is_sure else (UNSURE.format(name=name),)
