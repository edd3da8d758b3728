"""What a rule looks at."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from app.doctor.limits import Limits
from app.doctor.transcript import Came, Transcript
from app.verbs.explain import is_secret

SHOWN = 160
"""Characters of a value in a finding."""


@dataclass(frozen=True, slots=True)
class Seen:
    """One call, and what it is measured by.

    Attributes:
        knows_agent: False for open-source jambonz, which has no agent verb.
    """

    transcript: Transcript
    limits: Limits
    knows_agent: bool = True

    def name(self, came: Came) -> str:
        """A frame of the application in words: `ack of session:new`, `command redirect`."""
        if came.command:
            return f"command {came.command}"
        if came.type == "ack":
            sent = self.transcript.answered(came)
            return f"ack of {sent.about}" if sent else "ack of an unknown msgid"
        return f"frame of type {came.type}" if came.type else "frame without a type"


def show(value: Any) -> str:
    """A value as short JSON, without its secrets."""
    text = json.dumps(masked(value), ensure_ascii=False, default=str)
    return text if len(text) <= SHOWN else f"{text[: SHOWN - 1]}…"


def masked(value: Any) -> Any:
    """The same without what is kept under the name of a secret."""
    if isinstance(value, Mapping):
        return {key: "***" if is_secret(key) else masked(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [masked(item) for item in value]
    return value
