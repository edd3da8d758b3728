"""The verbs that jambonz knows, with their properties; what is not here is an invalid instruction.

Properties marked `!` are required.
"""

from collections.abc import Mapping
from typing import Any

_MEDIA_HOOKS = "actionHook eventHook toolHook"
_LISTEN = (
    "url! actionHook wsAuth mixType metadata sampleRate finishOnKey maxLength passDtmf playBeep"
    " disableBidirectionalAudio bidirectionalAudio timeout transcribe earlyMedia channel"
)
_S2S = (
    f"vendor model auth connectOptions llmOptions mcpServers {_MEDIA_HOOKS} handoff hangup events"
    " responseTimeoutMs cancelOnResponseTimeout cancelOnBargeIn"
)
_ROOM = (
    "name! beep memberTag speakOnlyTo startConferenceOnEnter endConferenceOnExit"
    " endConferenceDuration maxParticipants joinMuted actionHook waitHook statusEvents statusHook"
    " enterHook record listen stream distributeDtmf"
)

VERBS: dict[str, str] = {
    "agent": "stt tts llm autoLockLanguage languageConfig turnDetection bargeIn noResponseTimeout"
    f" noResponseMaxPrompts {_MEDIA_HOOKS} greeting earlyGeneration speak speechCleanup"
    " noiseIsolation mcpServers handoff hangup toolFiller",
    "alert": "message!",
    "answer": "",
    "conference": _ROOM,
    "config": "synthesizer recognizer bargeIn ttsStream record listen stream transcribe amd"
    " fillerNoise vad notifyEvents notifySttLatency reset onHoldMusic actionHookDelayAction"
    " sipRequestWithinDialogHook boostAudioSignal referHook earlyMedia autoStreamTts"
    " disableTtsCache trackTtsPlayout noiseIsolation turnTaking",
    "dequeue": "name! actionHook timeout beep callSid",
    "dial": "target! actionHook onHoldHook answerOnBridge callerId callerName confirmHook referHook"
    " dialMusic dtmfCapture dtmfHook headers anchorMedia codecs exitMediaPath boostAudioSignal"
    " listen stream transcribe timeLimit timeout proxy amd dub tag forwardPAI srtpEncryption",
    "dialogflow": "credentials! project! lang! agent environment deployment region model sessionId"
    f" {_MEDIA_HOOKS} events welcomeEvent welcomeEventParams noInputTimeout noInputEvent"
    " passDtmfAsTextInput thinkingMusic tts bargein queryInput",
    "dtmf": "dtmf! duration",
    "dub": "action! track! play say loop gain",
    "enqueue": "name! actionHook waitHook priority",
    "gather": "actionHook input finishOnKey numDigits minDigits maxDigits interDigitTimeout"
    " speechTimeout timeout partialResultHook listenDuringPrompt dtmfBargein bargein"
    " minBargeinWordCount recognizer say play fillerNoise actionHookDelayAction",
    "hangup": "headers",
    "leave": "",
    "listen": _LISTEN,
    "llm": _S2S,
    "message": "to! from! text media carrier account_sid message_sid actionHook",
    "pause": "length!",
    "play": "url! loop earlyMedia seekOffset timeoutSecs actionHook",
    "redirect": "actionHook! statusHook",
    "room": _ROOM,
    "s2s": _S2S,
    "say": "text instructions stream loop synthesizer earlyMedia disableTtsCache"
    " closeStreamOnEmpty closeOnStreamEmpty",
    "sip:decline": "status! reason headers",
    "sip:refer": "referTo! referredBy referredByDisplayName headers actionHook eventHook",
    "sip:request": "method! body headers actionHook",
    "stream": _LISTEN,
    "tag": "data!",
    "transcribe": "enable transcriptionHook translationHook recognizer earlyMedia channel",
    "transfer": "mode! target! brief blindMethod callerPresent callerId onHoldHook timeout confirm"
    " amd disposition actionHook eventHook",
}
for _vendor in ("openai", "google", "elevenlabs", "deepgram", "ultravox", "qwen", "gptlive"):
    VERBS[f"{_vendor}_s2s"] = _S2S
for _vendor in ("voicelive", "nova"):
    VERBS[f"{_vendor}_s2s"] = _S2S

_NUMBER = (int, float)
_SPEECH_INPUT = {"input": (list,), "say": (dict,), "play": (dict,), "recognizer": (dict,)}

_ROOM_TYPES: dict[str, tuple[type, ...]] = {
    **dict.fromkeys(("startConferenceOnEnter", "endConferenceOnExit", "joinMuted"), (bool,)),
    "maxParticipants": _NUMBER,
    "statusEvents": (list,),
}

TYPES: dict[str, dict[str, tuple[type, ...]]] = {
    "agent": {
        **dict.fromkeys(("llm", "bargeIn", "handoff", "hangup"), (dict,)),
        **dict.fromkeys(("noResponseTimeout", "noResponseMaxPrompts"), _NUMBER),
    },
    "conference": _ROOM_TYPES,
    "config": {"notifyEvents": (bool,)},
    "dequeue": {"timeout": _NUMBER, "beep": (bool,)},
    "dial": {"target": (list,)},
    "enqueue": {"priority": _NUMBER},
    "gather": {
        **_SPEECH_INPUT,
        "finishOnKey": (str,),
        **dict.fromkeys(("timeout", "interDigitTimeout", "numDigits"), _NUMBER),
        **dict.fromkeys(("minDigits", "maxDigits"), _NUMBER),
    },
    "listen": {"maxLength": _NUMBER, "finishOnKey": (str,)},
    "llm": {"llmOptions": (dict,)},
    "llmOptions": {"messages": (list,), "initialMessages": (list,), "tools": (list,)},
    "pause": {"length": _NUMBER},
    "play": {"timeoutSecs": _NUMBER, "loop": (int, str), "url": (str, list)},
    "room": _ROOM_TYPES,
    "say": {"text": (str, list), "loop": (int, str)},
    "sip:decline": {"status": (int,)},
    "stream": {"maxLength": _NUMBER, "finishOnKey": (str,)},
    "tag": {"data": (dict,)},
    "transfer": {"disposition": (dict,)},
}
"""The types of the properties that the twin acts on."""

COMMERCIAL = frozenset({"agent", "transfer", "room"})
"""Verbs that open-source jambonz 0.9 does not have."""

CLOSED = {
    "llm": {"vendor", "model", "label", "auth", "connectOptions", "llmOptions"},
    "llmOptions": {
        *("systemPrompt", "messages", "initialMessages", "maxTokens", "temperature"),
        *("reasoningEffort", "tools"),
    },
}
"""Parts of the agent verb in which unknown properties are refused."""


class BadInstruction(Exception):
    """Verbs that jambonz refuses; the message is the `details` of its `jambonz:error`."""

    def __init__(self, text: str, verb: str = "") -> None:
        super().__init__(text)
        self.verb = verb


def check(instructions: Any, *, understands_agent: bool = True) -> list[dict[str, Any]]:
    """Read a list of verbs, in either notation.

    Raises:
        BadInstruction: If one of them is unknown, or has a property too many or too few.
    """
    if not isinstance(instructions, list):
        return []  # an object or a string is taken for no verbs
    return [_check_one(item, understands_agent) for item in instructions]


def _check_one(item: Any, understands_agent: bool) -> dict[str, Any]:
    verb = _normal(item)
    name = verb["verb"]
    unknown_here = name in COMMERCIAL and not understands_agent
    if name not in VERBS or unknown_here:
        raise BadInstruction(f"invalid instruction: unknown verb {name!r}", name)
    known = {word.rstrip("!") for word in VERBS[name].split()} | {"verb", "id"}
    missing = {word.rstrip("!") for word in VERBS[name].split() if word.endswith("!")} - set(verb)
    if missing:
        raise BadInstruction(f"invalid instruction: {name} needs {_list(missing)}", name)
    _check_types(name, verb)
    if name == "agent":
        _check_agent(verb)
    elif surplus := set(verb) - known:
        raise BadInstruction(f"invalid instruction: {name} has no {_list(surplus)}", name)
    return verb


def _normal(item: Any) -> dict[str, Any]:
    match item:
        case {"verb": str()}:
            return dict(item)
        case dict() if len(item) == 1:
            ((name, properties),) = item.items()
            if isinstance(properties, Mapping):
                return {"verb": str(name), **properties}
    raise BadInstruction("invalid instruction: a verb must be an object with a verb property")


def _check_types(name: str, properties: Mapping[str, Any]) -> None:
    for key, types in TYPES.get(name, {}).items():
        if key in properties and not isinstance(properties[key], types):
            wanted = " or ".join(type_.__name__ for type_ in types)
            raise BadInstruction(f"invalid instruction: {name}: {key} must be {wanted}", name)


def _check_agent(verb: Mapping[str, Any]) -> None:
    llm = verb.get("llm") or {}
    _check_types("llm", llm)
    options = llm.get("llmOptions") or {}
    _check_types("llmOptions", options)
    for where, part in (("llm", llm), ("llmOptions", options)):
        if surplus := set(part) - CLOSED[where]:
            raise BadInstruction(f"invalid instruction: agent {where} has no {_list(surplus)}")
    for key in ("messages", "initialMessages", "tools"):
        if not all(isinstance(item, Mapping) for item in options.get(key) or ()):
            raise BadInstruction(f"invalid instruction: agent {key} must hold objects")


def _list(names: set[str]) -> str:
    return ", ".join(sorted(names))
