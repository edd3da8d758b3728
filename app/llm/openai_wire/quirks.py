"""How the vendors of this family differ, each as one value."""

from dataclasses import dataclass
from typing import Literal

Client = Literal["openai", "azure", "groq", "vertex"]
Effort = Literal["openai", "deepseek", "groq", "none"]


@dataclass(frozen=True, slots=True)
class Quirks:
    """What a vendor does in its own way.

    Attributes:
        client: Which SDK client it is spoken to by, and how it signs in.
        max_tokens: The parameter that limits a reply; `auto` decides by the model's name.
        default_max_tokens: What is sent where nobody asked for a limit; None sends none.
        effort: How it is told how hard to think.
        streams_usage: Whether it is asked for usage at the end of a stream.
        hides_obfuscation: Whether it is asked to leave out the padding of its pieces.
        lists_models: Whether it tells what it has.
        retries_bare_400: Whether a 400 without a reason is worth a second try.
        retries_failed_calls: Whether a badly written tool call is (Groq's `tool_use_failed`).
    """

    client: Client = "openai"
    max_tokens: Literal["auto", "max_tokens", "max_completion_tokens"] = "max_tokens"
    default_max_tokens: int | None = None
    effort: Effort = "none"
    streams_usage: bool = True
    hides_obfuscation: bool = False
    lists_models: bool = True
    retries_bare_400: bool = False
    retries_failed_calls: bool = False
