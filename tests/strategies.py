"""Hypothesis strategies: options that our models take, made from the models themselves."""

import types
import typing
from typing import Any, Literal, Union

from annotated_types import Ge, Gt, Le, Lt
from hypothesis import strategies as st
from pydantic import BaseModel

from app.agent import Agent, ToolFiller
from app.agent.llm import Llm, LlmOptions
from app.agent.options import HangupTool
from app.agent.tools import ToolItem
from app.hook import Hook, action_hook, event_hook
from app.protocol import TurnEnd, VerbEnded
from app.tool import tool
from app.verbs import Dialogflow, Dtmf, Dub, Part, Say, Target, Transcribe, Verb, say
from app.verbs.bridge import Disposition
from app.verbs.explain import flatten, unwrap
from app.verbs.hooks import HookName, HookRef, HookTarget, TextAuth
from app.verbs.names import wire_name
from app.verbs.raw import VerbItem
from app.verbs.track import DubOptions
from app.verbs.vendors import VENDOR_OPTIONS, vendor_shape
from tests import s2s_options


@action_hook
async def ended(result: VerbEnded) -> list[Verb]:
    """Hears how a verb ended."""
    return []


@event_hook
async def counted(turn: TurnEnd) -> None:
    """Hears a turn."""


@tool
async def look_up(name: str) -> dict[str, object]:
    """Look a person up.

    Args:
        name: Whose record.
    """
    return {"name": name}


TEXT = st.text(st.characters(codec="utf-8", exclude_characters="{}"), min_size=1, max_size=12)
NUMBER = st.integers(0, 10_000) | st.floats(0, 10_000)
KEYS = st.sampled_from(["a_key", "aKey", "X-Key"])
JSON = st.dictionaries(KEYS, TEXT | st.integers(), max_size=2)
NAMES = st.sampled_from(["/done", "done", "https://example.com/done"])
HOOKS = NAMES | st.just(ended)
TARGETS = st.sampled_from(
    [
        {"type": "phone", "number": "+16175550100", "trunk": "main"},
        {"type": "sip", "sip_uri": "sip:desk@example.org", "from": {"user": "a"}},
        {"type": "user", "name": "desk@example.org", "confirmHook": "/confirm"},
        {"type": "teams", "number": "+16175550100", "vmail": True},
        Target(type="phone", number="+16175550100"),
        "+16175550100",
        "sip:desk@example.org",
    ]
)
TOOLS = st.sampled_from(
    [
        [look_up],
        [{"name": "raw", "description": "d", "parameters": {"type": "object"}}, look_up],
        [{"type": "function", "function": {"name": "wrapped"}}],
    ]
)
MESSAGES = st.lists(
    st.fixed_dictionaries({"role": st.sampled_from(["user", "assistant"]), "content": TEXT}),
    max_size=3,
)


def options_of(kind: type[Part], depth: int = 2) -> st.SearchStrategy[dict[str, Any]]:
    """Valid options for a model: the required ones and some of the others."""
    required: dict[str, Any] = {}
    optional: dict[str, Any] = {}
    for name, field in kind.model_fields.items():
        if name == "extra" or name in SKIPPED.get(kind, ()):
            continue
        values = SPECIAL.get((kind, name), SPECIAL.get((None, name)))
        if values is None:
            values = value_of(field.annotation, flatten(field.metadata), name, depth)
        if values is not None:
            must = field.is_required() or name in (kind.leading, *NEEDED.get(kind, ()))
            (required if must else optional)[name] = values
    return st.fixed_dictionaries(required, optional=optional)


def spelled(kind: type[Part], options: dict[str, Any]) -> dict[str, Any]:
    """The same options in jambonz' spelling."""
    return (
        options if kind.is_verbatim else {wire_name(key): value for key, value in options.items()}
    )


def value_of(
    annotation: Any, metadata: list[Any], name: str, depth: int
) -> st.SearchStrategy[Any] | None:
    """Values for one option; None where it would nest too deep."""
    for known, values in KNOWN:
        if annotation == known:
            return values
    bare, inner = unwrap(annotation)
    if inner:
        return value_of(bare, inner, name, depth)
    origin = typing.get_origin(bare)
    if origin in (Union, types.UnionType):
        members = [value_of(part, metadata, name, depth) for part in typing.get_args(bare)]
        given = [values for values in members if values is not None]
        return st.one_of(given) if given else None
    if origin is Literal:
        return st.sampled_from(typing.get_args(bare))
    if origin is list:
        items = value_of(typing.get_args(bare)[0], [], name, depth)
        return None if items is None else st.lists(items, min_size=1, max_size=2)
    if origin is dict or bare is dict:
        return dict_of(bare, name, depth)
    if isinstance(bare, type) and issubclass(bare, BaseModel):
        return part_of(bare, depth)
    return scalar_of(bare, metadata)


def dict_of(annotation: Any, name: str, depth: int) -> st.SearchStrategy[Any] | None:
    """Values for an option that is an object with the author's keys, or a vendor's."""
    wire = wire_name(name)
    if wire in VENDOR_OPTIONS:
        return options_of(vendor_shape(wire), depth - 1) if depth > 0 else None
    item = typing.get_args(annotation)[-1] if typing.get_args(annotation) else Any
    if item is Any:
        return JSON
    values = value_of(item, [], name, depth)
    return None if values is None else st.dictionaries(KEYS, values, max_size=2)


def part_of(kind: type[Any], depth: int) -> st.SearchStrategy[Any] | None:
    """Values for an option that is an object: a dict in either spelling, or the object."""
    if kind is Target:
        return TARGETS
    if depth <= 0:
        return None
    inner = options_of(kind, depth - 1)
    if kind.is_verbatim:
        return inner
    forms = [inner, inner.map(lambda given: spelled(kind, given))]
    return st.one_of(*forms) | inner.map(lambda given: kind(**given))


def scalar_of(annotation: Any, metadata: list[Any]) -> st.SearchStrategy[Any] | None:
    """Values for text, flags and numbers within their limits."""
    low: Any = next((item.ge for item in metadata if isinstance(item, Ge)), None)
    above: Any = next((item.gt for item in metadata if isinstance(item, Gt)), None)
    high: Any = next((item.le for item in metadata if isinstance(item, Le)), None)
    below: Any = next((item.lt for item in metadata if isinstance(item, Lt)), None)
    if annotation is str:
        return TEXT
    if annotation is bool:
        return st.booleans()
    if annotation is int:
        least = low if low is not None else (0 if above is None else above)
        most = high if high is not None else (10_000 if below is None else below - 1)
        first = int(least) + (above is not None)
        # Between 0.2 and 0.9 there is no whole number.
        return st.integers(first, int(most)) if least <= first <= most else None
    if annotation is float:
        return st.floats(
            low if low is not None else (above if above is not None else 0),
            high if high is not None else (below if below is not None else 10_000),
            exclude_min=above is not None,
            exclude_max=below is not None,
        )
    return None


KNOWN: list[tuple[Any, st.SearchStrategy[Any]]] = [
    (HookRef, HOOKS | st.just({"url": "/done", "method": "POST", "password": "p"})),
    (unwrap(HookRef)[0], HOOKS),  # as pydantic has it where the option is required
    (HookName, HOOKS),
    (HookTarget, st.just({"url": "/done"})),
    (Hook, st.just(ended)),
    (Hook[..., Any], st.just(counted)),
    (
        VerbItem,
        st.sampled_from([say("Wait."), {"verb": "play", "url": "u"}, {"say": {"text": "x"}}]),
    ),
    (ToolItem, st.just(look_up)),
    (TextAuth, st.just({"apiKey": "k", "other_key": 1})),
    (Any, TEXT),
    (type(None), st.nothing()),
]
# Options that go together with others.
SPECIAL: dict[tuple[type[Part] | None, str], st.SearchStrategy[Any]] = {
    (Agent, "tools"): TOOLS,
    (Agent, "messages"): MESSAGES,
    (Agent, "hangup"): st.sampled_from([True, {}, {"reason": "done"}, HangupTool()]),
    (Agent, "stt"): st.sampled_from(["deepgram:nova-3", "google", {"vendor": "soniox"}]),
    (Agent, "tts"): st.sampled_from(["cartesia:sonic", {"vendor": "google", "voice": "v"}]),
    (Agent, "tool_hook"): NAMES | st.just({"url": "/tools"}),
    (Agent, "event_hook"): NAMES | st.just(counted),
    (Agent, "event_hooks"): st.just([counted]),
    (Agent, "variables"): st.just({"shop": "Main Street"}),
    (None, "auth"): st.just({"apiKey": "k", "username": "u", "password": "p"}),
    (Target, "auth"): st.just({"username": "u", "password": "p"}),
    (Dtmf, "dtmf"): st.from_regex(r"[0-9*#A-Da-dwW]{1,8}", fullmatch=True),
    (Dialogflow, "session_id"): st.from_regex(r"[A-Za-z0-9_-]{1,8}", fullmatch=True),
}
NEEDED: dict[type[Part], tuple[str, ...]] = {
    Dialogflow: ("agent",),
    DubOptions: ("play", "say"),
    Dub: ("play", "say"),
    Say: ("text",),
    Transcribe: ("transcription_hook",),
    Disposition: ("voicemail_url",),
    ToolFiller: ("url",),
}
SKIPPED: dict[type[Part], tuple[str, ...]] = {
    Llm: ("vendor", "auth", "llm_options"),
    LlmOptions: ("messages", "initial_messages", "tools"),
}
SPECIAL |= s2s_options.special(TOOLS, SPECIAL[Agent, "event_hook"])
NEEDED |= s2s_options.needed()
