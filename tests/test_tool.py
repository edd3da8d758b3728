"""``@tool``: a function keeps its type and gains a schema, a validator and a deadline."""

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Annotated, Any, Generic, Literal, TypeVar

import pytest
from pydantic import BaseModel, Field

from app.protocol import ConfigurationError
from app.tool import Tool, ToolArgumentError, ToolError, phrases, tool
from app.tool.docstring import read_docstring

if TYPE_CHECKING:
    from decimal import Decimal

S = TypeVar("S")


class State:
    pass


class Session(Generic[S]):
    """Stands for the real one: tools know it by name."""


SESSION: Session[State] = Session()


@tool
async def get_weather(city: str, scale: Literal["celsius", "fahrenheit"] = "celsius") -> str:
    """Current temperature in a city.

    Args:
        city: City name, for example "Portland".
        scale: Unit the caller asked for.
    """
    return f"{city} {scale}"


@tool(once=True, filler="One moment, please.", filler_after=0.5)
def book(session: Session[State], seats: int, *, name: str = "") -> tuple[object, int, str]:
    """Book seats."""
    return session, seats, name


# What a tool is


def test_the_definition_is_the_flat_form_of_the_wire() -> None:
    assert get_weather.definition == {
        "name": "get_weather",
        "description": "Current temperature in a city.",
        "parameters": {
            "type": "object",
            "properties": {
                "city": {"type": "string", "description": 'City name, for example "Portland".'},
                "scale": {
                    "type": "string",
                    "description": "Unit the caller asked for.",
                    "enum": ["celsius", "fahrenheit"],
                    "default": "celsius",
                },
            },
            "required": ["city"],
            "additionalProperties": False,
        },
    }
    assert get_weather.parameters is get_weather.definition["parameters"]


async def test_a_tool_is_still_the_plain_function() -> None:
    pending: Awaitable[str] = get_weather("Oslo")

    assert await pending == "Oslo celsius"
    assert book(SESSION, 2, name="x") == (SESSION, 2, "x")


def test_the_session_is_injected_and_not_offered_to_the_model() -> None:
    arguments = book.validate({"seats": 2})

    assert "session" not in book.parameters["properties"]
    assert book.wants_session
    assert not get_weather.wants_session
    assert book.call(SESSION, arguments) == (SESSION, 2, "")


def test_the_model_cannot_supply_the_session() -> None:
    with pytest.raises(ToolArgumentError, match='unknown argument "session"'):
        book.validate({"seats": 2, "session": {}})


async def test_a_call_of_an_async_tool_gives_an_awaitable() -> None:
    assert get_weather.is_async
    assert not book.is_async
    assert await get_weather.call(SESSION, get_weather.validate({"city": "Oslo"})) == "Oslo celsius"


def test_the_options_have_defaults_that_suit_a_call() -> None:
    assert (get_weather.timeout, get_weather.late, get_weather.late_limit) == (4.0, "deliver", 60.0)
    assert (get_weather.once, get_weather.filler) == (False, None)
    assert (book.once, book.filler, book.filler_after) == (True, "One moment, please.", 0.5)


def test_name_and_description_can_be_given() -> None:
    @tool(name="lookup-1", description=" Look it up. ")
    def function(key: str) -> None:
        """Not this.

        Args:
            key: But this.
        """

    assert (function.name, function.description) == ("lookup-1", "Look it up.")
    assert function.parameters["properties"]["key"]["description"] == "But this."


def test_a_variant_shares_the_function_and_differs_in_its_options() -> None:
    slow = get_weather.with_options(name="slow_weather", timeout=9, late="cancel", filler=None)

    assert (slow.name, slow.timeout, slow.late) == ("slow_weather", 9, "cancel")
    assert slow.definition["name"] == "slow_weather"
    assert slow.definition["parameters"] == get_weather.parameters
    assert (get_weather.name, get_weather.definition["name"]) == ("get_weather", "get_weather")
    assert slow.function is get_weather.function


def test_a_variant_is_checked_like_a_tool() -> None:
    with pytest.raises(ConfigurationError, match="must be 1 to 64 letters"):
        get_weather.with_options(name="not good")
    with pytest.raises(ConfigurationError, match="cannot stop a function"):
        book.with_options(late="cancel")


def test_equal_calls_have_equal_keys_however_they_are_written() -> None:
    once = get_weather.with_options(once=True)
    keys = {
        once.once_key(once.validate(arguments))
        for arguments in (
            {"city": "Oslo"},
            {"City": "Oslo", "scale": None},
            '{"scale": "celsius", "city": "Oslo"}',
        )
    }

    assert len(keys) == 1
    assert once.once_key(once.validate({"city": "Rome"})) not in keys
    assert get_weather.with_options(name="other").once_key({"city": "Oslo"}) not in keys


def test_a_tool_without_parameters_takes_an_empty_object() -> None:
    @tool
    def now() -> str:
        """The time."""
        return "noon"

    assert now.parameters == {"type": "object", "properties": {}, "additionalProperties": False}
    nothing: tuple[object, ...] = ({}, None, "", "{}", b"null")
    for empty in nothing:
        assert now.validate(empty) == {}
    assert now.call(SESSION, {}) == "noon"


def test_a_parameter_may_have_any_name() -> None:
    @tool
    def odd(schema: str, model_config: int, _x: int, self: int, title: str = "t") -> object:
        """Odd names."""
        return schema, model_config, _x, self, title

    arguments = {"schema": "s", "model_config": 1, "_x": 2, "self": 3}

    assert odd.call(SESSION, odd.validate(arguments)) == ("s", 1, 2, 3, "t")
    assert list(odd.parameters["properties"]) == ["schema", "model_config", "_x", "self", "title"]


def test_a_default_that_can_change_is_not_shared_between_calls() -> None:
    @tool
    def gather(words: list[str] = []) -> list[str]:  # noqa: B006
        """Words."""
        return words

    gather.call(SESSION, gather.validate({})).append("x")

    assert gather.validate({}) == {"words": []}


def test_a_bound_method_can_be_a_tool() -> None:
    class Desk:
        def find(self, key: str) -> object:
            """Find it."""
            return self, key

    desk = Desk()
    find = tool(desk.find)

    assert list(find.parameters["properties"]) == ["key"]
    assert find.call(SESSION, find.validate({"key": "a"})) == (desk, "a")


def test_types_of_the_enclosing_function_may_be_named_as_text() -> None:
    class Place(BaseModel):
        city: str

    @tool
    def find(place: "Place", session: "Session[State]") -> object:
        """Find it."""
        return place

    assert find.call(SESSION, find.validate({"place": {"city": "Oslo"}})) == Place(city="Oslo")


def test_a_pydantic_model_holds_a_tool_as_it_is() -> None:
    class Agent(BaseModel):
        tools: list[Tool]  # type: ignore[type-arg]

    assert Agent(tools=[get_weather]).tools[0] is get_weather


def test_a_tool_shows_its_name_and_equals_only_itself() -> None:
    assert repr(get_weather) == "<Tool get_weather>"
    assert get_weather != get_weather.with_options()
    assert len({get_weather, book}) == 2


# Errors at decoration


class Connection:
    pass


def no_annotation(city): ...  # type: ignore[no-untyped-def]
def many(*cities: str) -> None: ...
def keywords(**cities: str) -> None: ...
def positional(city: str, /) -> None: ...
def unsupported(city: str, connection: Connection) -> None: ...
def function_typed(callback: Callable[[], int]) -> None: ...
def bad_pattern(city: Annotated[str, Field(pattern="(")]) -> None: ...
def for_checkers_only(price: "Decimal") -> None: ...
def field_as_default(city: str = Field(max_length=3)) -> None: ...
def two_sessions(session: Session[State], other: Session[State]) -> None: ...
def text_session(session: str) -> None: ...
def described_wrongly(city: str) -> None:
    """Find it.

    Args:
        citty: Where.
    """


async def yields() -> Any:
    yield 1


@pytest.mark.parametrize(
    ("function", "text"),
    [
        (no_annotation, "`city` has no annotation, .*write for example `city: str`"),
        (many, r"\*cities: str cannot be filled"),
        (keywords, r"\*\*cities: str cannot be filled"),
        (positional, "`city` is positional-only"),
        (unsupported, "`connection` is annotated .*Connection.*, which a model cannot fill"),
        (function_typed, "`callback` is annotated .*Callable"),
        (bad_pattern, r"`city` is annotated .*regex parse error|unclosed group"),
        (for_checkers_only, "`price` is annotated 'Decimal' .*; import it where the tool"),
        (field_as_default, r"`city: Annotated\[TYPE, Field\(...\)\] = DEFAULT`"),
        (two_sessions, "takes the session twice"),
        (text_session, "`session` receives the Session, not str; rename it"),
        (described_wrongly, "describes `citty`, which is no parameter; did you mean `city`?"),
        (yields, "this one yields"),
    ],
)
def test_a_function_that_cannot_be_offered_is_an_error(
    function: Callable[..., object], text: str
) -> None:
    with pytest.raises(ConfigurationError, match=text) as caught:
        tool(description="Something.")(function)

    assert f"{__name__}.{function.__name__} (line " in str(caught.value)


def test_a_tool_without_description_is_an_error() -> None:
    def silent(city: str) -> None: ...

    with pytest.raises(ConfigurationError, match="has no description, so the model"):
        tool(silent)


def test_a_docstring_of_sections_only_is_no_description() -> None:
    def silent(city: str) -> None:
        """
        Args:
            city: Where.
        """

    with pytest.raises(ConfigurationError, match="has no description"):
        tool(silent)


@pytest.mark.parametrize("name", ["", "two words", "naïve", "a" * 65, "a.b", "a\n"])
def test_a_name_that_vendors_refuse_is_an_error(name: str) -> None:
    with pytest.raises(ConfigurationError, match="must be 1 to 64 letters, digits, _ or -"):
        tool(name=name, description="x")(lambda: None)


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"timeout": 0}, "timeout must be more than 0 seconds, not 0"),
        ({"timeout": -1.0}, "timeout must be more than 0"),
        ({"timeout": float("nan")}, "timeout must be more than 0"),
        ({"timeout": float("inf")}, "timeout must be more than 0"),
        ({"timeout": "4"}, "timeout is a number of seconds, not '4'"),
        ({"timeout": True}, "timeout is a number of seconds, not True"),
        ({"late_limit": 0}, "late_limit must be more than 0"),
        ({"late_limit": 3.0}, r"late_limit \(3.0 s\) is shorter than timeout \(4.0 s\)"),
        ({"filler_after": 0}, "filler_after must be more than 0"),
        ({"filler": "One moment.", "filler_after": 4.0}, "would never be heard"),
        ({"late": "never"}, 'late is "deliver" or "cancel", not \'never\''),
        ({"late": "cancel"}, "cannot stop a function that runs in a thread; make it `async def`"),
    ],
)
def test_an_option_that_cannot_be_kept_is_an_error(options: dict[str, Any], text: str) -> None:
    def function() -> None:
        """Something."""

    with pytest.raises(ConfigurationError, match=text):
        tool(**options)(function)


def test_only_functions_can_be_tools() -> None:
    wrong: Any = tool
    for value in (Connection, len, get_weather, "get_weather"):
        with pytest.raises(ConfigurationError, match="@tool decorates a function"):
            wrong(value)


# Docstrings


def test_wrapped_lines_are_joined_and_paragraphs_kept() -> None:
    document = read_docstring(
        """Find a table
        for the caller.

        Only for today:
        - lunch
        - dinner,
          late
        Returns to nobody.

        Args:
            people: How many
                come.

                Children too.
            when (str, optional): At what
              time: ``19:00``.
            note:
                Anything.

        Returns:
            What is: free.

        Raises:
            ToolError: Never.

        And a last word.
        """
    )

    assert document.description == (
        "Find a table for the caller.\n\n"
        "Only for today:\n- lunch\n- dinner, late Returns to nobody.\n\n"
        "And a last word."
    )
    assert document.arguments == {
        "people": "How many come.\n\nChildren too.",
        "when": "At what time: ``19:00``.",
        "note": "Anything.",
    }


@pytest.mark.parametrize("text", [None, "", "   ", "\n\n"])
def test_no_docstring_is_an_empty_one(text: str | None) -> None:
    assert read_docstring(text).description == ""


# Phrases


def test_an_unknown_tool_is_answered_with_the_known_ones() -> None:
    text = phrases.unknown_tool("get_wether", {"book", "get_weather"})

    assert text == (
        "There is no tool named 'get_wether'; did you mean `get_weather`? "
        "There are: book, get_weather."
    )
    assert phrases.unknown_tool("x", ()) == "There is no tool named 'x'. There are no tools now."


def test_a_hostile_tool_name_is_cut_and_cleaned() -> None:
    text = phrases.unknown_tool("a\x00\u202e\n" * 100_000, {"book"})

    assert len(text) < 150
    assert text.isprintable()


def test_a_tool_error_is_its_text() -> None:
    assert str(ToolError("No forecast; ask for a nearby city.")) == (
        "No forecast; ask for a nearby city."
    )
    assert issubclass(ToolArgumentError, ToolError)
