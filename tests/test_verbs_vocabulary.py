"""No verb, property, value or requirement of jambonz' vocabulary is missing in our models."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

import pytest

from app.agent.options import Handoff, HangupTool
from app.verbs import VERBS, HookTarget, Part
from app.verbs.bridge import TransferOptions
from app.verbs.common import ActionHookDelay, Amd, BidirectionalAudio, FillerNoise, Target
from app.verbs.explain import alternatives, unwrap
from app.verbs.hooks import Auth
from app.verbs.speech import Recognizer, Synthesizer, Vad
from tests.strategies import NEEDED

# Every verb and component with its properties, those inside of objects with dots.
VOCABULARY: dict[str, dict[str, dict[str, Any]]] = json.loads(
    (Path(__file__).parent / "vocabulary.json").read_text()
)
SPEECH_TO_SPEECH = {"llm", "s2s"} | {name for name in VOCABULARY["verbs"] if name.endswith("_s2s")}
COMPONENTS: dict[str, type[Part]] = {
    "actionHook": HookTarget,
    "actionHookDelayAction": ActionHookDelay,
    "amd": Amd,
    "auth": Auth,
    "bidirectionalAudio": BidirectionalAudio,
    "fillerNoise": FillerNoise,
    "handoff": Handoff,
    "hangup": HangupTool,
    "recognizer": Recognizer,
    "synthesizer": Synthesizer,
    "target": Target,
    "transferOptions": TransferOptions,
    "vad": Vad,
}

# What is not here, and why.
WITHOUT_A_TYPE = {
    "rest:dial": "jambonz makes it of a REST request for a call; no application sends it",
    "llm-base": "the verbs that share it have it each",
}
VENDORS_KEYS = {
    "agent.llm.auth.apiKey": "credentials are checked by vendor, in app/agent/auth.py",
    "agent.noiseIsolation.auth.apiKey": "credentials have the vendors' own keys",
    "agent.noiseIsolation.auth.apiUri": "credentials have the vendors' own keys",
    "config.noiseIsolation.auth.apiKey": "credentials have the vendors' own keys",
    "config.noiseIsolation.auth.apiUri": "credentials have the vendors' own keys",
}
# Speech to speech: by vendor; the schemas judge what we make of it in tests/test_verbs_schemas.py.
VENDORS_OBJECTS = ("auth.", "connectOptions.", "llmOptions.")
# What we take beyond the published list, and why.
KNOWN_BETTER = {
    "actionHook.username": "what jambonz 0.9.8 reads in place of basicAuth",
    "actionHook.password": "what jambonz 0.9.8 reads in place of basicAuth",
    "config.noiseIsolation.direction": "named in the description only",
    "say.closeOnStreamEmpty": "what jambonz 0.9.8 reads in place of closeStreamOnEmpty",
}


MODELS: list[tuple[str, type[Part]]] = [
    *((f"verbs/{name}", VERBS[name]) for name in VOCABULARY["verbs"] if name in VERBS),
    *((f"components/{name}", kind) for name, kind in COMPONENTS.items()),
]


def published(name: str) -> dict[str, dict[str, Any]]:
    """What is published of a verb or a component."""
    group, _, short = name.partition("/")
    found = VOCABULARY[group][short]
    return {
        path: told
        for path, told in found.items()
        if f"{short}.{path}" not in VENDORS_KEYS
        and not (short in SPEECH_TO_SPEECH and path.startswith(VENDORS_OBJECTS))
    }


def inner_kinds(annotation: Any) -> Iterator[type[Part]]:
    """The objects that an option may be, or hold in a list."""
    for part in alternatives(annotation):
        bare, _ = unwrap(part)
        if get_origin(bare) in (list, dict):
            yield from inner_kinds(get_args(bare)[-1])
        elif isinstance(bare, type) and issubclass(bare, Part):
            yield bare


def place_of(kind: type[Part], path: str) -> tuple[type[Part], str]:
    """The model that has a property, and the option that it is there."""
    *outer, last = path.split(".")
    for step in outer:
        annotation = kind.model_fields[kind._spellings[step]].annotation
        (kind,) = inner_kinds(annotation)
    assert last in kind._spellings, f"{kind.__name__} has no {last}"
    return kind, kind._spellings[last]


def values_of(annotation: Any) -> set[object]:
    """The values of a closed set, also where it is that of a list's members."""
    found: set[object] = set()
    for part in alternatives(annotation):
        bare, _ = unwrap(part)
        if get_origin(bare) is Literal:
            found |= set(get_args(bare))
        elif get_origin(bare) is list:
            found |= values_of(get_args(bare)[0])
    return found


def test_every_verb_has_a_type() -> None:
    published = {*VOCABULARY["verbs"], *VOCABULARY["components"]}
    assert published - set(VERBS) - set(COMPONENTS) == set(WITHOUT_A_TYPE)


@pytest.mark.parametrize(("name", "kind"), MODELS)
def test_every_property_is_an_option(name: str, kind: type[Part]) -> None:
    for path in published(name):
        place_of(kind, path)


@pytest.mark.parametrize(("name", "kind"), MODELS)
def test_every_closed_set_of_values_is_closed_here_too(name: str, kind: type[Part]) -> None:
    for path, told in published(name).items():
        if "enum" in told:
            owner, option = place_of(kind, path)
            found = values_of(owner.model_fields[option].annotation)
            assert set(told["enum"]) == found - {False}, path


@pytest.mark.parametrize(("name", "kind"), MODELS)
def test_what_is_required_is_required_here(name: str, kind: type[Part]) -> None:
    for path, told in published(name).items():
        owner, option = place_of(kind, path)
        is_required = owner.model_fields[option].is_required() or option == owner.leading
        needed = is_required or option in NEEDED.get(owner, ())  # by a check of its own
        assert needed or not told.get("required"), path
        assert told.get("required") or not is_required, path


@pytest.mark.parametrize(("name", "kind"), MODELS)
def test_every_option_is_published_or_known_better(name: str, kind: type[Part]) -> None:
    short = name.partition("/")[2]
    better = {path.partition(".")[2] for path in KNOWN_BETTER if path.startswith(f"{short}.")}
    assert {wire for _, wire, _ in kind._options} <= {*published(name), *better, "id"}
