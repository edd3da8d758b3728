"""What to do about an error that jambonz reports."""

import re

NO_AGENT = re.compile(
    r"(?:unknown|unsupported|invalid|unrecognized) verb\W*agent\b|invalid instruction\W*agent\W*$"
)
NO_AGENT_ADVICE = (
    "the platform does not know the agent verb: it came with jambonz 10.1 (commercial); "
    "answer with other verbs there, or upgrade"
)
ADVICE = (
    (("max payload", "1009"), "a frame was over JAMBONES_WS_MAX_PAYLOAD; see CORDBOARD_MAX_FRAME"),
    (("tts",), "check the TTS vendor, voice and credential in the jambonz portal"),
    (("asr", "stt"), "check the STT vendor, language and credential in the jambonz portal"),
    (("actionhook",), "the verbs in the answer to this hook were refused; look at its handler"),
    (("invalid", "instruction"), "a verb or property that this jambonz release does not know"),
)


def advice_on(msg: str, details: str) -> str:
    """One sentence for the person who reads the log."""
    text = f"{msg} {details}".lower()
    if NO_AGENT.search(text):
        return NO_AGENT_ADVICE
    for words, advice in ADVICE:
        if any(word in text for word in words):
            return advice
    return "see the content of the error"
