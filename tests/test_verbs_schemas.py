"""What the published schemas call valid is taken as it is; what is wrong by them is refused."""

from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.verbs import VERBS, Part, Render, VerbError, read_verb
from app.verbs.errors import Path, show_path
from app.verbs.speech import Recognizer
from app.verbs.vendors import VENDOR_OPTIONS
from tests import oracle
from tests.components import COMPONENTS
from tests.places import find_place, objects, odd_for, reachable, replaced, typos, wrong_for
from tests.schema_values import values_of

Json = dict[str, Any]

QUICK = settings(
    max_examples=8, deadline=None, database=None, suppress_health_check=list(HealthCheck)
)
# A vendor's object stands in a recognizer, which checks it.
VENDORS = {f"components/recognizer-{name}": name for name in VENDOR_OPTIONS}
MODELS: dict[str, type[Part]] = (
    {f"verbs/{name}": kind for name, kind in VERBS.items()}
    | COMPONENTS
    | dict.fromkeys(VENDORS, Recognizer)
)


def write(name: str, options: Json) -> Json:
    """What we write for the options of a verb, in both notations, or of a component."""
    group, _, short = name.partition("/")
    if group == "components":
        return MODELS[name](**options).to_wire(Render())
    flat = read_verb({"verb": short, **options})
    assert read_verb({short: options}) == flat
    return flat.to_verb(Render())


def complaints(name: str, options: Json) -> list[str]:
    """What the published schema has against it."""
    group, _, short = name.partition("/")
    if group == "verbs":
        return oracle.complaints({"verb": short, **options}, name)
    return oracle.complaints(options, "components/recognizer" if name in VENDORS else name)


def refusal(name: str, options: Json) -> VerbError:
    """The error that we raise."""
    with pytest.raises(VerbError) as caught:
        write(name, options)
    return caught.value


def expected_path(name: str, path: Path, options: Json) -> str:
    """Where our error has to say that it is."""
    kind = MODELS[name]
    return show_path(kind._called(), find_place(kind, path, options)[0])


def draw_options(data: st.DataObject, name: str) -> Json:
    """Valid options, which the published schema takes."""
    options: Json = data.draw(values_of(name).filter(lambda value: isinstance(value, dict)))
    if name in VENDORS:
        options = {"vendor": "any", VENDORS[name]: options}
    assert complaints(name, options) == []
    return options


def test_every_published_schema_has_its_model() -> None:
    missing = {*oracle.names("verbs"), *oracle.names("components")} - set(MODELS)
    # jambonz makes the one of a REST request; the other is only ever brought by verbs.
    assert missing == {"verbs/rest:dial", "components/llm-base"}


@pytest.mark.parametrize("name", MODELS)
def test_published_examples_come_out_as_they_went_in(name: str) -> None:
    events = {"toolHook": "/tools", "eventHook": "/events"} if name == "verbs/agent" else {}
    for example in oracle.examples(name):
        options = {key: value for key, value in example.items() if key != "verb"} | events
        named = {"verb": name.removeprefix("verbs/")} if "verb" in example else {}
        assert write(name, options) == {**example, **events, **named}


@pytest.mark.parametrize("name", MODELS)
def test_what_a_schema_calls_valid_is_written_as_it_came(name: str) -> None:
    @QUICK
    @given(st.data())
    def check(data: st.DataObject) -> None:
        options = draw_options(data, name)
        wire = write(name, options)
        assert {key: value for key, value in wire.items() if key != "verb"} == options
        assert complaints(name, wire) == []

    check()


Mutations = Iterator[tuple[Path, Json]]


def misspelt(name: str, options: Json) -> Mutations:
    """Every name in turn misspelt, but where it becomes another that is known.

    So it does in a vendor's object that takes more than is published.
    """
    for path, inner in objects(options):
        kind = find_place(MODELS[name], path, options)[1]
        for key in inner if kind is not None and not kind.is_open else ():
            for typo in (some[0] for some in typos(key).values() if some):
                changed = {typo if old == key else old: value for old, value in inner.items()}
                if kind is not None and typo not in kind._spellings:
                    yield path, replaced(options, path, changed)


def mistyped(name: str, options: Json) -> Mutations:
    """Every value in turn as one of another type."""
    for path, inner in objects(options):
        for key, value in inner.items():
            yield (*path, key), replaced(options, (*path, key), wrong_for(value))


def out_of_range(name: str, options: Json) -> Mutations:
    """Every value in turn as one that no limit or closed set allows."""
    for path, inner in objects(options):
        for key, value in inner.items():
            for odd in odd_for(value):
                yield (*path, key), replaced(options, (*path, key), odd)


def bereft(name: str, options: Json) -> Mutations:
    """Every property in turn left out."""
    for path, inner in objects(options):
        for key in inner:
            rest = {old: value for old, value in inner.items() if old != key}
            yield path, replaced(options, path, rest)


@pytest.mark.parametrize("name", MODELS)
def test_what_a_schema_calls_wrong_is_refused_where_it_stands(name: str) -> None:
    @QUICK
    @given(st.data())
    def check(data: st.DataObject) -> None:
        options = draw_options(data, name)
        for mutate in (misspelt, mistyped, out_of_range, bereft):
            every = list(mutate(name, options))
            first = data.draw(st.integers(0, 6))
            for path, wrong in every[first :: len(every) // 3 + 1]:
                if complaints(name, wrong):
                    assert refusal(name, wrong).path == expected_path(name, path, options)

    check()


def test_the_right_suggestion_comes_first() -> None:
    right: Counter[str] = Counter()
    asked: Counter[str] = Counter()
    for kind in reachable([*MODELS.values(), *VERBS.values()]):
        for name, option in kind._spellings.items() if not kind.is_open else ():
            for sort, typo in ((sort, typo) for sort, some in typos(name).items() for typo in some):
                if typo not in kind._spellings:
                    with pytest.raises(VerbError) as caught:
                        kind(**dict[str, Any]({typo: "x"}))
                    asked[sort] += 1
                    right[sort] += caught.value.suggestion == option
    assert sum(asked.values()) > 10_000
    share = {sort: right[sort] / asked[sort] for sort in asked}
    assert min(share.values()) >= 0.95, share
    assert right.total() >= 0.98 * asked.total()
