"""The verbs that jambonz knows, with their properties; what is not here is an invalid instruction.

Properties marked `!` are required.
"""

from collections.abc import Mapping
from typing import Any

from app.twin.shapes import VERB_SHAPES, problem_within

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
    _check_shape(name, verb)
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


def _check_shape(name: str, properties: Mapping[str, Any]) -> None:
    if wrong := problem_within(VERB_SHAPES.get(name, {}), properties):
        raise BadInstruction(f"invalid instruction: {name}: {wrong}", name)


def _check_agent(verb: Mapping[str, Any]) -> None:
    llm = verb.get("llm") or {}
    options = llm.get("llmOptions") or {}
    for where, part in (("llm", llm), ("llmOptions", options)):
        _check_shape(where, part)
        if surplus := set(part) - CLOSED[where]:
            raise BadInstruction(f"invalid instruction: agent {where} has no {_list(surplus)}")


def _list(names: set[str]) -> str:
    return ", ".join(sorted(names))
