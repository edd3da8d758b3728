"""Whatever we build is valid by the published schemas, and nothing in them is missing here."""

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import app.agent  # registers the agent verb  # noqa: F401
from app.agent.llm import ConnectOptions, Llm, LlmOptions
from app.agent.options import (
    BargeIn,
    Handoff,
    McpServer,
    NoiseIsolation,
    ToolFiller,
    TurnDetection,
)
from app.verbs import VERBS, Part, Render, Verb, read_verb
from app.verbs.speech import Recognizer
from app.verbs.track import DubOptions
from app.verbs.transcript import TranscribeOptions
from app.verbs.vendors import VENDOR_OPTIONS, vendor_shape
from tests import oracle
from tests.components import COMPONENTS
from tests.s2s_options import FAMILY
from tests.strategies import options_of, spelled

RELAXED = settings(
    max_examples=10, deadline=None, suppress_health_check=[HealthCheck.too_slow], database=None
)
TYPED = sorted(VERBS)
PARTS: dict[str, type[Part]] = COMPONENTS | {
    "components/transferOptions": Handoff,
    "verbs/dub": DubOptions,
    "verbs/transcribe": TranscribeOptions,
}
IN_AGENT: dict[str, type[Part]] = {
    "bargeIn": BargeIn,
    "turnDetection": TurnDetection,
    "noiseIsolation": NoiseIsolation,
    "mcpServers": McpServer,
    "llm": Llm,
}


def wire_names(kind: type[Part]) -> set[str]:
    """Every option of a model in the wire's spelling."""
    return set(kind._spellings) - {"extra"}


@pytest.mark.parametrize("name", TYPED)
def test_every_property_of_a_typed_verb_is_an_option(name: str) -> None:
    published = set(oracle.schema(f"verbs/{name}")["properties"]) - {"verb"}
    assert published <= wire_names(VERBS[name])


@pytest.mark.parametrize("name", PARTS)
def test_every_property_of_a_component_is_an_option(name: str) -> None:
    found = oracle.schema(name)
    forms = [found, *found.get("oneOf", [])]
    published = {key for form in forms for key in form.get("properties", {})} - {"verb", "id"}
    assert published <= wire_names(PARTS[name])


@pytest.mark.parametrize("name", IN_AGENT)
def test_every_property_of_an_object_in_the_agent_is_an_option(name: str) -> None:
    found = oracle.schema("verbs/agent")["properties"][name]
    forms = [found, found.get("items", {}), *found.get("oneOf", [])]
    published = {key for form in forms for key in form.get("properties", {})}
    assert published <= wire_names(IN_AGENT[name])


def test_every_property_of_the_language_model_is_an_option() -> None:
    inner = oracle.schema("verbs/agent")["properties"]["llm"]["properties"]
    assert set(inner["llmOptions"]["properties"]) <= wire_names(LlmOptions)
    assert set(inner["connectOptions"]["properties"]) <= wire_names(ConnectOptions)
    filler = oracle.schema("verbs/agent")["$defs"]["toolFillerConfig"]["properties"]
    assert set(filler) <= wire_names(ToolFiller)


@pytest.mark.parametrize("name", VENDOR_OPTIONS)
def test_every_name_in_a_vendors_own_object_is_known(name: str) -> None:
    published = oracle.schema(f"components/recognizer-{name}").get("properties", {})
    assert set(published) == set(vendor_shape(name)._spellings)


@pytest.mark.parametrize("name", TYPED)
def test_every_valid_verb_is_valid_by_the_published_schemas(name: str) -> None:
    kind = VERBS[name]

    @RELAXED
    @given(options_of(kind))
    def check(options: dict[str, Any]) -> None:
        wire = kind(**options).to_verb(Render())
        assert oracle.complaints(wire) == []

    check()


@pytest.mark.parametrize("name", sorted(VENDOR_OPTIONS))
def test_every_valid_vendor_object_is_valid_by_the_published_schemas(name: str) -> None:
    @RELAXED
    @given(options_of(vendor_shape(name)))
    def check(options: dict[str, Any]) -> None:
        given: dict[str, Any] = {"vendor": "any", name: options}
        wire = Recognizer(**given).to_wire(Render())
        assert wire[name] == options
        assert oracle.complaints(wire, "components/recognizer") == []

    check()


@pytest.mark.parametrize("name", sorted(set(TYPED) - {"agent", *FAMILY}))
def test_what_was_set_is_written_and_nothing_else(name: str) -> None:
    kind = VERBS[name]

    @RELAXED
    @given(options_of(kind))
    def check(options: dict[str, Any]) -> None:
        wire = kind(**options).to_verb(Render())
        assert set(wire) == {"verb", *spelled(kind, options)}

    check()


@pytest.mark.parametrize("name", TYPED)
def test_both_spellings_mean_the_same(name: str) -> None:
    kind: type[Verb] = VERBS[name]

    @RELAXED
    @given(options_of(kind))
    def check(options: dict[str, Any]) -> None:
        assert kind(**options) == kind(**spelled(kind, options))
        json = {"verb": name, **spelled(kind, options)}
        assert read_verb(json).to_verb(Render()) == kind(**options).to_verb(Render())

    check()


@given(st.data())
@RELAXED
def test_an_explicit_none_is_never_written(data: st.DataObject) -> None:
    kind = VERBS[data.draw(st.sampled_from(TYPED))]
    options = data.draw(options_of(kind, depth=1))
    off = ("event_hook", "tool_hook")  # there None has a meaning
    spare = [name for name in kind.model_fields if name not in options and name not in off]
    with_none = dict.fromkeys(
        (name for name in spare if not kind.model_fields[name].is_required()), None
    )
    plain = kind(**options).to_verb(Render())
    assert kind(**options, **with_none).to_verb(Render()) == plain
