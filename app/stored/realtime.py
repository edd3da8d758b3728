"""``realtime_config``: a model that hears and speaks by itself, by the settings of its vendor."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Discriminator, Field, Tag

from app.verbs.names import did_you_mean, nearest

OPENAI_MODELS: Final = ("gpt-realtime",)
OPENAI_VOICES: Final = ("alloy", "ash", "ballad", "coral", "echo", "sage", "shimmer", "verse")
GEMINI_MODELS: Final = ("gemini-live-2.5-flash-preview-native-audio-09-2025",)
GEMINI_VOICES: Final = ("Aoede", "Charon", "Fenrir", "Kore", "Puck")
PROVIDERS: Final = ("openai", "gemini")
NOTHING: Final = "~null"
VADS: Final = ("semantic_vad", "server_vad")

Named = Annotated[str, Field(min_length=1, max_length=200, pattern=r"^\S+$")]
Milliseconds = Annotated[int, Field(ge=0, le=3_600_000)]


class Data(BaseModel):
    """A part of a stored agent: exact types, nothing unknown."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True, allow_inf_nan=False)


def chosen_by(field: str, kinds: Sequence[str], *, default: str | None = None) -> Discriminator:
    """Chooses the member of a union by one of its fields, and says so where that is wrong."""

    def choose(value: Any) -> str | None:
        if value is None:
            return NOTHING
        is_json = isinstance(value, Mapping)
        kind = value.get(field, default) if is_json else getattr(value, field, None)
        return f"~{kind}" if kind in kinds else None

    return Discriminator(
        choose,
        custom_error_type="agent_data_kind",
        custom_error_message="expected an object whose {field} is one of {known}",
        custom_error_context={"field": field, "known": ", ".join(kinds)},
    )


class SemanticVad(Data):
    """A model decides from the words whether the caller has finished."""

    type: Literal["semantic_vad"] = "semantic_vad"
    eagerness: Annotated[
        Literal["low", "medium", "high", "auto"],
        Field(description="How soon the model answers; `low` waits longest."),
    ] = "medium"
    create_response: Annotated[
        bool, Field(description="Answer by itself when the caller has finished.")
    ] = True
    interrupt_response: Annotated[
        bool, Field(description="Stop speaking when the caller begins to.")
    ] = True


class ServerVad(Data):
    """Silence decides; what is not set is up to the vendor."""

    type: Literal["server_vad"]
    threshold: Annotated[
        Annotated[float, Field(ge=0, le=1)] | None,
        Field(description="How loud speech must be, 0 to 1."),
    ] = None
    prefix_padding_ms: Annotated[
        Milliseconds | None, Field(description="Sound kept from before the speech.")
    ] = None
    silence_duration_ms: Annotated[
        Milliseconds | None, Field(description="Silence that ends a turn.")
    ] = None
    idle_timeout_ms: Annotated[
        Milliseconds | None, Field(description="Silence after which the model speaks again.")
    ] = None
    create_response: bool = True
    interrupt_response: bool = True


Vad = Annotated[
    Annotated[SemanticVad, Tag("~semantic_vad")] | Annotated[ServerVad, Tag("~server_vad")],
    chosen_by("type", VADS, default="semantic_vad"),
]


class OpenaiRealtime(Data):
    """OpenAI Realtime. Newer models and voices than those listed are taken, with a warning."""

    provider: Literal["openai"]
    model: Annotated[Named, Field(examples=list(OPENAI_MODELS))] = "gpt-realtime"
    voice: Annotated[Named, Field(examples=list(OPENAI_VOICES))] = "alloy"
    speed: Annotated[float, Field(ge=0.25, le=1.5, description="Of the voice; 1 is its own.")] = 1.0
    noise_reduction: Annotated[
        Literal["near_field", "far_field", "none"],
        Field(description="For a handset, for a loudspeaker, or off."),
    ] = "near_field"
    vad: Annotated[Vad, Field(description="Who decides that the caller has finished.")] = (
        SemanticVad()
    )

    def find_warnings(self) -> Iterator[str]:
        """What the vendor may not know."""
        yield from doubt("model", self.model, OPENAI_MODELS)
        yield from doubt("voice", self.voice, OPENAI_VOICES)


class GeminiRealtime(Data):
    """Gemini Live. Newer models and voices than those listed are taken, with a warning."""

    provider: Literal["gemini"]
    model: Annotated[Named, Field(examples=list(GEMINI_MODELS))] = GEMINI_MODELS[0]
    voice: Annotated[Named, Field(examples=list(GEMINI_VOICES))] = "Aoede"
    start_of_speech_sensitivity: Annotated[
        Literal["START_SENSITIVITY_HIGH", "START_SENSITIVITY_LOW"],
        Field(description="How readily sound counts as the caller's speech."),
    ] = "START_SENSITIVITY_HIGH"
    end_of_speech_sensitivity: Annotated[
        Literal["END_SENSITIVITY_HIGH", "END_SENSITIVITY_LOW"],
        Field(description="How readily a pause counts as the end of it."),
    ] = "END_SENSITIVITY_HIGH"
    silence_duration_ms: Annotated[
        Annotated[int, Field(ge=0, le=2**32 - 1)] | None,
        Field(description="Silence that ends a turn; the vendor's own where null."),
    ] = None
    activity_handling: Annotated[
        Literal["START_OF_ACTIVITY_INTERRUPTS", "NO_INTERRUPTION"],
        Field(description="Whether the caller's speech stops the model's."),
    ] = "START_OF_ACTIVITY_INTERRUPTS"

    def find_warnings(self) -> Iterator[str]:
        """What the vendor may not know."""
        yield from doubt("model", self.model, GEMINI_MODELS)
        yield from doubt("voice", self.voice, GEMINI_VOICES)


RealtimeConfig = Annotated[
    Annotated[OpenaiRealtime, Tag("~openai")]
    | Annotated[GeminiRealtime, Tag("~gemini")]
    | Annotated[None, Tag(NOTHING)],
    chosen_by("provider", PROVIDERS),
]


def doubt(option: str, value: str, known: Collection[str]) -> Iterator[str]:
    """The warning about a model or a voice that is not listed here."""
    if value not in known:
        close = did_you_mean(nearest(value, known, cutoff=0.75)) or "."
        yield (
            f"realtime_config.{option}: {value!r} is not known here{close} It is sent as it is. "
            f"Known: {', '.join(known)}"
        )
