"""Answering-machine detection: what is told of a party that picked up, message by message."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from app.twin.far_end import Party
from app.twin.pending import NoAck
from app.twin.vocabulary import BadInstruction

if TYPE_CHECKING:
    from app.twin.leg import Leg

THRESHOLD = 9
"""A greeting of so many words is a machine's, unless `thresholdWordCount` says otherwise."""

SECONDS = 2
"""How long each finding takes."""

_GREETINGS = {
    "human": "Hello?",
    "machine": "You have reached our voicemail. Please leave a message after the tone.",
    "nobody": "",
}


async def detect(leg: "Leg", party: Party, options: Mapping[str, Any]) -> None:
    """Tell the hook of `amd` who picked up; the verbs of an ack replace the stack at once."""
    hook = options.get("actionHook")
    for finding in findings(party, options):
        await leg.sleep(SECONDS)
        leg.log.note(f"amd: {finding['type']}")
        if not hook:
            continue
        try:
            verbs = await leg.hooks.ask_verbs(hook, leg.info.common() | finding)
        except (NoAck, BadInstruction) as failure:
            leg.log.note(f"the hook of amd failed: {failure}")
            continue
        if verbs:
            leg.stack.replace(verbs)


def findings(party: Party, options: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """What is found out about a party, in order."""
    greeting = party.greeting or _GREETINGS[party.who]
    words = greeting.split()
    language = (options.get("recognizer") or {}).get("language", "en-US")
    is_long = len(words) >= int(options.get("thresholdWordCount") or THRESHOLD)
    if party.who == "nobody" or not words:
        yield {"type": "amd_no_speech_detected"}
        return
    heard = {"greeting": greeting, "language": language}
    if party.who == "human" and not is_long:
        yield {"type": "amd_human_detected", "reason": "short greeting", **heard}
        return
    if is_long:
        yield {"type": "amd_machine_detected", "reason": "long greeting", **heard}
    else:
        hint = " ".join(words[:3])
        yield {
            "type": "amd_machine_detected",
            "reason": "hint",
            "hint": hint,
            "transcript": greeting,
            "language": language,
        }
    yield {"type": "amd_machine_stopped_speaking"}
    yield {"type": "amd_tone_detected" if party.beep else "amd_tone_timeout"}
