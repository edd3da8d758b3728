"""Hypothesis strategies made from the published JSON Schemas: what jambonz says is valid.

The counterpart of ``tests.strategies``, which asks our models. Where we refuse on purpose what a
schema lets pass, ``NARROWED`` and ``COMPLETED`` say so, each with its reason.
"""

import posixpath
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

from hypothesis import strategies as st

from tests import oracle

Json = dict[str, Any]
Values = st.SearchStrategy[Any]

TEXT = st.text(st.characters(codec="utf-8", exclude_characters="{}"), min_size=1, max_size=8)
NUMBER = st.integers(0, 1000) | st.floats(0, 1000)
HOOK = st.sampled_from(["/done", "done", "https://example.com/done"])
FREE = st.dictionaries(st.sampled_from(["a_key", "aKey", "X-Key"]), TEXT | NUMBER, max_size=2)
VERBS = st.lists(
    st.sampled_from(
        [{"verb": "say", "text": "Wait."}, {"verb": "play", "url": "u"}, {"verb": "hangup"}]
    ),
    max_size=2,
)
ROOM_EVENTS = ["start", "end", "join", "leave", "start-talking", "stop-talking", "say-start"]
MESSAGE = st.fixed_dictionaries(
    {"role": st.sampled_from(["user", "assistant", "tool"]), "content": TEXT}
)
RESPONSES: Json = {"type": "responses", "responses": {"model": "m"}}
TOOL: Json = {"name": "look_up", "description": "Looks up.", "parameters": {"type": "object"}}


def refer(name: str) -> Json:
    """A schema that is another one."""
    return {"$ref": f"/{name}"}


# Schema and property to what we take there, where that is less than the schema lets pass.
NARROWED: dict[tuple[str, str], Values | Json] = {
    # Published as any object; here they have the shape that their descriptions name.
    ("verbs/gather", "say"): refer("verbs/say"),
    ("verbs/gather", "play"): refer("verbs/play"),
    ("verbs/dub", "say"): {"oneOf": [{"type": "string"}, refer("verbs/say")]},
    ("verbs/dial", "listen"): refer("verbs/listen"),
    ("verbs/dial", "stream"): refer("verbs/stream"),
    ("verbs/dial", "transcribe"): refer("verbs/transcribe"),
    ("verbs/config", "listen"): refer("verbs/listen"),
    ("verbs/config", "stream"): refer("verbs/stream"),
    ("verbs/config", "transcribe"): refer("verbs/transcribe"),
    ("verbs/conference", "listen"): refer("verbs/listen"),
    ("verbs/conference", "stream"): refer("verbs/stream"),
    ("verbs/conference", "record"): st.fixed_dictionaries({"path": TEXT}),
    ("verbs/config", "record"): st.fixed_dictionaries(
        {"action": st.sampled_from(["startCallRecording", "pauseCallRecording"])},
        optional={"type": TEXT, "siprecServerURL": TEXT, "recordingID": TEXT},
    ),
    ("verbs/dial", "dtmfCapture"): st.lists(TEXT, max_size=2)
    | st.fixed_dictionaries({}, optional={"childCall": st.lists(TEXT, max_size=2)}),
    ("components/target", "confirmHook"): refer("components/actionHook"),
    ("components/actionHookDelayAction", "actions"): VERBS,
    ("components/actionHookDelayAction", "giveUpActions"): VERBS,
    # jambonz passes over other events in silence.
    ("verbs/conference", "statusEvents"): st.lists(st.sampled_from(ROOM_EVENTS), max_size=3),
    # Published as any number, and as any text.
    ("verbs/sip:decline", "status"): st.integers(300, 699),
    ("verbs/dtmf", "dtmf"): st.from_regex(r"[0-9*#A-Da-dwW]{1,8}", fullmatch=True),
    # The agent: its tools have names, its credentials are checked by vendor.
    ("verbs/agent", "llmOptions"): st.fixed_dictionaries(
        {},
        optional={
            "systemPrompt": TEXT,
            "messages": st.lists(MESSAGE, max_size=2),
            "maxTokens": st.integers(1, 1000),
            "temperature": NUMBER,
            "reasoningEffort": st.sampled_from(["minimal", "low", "medium", "high"]),
            "tools": st.sampled_from([[], [TOOL], [TOOL, {**TOOL, "name": "other"}]]),
        },
    ),
    ("verbs/agent", "auth"): st.just({"apiKey": "k"}),
    # Published with conditions, which are not read here.
    ("verbs/agent", "toolFiller"): st.just(False)
    | st.fixed_dictionaries(
        {"type": st.sampled_from(["audio", "backchannel"]), "url": TEXT},
        optional={"startDelaySecs": NUMBER, "style": TEXT, "escalationSecs": NUMBER},
    ),
    ("verbs/gptlive_s2s", "delegation"): st.sampled_from([{"type": "client"}, RESPONSES]),
}

NEEDS = {"phone": "number", "sip": "sipUri", "user": "name", "teams": "number"}


def with_address(target: Json) -> Json:
    """Each type of target needs its own address."""
    return {NEEDS[target["type"]]: "+16175550100", **target}


def with_voicemail(options: Json) -> Json:
    """As its conditions have it, which are not read here."""
    disposition = options.get("disposition", {})
    if "voicemail" in disposition.values():
        return {**options, "disposition": {"voicemailUrl": "u", **disposition}}
    return options


def with_delegation(options: Json) -> Json:
    """As its conditions have it: what calls functions needs a delegation that can."""
    if {"handoff", "hangup", "mcpServers"} & set(options):
        return {**options, "llmOptions": {"session_update": {"delegation": RESPONSES}}}
    return options


# Schema to what completes a value, where we ask for more than the schema does.
COMPLETED: dict[str, Callable[[Json], Json]] = {
    "components/handoff": with_voicemail,
    "components/target": with_address,
    "components/transferOptions": with_voicemail,
    "verbs/agent": lambda options: {"toolHook": "/tools", "eventHook": "/events", **options},
    "verbs/dialogflow": lambda options: {"agent": "a", **options},
    "verbs/dub": lambda options: {"play": "u", "say": "x", **options},
    "verbs/gptlive_s2s": with_delegation,
    "verbs/say": lambda options: {"text": "x", **options},
    "verbs/transcribe": lambda options: {"transcriptionHook": "/t", **options},
    "verbs/transfer": with_voicemail,
}


def resolve(node: Json, base: str) -> tuple[Json, str]:
    """A schema behind its references, and the name of the file that it is in."""
    while "$ref" in node:
        target = str(node["$ref"])
        if target.startswith("#"):
            node = oracle.schema(base)
            for step in target.removeprefix("#/").split("/"):
                node = node[step]
        else:
            folder = f"/{posixpath.dirname(base)}"
            base = posixpath.normpath(posixpath.join(folder, target)).removeprefix("/")
            node = oracle.schema(base)
    return node, base


def members(node: Json, base: str) -> tuple[dict[str, tuple[Json, str]], set[str]]:
    """The properties of an object with those that ``allOf`` brings, and the required ones."""
    found: dict[str, tuple[Json, str]] = {}
    required = set(node.get("required", ()))
    for part in node.get("allOf", ()):
        if "$ref" in part:
            brought, needed = members(*resolve(part, base))
            found |= brought
            required |= needed
    found |= {key: (inner, base) for key, inner in node.get("properties", {}).items()}
    return found, required


@cache
def values_of(name: str, depth: int = 2) -> Values:
    """Valid values for a schema, for example ``verbs/say``; verbs are without their names."""
    return build(oracle.schema(name), oracle.SAME.get(name, name), depth, is_whole=True)


def build(node: Json, base: str, depth: int, is_whole: bool = False) -> Values:
    """Valid values for a part of a schema."""
    if "$ref" in node:
        found, name = resolve(node, base)
        return st.deferred(lambda: build(found, name, depth, is_whole=not is_local(node)))
    if "const" in node:
        return st.just(node["const"])
    if "enum" in node:
        return st.sampled_from(node["enum"])
    if is_whole and base == "components/actionHook":
        return st.one_of(HOOK, object_of(node["oneOf"][1], base, depth))
    for choice in ("oneOf", "anyOf"):
        if choice in node:
            rest = {key: inner for key, inner in node.items() if key != choice}
            return st.one_of(*(build({**rest, **part}, base, depth) for part in node[choice]))
    if node.get("type") == "object" or "properties" in node:
        made = object_of(node, base, depth)
        return made.map(COMPLETED[base]) if is_whole and base in COMPLETED else made
    return scalar_of(node, base, depth)


def is_local(node: Json) -> bool:
    """Whether a reference leads to a part of the same file."""
    return str(node["$ref"]).startswith("#")


def object_of(node: Json, base: str, depth: int) -> Values:
    """Objects with the required properties and some of the others."""
    found, required = members(node, base)
    if not found:
        items = node.get("additionalProperties")
        return mapping_of(items, base, depth) if isinstance(items, Mapping) else FREE
    usable = {
        key: member
        for key, member in found.items()
        if key != "verb" and "not" not in member[0] and (depth > 0 or not is_deep(*member))
    }

    @st.composite
    def make(draw: st.DrawFn) -> Json:
        spare = sorted(set(usable) - required)
        most = draw(st.sampled_from([0, 2, 4, len(spare) if depth > 1 else 3]))
        some = (
            st.lists(st.sampled_from(spare), unique=True, max_size=most) if spare else st.just([])
        )
        chosen = draw(some) if most < len(spare) else spare
        keys = [*sorted(required & set(found) - {"verb"}), *chosen]
        return {key: draw(member_of(key, *found[key], depth - 1)) for key in keys}

    return make()


def member_of(key: str, node: Json, base: str, depth: int) -> Values:
    """Values for one property."""
    narrowed = NARROWED.get((base, key), node)
    return build(narrowed, base, depth) if isinstance(narrowed, dict) else narrowed


def mapping_of(items: Any, base: str, depth: int) -> Values:
    """Objects with the author's keys."""
    keys = st.sampled_from(["en-US", "X-Key"])
    return st.dictionaries(keys, build(dict(items), base, depth), max_size=2)


def is_deep(node: Json, base: str) -> bool:
    """Whether a property is an object that would lead further down."""
    found, _ = resolve(node, base)
    return "properties" in found or found.get("items", {}).get("$ref") is not None


def scalar_of(node: Json, base: str, depth: int) -> Values:
    """Texts, flags, numbers and lists within their limits."""
    kind = node.get("type")
    if isinstance(kind, list):
        return st.one_of(*(scalar_of({**node, "type": one}, base, depth) for one in kind))
    if kind == "string":
        pattern = node.get("pattern")
        return st.from_regex(pattern, fullmatch=True) if pattern else TEXT
    if kind == "boolean":
        return st.booleans()
    if kind == "array":
        items = build(node.get("items", {"type": "string"}), base, depth)
        return st.lists(items, min_size=node.get("minItems", 0), max_size=2)
    if kind in ("integer", "number"):
        return number_of(node)
    return TEXT | NUMBER


def number_of(node: Json) -> Values:
    """Numbers within their limits."""
    low: Any = node.get("minimum", node.get("exclusiveMinimum", 0))
    high: Any = node.get("maximum", node.get("exclusiveMaximum", low + 1000))
    is_open = ("exclusiveMinimum" in node, "exclusiveMaximum" in node)
    if node["type"] == "integer":
        return st.integers(low + is_open[0], high - is_open[1])
    return st.floats(low, high, exclude_min=is_open[0], exclude_max=is_open[1])
