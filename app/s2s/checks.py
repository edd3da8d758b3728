"""How the options of a speech-to-speech verb go together, by vendor."""

from collections.abc import Iterator
from itertools import takewhile
from typing import TYPE_CHECKING

from app.agent.advice import warn_of_hooks
from app.agent.checks import check_hooks, check_texts, check_variables, reserved_names
from app.agent.tools import check_names
from app.protocol import Wire
from app.s2s.vendor import look
from app.s2s.vendors import VENDORS
from app.tool import Tool
from app.verbs.errors import Problem, VerbError
from app.verbs.names import did_you_mean, nearest

if TYPE_CHECKING:
    from app.s2s.verbs import SpeechToSpeech

GOOGLE_EVENT = "llm_event"
# Options that give the model a tool which jambonz itself answers.
JAMBONZ_TOOLS = ("handoff", "hangup", "mcp_servers")


def find_problems(verb: "SpeechToSpeech") -> Iterator[Problem]:
    """All that is wrong in how the options go together."""
    yield from check_needs(verb)
    yield from check_places(verb)
    yield from check_shapes(verb)
    yield from check_hooks(verb)
    yield from check_variables(verb)
    if verb.instructions is not None:
        yield from check_texts([(("instructions",), verb.instructions)], verb.variables or {})
    for problem in check_names(verb.tool_items, reserved_names(verb)):
        yield problem.below(("tools",))


def check_needs(verb: "SpeechToSpeech") -> Iterator[Problem]:
    """Options that this vendor, or this verb, cannot do without."""
    for option in dict.fromkeys((*verb.vendor_row.needs, *verb.needs)):
        is_written = option == "llm_options" and bool(verb.instructions or verb.tools)
        if getattr(verb, option) is None and not is_written:
            yield Problem(f"option {option!r} is required for vendor {verb.vendor_name!r}")


def check_places(verb: "SpeechToSpeech") -> Iterator[Problem]:
    """Prompt and tools have a place at the vendor, and stand there once."""
    row, options = verb.vendor_row, verb.llm_options or {}
    for option, path in (("instructions", row.instructions), ("tools", row.tools)):
        if getattr(verb, option) is None:
            continue
        if path is not None and look(options, path) is not None:
            place = ".".join(("llm_options", *path))
            yield Problem(f"is given twice, here and as {place}; keep one", (option,))
        elif path is None and option == "instructions":
            text = f"where vendor {row.name!r} reads its prompt is not known; use llm_options"
            yield Problem(text, (option,))
    if row.no_tools:
        for index, item in enumerate(verb.tool_items):
            if not isinstance(item, Tool):
                yield Problem(row.no_tools, ("tools", index))


def check_shapes(verb: "SpeechToSpeech") -> Iterator[Problem]:
    """Objects that the vendor's schema describes."""
    try:
        written = {"llm_options": verb.write_options(verb.instructions)}
    except VerbError as error:
        yield from (found.below(("llm_options",)) for found in error.problems)
        return
    for option, shape in verb.vendor_row.shapes.items():
        value = written.get(option, getattr(verb, option, None))
        if value is not None:
            try:
                shape(**value)
            except VerbError as error:
                yield from (found.below((option,)) for found in error.problems)
    yield from check_channel(verb, written["llm_options"] or {})


def check_channel(verb: "SpeechToSpeech", options: Wire) -> Iterator[Problem]:
    """The tools of jambonz itself need a way for the model to call functions."""
    if verb.vendor_row.channel is None:
        return
    path, value = verb.vendor_row.channel
    wanting = [name for name in JAMBONZ_TOOLS if getattr(verb, name) is not None]
    if wanting and look(options, path) != value:
        there = takewhile(
            lambda end: look(options, path[:end]) is not None, range(1, len(path) + 1)
        )
        place = ("llm_options", *path[: max(there, default=0)])
        yield Problem(f"{wanting[0]} works only with {'.'.join(path)} as {value!r}", place)


def find_warnings(verb: "SpeechToSpeech") -> Iterator[str]:
    """Every setting that will have no effect, or may not be known."""
    name, row = verb.vendor_name, verb.vendor_row
    if name not in VENDORS:
        close = did_you_mean(nearest(name, VENDORS)) or "."
        yield f"vendor: {name!r} is not known here{close} Known: {', '.join(VENDORS)}"
        if verb.tools:
            yield "tools: their calls are answered, but where this vendor reads them is not known"
    yield from warn_of_hooks(verb)
    hears = verb.event_hook is not None or bool(verb.event_hooks)
    if row.name == "google" and hears and GOOGLE_EVENT not in (verb.events or ()):
        yield "events: jambonz 0.9 sends google's events only with events=['llm_event']"
    if row.name == "elevenlabs" and not hears:
        yield "event_hooks: jambonz reports errors of elevenlabs' server without any"
    if row.name == "elevenlabs" and verb.write_options(verb.instructions) is None:
        yield "llm_options: jambonz 0.9 fails without; write llm_options={}"
