"""How the offline model finds a tool's arguments in what a caller says."""

from collections.abc import Mapping
from datetime import date
from typing import Any

import pytest

from app.llm import ToolDefinition
from app.llm.offline.dates import find_date, find_time
from app.llm.offline.history import Turn
from app.llm.offline.intent import understand
from app.llm.offline.numbers import find_numbers
from app.llm.offline.parameters import parameters

FRIDAY = date(2026, 11, 20)
STRING = {"type": "string"}


def tool(
    name: str, description: str, required: list[str], /, **properties: Mapping[str, Any]
) -> ToolDefinition:
    schema = {"type": "object", "properties": properties, "required": required}
    return ToolDefinition(name, description, schema)


TABLE = tool(
    "book_table",
    "Reserve a table at the restaurant.",
    ["party_size", "day"],
    party_size={"type": "integer", "minimum": 1, "maximum": 20},
    day=STRING,
    time=STRING,
    outdoors={"type": "boolean"},
    name=STRING,
)
SLOT = tool("find_slot", "Find a free appointment", ["day"], day=STRING)
DESK = tool(
    "transfer_call",
    "Send the caller to a department",
    ["department"],
    department={"enum": ["billing", "sales", "technical_support"]},
)
ORDER = tool("order_status", "Look up the status of an order.", ["order_id"], order_id=STRING)
TRIP = tool(
    "plan_trip",
    "Plan a train trip between two cities.",
    ["origin", "destination"],
    origin=STRING,
    destination=STRING,
    date={"type": "string", "format": "date"},
)
SEARCH = tool("query_knowledge", "Search the knowledge base.", ["query"], query=STRING)
PIZZA = tool(
    "order_pizza",
    "Order a pizza with toppings",
    ["size", "toppings"],
    size={"enum": ["small", "medium", "large"]},
    toppings={"type": "array", "items": STRING},
    quantity={"type": "integer", "default": 1},
)
LIGHT = tool(
    "set_light", "Switch a light on or off", ["room", "on"], room=STRING, on={"type": "boolean"}
)
MONEY = tool(
    "convert_currency",
    "Convert an amount of money",
    ["amount", "source", "target"],
    amount={"type": "number"},
    source={"enum": ["USD", "EUR"]},
    target={"enum": ["USD", "EUR"]},
)
MAIL = tool(
    "send_email",
    "Send an email.",
    ["address", "message"],
    address={"type": "string", "format": "email"},
    message=STRING,
)
MEETING = tool(
    "plan_meeting",
    "Plan a meeting",
    ["start"],
    start={"type": "string", "format": "date-time"},
)
WEATHER = tool(
    "get_weather",
    "Current temperature in a city.",
    ["city"],
    city={"type": "string", "description": 'City name, for example "Portland".'},
    scale={"enum": ["celsius", "fahrenheit"]},
)


@pytest.mark.parametrize(
    ("offered", "said", "arguments"),
    [
        (
            TABLE,
            "I want to book a table for four on Friday at 7 pm",
            {"party_size": 4, "day": "Friday", "time": "7 pm"},
        ),
        (
            TABLE,
            "reserve a table, my name is ada lovelace, for 3 tomorrow, not outdoors",
            {"party_size": 3, "day": "tomorrow", "outdoors": False, "name": "Ada Lovelace"},
        ),
        (SLOT, "Do you have anything on Friday?", {"day": "Friday"}),
        (DESK, "put me through to technical support", {"department": "technical_support"}),
        (DESK, "billing please", {"department": "billing"}),
        (ORDER, "What's the status of order number 12345?", {"order_id": "12345"}),
        (ORDER, "where is my order A-123", {"order_id": "A-123"}),
        (ORDER, "my order is 4242 1111 7, please", {"order_id": "424211117"}),
        (
            TRIP,
            "plan a trip from berlin to munich on March 3",
            {"origin": "Berlin", "destination": "Munich", "date": "2027-03-03"},
        ),
        (SEARCH, "search the knowledge base for opening hours", {"query": "opening hours"}),
        (
            PIZZA,
            "a large pizza with mushrooms, onions and olives",
            {"size": "large", "toppings": ["mushrooms", "onions", "olives"]},
        ),
        (
            PIZZA,
            "two small pizzas with ham",
            {"size": "small", "toppings": ["ham"], "quantity": 2},
        ),
        (LIGHT, "turn on the light in the kitchen", {"room": "kitchen", "on": True}),
        (LIGHT, "switch the light off in the living room", {"room": "living room", "on": False}),
        (MONEY, "convert 12.50 USD to EUR", {"amount": 12.5, "source": "USD", "target": "EUR"}),
        (
            MAIL,
            "send an email to ada@example.org saying the package has arrived",
            {"address": "ada@example.org", "message": "the package has arrived"},
        ),
        (MEETING, "a meeting on Monday at 9:30", {"start": "2026-11-23T09:30:00"}),
        (WEATHER, "whats the weather in san francisco today?", {"city": "San Francisco"}),
        (WEATHER, "São Paulo weather", {"city": "São Paulo"}),
        (WEATHER, "the weather in the city of Bath", {"city": "Bath"}),
        (WEATHER, "Hi, weather for Oslo in celsius?", {"city": "Oslo", "scale": "celsius"}),
        (WEATHER, "Will it rain in Seattle tomorrow?", {"city": "Seattle"}),
    ],
)
def test_arguments_are_found_in_the_words(
    offered: ToolDefinition, said: str, arguments: Mapping[str, object]
) -> None:
    (intent,) = understand([Turn(said, "", called=False)], [offered], None, FRIDAY)

    assert (intent.tool, intent.missing) == (offered, ())
    assert intent.arguments == (arguments,)


@pytest.mark.parametrize(
    ("offered", "said", "questions"),
    [
        (TABLE, "book a table for twenty five on Monday", ["What party size?"]),
        (ORDER, "where is my order", ["Which order id?"]),
        (DESK, "transfer me", ["Which department: billing, sales or technical support?"]),
        (MONEY, "convert money", ["What amount?", "Which source: USD or EUR?"]),
        (LIGHT, "the light please", ["Which room?", "Yes or no: on?"]),
        (MAIL, "send an email", ["Which address?"]),
        (TRIP, "plan a trip to Munich", ["Which origin?"]),
    ],
)
def test_what_is_missing_is_asked_for(
    offered: ToolDefinition, said: str, questions: list[str]
) -> None:
    (intent,) = understand([Turn(said, "", called=False)], [offered], None, FRIDAY)

    assert [one.question() for one in intent.missing][: len(questions)] == questions


@pytest.mark.parametrize(
    ("offered", "asked", "question", "answer", "arguments"),
    [
        (TRIP, "plan a trip to Munich", "Which origin?", "Berlin", {"origin": "Berlin"}),
        (LIGHT, "the light in the hall", "Yes or no: on?", "yes please", {"on": True}),
        (ORDER, "where is my order", "Which order id?", "it's A17", {"order_id": "A17"}),
        (TABLE, "a table on Monday", "What party size?", "we are five", {"party_size": 5}),
        (
            PIZZA,
            "a small pizza",
            "Which toppings?",
            "ham and olives",
            {"toppings": ["ham", "olives"]},
        ),
        (
            DESK,
            "transfer me",
            "Which department: billing, sales or technical support?",
            "Sales, thanks",
            {"department": "sales"},
        ),
    ],
)
def test_the_answer_to_its_question_fills_the_gap(
    offered: ToolDefinition,
    asked: str,
    question: str,
    answer: str,
    arguments: Mapping[str, object],
) -> None:
    turns = [Turn(asked, question, called=False), Turn(answer, "", called=False)]

    (intent,) = understand(turns, [offered], None, FRIDAY)

    assert intent.missing == ()
    assert arguments.items() <= intent.arguments[0].items()


def test_the_tool_whose_words_fit_best_is_chosen() -> None:
    offered = [WEATHER, SLOT, DESK, ORDER]

    chosen = [
        understand([Turn(said, "", called=False)], offered, None, FRIDAY)[0].tool.name
        for said in ("the weather in Rome", "an appointment on Monday", "sales", "order 12")
    ]

    assert chosen == ["get_weather", "find_slot", "transfer_call", "order_status"]


@pytest.mark.parametrize("said", ["I am hungry", "What is your name?", "", "?!"])
def test_words_that_fit_no_tool_call_none(said: str) -> None:
    assert understand([Turn(said, "", called=False)], [WEATHER, ORDER], None, FRIDAY) == []


def test_references_unions_and_constants_of_a_schema_are_understood() -> None:
    offered = ToolDefinition(
        "paint",
        "Paint a thing.",
        {
            "$defs": {"Colour": {"oneOf": [{"const": "red"}, {"const": "blue"}]}},
            "properties": {
                "colour": {"$ref": "#/$defs/Colour", "description": "Its colour."},
                "coats": {"anyOf": [{"type": "integer"}, {"type": "null"}]},
                "note": {"type": ["string", "null"]},
                "loop": {"$ref": "#/properties/loop"},
            },
            "required": ["colour"],
        },
    )
    colour, coats, note, loop = parameters(offered)

    assert (colour.choices, colour.description) == (["red", "blue"], "Its colour.")
    assert (coats.type, note.type, loop.type) == ("integer", "string", "string")


@pytest.mark.parametrize(
    ("said", "iso"),
    [
        ("2026-12-01", "2026-12-01"),
        ("tomorrow", "2026-11-21"),
        ("the day after tomorrow", "2026-11-22"),
        ("next friday", "2026-11-27"),
        ("March 3rd", "2027-03-03"),
        ("the 3rd of december", "2026-12-03"),
        ("in 2 weeks", "2026-12-04"),
        ("this weekend", ""),
        ("February 31", ""),
    ],
)
def test_days_are_counted_from_today(said: str, iso: str) -> None:
    found = find_date(f"maybe {said}?", FRIDAY)

    assert found is not None
    assert found.iso == iso


@pytest.mark.parametrize(
    ("said", "iso"),
    [
        ("7 pm", "19:00:00"),
        ("12:15 a.m.", "00:15:00"),
        ("9:30", "09:30:00"),
        ("noon", "12:00:00"),
        ("25:99", ""),
        ("morning", ""),
    ],
)
def test_times_are_read_from_digits_and_words(said: str, iso: str) -> None:
    found = find_time(f"at {said}")

    assert found is not None
    assert found.iso == iso


@pytest.mark.parametrize(
    ("said", "values"),
    [
        ("twenty-five and 1,200.5", [25, 1200.5]),
        ("two hundred and five", [205]),
        ("-3 degrees", [-3]),
        ("at 9:30", []),
        ("nothing", []),
    ],
)
def test_numbers_are_read_from_digits_and_words(said: str, values: list[float]) -> None:
    assert [number.value for number in find_numbers(said)] == values
