"""The STT vendors' own objects in a recognizer, by the vendors' own names.

What an author writes there is checked and never renamed. Names and limits are those of the
published schema of jambonz (2026-10).
"""

from collections.abc import Callable, Mapping
from functools import cache
from typing import Annotated, Any, ClassVar, Literal

from pydantic import ConfigDict, Field, create_model

from app.verbs.explain import Expect
from app.verbs.part import Free, Number, Part, Share

Texts = list[str]
Zero = Annotated[int, Field(ge=0)]
Positive = Annotated[int | float, Field(gt=0), Expect("a number over 0")]


class VendorShape(Part):
    """An object whose options are spelled as the vendor spells them."""

    is_verbatim: ClassVar[bool] = True


class OpenShape(VendorShape):
    """The same, where the vendor takes more than what is known here."""

    model_config = ConfigDict(extra="allow")
    is_open: ClassVar[bool] = True


def shape(
    *,
    text: str = "",
    texts: str = "",
    flag: str = "",
    number: str = "",
    required: str = "",
    is_open: bool = False,
    **others: Any,
) -> type[VendorShape]:
    """A model from lists of names.

    Args:
        text: Names of options that are text.
        texts: Names of options that are lists of texts.
        flag: Names of options that are true or false.
        number: Names of options that are numbers.
        required: Names that must be there.
        is_open: Whether unknown names are taken.
        others: Any further option with its type.
    """
    groups: tuple[tuple[str, Any], ...] = (
        (text, str),
        (texts, Texts),
        (flag, bool),
        (number, Number),
    )
    kinds = {name: kind for names, kind in groups for name in names.split()} | others
    must = required.split()
    fields: dict[str, Any] = {
        name: (kind, ... if name in must else None) for name, kind in kinds.items()
    }
    base: type[VendorShape] = OpenShape if is_open else VendorShape
    return create_model("VendorOptions", __base__=base, **fields)


def assembly_ai() -> type[VendorShape]:
    """AssemblyAI."""
    return shape(
        text="apiKey speechModel prompt",
        texts="keyterms languageCodes",
        flag="formatTurns languageDetection",
        number=(
            "endOfTurnConfidenceThreshold minEndOfTurnSilenceWhenConfident maxTurnSilence "
            "minTurnSilence vadThreshold inactivityTimeout"
        ),
        serviceVersion=Literal["v2", "v3"],
        voiceFocus=Literal["near-field", "far-field"],
    )


def aws() -> type[VendorShape]:
    """AWS Transcribe."""
    return shape(
        text=(
            "accessKey secretKey securityToken region vocabularyName vocabularyFilterName "
            "languageModelName"
        ),
        texts="piiEntityTypes",
        flag="piiIdentifyEntities",
        vocabularyFilterMethod=Literal["remove", "mask", "tag"],
    )


def azure() -> type[VendorShape]:
    """Azure, vendor ``microsoft``."""
    return shape(
        text="postProcessing",
        flag="audioLogging",
        number="speechSegmentationSilenceTimeoutMs",
        languageIdMode=Literal["AtStart", "Continuous"],
        speechRecognitionMode=Literal["CONVERSATION", "DICTATION", "INTERACTIVE"],
    )


def custom() -> type[VendorShape]:
    """One's own STT server, vendor ``custom:<name>``."""
    return shape(text="authToken uri", number="sampleRate", options=Free)


def deepgram() -> type[VendorShape]:
    """Deepgram, also vendor ``deepgramflux``."""
    return shape(
        text=(
            "deepgramSttUri apiKey tier model customModel version diarizeVersion tag entityPrompt"
        ),
        texts="search replace keywords keyterms languageHints",
        flag=(
            "deepgramSttUseTls punctuate smartFormatting noDelay profanityFilter diarize ner "
            "multichannel numerals shortUtterance fillerWords mipOptOut"
        ),
        number="alternatives utteranceEndMs vadTurnoff eotThreshold eotTimeoutMs eagerEotThreshold",
        redact=Literal["pci", "numbers", "true", "ssn"],
        endpointing=bool | int | float,
    )


def elevenlabs() -> type[VendorShape]:
    """ElevenLabs."""
    return shape(
        flag="includeTimestamps enableLogging",
        number="vadSilenceThresholdSecs vadThreshold minSpeechDurationMs minSilenceDurationMs",
        commitStrategy=Literal["manual", "vad"],
    )


def gladia() -> type[VendorShape]:
    """Gladia; jambonz passes everything on."""
    return shape(is_open=True)


def google() -> type[VendorShape]:
    """Google."""
    return shape(
        text="recognizerId parentPath",
        flag="enableVoiceActivityEvents",
        number="speechStartTimeoutMs speechEndTimeoutMs",
        mode=Literal["VERBATIM", "SMART"],
        customVocabulary=Annotated[Texts, Field(max_length=1000)],
        serviceVersion=Literal["v1", "v2"],
        transcriptNormalization=list[Any],
    )


def gradium() -> type[VendorShape]:
    """Gradium."""
    return shape(
        text="apiKey model keywordBoostId gradiumSttUri",
        flag="gradiumSttUseTls",
        number="keywordBoost",
        delayInFrames=Annotated[int, Field(ge=7, le=56)],
        temp=Annotated[int | float, Field(ge=0, le=1.5)],
        paddingBonus=Annotated[int | float, Field(ge=-4, le=4)],
        keywords=Annotated[Texts, Field(max_length=500)],
        turn_detection=shape(
            threshold=Annotated[int | float, Field(gt=0, lt=1)],
            horizon=Positive,
        ),
    )


def houndify() -> type[VendorShape]:
    """Houndify."""
    return shape(
        text="city state country timeZone domain audioEndpoint vadMode audioFormat languageModel",
        texts="customVocabulary",
        flag=(
            "vadDebug enableNoiseReduction enableProfanityFilter enablePunctuation "
            "enableCapitalization enableDisfluencyFilter enableWordTimestamps"
        ),
        number=(
            "sampleRate latitude longitude maxSilenceSeconds maxSilenceAfterFullQuerySeconds "
            "maxSilenceAfterPartialQuerySeconds vadSensitivity vadTimeout vadVoiceMs vadSilenceMs "
            "confidenceThreshold maxResults maxAlternatives partialTranscriptInterval "
            "sessionTimeout connectionTimeout audioQueryAbsoluteTimeout"
        ),
        requestInfo=Free,
        eoqThreshold=Share,
        vadStopThreshold=Share,
    )


def ibm() -> type[VendorShape]:
    """IBM Watson."""
    return shape(
        text=(
            "sttApiKey sttRegion ttsApiKey ttsRegion instanceId model languageCustomizationId "
            "acousticCustomizationId baseModelVersion watsonMetadata"
        ),
        flag="watsonLearningOptOut",
    )


def mistral() -> type[VendorShape]:
    """Mistral."""
    delay = Annotated[int, Field(ge=80, le=1200)] | Literal[2400]
    return shape(
        text="apiKey model mistralSttUri",
        flag="verbatim diarize",
        streamingDelayMs=Annotated[delay, Expect("a whole number from 80 to 1200, or 2400")],
        contextBias=Annotated[Texts, Field(max_length=100)],
        speakerReferences=Annotated[list[Free], Field(max_length=8)],
        turnDetection=shape(
            startThreshold=Share,
            eagerEndThreshold=Share,
            endThreshold=Share,
            minSilenceMs=Zero,
            endTimeoutMs=Zero,
        ),
    )


def modulate() -> type[VendorShape]:
    """Modulate."""
    return shape(
        text="apiKey modulateSttUri",
        flag=(
            "endpointing emotionSignal accentSignal deepfakeSignal piiPhiTagging modulateSttUseTls"
        ),
    )


def nvidia() -> type[VendorShape]:
    """Nvidia Riva."""
    return shape(
        text="rivaUri",
        flag="profanityFilter punctuation wordTimeOffsets verbatimTranscripts",
        number="maxAlternatives",
        customConfiguration=Free,
    )


def openai() -> type[VendorShape]:
    """OpenAI."""
    return shape(
        text="apiKey model prompt language",
        texts="keywords",
        promptTemplates=shape(text="hintsTemplate conversationHistoryTemplate", is_open=True),
        languages=Annotated[Texts, Field(min_length=1)],
        delay=Literal["minimal", "low", "medium", "high", "xhigh"],
        input_audio_noise_reduction=Literal["near_field", "far_field"],
        turn_detection=shape(
            number="threshold prefix_padding_ms silence_duration_ms",
            required="type",
            is_open=True,
            type=Literal["none", "server_vad", "semantic_vad"],
            eagerness=Literal["low", "medium", "high", "auto"],
        ),
        vadMode=Annotated[int, Field(ge=0, le=3)],
        vadSilenceMs=Annotated[int, Field(ge=1)],
        vadVoiceMs=Annotated[int, Field(ge=1)],
    )


def soniox() -> type[VendorShape]:
    """Soniox."""
    pair = shape(text="key value", required="key value")
    translation = shape(text="source target", required="source target")
    return shape(
        text="apiKey model speechContext clientRequestReference",
        texts="languageHints",
        flag=(
            "enableLanguageIdentification enableSpeakerDiarization endpointDetection "
            "profanityFilter"
        ),
        endpointSensitivity=Annotated[int | float, Field(ge=-1, le=1)],
        maxEndpointDelayMs=Annotated[int, Field(ge=500, le=3000)],
        maxNonFinalTokensDurationMs=Zero,
        context=shape(
            text="text",
            texts="terms",
            general=list[pair],  # type: ignore[valid-type]
            translation_terms=list[translation],  # type: ignore[valid-type]
        ),
        storage=shape(
            text="id title",
            flag="disableStoreAudio disableStoreTranscript disableSearch",
            is_open=True,
            metadata=Free,
        ),
    )


def speechmatics() -> type[VendorShape]:
    """Speechmatics."""
    return shape(
        text="host",
        profile=Literal["adaptive", "agile", "smart", "external"],
        transcription_config=speechmatics_transcription(),
        translation_config=shape(
            texts="target_languages",
            flag="enable_partials",
            required="target_languages",
            is_open=True,
        ),
        audio_events_config=shape(
            types=list[Literal["applause", "music", "laughter"]], is_open=True
        ),
    )


def speechmatics_transcription() -> type[VendorShape]:
    """Speechmatics' ``transcription_config``."""
    replacement = shape(text="from to", required="from to")
    return shape(
        text="language domain diarization output_locale operating_point model",
        flag="enable_partials enable_entities",
        number="max_delay",
        is_open=True,
        additional_vocab=list[Any],
        max_delay_mode=Literal["fixed", "flexible"],
        speaker_diarization_config=shape(number="speaker_sensitivity max_speakers", is_open=True),
        conversation_config=shape(number="end_of_utterance_silence_trigger", is_open=True),
        punctuation_overrides=shape(texts="permitted_marks", number="sensitivity", is_open=True),
        audio_filtering_config=shape(
            number="volume_threshold", required="volume_threshold", is_open=True
        ),
        transcript_filtering_config=shape(
            flag="remove_disfluencies",
            replacements=list[replacement],  # type: ignore[valid-type]
        ),
    )


def xai() -> type[VendorShape]:
    """XAI."""
    return shape(
        text="apiKey model",
        texts="keyterms",
        flag="diarize fillerWords",
        number="smartTurn",
        endpointing=int,
        smartTurnTimeout=int,
    )


def zoom() -> type[VendorShape]:
    """Zoom."""
    return shape(
        text="apiKey zoomSttUri",
        flag="zoomSttUseTls",
        turn_detection=shape(
            threshold=Annotated[int | float, Field(ge=0.2, le=0.9)],
            prefix_padding_ms=Zero,
            silence_duration_ms=Annotated[int, Field(gt=200)],
        ),
    )


# Wire name of the object in the recognizer, and what makes its model.
VENDOR_OPTIONS: Mapping[str, Callable[[], type[VendorShape]]] = {
    "assemblyAiOptions": assembly_ai,
    "awsOptions": aws,
    "azureOptions": azure,
    "customOptions": custom,
    "deepgramOptions": deepgram,
    "elevenlabsOptions": elevenlabs,
    "gladiaOptions": gladia,
    "googleOptions": google,
    "gradiumOptions": gradium,
    "houndifyOptions": houndify,
    "ibmOptions": ibm,
    "mistralOptions": mistral,
    "modulateOptions": modulate,
    "nvidiaOptions": nvidia,
    "openaiOptions": openai,
    "sonioxOptions": soniox,
    "speechmaticsOptions": speechmatics,
    "xaiOptions": xai,
    "zoomOptions": zoom,
}


@cache
def vendor_shape(name: str) -> type[VendorShape]:
    """The model of a vendor's object, made at its first use: most servers use one vendor."""
    return VENDOR_OPTIONS[name]()


def check_vendor_options(name: str, options: Mapping[str, Any]) -> None:
    """Raise where a vendor's object has a wrong name or value.

    Args:
        name: Wire name of the object, for example ``deepgramOptions``.
        options: The object.

    Raises:
        VerbError: Something in it is wrong.
    """
    vendor_shape(name)(**options)
