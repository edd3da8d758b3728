"""Settings that jambonz would ignore, or may not know: not wrong, but worth a line in the log."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from app.agent.auth import LLM_VENDORS
from app.agent.checks import llm_of
from app.agent.llm import describe_vendor
from app.agent.options import BargeIn
from app.tool import Tool
from app.verbs.hooks import HookTarget
from app.verbs.render import is_external
from app.verbs.speech import Recognizer

if TYPE_CHECKING:
    from app.agent.agent import Agent
    from app.agent.checks import WithHooks

# STT vendors that decide about turns themselves, whatever is set.
OWN_TURNS = ("deepgramflux", "assemblyai", "speechmatics")
# Those of them that cannot generate early; deepgramflux always does.
NEVER_EARLY = ("assemblyai", "speechmatics")


def find_warnings(agent: "Agent") -> Iterator[str]:
    """Every setting of an agent that will have no effect."""
    yield from warn_of_llm(agent)
    yield from warn_of_stt(agent)
    yield from warn_of_barge_in(agent)
    yield from warn_of_silence(agent)
    yield from warn_of_hooks(agent)


def warn_of_llm(agent: "Agent") -> Iterator[str]:
    """A vendor that may be misspelt, or none at all."""
    vendor = llm_of(agent).vendor
    if vendor is None:
        yield "llm: not set; jambonz takes the application's default, and before 11 it refuses"
    elif vendor not in LLM_VENDORS:
        yield describe_vendor(vendor)


def warn_of_stt(agent: "Agent") -> Iterator[str]:
    """Settings that the recognizer takes no notice of."""
    vendor = agent.stt.vendor if isinstance(agent.stt, Recognizer) else ""
    if vendor in OWN_TURNS and agent.turn_detection not in (None, "stt"):
        yield f"turn_detection: ignored, STT vendor {vendor!r} always uses its own"
    if vendor in NEVER_EARLY and agent.early_generation:
        yield f"early_generation: ignored, STT vendor {vendor!r} cannot do it"
    if vendor == "deepgramflux" and agent.early_generation is False:
        yield "early_generation: ignored, STT vendor 'deepgramflux' always does it"


def warn_of_barge_in(agent: "Agent") -> Iterator[str]:
    """Options that belong to the other strategy."""
    barge_in = agent.barge_in if isinstance(agent.barge_in, BargeIn) else BargeIn()
    predicts = barge_in.strategy == "interruptPrediction"
    for option in ("vendor", "threshold"):
        if not predicts and getattr(barge_in, option) is not None:
            yield f"barge_in.{option}: ignored without strategy='interruptPrediction'"
    if predicts and barge_in.min_speech_duration is not None:
        yield "barge_in.min_speech_duration: ignored with strategy='interruptPrediction'"


def warn_of_silence(agent: "Agent") -> Iterator[str]:
    """Options that a silent agent, or one that never checks in, has no use for."""
    if agent.speak is False and agent.tool_filler:
        yield "tool_filler: ignored with speak=False"
    if agent.speak is False and agent.early_generation:
        yield "early_generation: ignored with speak=False"
    if agent.no_response_timeout == 0 and agent.no_response_max_prompts:
        yield "no_response_max_prompts: ignored with no_response_timeout=0"


def warn_of_hooks(agent: "WithHooks") -> Iterator[str]:
    """Functions of ours that never run, since jambonz calls another server."""
    if goes_elsewhere(agent.tool_hook) and any(isinstance(item, Tool) for item in agent.tool_items):
        yield "tools: the functions never run here, tool_hook sends their calls elsewhere"
    if goes_elsewhere(agent.event_hook) and agent.event_hooks:
        yield "event_hooks: they never run, event_hook sends the events elsewhere"


def goes_elsewhere(hook: object) -> bool:
    """Whether a hook is an absolute URL."""
    url = hook.url if isinstance(hook, HookTarget) else hook
    return isinstance(url, str) and is_external(url)
