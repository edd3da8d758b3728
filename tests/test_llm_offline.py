"""The offline model: the vendors' contract, and conversations that a newcomer would have.

Numbers name the points of the contract that every adapter passes.
"""

import asyncio
import json
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.llm import (
    CALL_CONNECTED,
    CALLER_SILENT,
    ChatMessage,
    ChatRequest,
    End,
    Event,
    Token,
    ToolCall,
    ToolCallStart,
    ToolDefinition,
)
from app.llm.offline import OfflineModel

WEATHER = ToolDefinition(
    "get_weather",
    "Current temperature in a city.",
    {
        "type": "object",
        "properties": {
            "city": {"type": "string", "description": 'City name, for example "Portland".'},
            "scale": {"enum": ["celsius", "fahrenheit"], "default": "celsius"},
        },
        "required": ["city"],
    },
)
TRANSFER = ToolDefinition(
    "transfer_call",
    "Send the caller to a specialist.",
    {
        "type": "object",
        "properties": {"department": {"enum": ["billing", "sales"]}},
        "required": ["department"],
    },
)
ASSISTANT = "You are a friendly weather assistant. Use the tool; never guess."
ELSE = "Is there anything else I can help you with?"


def weather(arguments: Mapping[str, Any]) -> object:
    if arguments["city"] == "Atlantis":
        return {"error": "No forecast for 'Atlantis'; ask the caller for a nearby city."}
    return {"city": arguments["city"], "temperature": 52, "unit": arguments.get("scale", "celsius")}


def done(_: Mapping[str, Any]) -> object:
    return {"result": "done"}


class Phone:
    """Plays the platform's part: history, tools and updates."""

    def __init__(self, system: str = ASSISTANT, *tools: ToolDefinition) -> None:
        self.system = system
        self.tools: tuple[ToolDefinition, ...] = tools
        self.history: list[ChatMessage] = []
        self.calls: list[tuple[str, Mapping[str, Any]]] = []
        self.results: dict[str, Callable[[Mapping[str, Any]], object]] = {"get_weather": weather}
        self.model = OfflineModel(today=lambda: date(2026, 11, 20))

    async def reply(self) -> str:
        """Let the model speak, answering its tool calls, until it stops."""
        while True:
            events = await self.events()
            calls = tuple(event for event in events if isinstance(event, ToolCall))
            self.history.append(ChatMessage("assistant", text_of(events), calls))
            if not calls:
                return self.history[-1].content
            for call in calls:
                self.calls.append((call.name, call.arguments))
                result = self.results.get(call.name, done)(call.arguments)
                self.history.append(ChatMessage("tool", json.dumps(result), tool_call_id=call.id))

    async def events(self, **limits: Any) -> list[Event]:
        request = ChatRequest(self.system, tuple(self.history), self.tools, **limits)
        return [event async for event in self.model.stream(request)]

    async def say(self, text: str) -> str:
        self.history.append(ChatMessage("user", text))
        return await self.reply()


def text_of(events: Sequence[Event]) -> str:
    return "".join(event.text for event in events if isinstance(event, Token))


def request(text: str, *tools: ToolDefinition, system: str = ASSISTANT) -> ChatRequest:
    return ChatRequest(system, (ChatMessage("user", text),), tools)


# The contract


async def test_5_6_7_a_stream_has_one_end_and_it_is_last_with_its_reason() -> None:
    for asked, finish in (("Hello", "stop"), ("Weather in Portland?", "tool")):
        events = [e async for e in OfflineModel().stream(request(asked, WEATHER))]

        ends = [event for event in events if isinstance(event, End)]
        assert ends == [events[-1]]
        assert (ends[0].finish, ends[0].error) == (finish, None)


async def test_8_text_arrives_in_several_pieces_with_its_blanks() -> None:
    events = [e async for e in OfflineModel().stream(request("Hello"))]

    tokens = [event.text for event in events if isinstance(event, Token)]
    assert tokens[:3] == ["Hello!", " I", " am"]


async def test_9_a_reader_cancelled_before_the_start_gets_no_token() -> None:
    seen: list[Event] = []

    async def read() -> None:
        async for event in OfflineModel().stream(request("Hello")):
            seen.append(event)  # noqa: PERF401  (what came before the cancellation is looked at)

    task = asyncio.create_task(read())
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task

    assert seen == []


async def test_10_nothing_comes_after_the_stream_is_closed() -> None:
    phone = Phone("You are helpful.", ToolDefinition("hangup", "End the call."))
    phone.history.append(ChatMessage("user", "goodbye"))
    ask = ChatRequest(phone.system, tuple(phone.history), phone.tools)
    assert any(isinstance(event, ToolCall) for event in await phone.events())

    stream = phone.model.stream(ask)
    first = await anext(stream)
    await stream.aclose()  # type: ignore[attr-defined]

    assert isinstance(first, Token)
    assert [event async for event in stream] == []


async def test_11_12_a_call_has_an_id_and_parsed_arguments_and_is_announced() -> None:
    events = [e async for e in OfflineModel().stream(request("Weather in Portland?", WEATHER))]

    start, call = events[:2]
    assert isinstance(call, ToolCall)
    assert start == ToolCallStart(call.id, "get_weather")
    assert call.id
    assert call.arguments == {"city": "Portland"}


async def test_ids_of_calls_never_repeat_even_if_the_history_was_cut() -> None:
    model = OfflineModel()
    ids = {
        event.id
        for _ in range(3)
        async for event in model.stream(request("Weather in Portland?", WEATHER))
        if isinstance(event, ToolCall)
    }

    assert len(ids) == 3


async def test_13_14_a_tools_result_can_be_streamed_again_and_changes_no_history() -> None:
    phone = Phone(ASSISTANT, WEATHER)
    await phone.say("Weather in Portland?")
    before = list(phone.history)
    phone.history.append(ChatMessage("user", "And in Paris?"))

    events = await phone.events()

    assert phone.history[:-1] == before
    assert [e.arguments for e in events if isinstance(e, ToolCall)] == [{"city": "Paris"}]


async def test_17_the_system_prompt_is_obeyed() -> None:
    assert "clinic" in await Phone("You are the front desk of a clinic.").say(CALL_CONNECTED)


async def test_a_limit_on_tokens_cuts_the_reply_and_says_so() -> None:
    phone = Phone()
    phone.history.append(ChatMessage("user", CALL_CONNECTED))

    events = await phone.events(max_tokens=3)

    assert text_of(events) == "Hello! I am"
    assert isinstance(events[-1], End)
    assert events[-1].finish == "length"
    assert events[-1].usage is not None
    assert events[-1].usage.output_tokens == 3


async def test_equal_requests_get_equal_replies() -> None:
    asked = request("Weather in Paris and London", WEATHER)

    assert [e async for e in OfflineModel().stream(asked)] == [
        e async for e in OfflineModel().stream(asked)
    ]


@given(
    st.text(max_size=80),
    st.lists(st.text(max_size=60), min_size=1, max_size=4),
    st.dictionaries(st.text(max_size=8), st.text(max_size=8) | st.integers() | st.none()),
)
async def test_no_words_and_no_schema_bring_it_down(
    system: str, said: list[str], odd: dict[str, object]
) -> None:
    tool = ToolDefinition(said[0], system, {"type": "object", "properties": {"x": odd}})
    roles = ("user", "assistant", "tool")
    history = tuple(
        ChatMessage(roles[index % 3], text)  # type: ignore[arg-type]
        for index, text in enumerate(said)
    )

    events = [e async for e in OfflineModel().stream(ChatRequest(system, history, (tool, WEATHER)))]

    assert isinstance(events[-1], End)


# Conversations


async def test_it_greets_as_who_it_is() -> None:
    greeting = await Phone().say(CALL_CONNECTED)

    assert greeting == "Hello! I am your friendly weather assistant. How can I help?"


async def test_it_calls_the_tool_and_says_its_result_as_a_sentence() -> None:
    phone = Phone(ASSISTANT, WEATHER)
    await phone.say(CALL_CONNECTED)

    answer = await phone.say("what's the weather in portland")

    assert phone.calls == [("get_weather", {"city": "Portland"})]
    assert answer == f"In Portland, the temperature is 52 celsius. {ELSE}"


async def test_two_cities_are_two_calls_in_one_turn() -> None:
    phone = Phone(ASSISTANT, WEATHER)
    await phone.say(CALL_CONNECTED)

    answer = await phone.say("weather in Paris and London")

    assert phone.calls == [("get_weather", {"city": "Paris"}), ("get_weather", {"city": "London"})]
    assert answer.startswith("In Paris, the temperature is 52 celsius. In London, the temp")


async def test_two_requests_are_calls_of_two_tools() -> None:
    phone = Phone(ASSISTANT, WEATHER, TRANSFER)

    await phone.say("What is the weather in Paris and then transfer me to billing")

    assert [name for name, _ in phone.calls] == ["get_weather", "transfer_call"]


async def test_it_asks_for_what_is_missing_and_remembers_the_question() -> None:
    phone = Phone(ASSISTANT, WEATHER)
    await phone.say(CALL_CONNECTED)

    assert await phone.say("How is the weather in fahrenheit?") == "Which city?"
    await phone.say("it's portland, please")

    assert phone.calls == [("get_weather", {"scale": "fahrenheit", "city": "Portland"})]


async def test_it_lets_go_of_a_question_that_is_not_answered() -> None:
    phone = Phone(ASSISTANT, WEATHER)
    await phone.say(CALL_CONNECTED)
    await phone.say("How is the weather?")

    assert await phone.say("never mind") == "All right."
    assert phone.calls == []


async def test_a_silent_caller_does_not_make_it_forget_its_question() -> None:
    phone = Phone(ASSISTANT, WEATHER)
    await phone.say(CALL_CONNECTED)
    await phone.say("How is the weather?")

    assert await phone.say(CALLER_SILENT) == "Are you still there?"
    await phone.say("Portland")

    assert phone.calls == [("get_weather", {"city": "Portland"})]


@pytest.mark.parametrize(
    ("more", "arguments"),
    [
        ("And in London?", {"city": "London"}),
        ("and london?", {"city": "London"}),
        ("what about new york", {"city": "New York"}),
        ("in fahrenheit please", {"city": "Paris", "scale": "fahrenheit"}),
    ],
)
async def test_a_follow_up_changes_only_what_it_names(
    more: str, arguments: Mapping[str, object]
) -> None:
    phone = Phone(ASSISTANT, WEATHER)
    await phone.say("Weather in Paris?")

    await phone.say(more)

    assert phone.calls[-1] == ("get_weather", arguments)


async def test_a_tools_error_is_said_and_what_it_asks_for_is_asked() -> None:
    phone = Phone(ASSISTANT, WEATHER)
    await phone.say(CALL_CONNECTED)

    answer = await phone.say("Weather in Atlantis?")
    await phone.say("Portland")

    assert answer == "Sorry, no forecast for 'Atlantis'. Could you tell me a nearby city?"
    assert phone.calls[-1] == ("get_weather", {"city": "Portland"})


@pytest.mark.parametrize(
    ("result", "sentence"),
    [
        ({"result": "It is sunny"}, "It is sunny."),
        ({"result": 52}, "The answer is 52."),
        ({"result": []}, "I found nothing."),
        ({"result": False}, "No."),
        ({}, "Done."),
        (None, "Done."),
        ({"slots": ["09:30", "11:00"]}, "The slots are 09:30 and 11:00."),
        ({"slots": []}, "There are no slots."),
        ({"price": 59.9, "currency": "EUR"}, "The price is 59.9 EUR."),
        ({"isOpen": True}, "The is open is yes."),
        ({"tags": list("abcde")}, "The tags are a, b, c and 2 more."),
        ({"error": {"code": 7}}, "Sorry, code 7."),
    ],
)
async def test_results_of_any_shape_are_said(result: object, sentence: str) -> None:
    phone = Phone("", ToolDefinition("look_around", "Look around."))
    phone.results["look_around"] = lambda _: result

    answer = await phone.say("please look around")

    assert answer.removesuffix(ELSE).strip() == sentence


async def test_a_question_that_fits_no_tool_is_told_what_would() -> None:
    phone = Phone(ASSISTANT, WEATHER)
    await phone.say(CALL_CONNECTED)

    assert await phone.say("tell me a joke") == (
        "I have no answer to “tell me a joke”. I can help with: current temperature in a city."
    )


async def test_any_question_goes_to_a_tool_that_takes_any_question() -> None:
    search = ToolDefinition(
        "query_knowledge",
        "Search the documents.",
        {"properties": {"query": {"type": "string"}}, "required": ["query"]},
    )
    phone = Phone(ASSISTANT, search)

    await phone.say("Do I get my money back?")

    assert phone.calls == [("query_knowledge", {"query": "Do I get my money back?"})]


@pytest.mark.parametrize(
    ("said", "answer"),
    [
        ("hello", "Hello! How can I help?"),
        ("thanks", f"You are welcome! {ELSE}"),
        ("bye", "Thank you for calling. Goodbye."),
        ("no thanks", "All right."),
        ("are you still there?", "Yes, I am here. How can I help?"),
        ("My name is Bob.", "Nice to meet you, Bob. How can I help?"),
        ("who are you?", "I am your friendly weather assistant. How can I help?"),
    ],
)
async def test_small_talk(said: str, answer: str) -> None:
    phone = Phone()
    await phone.say(CALL_CONNECTED)

    assert await phone.say(said) == answer


async def test_goodbye_uses_a_tool_that_hangs_up() -> None:
    phone = Phone(ASSISTANT, ToolDefinition("end_call", "End the call."))
    phone.history.append(ChatMessage("user", "Goodbye"))

    events = await phone.events()

    assert text_of(events).endswith("Goodbye.")
    assert [event.name for event in events if isinstance(event, ToolCall)] == ["end_call"]


# The four mid-call updates can be heard


async def test_new_instructions_make_it_somebody_else() -> None:
    phone = Phone(ASSISTANT, WEATHER)
    await phone.say(CALL_CONNECTED)

    phone.system = "You are now a billing support agent."

    assert await phone.say("Weather in Paris?") == (
        f"I am now your billing support agent. In Paris, the temperature is 52 celsius. {ELSE}"
    )
    assert await phone.say("who are you?") == (
        "I am your billing support agent. I can help with: current temperature in a city."
    )


@pytest.mark.parametrize("rule", ["Answer in one short sentence.", "Be brief.", "Keep it short!"])
async def test_instructions_to_be_brief_shorten_every_answer(rule: str) -> None:
    phone = Phone(rule, WEATHER)

    assert await phone.say("Weather in Paris?") == "Paris: temperature 52 celsius."
    assert await phone.say("tell me a joke") == "Sorry, I cannot help with that."
    assert await phone.say("bye") == "Goodbye."


@pytest.mark.parametrize(
    ("rule", "answer"),
    [
        ("Say exactly: Ahoy. All is well.", "Ahoy. All is well."),
        ('Reply only with "No comment."', "No comment."),
        ("Speak Spanish.", "In Spanish: Hello! How can I help?"),
        ('End every reply with "Stay dry!"', "Hello! How can I help? Stay dry!"),
        ("Begin every answer with: Ahoy", "Ahoy Hello! How can I help?"),
        ("Your name is Ada.", "I am now Ada. Hello! How can I help?"),
        ("You now handle billing.", "I now handle billing. Hello! How can I help?"),
        ("Tell the caller that we close soon.", "Hello! How can I help? We close soon."),
    ],
)
async def test_other_instructions_show_in_the_answer(rule: str, answer: str) -> None:
    phone = Phone()
    await phone.say("hello")

    phone.system = rule

    assert await phone.say("hello") == answer


async def test_a_greeting_that_is_given_is_used() -> None:
    assert await Phone('Greet the caller with "Acme, good day!"').say(CALL_CONNECTED) == (
        "Acme, good day!"
    )


@pytest.mark.parametrize(
    "context",
    ["Caller's name is Sarah Mitchell, gold tier", "CRM: Sarah Mitchell, gold tier"],
)
async def test_injected_context_is_used_to_address_the_caller(context: str) -> None:
    phone = Phone(ASSISTANT, WEATHER)
    await phone.say(CALL_CONNECTED)

    phone.system += f"\n\n{context}"

    assert (await phone.say("Weather in Paris?")).startswith("Sarah, in Paris, the temperature")
    assert await phone.say("who am I?") == "Your name is Sarah Mitchell."
    assert "gold tier" in await phone.say("What is my tier?")


async def test_facts_are_found_in_a_long_prompt_and_in_what_the_caller_said() -> None:
    filler = "\n".join(f"Rule {number} is about paperwork." for number in range(3_000))
    phone = Phone(f"{filler}\nOur opening hours are 9 to 5.\n{filler}")

    assert await phone.say("What are your opening hours?") == "Our opening hours are 9 to 5."
    await phone.say("My order number is 12345.")
    assert await phone.say("What was my order number?") == "Your order number is 12345."


async def test_context_given_as_a_users_message_is_a_fact_too() -> None:
    phone = Phone()
    phone.history.append(ChatMessage("user", "CRM context: gold tier"))

    assert "gold tier" in await phone.say("Which tier am I on?")


async def test_a_tool_that_is_taken_away_cannot_be_used_any_more() -> None:
    phone = Phone(ASSISTANT, WEATHER)
    await phone.say("Weather in Paris?")

    phone.tools = (TRANSFER,)

    assert (await phone.say("Weather in London?")).startswith("Sorry, I cannot do that now.")
    await phone.say("billing please")
    assert phone.calls[-1] == ("transfer_call", {"department": "billing"})


@pytest.mark.parametrize(
    ("user_input", "reply"),
    [
        ("Tell the caller about the sale.", "The sale ends on Friday."),
        ("Apologise briefly and go on.", "I am sorry about that. Please go on."),
        ("Ask the caller for their order number.", "Could you tell me your order number?"),
        ("Ask the caller if they want to go on.", "May I ask whether you want to go on?"),
        ("Offer the caller a discount.", "I can offer you a discount."),
        ("Tell the caller the shop closes at 5.", "The shop closes at 5."),
        ("Remind them to bring their passport.", "Please bring your passport."),
        ("Thank the caller for waiting.", "Thank you for waiting."),
        ("Say: Please hold.", "Please hold."),
        ("The caller has been silent for 12 seconds.", "Are you still there?"),
        ("Rain is coming.", "You said “Rain is coming”. How can I help?"),
    ],
)
async def test_the_input_of_generate_reply_shows_in_the_reply(user_input: str, reply: str) -> None:
    phone = Phone(f"{ASSISTANT}\nThe sale ends on Friday.")
    await phone.say(CALL_CONNECTED)

    assert await phone.say(user_input) == reply


async def test_instructions_for_one_reply_show_without_any_input() -> None:
    phone = Phone(f"{ASSISTANT}\n\nMention that we close at five.")
    phone.history.append(ChatMessage("assistant", "I am your friendly weather assistant."))

    assert await phone.reply() == "We close at five."


async def test_a_late_result_in_the_context_can_be_told() -> None:
    phone = Phone(f'{ASSISTANT}\n\nTool get_weather finished: {{"city": "Bonn", "rain": true}}')
    await phone.say(CALL_CONNECTED)

    answer = await phone.say("Tell the caller the result of get_weather.")

    assert answer == "The city is Bonn and the rain is yes."
