"""Speech: the recognizer (STT) and the synthesizer (TTS), in a verb, a session or an agent."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal, TypeAlias

from pydantic import AfterValidator, Field, ValidationInfo

from app.verbs.errors import VerbError, refuse
from app.verbs.explain import Expect
from app.verbs.names import did_you_mean, nearest, wire_name
from app.verbs.part import Free, Many, Number, Of, Part, Share
from app.verbs.vendors import check_vendor_options

# Where the model of an STT vendor stands in the recognizer.
STT_MODELS: Mapping[str, tuple[str, ...]] = {
    "assemblyai": ("assemblyAiOptions", "speechModel"),
    "aws": ("awsOptions", "languageModelName"),
    "deepgram": ("deepgramOptions", "model"),
    "deepgramflux": ("deepgramOptions", "model"),
    "google": ("model",),
    "gradium": ("gradiumOptions", "model"),
    "houndify": ("houndifyOptions", "languageModel"),
    "ibm": ("ibmOptions", "model"),
    "microsoft": ("azureSttEndpointId",),
    "mistral": ("mistralOptions", "model"),
    "nvidia": ("model",),
    "openai": ("openaiOptions", "model"),
    "soniox": ("sonioxOptions", "model"),
    "speechmatics": ("speechmaticsOptions", "transcription_config", "model"),
    "xai": ("xaiOptions", "model"),
}

# Vendors that jambonz knows and that have no model to choose.
STT_VENDORS = frozenset({*STT_MODELS, "elevenlabs", "gladia", "modulate", "zoom"})

if TYPE_CHECKING:
    VendorOptions: TypeAlias = Mapping[str, Any]
else:

    def check_options(value: dict[str, Any], info: ValidationInfo) -> dict[str, Any]:
        """Check a vendor's own object by the vendor's names; it is written as it was given."""
        check_vendor_options(wire_name(info.field_name), value)
        return value

    VendorOptions = Annotated[
        Free, AfterValidator(check_options), Expect("an object with the vendor's own names")
    ]


def split_vendor(text: str, *, what: str, example: str) -> tuple[str, str]:
    """``vendor:rest`` at the first colon; a vendor of one's own is ``custom:name``.

    Args:
        text: What the author wrote.
        what: What comes behind the colon.
        example: A right one, for the error.
    """
    if text.startswith("custom:"):
        name, colon, rest = text.removeprefix("custom:").partition(":")
        vendor = f"custom:{name}" if name else ""
    else:
        vendor, colon, rest = text.partition(":")
    if not vendor.strip() or (colon and not rest.strip()):
        raise refuse(f"expected 'vendor:{what}' such as {example!r}, or an object; got {text!r}")
    return vendor.strip(), rest.strip()


class Synthesizer(Part):
    """A voice. As a text: ``"cartesia:sonic-english"``, vendor and voice.

    Attributes:
        label: Which of several credentials of the vendor.
        voice: The vendor's id of a voice, or its object.
        options: The vendor's own settings.
    """

    text_form: ClassVar[str] = "'vendor:voice'"

    vendor: str = Field(min_length=1)
    label: str | None = None
    language: str | None = None
    voice: str | Free | None = None
    fallback_vendor: str | None = None
    fallback_label: str | None = None
    fallback_language: str | None = None
    fallback_voice: str | Free | None = None
    engine: Literal["standard", "neural", "generative", "long-form"] | None = None
    gender: Literal["MALE", "FEMALE", "NEUTRAL"] | None = None
    options: Free | None = None

    @classmethod
    def read_text(cls, text: str) -> object:
        """``vendor:voice``, or a vendor alone."""
        vendor, voice = split_vendor(text, what="voice", example="cartesia:sonic-english")
        return {"vendor": vendor, "voice": voice} if voice else {"vendor": vendor}


class Hint(Part):
    """A phrase that the recognizer should expect."""

    phrase: str
    boost: Number | None = None


class Vad(Part):
    """Voice activity detection.

    Attributes:
        voice_ms: Speech that starts an utterance.
        silence_ms: Silence that ends one.
        mode: Aggressiveness of webrtc, 0 to 3.
        threshold: Confidence of silero.
    """

    enable: bool | None = None
    voice_ms: Number | None = None
    silence_ms: Number | None = None
    strategy: str | None = None
    mode: Annotated[int | float, Field(ge=0, le=3), Expect("a number from 0 to 3")] | None = None
    vendor: Literal["webrtc", "silero"] | None = None
    threshold: Share | None = None
    speech_pad_ms: Number | None = None


class Recognizer(Part):
    """A recognizer. As a text: ``"deepgram:nova-3-general"``, vendor and model.

    The objects ``<vendor>_options`` hold the vendor's own names, which are never renamed.
    """

    text_form: ClassVar[str] = "'vendor:model'"

    vendor: str = Field(min_length=1)
    label: str | None = None
    language: str | None = None
    fallback_vendor: str | None = None
    fallback_label: str | None = None
    fallback_language: str | None = None
    vad: Of[Vad] | None = None
    autogenerate_prompt: bool | None = None
    hints: Many[str | Of[Hint]] | None = None
    hints_boost: Number | None = None
    alt_languages: Many[str] | None = None
    profanity_filter: bool | None = None
    interim: bool | None = None
    single_utterance: bool | None = None
    dual_channel: bool | None = None
    separate_recognition_per_channel: bool | None = None
    punctuation: bool | None = None
    enhanced_model: bool | None = None
    words: bool | None = None
    diarization: bool | None = None
    diarization_min_speakers: Number | None = None
    diarization_max_speakers: Number | None = None
    interaction_type: (
        Literal[
            "unspecified",
            "discussion",
            "presentation",
            "phone_call",
            "voicemail",
            "voice_search",
            "voice_command",
            "dictation",
        ]
        | None
    ) = None
    naics_code: Number | None = None
    identify_channels: bool | None = None
    vocabulary_name: str | None = None
    vocabulary_filter_name: str | None = None
    filter_method: Literal["remove", "mask", "tag"] | None = None
    model: str | None = None
    output_format: Literal["simple", "detailed"] | None = None
    profanity_option: Literal["masked", "removed", "raw"] | None = None
    request_snr: bool | None = None
    initial_speech_timeout_ms: Number | None = None
    azure_service_endpoint: str | None = None
    azure_stt_endpoint_id: str | None = None
    asr_dtmf_termination_digit: str | None = None
    asr_timeout: Number | None = None
    fast_recognition_timeout: Number | None = None
    min_confidence: Share | None = None
    deepgram_options: VendorOptions | None = None
    google_options: VendorOptions | None = None
    aws_options: VendorOptions | None = None
    azure_options: VendorOptions | None = None
    ibm_options: VendorOptions | None = None
    nvidia_options: VendorOptions | None = None
    soniox_options: VendorOptions | None = None
    xai_options: VendorOptions | None = None
    modulate_options: VendorOptions | None = None
    zoom_options: VendorOptions | None = None
    gradium_options: VendorOptions | None = None
    mistral_options: VendorOptions | None = None
    assembly_ai_options: VendorOptions | None = None
    speechmatics_options: VendorOptions | None = None
    openai_options: VendorOptions | None = None
    houndify_options: VendorOptions | None = None
    gladia_options: VendorOptions | None = None
    elevenlabs_options: VendorOptions | None = None
    custom_options: VendorOptions | None = None

    @classmethod
    def read_text(cls, text: str) -> object:
        """``vendor:model``, the model put where that vendor reads it; or a vendor alone."""
        vendor, model = split_vendor(text, what="model", example="deepgram:nova-3-general")
        return place_model(vendor, model) if model else {"vendor": vendor}


def place_model(vendor: str, model: str) -> dict[str, Any]:
    """A recognizer with its model where the vendor reads it.

    Raises:
        VerbError: Nobody knows where; the object form can say it.
    """
    place = STT_MODELS.get(vendor)
    if place is None:
        raise no_place(vendor)
    options: Any = model
    for key in reversed(place):
        options = {key: options}
    return {"vendor": vendor, **options}


def no_place(vendor: str) -> VerbError:
    """The error for a model whose vendor is not in the table."""
    close = None if vendor in STT_VENDORS else nearest(vendor, STT_VENDORS)
    return refuse(
        f"cannot tell where STT vendor {vendor!r} takes its model{did_you_mean(close) or '.'} "
        f"Known: {', '.join(STT_MODELS)}. For another, write the object: "
        f"{{'vendor': {vendor!r}, …}}",
        close,
    )
